import type { Ask, Bucket, Mailbox, RawPut, Relation, World } from "../contract.ts";
import { Fault } from "../fault.ts";
import { type Context, decode, encode, hash, hex, type Response, type Value } from "../seal/index.ts";
import type { Effect } from "./effect.ts";
import { type CoreOptions, type Limits, second, withDefaults } from "./options.ts";

/** Where a job stands until the end of the process. */
export interface Running {
  boxes: Map<string, Try>;
  tried: boolean; // once, whatever came of it
  direct: "not" | "busy" | "over";
  relays: number; // when relays are used beside a direct channel
  context: string; // what was sealed for the direct channel
  acks: number[]; // deliveries to acknowledge when it is accepted
}

/** A job's way to one queue. */
export interface Try {
  attempts: number;
  busy: boolean;
  done: boolean;
  refused: boolean; // the relay has no such queue
  next: number;
  context: string;
}

/**
 * Something to be sent or done until a mailbox has accepted it, and a message until
 * its context is acknowledged.
 */
export interface Job {
  number: number;
  to: string;
  kind: number; // 0: no message
  id: string;
  body?: Uint8Array | undefined;
  sent: number;
  expires: number;
  replaces?: boolean | undefined;
  after: number[]; // to be done before this one is begun
  behind: number[]; // to have been tried before
  device?: string; // the context of the device that a response is for
  kept: string[]; // the contexts in which mailboxes accepted it
  raw?: RawPut;
  create?: { mailbox: Mailbox; days?: 1 | 7 | 21 };
  lock?: Mailbox;
  delete?: Mailbox;
  run: Running;
}

/** A send context and how far its numbers are reserved. */
export interface Sending {
  context: Context;
  reserved: number;
  acked: boolean;
  run: { next: number };
}

/** A context of the other side. */
export interface Receiving {
  context: Context;
  highest: number;
  window: Uint8Array;
  used: number;
  share: number[]; // jobs that tell own devices of it: it is acknowledged after
  quiet: boolean; // own devices were not told, so that it is not acknowledged
  run: { told: number };
}

/** A message that was handled; answer is the job that answers a request. */
export interface Seen { at: number; sent: number; answer?: number }

/** What is known of a relation otherwise. */
export interface State {
  heard: number; // when something last came
  used: { [epoch: string]: number }; // own epochs that the other side has sealed to, and since when
  sharing: string; // the epoch that own devices are told of by the jobs share: it is announced after
  share: number[];
  told: number; // when the epoch was last announced
  keysSent: number; // the other side's clock when it told its epoch
  rolled: number; // when the other side used a number twice: it was restored
  welcomed: boolean; // this own device was told of all contexts
  newest: string; // the newest own epoch, and since when this device knows it
  since: number;
  old: { [epoch: string]: number }; // superseded ones, and since when it knows that
  forgot: boolean; // there were more messages than ids are kept of: numbers count too
  run: Relating;
}

/** What is known of a relation until the end of the process. */
export interface Relating {
  owe: number; // when an acknowledgement is due; 0: none is
  unknownSent: number;
  unknownGot: number;
  unknowns: number; // how many were sent; every other one to the notice key
  shares: Tokens;
}

/** A request of this device. */
export interface Question {
  id: string;
  to: string;
  ask?: Ask | undefined;
  made: number;
  expires: number;
  sent: number;
  repeats: number;
  answer?: Response | undefined;
  over: boolean; // nobody waits for it any more: it is remembered for what still comes of it
}

/** A request of somebody else that is being answered. */
export interface Serving { relation: string; id: string; sent: number; device: string; refs: number[] }

/** A bucket of tokens: how often something may happen. */
export interface Tokens { left: number; at: number }

/** What a Core keeps, by the prefix of its key in the bucket. */
export const At = { job: "job/", send: "send/", receive: "receive/", seen: "seen/", state: "state/", ask: "ask/", last: "last" } as const;

export const jobKey = (j: Job): string => At.job + j.number.toString(16).padStart(16, "0");
export const sendKey = (relation: string, box: string): string => `${At.send}${relation}/${box}`;
export const receiveKey = (relation: string, context: string): string => `${At.receive}${relation}/${context}`;
export const seenKey = (relation: string, id: string): string => `${At.seen}${relation}/${id}`;
export const stateKey = (relation: string): string => At.state + relation;
export const askKey = (id: string): string => At.ask + id;

