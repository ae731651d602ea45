// Decides which block a peer is asked for: first what a reader waits for, then
// what it will read next, then what is rarest.
import type { Bits } from "./bits.ts";
import { Job } from "./job.ts";
import { keyOf, type Block, type Peer } from "./peer.ts";
import type { Index } from "../types.ts";

/** Milliseconds and counts. */
const bounds = {
  /** A block that a reader waits for is slow when it takes longer than twice what is usual with its peer, but within these. */
  slow: [400, 1000] as const,
  /** Peers that are asked for the same block. */
  same: 2,
  /** Pieces that are compared to find a rare one. */
  sample: 2048,
} as const;

/** Why a piece is fetched, from most to least pressing. */
const reasons = { urgent: 0, wanted: 1, ahead: 2, background: 3 } as const;
type Reason = (typeof reasons)[keyof typeof reasons];

export interface PickerOptions {
  readonly memory: number;
  readonly lookAhead: number;
}

/** The pieces that are wanted, and how far they are. */
export class Picker {
  /** Whether everything is wanted. */
  everything = false;
  /** Whether more than what is wanted may be fetched. */
  ahead = true;
  readonly #index: Index;
  readonly #have: Bits;
  readonly #options: PickerOptions;
  readonly #peers: Iterable<Peer>;
  readonly #counts: Uint16Array;
  readonly #jobs = new Map<number, Job>();
  #memory = 0;
  /** By reason: pieces that may have a block nobody was asked for. */
  readonly #open: readonly Set<number>[] = [new Set(), new Set(), new Set(), new Set()];
  readonly #why = new Map<number, Reason>();
  readonly #alone = new Set<number>();
  /** Pieces that are whole and being verified. */
  readonly #verifying = new Set<number>();

  constructor(index: Index, have: Bits, peers: Iterable<Peer>, options: PickerOptions) {
    this.#index = index;
    this.#have = have;
    this.#peers = peers;
    this.#options = options;
    this.#counts = new Uint16Array(index.pieces);
  }

  /** How many connected peers have a piece. */
  count(i: number): number {
    return this.#counts[i] ?? 0;
  }

  /** A peer has piece i, or (by -1) is gone with it. */
  seen(i: number, by: 1 | -1): void {
    this.#counts[i] = Math.max(0, this.count(i) + by);
  }

  want(i: number, urgent: boolean): void {
    this.#give(i, urgent ? reasons.urgent : reasons.wanted);
    if (urgent && this.ahead) {
      this.#lookAhead(i);
    }
  }

  /** Nobody waits for piece i any more. Returns whether it is not to be fetched at all. */
  unwant(i: number): boolean {
    this.#forget(i);
    if (this.everything && this.#jobs.has(i)) {
      this.#give(i, reasons.background);
      return false;
    }
    const job = this.#jobs.get(i);
    if (job && job.from.size === 0 && !this.#verifying.has(i)) {
      this.#drop(job);
    }
    return true;
  }

  /** Piece i is here, or was found to be wrong. */
  done(i: number, wrong = false): void {
    const job = this.#jobs.get(i);
    const why = this.#why.get(i);
    this.#verifying.delete(i);
    if (job) {
      this.#drop(job);
    }
    this.#forget(i);
    if (wrong) {
      this.#alone.add(i);
      if (why !== undefined) {
        this.#give(i, why);
      }
    } else {
      this.#alone.delete(i);
    }
  }

  /** The next block to ask p for; it counts as asked. With again, one that another is slow with will do. */
  pick(p: Peer, now: number, again: boolean): Block | undefined {
    for (const why of [reasons.urgent, reasons.wanted, reasons.ahead, reasons.background]) {
      const found = this.#pickFrom(why, p);
      if (found) {
        return found;
      }
    }
    return this.#pickNew(p) ?? (again ? this.#pickAgain(p, now) : undefined);
  }

