// The engine of one swarm: it takes connections, however they were made, fetches
// what is wanted, verifies and keeps it, and gives others what it has.
import { Bits } from "./bits.ts";
import { fromLatin1 } from "./bytes.ts";
import { Choker } from "./choker.ts";
import type { Job } from "./job.ts";
import { have } from "./kind.ts";
import { Ledger } from "./ledger.ts";
import type { SwarmOptions } from "./options.ts";
import { Peer, type Asked, type Block, type Introduction, type Listener } from "./peer.ts";
import { Picker } from "./picker.ts";
import type { Pipe } from "./pipe.ts";
import { Rate } from "./rate.ts";
import { Shelf } from "./shelf.ts";
import { turn, visitor } from "./turn.ts";
import * as wire from "./wire.ts";
import type { Index, PieceStore, SwarmStats } from "../types.ts";

/** Milliseconds. */
const tickEvery = 500;
const changeEvery = 250;

interface Waiter {
  readonly resolve: (data: Uint8Array) => void;
  readonly reject: (why: unknown) => void;
  readonly urgent: boolean;
}

interface Completion {
  readonly resolve: () => void;
  readonly reject: (why: unknown) => void;
}

/** A swarm without its ways to meet peers. */
export class Engine implements Listener {
  /** Our name among peers. */
  readonly id: Uint8Array;
  onchange: (() => void) | undefined;
  /** Called when a peer left (lost), or there is something to fetch: more peers may be needed. */
  onneed: ((lost: boolean) => void) | undefined;

