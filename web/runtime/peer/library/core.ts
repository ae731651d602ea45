import type { Bucket, Files, Store, World } from "../contract.ts";
import { encode, Fields, record, unhex, type Value } from "../seal/index.ts";
import { fileName } from "./body.ts";
import { day, minute, personApp } from "./bounds.ts";
import { Catalog, type Entry, hasFile, type SharedAudience } from "./catalog.ts";
import type { Draft } from "./draft.ts";
import type { Gone } from "./gone.ts";
import { encodeStored, parseStored, timeOf } from "./item.ts";
import { Lists } from "./lists.ts";
import type { Peer, Reset } from "./peer.ts";
import { Circle } from "./people.ts";
import type { Receipt } from "./receipts.ts";

/** Which bodies a device keeps (spec §6.4). */
export interface Holds {
  /** The only apps whose bodies are kept; all when left out. */
  apps?: string[];
  /** Keeps bodies used or changed within so many ms; all when left out or 0. */
  recent?: number;
}

/** The choices of openLibrary; what is left out is what each comment names. */
export interface LibraryOptions {
  store: Store;
  device: string; // this one
  world: World;
  holds?: Holds; // all
  /** How long a friend may keep what they were sent: 7 days. */
  lease?: number;
  /** How long a friend uses it without asking again: 5 minutes. */
  maxAge?: number;
  /** How long a deletion is remembered for own devices: 90 days. */
  bury?: number;
  /** How long a friend may take to confirm a purge: 30 days. */
  receipts?: number;
  /** How long a deletion is told in lists of changes: 7 days. */
  gone?: number;
  /** How far a revision may be in the future: a day. */
  ahead?: number;
  /** How often own devices compare: a day. */
  reconcile?: number;
  /** How long a document that comes in parts waits for the next: 7 days. */
  drafts?: number;
  /** How many of them an app may have; the oldest goes: 32. */
  mostDrafts?: number;
  /** How many items there may be, against own devices gone wild: 1,000,000. */
  mostItems?: number;
  /** How many octets of items go into one message: 48 KiB. */
  message?: number;
  /** How many messages of items one answer to another device has: 16. */
  burst?: number;
}

type Choices = Required<Omit<LibraryOptions, "store" | "world" | "device">>;

const usual: Choices = {
  holds: {}, lease: 7 * day, maxAge: 5 * minute, bury: 90 * day, receipts: 30 * day, gone: 7 * day, ahead: day,
  reconcile: day, drafts: 7 * day, mostDrafts: 32, mostItems: 1_000_000, message: 48 << 10, burst: 16,
};

/** What a watcher is told. */
export interface Event {
  /** Of a document, as it is shown. */
  app: string;
  path: string;
  /** What tagOf says now; empty when there is nothing any more. */
  tag: string;
  /** The key of a record of the person's own state; the rest is empty then. */
  record: string;
  seq: number;
}

/** What is written together. */
export class Batch {
  readonly puts = new Map<string, Uint8Array>();
  readonly deletes = new Set<string>();

  put(key: string, value: Uint8Array): void {
    this.deletes.delete(key);
    this.puts.set(key, value);
  }

  delete(key: string): void {
    this.puts.delete(key);
    this.deletes.add(key);
  }

  item(e: Entry): void {
    this.put(itemRow(e.record.handle), encodeStored(e));
  }
}

export function itemRow(handle: string): string {
  return `i/${handle}`;
}

const zeros = "0".repeat(32);

/** All that the parts of the library share. */
export class Core {
  readonly o: Choices;
  readonly bucket: Bucket;
  readonly files: Files;
  readonly world: World;
  device: string;
  holds: Holds;

  readonly catalog = new Catalog();
  readonly lists = new Lists();
  readonly peers = new Map<string, Peer>(); // by device
  readonly given = new Map<string, number>(); // who has a cursor, and since when
  readonly receipts = new Map<string, Receipt>(); // by record key
  readonly buried = new Map<string, Map<string, number>>(); // paths that were purged, by who had them
  readonly watchers = new Set<(e: Event) => void>();
  readonly fetching = new Map<string, Promise<void>>(); // by handle; resolved when it is done
  circle = new Circle({ friends: [], devices: [] });
  gone: Gone[] = [];
  resets: Reset[] = [];
  drafts: Draft[] = [];
  cursor: Uint8Array = new Uint8Array(); // key of cursors
  seq = 0; // of the last change
  erased = 0; // of the newest deletion that is remembered no more
  broken = 0; // rows that cannot be read
  #freeing = false; // what is written now is for a deletion
  readonly none: { app: string; aud: SharedAudience }; // what absent paths are compared with
  #last = zeros; // the newest revision that was seen

