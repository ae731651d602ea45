/**
 * Envelopes between two devices over one pipe (spec/private-sharing.md §5.4): of the
 * records of spec/mailbox.md PUT, its answers and PING, both ways.
 */
import { bodySizes, record, Type } from "../mailbox/record.ts";
import { hex, unhex } from "../seal/index.ts";
import { longestPiece, type Pipe } from "./pipe.ts";

/** Limits of a session; times are in ms. */
export interface SessionLimits {
  /** PUTs of this side that wait for an answer: 64. */
  sending: number;
  /** PUTs of the other side that are being taken: 64; it is told to wait when there are more. */
  taking: number;
  /** Records that the other side may send at once, and a second: 1,024 and 256. */
  burst: number;
  rate: number;
  /** After so long without a word the other side is asked for one, and given up after another: 1,000. */
  silence: number;
}

const usual: SessionLimits = { sending: 64, taking: 64, burst: 1024, rate: 256, silence: 1000 };

/** What a session needs of who keeps it. */
export interface SessionOptions {
  now(): number;
  /** Takes an envelope: true when it is kept and need not come again. */
  take(id: string, envelope: Uint8Array): Promise<boolean>;
  /** Called once, when it ends and not by close. */
  ended(): void;
  limits?: Partial<SessionLimits> | undefined;
}

const headSize = 9;
const putHead = 24 + 16 + 1;
const largest = headSize + putHead + 65536;
/** The channel stands for the queue: nobody else can put anything there. */
const queue = new Uint8Array(24);

/** One pipe to a device of the other side of a relation. */
export class Session {
  readonly #pipe: Pipe;
  readonly #o: SessionOptions;
  readonly #limits: SessionLimits;
  readonly #waiting = new Map<number, (accepted: boolean) => void>();
  readonly #record = new Uint8Array(largest); // the one that comes, as far as it came
  #came = 0;
  #taking = 0;
  #tag = 0;
  #tokens: number;
  #filled: number;
  #heard: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(pipe: Pipe, o: SessionOptions) {
    this.#pipe = pipe;
    this.#o = o;
    this.#limits = { ...usual, ...o.limits };
    this.#tokens = this.#limits.burst;
    this.#filled = this.#heard = o.now();
    pipe.onClose = () => this.#end(true);
    pipe.onData = (octets) => this.#data(octets);
  }

  /** Whether it can be sent by. */
  get open(): boolean {
    return !this.#ended;
  }

  /** When the other side was heard. */
  get heard(): number {
    return this.#heard;
  }

  /** Whether something is under way, either way. */
  get busy(): boolean {
    return this.#waiting.size > 0 || this.#taking > 0;
  }

  /** Puts an envelope: true when the other side has kept it. */
  put(id: string, envelope: Uint8Array, signal: AbortSignal): Promise<boolean> {
    if (this.#ended || this.#waiting.size >= this.#limits.sending) return Promise.resolve(false);
    const tag = this.#tag = (this.#tag + 1) >>> 0;
    return new Promise((resolve) => {
      const done = (accepted: boolean): void => {
        this.#waiting.delete(tag);
        signal.removeEventListener("abort", given);
        resolve(accepted);
      };
      const given = (): void => done(false);
      signal.addEventListener("abort", given, { once: true });
      this.#waiting.set(tag, done);
      this.#send(record(Type.put, tag, queue, unhex(id, 16), Uint8Array.of(0), envelope));
      this.#watch(this.#o.now(), false);
    });
  }

  close(): void {
    this.#end(false);
  }

  /** Gives a side up that says nothing, while something waits for it. */
  #watch(since: number, asked: boolean): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#ended || this.#waiting.size === 0) return;
      if (this.#heard >= since) return this.#watch(this.#o.now(), false);
      if (asked) return this.#end(true);
      this.#send(record(Type.ping, 0));
      this.#watch(since, true);
    }, this.#limits.silence);
  }

  #send(octets: Uint8Array): void {
    for (let at = 0; at < octets.length; at += longestPiece) this.#pipe.send(octets.subarray(at, at + longestPiece));
  }

  /** Puts records together; a length beyond any record's ends the session before anything is kept of it. */
  #data(octets: Uint8Array): void {
    for (let at = 0; at < octets.length && !this.#ended;) {
      const want = this.#came < headSize ? headSize : this.#length();
      const piece = octets.subarray(at, at + want - this.#came);
      this.#record.set(piece, this.#came);
      this.#came += piece.length;
      at += piece.length;
      if (this.#came < headSize) continue;
      if (this.#length() > largest) return this.#end(true);
      if (this.#came === this.#length()) this.#whole();
    }
  }

  #view(): DataView {
    return new DataView(this.#record.buffer);
  }

  #length(): number {
    return headSize + this.#view().getUint32(5);
  }

  #whole(): void {
    const type = this.#record[0];
    const tag = this.#view().getUint32(1);
    const payload = this.#record.slice(headSize, this.#came);
    this.#came = 0;
    this.#heard = this.#o.now();
    if (!this.#allowed()) return this.#end(true);
    switch (type) {
      case Type.put:
        return this.#take(tag, payload);
      case Type.ping:
        return this.#send(record(Type.ok, tag));
      case Type.ok:
        return this.#waiting.get(tag)?.(true);
      case Type.no:
      case Type.wait:
        return this.#waiting.get(tag)?.(false);
    }
    this.#end(true); // another language
  }

  /** A bucket of records: who sends more is not spoken to. */
  #allowed(): boolean {
    const now = this.#heard;
    this.#tokens = Math.min(this.#limits.burst, this.#tokens + (Math.max(now - this.#filled, 0) * this.#limits.rate) / 1000);
    this.#filled = now;
    return --this.#tokens >= 0;
  }

  #take(tag: number, payload: Uint8Array): void {
    if (!bodySizes.includes(payload.length - putHead)) return this.#send(record(Type.no, tag));
    if (this.#taking >= this.#limits.taking) return this.#send(record(Type.wait, tag, Uint8Array.of(0, 1)));
    this.#taking++;
    this.#o.take(hex(payload.subarray(24, 40)), payload.subarray(putHead)).catch(() => false).then((kept) => {
      this.#taking--;
      if (!this.#ended) this.#send(record(kept ? Type.ok : Type.no, tag));
    });
  }

  #end(tell: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#pipe.close();
    for (const done of [...this.#waiting.values()]) done(false);
    if (tell) this.#o.ended();
  }
}