  /** Blocks that p will not give. */
  release(p: Peer, blocks: Iterable<Block>): void {
    for (const b of blocks) {
      const job = this.#jobs.get(b.piece);
      const key = keyOf(b);
      if (job && ![...this.#peers].some((o) => o !== p && o.asked.has(key))) {
        job.release(b);
        job.abandon(p);
        this.#open[this.#why.get(b.piece) ?? reasons.background]?.add(b.piece);
      }
    }
  }

  /** Takes a block from p. Returns the piece's job when that was the last one. */
  put(p: Peer, b: Block, data: Uint8Array): Job | undefined {
    const job = this.#jobs.get(b.piece);
    if (!job?.put(p, b, data)) {
      return undefined;
    }
    const key = keyOf(b);
    for (const other of this.#peers) {
      if (other !== p && other.asked.has(key)) {
        other.cancel(b);
      }
    }
    if (job.missing > 0 || this.#verifying.has(b.piece)) {
      return undefined;
    }
    this.#verifying.add(b.piece);
    return job;
  }

  #pickFrom(why: Reason, p: Peer): Block | undefined {
    const open = this.#open[why];
    for (const i of open ?? []) {
      if (!p.has.has(i)) {
        continue;
      }
      const job = this.#jobs.get(i) ?? this.#begin(i, why);
      const block = job?.take(p);
      if (job?.free === 0) {
        open?.delete(i);
      }
      if (block) {
        return block;
      }
    }
    return undefined;
  }

  /** Begins with the rarest piece that p has, if everything is wanted. */
  #pickNew(p: Peer): Block | undefined {
    if (!this.everything || this.#memory >= this.#options.memory) {
      return undefined;
    }
    const { pieces } = this.#index;
    const from = Math.floor(Math.random() * pieces);
    let [best, fewest] = [-1, Infinity];
    for (let n = 0, seen = 0; n < pieces && seen < bounds.sample && fewest > 1; n++) {
      const i = (from + n) % pieces;
      if (p.has.has(i) && !this.#have.has(i) && !this.#jobs.has(i)) {
        seen++;
        const count = this.count(i);
        if (count < fewest) {
          [best, fewest] = [i, count];
        }
      }
    }
    if (best < 0) {
      return undefined;
    }
    this.#give(best, reasons.background);
    return this.#pickFrom(reasons.background, p);
  }

  /** A block that another peer was asked for and is slow with. */
  #pickAgain(p: Peer, now: number): Block | undefined {
    for (const job of this.#jobs.values()) {
      const pressing = this.#why.get(job.piece) === reasons.urgent || this.everything;
      if (!pressing || job.missing === 0 || job.alone || !p.has.has(job.piece)) {
        continue;
      }
      for (const b of job.waiting()) {
        const key = keyOf(b);
        const askers = [...this.#peers].filter((o) => o.asked.has(key));
        if (!p.asked.has(key) && askers.length < bounds.same && askers.every((o) => isSlow(o, key, now))) {
          return b;
        }
      }
    }
    return undefined;
  }

  #begin(i: number, why: Reason): Job | undefined {
    const length = this.#index.length(i);
    const room = this.#options.memory * (why === reasons.urgent ? 2 : 1);
    if (this.#memory > 0 && this.#memory + length > room && !this.#makeRoom(length, room)) {
      return undefined;
    }
    const job = new Job(i, length, this.#index.filled(i), this.#alone.has(i));
    this.#jobs.set(i, job);
    this.#memory += length;
    return job;
  }

  /** Gives up pieces in the making that nobody waits for any more. */
  #makeRoom(length: number, room: number): boolean {
    for (const job of this.#jobs.values()) {
      if (!this.#why.has(job.piece) && !this.#verifying.has(job.piece)) {
        this.#drop(job);
      }
    }
    return this.#memory + length <= room;
  }

  #lookAhead(i: number): void {
    let left = this.#options.lookAhead;
    for (let n = i + 1; n < this.#index.pieces; n++) {
      left -= this.#index.length(n);
      if (left < 0) {
        return;
      }
      if (!this.#have.has(n) && !this.#why.has(n)) {
        this.#give(n, reasons.ahead);
      }
    }
  }

  #give(i: number, why: Reason): void {
    const before = this.#why.get(i);
    if (before === undefined || why < before) {
      this.#forget(i);
      this.#why.set(i, why);
      if (this.#jobs.get(i)?.free !== 0) {
        this.#open[why]?.add(i);
      }
    }
  }

  #forget(i: number): void {
    this.#why.delete(i);
    for (const set of this.#open) {
      set.delete(i);
    }
  }

  #drop(job: Job): void {
    this.#jobs.delete(job.piece);
    this.#memory -= job.data.length;
    for (const b of job.waiting()) {
      for (const p of this.#peers) {
        p.cancel(b);
      }
    }
  }
}

/** Whether p takes longer for a block than is to be expected. */
function isSlow(p: Peer, key: number, now: number): boolean {
  const asked = p.asked.get(key);
  const usual = (1000 * p.asked.size * 16 * 1024) / Math.max(1, p.down.at(now));
  const [least, most] = bounds.slow;
  return asked === undefined || p.snubbed || now - asked.at > Math.max(least, Math.min(2 * usual, most));
}