  constructor(o: LibraryOptions) {
    const { store, world, device, ...choices } = o;
    this.o = { ...usual, ...choices };
    this.bucket = store.bucket("library");
    this.files = store.files("bodies");
    this.world = world;
    this.device = device;
    this.holds = this.o.holds;
    this.none = { app: "", aud: this.catalog.audience({ reach: 0, friends: [], lists: [] }) };
  }

  now(): number {
    return this.world.now();
  }

  /** Makes a revision that is newer than all that were seen. */
  next(): string {
    let time = timeOf(this.#last);
    let count = Number.parseInt(this.#last.slice(12, 16), 16) + 1;
    const now = this.now();
    if (now > time) [time, count] = [now, 0];
    if (count > 0xffff) [time, count] = [time + 1, 0];
    return this.#set(time, count);
  }

  /**
   * Steps the clock on, and returns a time that every revision so far is older than,
   * and none that is still to be made. The time of day does not do for that: it may
   * be put back.
   */
  pass(): number {
    this.#set(this.clock + 1, 0);
    return this.clock;
  }

  #set(time: number, count: number): string {
    this.#last = time.toString(16).padStart(12, "0") + count.toString(16).padStart(4, "0") + this.device;
    return this.#last;
  }

  /** Learns of a revision of another device. */
  see(revision: string): void {
    if (this.#last.slice(0, 16) < revision.slice(0, 16)) this.#last = revision;
  }

  /** The time of the newest revision that was seen. */
  get clock(): number {
    return timeOf(this.#last);
  }

  /** Makes a batch durable, with clock and number. */
  async commit(b: Batch): Promise<void> {
    b.put("clock", encode(record({ 1: unhex(this.#last), 2: this.seq, 3: this.erased })));
    await this.bucket.apply(b.puts, [...b.deletes], this.#freeing);
  }

  /** Does what deletes, for which a little room is kept. */
  async free<T>(f: () => Promise<T>): Promise<T> {
    const was = this.#freeing;
    this.#freeing = true;
    try {
      return await f();
    } finally {
      this.#freeing = was;
    }
  }

  state(name: string): Fields | undefined {
    const octets = this.bucket.get(name);
    return octets && Fields.of(octets, name);
  }

  keep(b: Batch, name: string, value: Value): void {
    b.put(name, encode(record({ 1: value })));
  }

  /** Reads the items; what cannot be read is counted. */
  loadItems(): Entry[] {
    const records: Entry[] = [];
    for (const [key, octets] of this.bucket.each("i/")) {
      try {
        const e = this.catalog.entry(parseStored(octets));
        this.catalog.load(e);
        if (e.record.app === personApp) records.push(e);
      } catch (error) {
        this.world.log("error", "an item of the library cannot be read", { key, error });
        this.broken++;
      }
    }
    this.catalog.sort();
    return records;
  }

  loadClock(): void {
    const clock = this.state("clock");
    if (!clock) return;
    this.#last = clock.id(1, 16);
    this.seq = clock.uint(2);
    this.erased = clock.uint(3);
  }

  /** The key of cursors; made once. */
  async loadCursor(): Promise<void> {
    this.cursor = this.state("cursor")?.octets(1) ?? new Uint8Array();
    if (this.cursor.length > 0) return;
    this.cursor = this.world.random(32);
    const b = new Batch();
    this.keep(b, "cursor", this.cursor);
    await this.commit(b);
  }

  /** Removes bodies that nothing has. */
  async sweep(): Promise<void> {
    const kept = new Set(this.drafts.map((d) => fileName(d.key)));
    for (const e of this.catalog.byPath) if (hasFile(e) || !e.here) kept.add(fileName(e.record.key));
    for (const name of await this.files.list()) if (!kept.has(name)) await this.files.remove(name);
  }

  /** Removes the file of a body. One that cannot be is tried again when the store opens. */
  async discard(key: Uint8Array): Promise<void> {
    try {
      await this.files.remove(fileName(key));
    } catch (error) {
      this.world.log("warn", "a body could not be removed", { error });
    }
  }

  say(e: Partial<Event>): void {
    const event = { app: "", path: "", tag: "", record: "", seq: this.seq, ...e };
    for (const f of this.watchers) f(event);
  }
}

/** Waits for nothing that others wait for: what `enter` is when nobody says. */
export const direct: Enter = (f) => f();

/**
 * Runs a part of an operation that must not be mixed with others: the turn. What
 * takes one is called outside of the turn, for it waits in between: for a body
 * that comes, or for the network.
 */
export type Enter = <T>(f: () => Promise<T>) => Promise<T>;