/** Names a queue in this device's state. */
export const boxOf = (m: Mailbox): string => hex(hash("kith box 1", m.relay, m.sender ?? "")).slice(0, 16);

export const newRunning = (acks: number[] = []): Running =>
  ({ boxes: new Map(), tried: false, direct: "not", relays: 0, context: "", acks });

const newState = (): State => ({
  heard: 0, used: {}, sharing: "", share: [], told: 0, keysSent: 0, rolled: 0, welcomed: false, newest: "", since: 0, old: {},
  forgot: false, run: { owe: 0, unknownSent: 0, unknownGot: 0, unknowns: 0, shares: { left: 0, at: 0 } },
});

/** What is kept of a value: all but `run`, and what is not there. */
function pack(v: unknown): Value {
  if (Array.isArray(v)) return v.map(pack);
  if (typeof v !== "object" || v === null || v instanceof Uint8Array) return v as Value;
  return new Map(Object.entries(v).filter(([k, x]) => k !== "run" && x !== undefined).map(([k, x]) => [k, pack(x)]));
}

function unpack(v: Value): unknown {
  if (Array.isArray(v)) return v.map(unpack);
  return v instanceof Map ? Object.fromEntries([...v].map(([k, x]) => [k, unpack(x)])) : v;
}

export function unpackRecord(key: string, value: Uint8Array): unknown {
  try {
    return unpack(decode(value));
  } catch (e) {
    throw new Fault("corrupt", `record ${JSON.stringify(key)} of the exchange`, "", e);
  }
}

/** How long what is not urgent waits to be written with something else. */
const flushAfter = second;

/**
 * What the parts of a Core share: its state in memory, and what one call changes, so
 * that all of it becomes durable at once. What could not be written is tried again with
 * the next call, and only then are the effects let out that depend on it.
 */
/** What could not be opened: how often that was tried, and what was said of it. */
export interface Loss {
  first: number;
  tries: number;
  /** When the other side was last told, and how often. */
  said: number;
  times: number;
  /**
   * The other side's note about this context that is given back for another own device,
   * and when it last came; others are dropped meanwhile.
   */
  note: string;
  noted: number;
}

export class Inner {
  readonly o: CoreOptions;
  readonly limits: Limits;
  readonly world: World;
  readonly jobs = new Map<number, Job>(); // in the order of their numbers
  readonly byTo = new Map<string, Map<number, Job>>();
  readonly following = new Map<number, number[]>(); // which jobs wait for one
  last = 0; // the number given last
  upTo = 0; // the numbers that are reserved
  octets = 0;
  readonly sends = new Map<string, Map<string, Sending>>();
  readonly receives = new Map<string, Map<string, Receiving>>();
  readonly states = new Map<string, State>();
  readonly asks = new Map<string, Question>();
  readonly serving = new Map<number, Serving>();
  token = 0;
  readonly heard = new Set<string>(); // inboxes that something came by
  readonly lost = new Map<string, Loss>();
  readonly friends = new Map<string, { tokens: Tokens; declined: Map<string, number> }>();
  swept: number;
  soon = 0; // when relations changed; 0: they did not
  flush = 0; // when what is not urgent is written; 0: nothing waits
  /** What the call under way wants done. */
  effects: Effect[] = [];

  readonly #bucket: Bucket;
  readonly #puts = new Map<string, unknown>();
  readonly #deletes = new Set<string>();
  /** What is returned depends on it. The rest, that something is done, may be lost: it is done again. */
  #urgent = false;

  constructor(o: CoreOptions) {
    this.o = o;
    this.limits = withDefaults(o.limits);
    this.world = o.world;
    this.#bucket = o.bucket;
    this.swept = o.world.now();
    this.#load();
  }

  now(): number {
    return this.world.now();
  }

