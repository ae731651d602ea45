import type { Outgoing, World } from "../contract.ts";
import type { Connections } from "./connections.ts";
import type { SessionLimits } from "./session.ts";

/** What Direct needs. */
export interface DirectOptions {
  world: World;
  connections: Connections;
  /** Sends a message; called outside of any turn. */
  send(out: Outgoing): Promise<void>;
  /** Takes an envelope that came; true when it is kept, and need not come again. */
  receive(relation: string, envelope: Uint8Array): Promise<boolean>;
  /** Whether this relation may learn this device's addresses: all may. */
  allowed?: (relation: string) => boolean;
  /** How a connection is made now: without servers. */
  config?: () => Promise<RTCConfiguration>;
  /** Told when there is a channel to a relation, or none any more. */
  changed?: (relation: string) => void;
  limits?: Partial<DirectLimits>;
  session?: Partial<SessionLimits>;
}

/** Limits; times are in ms. */
export interface DirectLimits {
  /** Channels at once, and of one relation: 16 and 4. */
  channels: number;
  ofRelation: number;
  /** How long a side counts as there after it was heard: a minute. */
  here: number;
  /** How long an offer waits for its channel: 20 seconds. */
  open: number;
  /** How old a meeting is at most, by two clocks: 2 minutes. */
  late: number;
  /** After a meeting that failed the next may be after 30 seconds, twice as many each time, an hour at most. */
  again: number;
  longest: number;
  /** How many meetings of a relation are answered in a minute: 6. */
  answers: number;
  /** A channel that nothing came or went by for so long is closed: 5 minutes. */
  idle: number;
}

export const minute = 60_000;

export const usual: DirectLimits = {
  channels: 16, ofRelation: 4, here: minute, open: 20_000, late: 2 * minute, again: 30_000, longest: 60 * minute, answers: 6,
  idle: 5 * minute,
};
