import type { Bucket, Handler, Message, People, World } from "../contract.ts";

/** What a Core needs, and its limits. */
export interface CoreOptions {
  people: People;
  handler: Handler;
  /** Where it keeps its state, on this device alone. */
  bucket: Bucket;
  world: World;
  /** Whether there is a direct channel to a relation: to the device with this context, or to any. */
  reaches?: (relation: string, context?: string) => boolean;
  /** Takes where the device with this context says that it can be reached directly (spec §5.4); it may be told twice. */
  where?: (relation: string, context: string, m: Message) => void;
  /** Takes a message of kind meet; it may be told twice. False: it is for another device of this person. */
  meet?: (relation: string, context: string, m: Message) => boolean;
  /** A message of this relation, sent just now, came by a relay. */
  heard?: (relation: string) => void;
  /** A message to this relation goes by relays. */
  wants?: (relation: string) => void;
  limits?: Partial<Limits>;
}

/** Limits of a Core; times are in ms. */
export interface Limits {
  /** How long a message waits for the other side: 7 days. */
  lifetime: number;
  /** The age at which an epoch is replaced: 7 days. */
  epochAge: number;
  /** How long a superseded epoch is kept at most: 28 days. */
  epochKept: number;
  /** How long ids of messages are kept: 35 days, longer than any context can be opened. */
  seenFor: number;
  /** How many of them are kept of one relation: 50,000. */
  seen: number;
  /** How long direct channels have before relays are used: 2 seconds. */
  direct: number;
  /** How long an acknowledgement waits for a message to travel with: 2 seconds. */
  ackAfter: number;
  /** How often a friend may ask, and a second: 60 and 4. */
  burst: number;
  rate: number;
  /** How many requests of a friend are answered at once: 64. */
  open: number;
  /** How many messages wait to leave at most: 20,000; and how much they may hold: 64 MiB. */
  waiting: number;
  waitingOctets: number;
  /** How many requests of this device are open at most: 1,000. */
  asks: number;
}

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

export function withDefaults(l: Partial<Limits> = {}): Limits {
  return {
    lifetime: 7 * day, epochAge: 7 * day, epochKept: 28 * day, seenFor: 35 * day, seen: 50_000, direct: 2 * second,
    ackAfter: 2 * second, burst: 60, rate: 4, open: 64, waiting: 20_000, waitingOctets: 64 << 20, asks: 1000, ...l,
  };
}