  readonly #index: Index;
  readonly #options: Required<SwarmOptions>;
  readonly #have: Bits;
  readonly #shelf: Shelf;
  readonly #picker: Picker;
  readonly #choker: Choker;
  readonly #ledger = new Ledger();
  readonly #intro: Introduction;
  readonly #peers = new Set<Peer>();
  readonly #banned = new Set<string>();
  readonly #waiters = new Map<number, Set<Waiter>>();
  readonly #completions = new Set<Completion>();
  readonly #down = new Rate();
  readonly #up = new Rate();
  #ticking: ReturnType<typeof setInterval> | undefined;
  #changing: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(index: Index, store: PieceStore, options: Required<SwarmOptions>, id = newID()) {
    this.#index = index;
    this.#options = options;
    this.id = id;
    this.#have = new Bits(index.pieces);
    this.#shelf = new Shelf(index, store, this.#have, options.cache, (i) => this.#lost(i));
    this.#picker = new Picker(index, this.#have, this.#peers, options);
    this.#choker = new Choker(this.#peers, options.uploadSlots, options.upload);
    this.#intro = { swarm: index.swarm, id: this.id, client: options.client, have: this.#have };
  }

  /** Learns what is here already. */
  async begin(): Promise<void> {
    await this.#shelf.begin();
  }

  /** How many more peers would be welcome. */
  get free(): number {
    return this.#closed ? 0 : Math.max(0, this.#options.maxPeers - this.#peers.size);
  }

  /** How many are connected. */
  get met(): number {
    return this.#peers.size;
  }

  /** Whether nothing is missing here: peers who have everything are of no use then. */
  get full(): boolean {
    return this.#have.full;
  }

  /** How many peers have what we lack. */
  get useful(): number {
    return [...this.#peers].filter((p) => p.useful > 0).length;
  }

  /** Whether another connection may be made. */
  get room(): boolean {
    return !this.#closed && this.#peers.size < this.#options.maxPeers;
  }

  /** Octets that came, went, and are missing, as trackers are told. */
  get progress(): { readonly downloaded: number; readonly uploaded: number; readonly left: number } {
    const missing = this.#have.full ? 0 : Math.max(1, this.#index.bytes - this.#down.total);
    return { downloaded: this.#down.total, uploaded: this.#up.total, left: missing };
  }

  /** Takes a connection. Whoever is at the other end must belong to the swarm. */
  connect(pipe: Pipe): void {
    if (!this.room || this.#banned.has(pipe.address)) {
      pipe.close();
      return;
    }
    this.#peers.add(new Peer(pipe, this.#intro, this, performance.now()));
    this.#ticking ??= setInterval(() => this.#tick(), tickEvery);
  }

  /** Whether we are connected with the peer of this name, in hexadecimal. */
  knows(id: string): boolean {
    return [...this.#peers].some((p) => p.id === id);
  }

  /** Ends all connections. */
  disconnect(): void {
    for (const p of [...this.#peers]) {
      p.close();
    }
  }

  async want(i: number, urgent: boolean, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted();
    if (!Number.isInteger(i) || i < 0 || i >= this.#index.pieces || this.#closed) {
      throw new RangeError(this.#closed ? "the swarm is closed" : `the site has no piece ${i}`);
    }
    const here = this.#shelf.near(i) ?? (this.#have.has(i) ? await this.#shelf.get(i) : undefined);
    return here ?? this.#wait(i, urgent, signal);
  }

  got(i: number, bytesFromHost: number): void {
    this.#ledger.host(bytesFromHost);
    if (this.#have.add(i)) {
      this.#picker.done(i);
      this.#announce(i);
      if (this.#waiters.has(i)) {
        void this.#shelf.get(i).then((data) => this.#arrived(i, data));
      } else if (this.#have.full) {
        this.#whole();
      }
    }
    this.#note();
  }

  available(i: number): boolean {
    return this.#picker.count(i) > 0;
  }

  /** How many visitors who lack piece i as we do ask the host for it before us: all of them reckon alike. */
  before(i: number): number {
    const mine = turn(hexID(this.id), i);
    let n = 0;
    for (const p of this.#peers) {
      n += p.id.startsWith(visitor) && !p.has.has(i) && turn(p.id, i) < mine ? 1 : 0;
    }
    return n;
  }

  async complete(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#have.full) {
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const completion = { resolve, reject };
      signal.addEventListener("abort", () => {
        this.#completions.delete(completion);
        this.#picker.everything = this.#completions.size > 0;
        reject(signal.reason as Error);
      }, { once: true });
      this.#completions.add(completion);
      this.#picker.everything = true;
      this.#fillAll(performance.now(), true);
      this.onneed?.(false);
    });
  }

  setUpload(allowed: boolean): void {
    this.#choker.allowed = allowed;
    this.#choker.changed(performance.now());
  }

  stats(): Omit<SwarmStats, "trackers"> {
    const now = performance.now();
    return {
      peers: this.#ledger.peers(),
      have: this.#have.count, pieces: this.#index.pieces,
      downloaded: this.#down.total, uploaded: this.#up.total, fromHost: this.#ledger.fromHost,
      downRate: this.#down.at(now), upRate: this.#up.at(now),
    };
  }

  close(): void {
    this.#closed = true;
    this.disconnect();
    clearInterval(this.#ticking);
    clearTimeout(this.#changing);
    const gone = new DOMException("the swarm is closed", "AbortError");
    for (const w of [...[...this.#waiters.values()].flatMap((s) => [...s]), ...this.#completions]) {
      w.reject(gone);
    }
    this.#waiters.clear();
    this.#completions.clear();
  }

  // What peers tell.

  meets(p: Peer): boolean {
    if (p.id === hexID(this.id) || this.#banned.has(p.id)) {
      return false;
    }
    for (const other of this.#peers) {
      if (other !== p && other.id === p.id) {
        if (this.#prefers(other, p)) {
          return false;
        }
        other.close();
      }
    }
    this.#ledger.met(p);
    this.#note();
    return true;
  }

  has(p: Peer, i: number | undefined): void {
    for (let n = i ?? 0; n < (i === undefined ? this.#index.pieces : i + 1); n++) {
      if (p.has.has(n)) {
        this.#picker.seen(n, 1);
        p.useful += this.#have.has(n) ? 0 : 1;
      }
    }
    this.#look(p);
  }

  changed(p: Peer): void {
    this.#choker.changed(performance.now());
    this.#fill(p, performance.now(), true);
  }

  refused(p: Peer, blocks: Iterable<Block>): void {
    this.#picker.release(p, blocks);
    this.#fillAll(performance.now(), false);
  }

  block(p: Peer, b: Asked, data: Uint8Array): void {
    const now = performance.now();
    this.#down.add(data.length, now);
    const job = this.#picker.put(p, b, data);
    if (job) {
      void this.#verify(job);
    }
    this.#fill(p, now, p.asked.size === 0);
    this.#note();
  }

  mayHave(_: Peer, b: Block): boolean {
    // A whole piece of a torrent may be asked for, with its padding.
    return this.#have.has(b.piece) && b.begin + b.length <= Math.max(this.#index.length(b.piece), this.#index.length(0));
  }

  drained(p: Peer): void {
    if (!p.serving) {
      void this.#serve(p);
    }
  }

  left(p: Peer): void {
    this.#peers.delete(p);
    this.#ledger.left(p);
    for (let i = 0; i < p.has.size; i++) {
      if (p.has.has(i)) {
        this.#picker.seen(i, -1);
      }
    }
    const owed = [...p.asked.values()];
    p.asked.clear();
    this.#picker.release(p, owed);
    if (this.#closed) {
      return;
    }
    this.#choker.changed(performance.now());
    this.#fillAll(performance.now(), false);
    if (this.#peers.size === 0) {
      clearInterval(this.#ticking);
      this.#ticking = undefined;
    }
    this.onneed?.(true);
    this.#note();
  }

  /** Of two connections with the same peer, both ends keep the same one. */
  #prefers(a: Peer, b: Peer): boolean {
    if (a.pipe.kind !== b.pipe.kind) {
      return a.pipe.kind === "webtransport";
    }
    const ours = hexID(this.id) < a.id;
    return a.pipe.initiator === ours || b.pipe.initiator !== ours;
  }

  #wait(i: number, urgent: boolean, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { resolve, reject, urgent };
      const waiters = this.#waiters.get(i) ?? new Set();
      this.#waiters.set(i, waiters.add(waiter));
      signal.addEventListener("abort", () => {
        if (waiters.delete(waiter) && waiters.size === 0 && this.#waiters.get(i) === waiters) {
          this.#waiters.delete(i);
          this.#picker.unwant(i);
        }
        reject(signal.reason as Error);
      }, { once: true });
      this.#picker.want(i, urgent);
      this.#fillAll(performance.now(), urgent);
      this.onneed?.(false);
    });
  }

  /** Gives a piece to those who wait for it. */
  #arrived(i: number, data: Uint8Array | undefined): void {
    const waiters = this.#waiters.get(i);
    if (!data) {
      for (const w of waiters ?? []) { // it was not there after all
        this.#picker.want(i, w.urgent);
      }
      return;
    }
    this.#waiters.delete(i);
    for (const w of waiters ?? []) {
      w.resolve(data);
    }
    if (this.#have.full) {
      this.#whole();
    }
  }

  /** Everything is here. */
  #whole(): void {
    this.#picker.everything = false;
    for (const c of this.#completions) {
      c.resolve();
    }
    this.#completions.clear();
  }

  async #verify(job: Job): Promise<void> {
    const i = job.piece;
    if (!(await this.#index.verify(i, job.data))) {
      this.#blame(job);
      this.#picker.done(i, true);
      this.#fillAll(performance.now(), true);
      return;
    }
    const kept = this.#shelf.put(i, job.data);
    this.#arrived(i, job.data); // whoever waits needs not wait for the disk
    try {
      await kept;
    } catch (error) {
      this.#full(error);
      return;
    } finally {
      this.#picker.done(i);
    }
    this.#announce(i);
    this.#arrived(i, job.data);
    this.#note();
  }

  /** A piece was wrong: a peer that gave all of it is not dealt with again. */
  #blame(job: Job): void {
    const [liar, another] = job.from;
    if (liar && !another) {
      this.#banned.add(liar.id);
      if (liar.pipe.address) {
        this.#banned.add(liar.pipe.address);
      }
      liar.close();
    }
  }

  /** Nothing more can be kept: what is wanted is still fetched, but nothing else. */
  #full(error: unknown): void {
    this.#picker.everything = this.#picker.ahead = false;
    for (const c of this.#completions) {
      c.reject(error);
    }
    this.#completions.clear();
  }

  /** Tells those who lack piece i that we have it. */
  #announce(i: number): void {
    for (const p of [...this.#peers]) {
      if (p.id === "") {
        continue; // is told with the rest
      }
      if (p.has.has(i)) {
        p.useful--;
        this.#look(p);
      } else {
        p.send(wire.message(have, i));
      }
    }
  }

  /** Piece i was kept and is gone: those who have it are of use again. */
  #lost(i: number): void {
    for (const p of this.#peers) {
      p.useful += p.has.has(i) ? 1 : 0;
      p.interest(p.useful > 0);
    }
  }

  /** Says whether p has what we lack, and leaves who can neither give nor take. */
  #look(p: Peer): void {
    if (this.#have.full && p.has.full) {
      p.close();
      return;
    }
    p.interest(p.useful > 0);
    this.#fill(p, performance.now(), false);
  }

  #fillAll(now: number, again: boolean): void {
    // The fastest are asked first.
    for (const p of [...this.#peers].sort((a, b) => b.down.at(now) - a.down.at(now))) {
      this.#fill(p, now, again);
    }
  }

  #fill(p: Peer, now: number, again: boolean): void {
    for (let room = p.room(this.#options.pipeline, now); room > 0; room--) {
      const b = this.#picker.pick(p, now, again);
      if (!b) {
        return;
      }
      p.ask(b, now);
    }
  }

  /** Gives p what it asked for, as fast as its connection takes it. */
  async #serve(p: Peer): Promise<void> {
    p.serving = true;
    try {
      while (p.takes(performance.now())) {
        const b = p.wants[0];
        if (!b) {
          return;
        }
        const data = this.#shelf.near(b.piece) ?? (await this.#shelf.get(b.piece));
        if (p.wants[0] !== b) {
          continue; // taken back meanwhile
        }
        p.wants.shift();
        if (data) {
          const now = performance.now();
          this.#up.add(b.length, now);
          p.give(b, data, now);
          this.#note();
        } else {
          p.deny(b);
        }
      }
    } finally {
      p.serving = false;
    }
  }

  #tick(): void {
    const now = performance.now();
    for (const p of [...this.#peers]) {
      p.tick(now);
    }
    this.#choker.tick(now);
    this.#fillAll(now, true);
    if (this.#down.at(now) > 1 || this.#up.at(now) > 1) {
      this.#note(); // rates fall
    }
  }

  #note(): void {
    if (!this.#closed) {
      this.#changing ??= setTimeout(() => {
        this.#changing = undefined;
        this.onchange?.();
      }, changeEvery);
    }
  }
}

function hexID(id: Uint8Array): string {
  return Array.from(id, (b) => b.toString(16).padStart(2, "0")).join("");
}

/** A name in the way of BEP 20. */
export function newID(): Uint8Array {
  const id = crypto.getRandomValues(new Uint8Array(20));
  id.set(fromLatin1("-KV0100-") ?? []);
  return id;
}