  #load(): void {
    const each = <T>(prefix: string, f: (v: T, ...key: string[]) => void): void => {
      for (const [key, value] of this.#bucket.each(prefix)) {
        f(unpackRecord(key, value) as T, ...key.slice(prefix.length).split("/"));
      }
    };
    each<Job>(At.job, (j) => {
      this.index({ ...j, run: newRunning() });
      this.last = Math.max(this.last, j.number);
    });
    each<Sending>(At.send, (s, relation, box) => {
      // What may have been used before the end is not used again.
      inner(this.sends, relation ?? "").set(box ?? "", { ...s, run: { next: s.reserved } });
    });
    each<Receiving>(At.receive, (s, relation, context) => {
      inner(this.receives, relation ?? "").set(context ?? "", { ...s, run: { told: 0 } });
    });
    each<State>(At.state, (s, relation) => this.states.set(relation ?? "", { ...newState(), ...s }));
    each<Question>(At.ask, (a, id) => this.asks.set(id ?? "", a));
    const last = this.#bucket.get(At.last);
    if (last) this.last = this.upTo = Math.max(this.last, Number(unpackRecord(At.last, last)));
  }

  /** What is known of a relation, to be changed and kept. */
  state(relation: string): State {
    let s = this.states.get(relation);
    if (!s) this.states.set(relation, s = newState());
    return s;
  }

  async ownDevices(): Promise<Relation[]> {
    return (await this.o.people.relations()).filter((r) => r.kind === 2);
  }

  /** Makes a job findable by its number, its relation and what it waits for. */
  index(j: Job): void {
    this.jobs.set(j.number, j);
    this.octets += j.body?.length ?? 0;
    inner(this.byTo, j.to).set(j.number, j);
    this.depend(j);
  }

  /** Notes what a job waits for. */
  depend(j: Job): void {
    for (const n of [...j.after, ...j.behind]) {
      const list = this.following.get(n) ?? [];
      if (this.jobs.has(n) && !list.includes(j.number)) this.following.set(n, [...list, j.number]);
    }
  }

  keep(key: string, v: unknown): void {
    this.keepLazily(key, v);
    this.#urgent = true;
  }

  /** keep for what may be lost: it is written with what comes next, or soon. */
  keepLazily(key: string, v: unknown): void {
    this.#deletes.delete(key);
    this.#puts.set(key, v);
  }

  drop(key: string): void {
    this.#puts.delete(key);
    this.#deletes.add(key);
  }

  /** Reads a record that is not held in memory. */
  get(key: string): unknown {
    if (this.#deletes.has(key)) return undefined;
    if (this.#puts.has(key)) return this.#puts.get(key);
    const value = this.#bucket.get(key);
    return value && unpackRecord(key, value);
  }

  each(prefix: string): Iterable<[string, Uint8Array]> {
    return this.#bucket.each(prefix);
  }

  async commit(): Promise<void> {
    if (this.#puts.size + this.#deletes.size === 0) return;
    const puts = new Map([...this.#puts].map(([k, v]) => [k, encode(pack(v))]));
    await this.#bucket.apply(puts, [...this.#deletes].sort());
    this.#puts.clear();
    this.#deletes.clear();
    this.#urgent = false;
    this.flush = 0;
  }

  /** Makes everything durable and lets the effects out. */
  async end(): Promise<Effect[]> {
    await this.commit();
    return this.effects.splice(0);
  }

  /** end, but what is not urgent is left to the next call or tick. */
  async endLater(): Promise<Effect[]> {
    if (this.#urgent) return this.end();
    if (this.flush === 0 && this.#puts.size + this.#deletes.size !== 0) this.flush = this.now() + flushAfter;
    return this.effects.splice(0);
  }
}

/** The map below a key, made when it is not there. */
export function inner<A, B, V>(m: Map<A, Map<B, V>>, a: A): Map<B, V> {
  let found = m.get(a);
  if (!found) m.set(a, found = new Map<B, V>());
  return found;
}

/** Takes a token of a bucket that is refilled by rate a second. */
export function take(t: Tokens, now: number, burst: number, rate: number): boolean {
  const left = t.at === 0 ? burst : Math.min(burst, t.left + (Math.max(now - t.at, 0) / second) * rate);
  t.at = now;
  t.left = left < 1 ? left : left - 1;
  return left >= 1;
}

/** The time between now and an instant that was noted; one in the future was noted by a clock that was wrong. */
export const apart = (now: number, at: number): number => Math.abs(now - at);
