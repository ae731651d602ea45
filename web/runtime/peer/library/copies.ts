import type { Asker, Body, Bucket, Files, Message, Outgoing, Reply, Store, World } from "../contract.ts";
import { MessageKind } from "../contract.ts";
import { Fault } from "../fault.ts";
import { encode, encodePurge, encodePurged, equal, Fields, hex, omitEmpty, parsePurge, type Purge, record, unhex } from "../seal/index.ts";
import { BodyWriter, fileName, memory, openBody } from "./body.ts";
import { day, minute, second } from "./bounds.ts";
import { direct, type Enter } from "./core.ts";
import { aborted } from "./fetch.ts";
import { getCopy } from "./lend.ts";
import { compareText } from "./path.ts";

/** The choices of openCopies; what is left out is what each comment names. */
export interface CopiesOptions {
  store: Store;
  world: World;
  /** How many octets are kept, those used last: 4 GiB. */
  most?: number;
  /** The longest lease that is believed: 90 days. */
  mostLease?: number;
  /** How many copies are kept: 100,000. */
  mostCopies?: number;
}

/** What a friend sent. */
export interface Copy {
  friend: string; // relation
  path: string; // as it was asked for, without the first slash
  header: Record<string, string>;
  size: number;
  key: Uint8Array;
  fetched: number; // when it was last known to be right
  fresh: number; // until when it need not be asked about
  lease: number; // until when it may be kept
  part: boolean; // it was begun, and is not whole
  used: number;
}

const mostPaths = 4096; // in one purge
const mostNews = 256; // friends that one message names
const prefix = "c/";

/** Opens the copies in a store. Those whose lease ended meanwhile are erased before it resolves. */
export async function openCopies(o: CopiesOptions): Promise<Copies> {
  const c = new Copies(o);
  await c.load();
  return c;
}

/**
 * What friends sent, for as long as they lend it (spec §6.6): used without asking
 * while it is fresh, asked about again after that, used as it is when its owner
 * cannot be reached, and erased when the lease ends, when the owner asks for it, or
 * says that it is not there. A copy is for the person alone, and of this device.
 */
export class Copies {
  readonly world: World;
  readonly most: number;
  readonly #mostLease: number;
  readonly #mostCopies: number;
  readonly #bucket: Bucket;
  readonly #files: Files;
  readonly #all = new Map<string, Copy>();
  readonly #busy = new Map<string, Promise<unknown>>();
  #size = 0;

  constructor(o: CopiesOptions) {
    this.world = o.world;
    this.most = o.most ?? 4 * 2 ** 30;
    this.#mostLease = o.mostLease ?? 90 * day;
    this.#mostCopies = o.mostCopies ?? 100_000;
    this.#bucket = o.store.bucket("copies");
    this.#files = o.store.files("copies");
  }

  async load(): Promise<void> {
    for (const [row, octets] of this.#bucket.each(prefix)) {
      const x = parseCopy(octets);
      this.#all.set(row.slice(prefix.length), x);
      this.#size += x.size;
    }
    const kept = new Set([...this.#all.values()].map((x) => fileName(x.key)));
    for (const name of await this.#files.list()) if (!kept.has(name)) await this.#files.remove(name);
    await this.tick();
  }

  /** Opens a copy; undefined when there is none, or its lease is over. */
  async lookup(friend: string, path: string): Promise<{ copy: Copy; body: Body } | undefined> {
    const copy = this.find(friend, path);
    if (!copy || copy.part) return undefined;
    if (this.world.now() - copy.used >= 60 * minute) copy.used = this.world.now(); // on disk with its next version
    if (copy.size === 0) return { copy: { ...copy }, body: memory(new Uint8Array()) };
    try {
      return { copy: { ...copy }, body: await openBody(this.#files, copy.key, copy.size) };
    } catch (error) {
      this.world.log("warn", "a copy cannot be opened", { error });
      return undefined;
    }
  }

  /** A copy, or one that was begun, whose lease is not over. */
  find(friend: string, path: string): Copy | undefined {
    const x = this.#all.get(nameOf(friend, path));
    return x && x.lease > this.world.now() ? x : undefined;
  }

  /** Whether a copy need not be asked about. */
  isFresh(copy: Copy): boolean {
    return this.world.now() < copy.fresh;
  }

  /** What is kept of one friend. */
  list(friend: string): Copy[] {
    const found = [...this.#all.values()].filter((x) => x.friend === friend && !x.part);
    return found.map((x) => ({ ...x })).sort((a, b) => compareText(a.path, b.path));
  }

  /**
   * Opens what a friend has at a path, by the copy when it is fresh, else by asking.
   * When the friend cannot be reached the copy is good as it is until its lease ends.
   * `again` asks in any case. Faults: "not_found" when the friend says that there is
   * nothing (for this person), and whatever asking fails with.
   */
  get(
    asker: Asker, friend: string, path: string, o: { again?: boolean; signal: AbortSignal }, enter: Enter = direct,
  ): Promise<{ copy: Copy; body: Body }> {
    return getCopy(this, asker, friend, path.startsWith("/") ? path.slice(1) : path, o, enter);
  }

  /** Does f when nobody else asks for the same; `instead` says that there is no need any more. */
  async alone(friend: string, path: string, signal: AbortSignal, instead: () => boolean, f: () => Promise<boolean>): Promise<boolean> {
    const name = nameOf(friend, path);
    for (let other = this.#busy.get(name); other; other = this.#busy.get(name)) {
      await Promise.race([other, aborted(signal)]);
      if (instead()) return true;
    }
    const mine = f();
    const done = mine.catch(() => undefined).then(() => void this.#busy.delete(name));
    this.#busy.set(name, done);
    return mine;
  }

  /** Makes a copy, or a new version of it, durable. */
  async set(x: Copy): Promise<void> {
    const name = nameOf(x.friend, x.path);
    const old = this.#all.get(name);
    const kept = { ...x, used: this.world.now() };
    await this.#bucket.apply(new Map([[prefix + name, encodeCopy(kept)]]));
    this.#all.set(name, kept);
    this.#size += x.size - (old?.size ?? 0);
    if (old && !equal(old.key, x.key)) await this.#files.remove(fileName(old.key));
  }

  /** Goes on with the body of a copy. */
  writer(x: Copy): Promise<BodyWriter> {
    return BodyWriter.resume(this.#files, x.key, this.world.random);
  }

  /** Removes a body that no copy has. */
  async discard(x: Copy): Promise<void> {
    await this.#files.remove(fileName(x.key));
  }

  /** Takes from headers how long a copy is fresh, and how long it is lent. */
  terms(x: Copy, header: Record<string, string>): void {
    const lease = number(header["kith-lease"] ?? "", this.#mostLease / second);
    x.fetched = this.world.now();
    x.lease = x.fetched + second * lease;
    x.fresh = x.fetched;
    for (const part of (header["cache-control"] ?? "").split(",")) {
      const word = part.trim();
      if (word.startsWith("max-age=")) x.fresh = x.fetched + second * number(word.slice(8), lease);
      if (word === "no-store") x.lease = x.fetched;
    }
  }

  /** Erases copies of a friend: these paths, folders with all below them. Reports whether there were any. */
  erase(friend: string, ...paths: string[]): Promise<boolean> {
    return this.#erase((x) => x.friend === friend && paths.some((p) => covers(p, x.path)));
  }

  /** Erases all that is kept of a friend. */
  eraseFriend(friend: string): Promise<boolean> {
    return this.#erase((x) => x.friend === friend);
  }

  async #erase(which: (x: Copy) => boolean): Promise<boolean> {
    const doomed = [...this.#all].filter(([, x]) => which(x));
    if (doomed.length === 0) return false;
    await this.#bucket.apply(new Map(), doomed.map(([name]) => prefix + name), true);
    for (const [name, x] of doomed) {
      this.#all.delete(name);
      this.#size -= x.size;
    }
    for (const [, x] of doomed) await this.#files.remove(fileName(x.key));
    return doomed.some(([, x]) => !x.part);
  }

  /** Erases copies whose lease is over, and what is too much. Says how many went. */
  async tick(): Promise<number> {
    const [now, before] = [this.world.now(), this.#all.size];
    await this.#erase((x) => x.lease <= now);
    if (this.#size > this.most || this.#all.size > this.#mostCopies) {
      let [size, n] = [this.#size, this.#all.size];
      const out = new Set<Copy>();
      for (const x of [...this.#all.values()].sort((a, b) => a.used - b.used)) {
        if (size <= this.most && n <= this.#mostCopies) break;
        out.add(x);
        [size, n] = [size - x.size, n - 1];
      }
      await this.#erase((x) => out.has(x));
    }
    return before - this.#all.size;
  }

  /** Makes all copies of a friend be asked about again before they are used: something changed. */
  stale(friend: string): void {
    // After a restart they are fresh again for at most their max-age.
    for (const x of this.#all.values()) if (x.friend === friend) x.fresh = 0;
  }

  /** Takes changed and purge of a friend. A purge is answered when what it names is erased. */
  async handle(from: string, m: Message): Promise<Outgoing[]> {
    if (m.kind === MessageKind.changed) {
      this.stale(from);
      return [];
    }
    if (m.kind !== MessageKind.purge) throw new Fault("unsupported", `messages of kind ${m.kind} are not for the copies`);
    const p = readPurge(m);
    const nothing = !(await this.#purge(from, p));
    return [{ to: from, kind: MessageKind.purged, body: encodePurged({ id: p.id, nothing }) }];
  }

  /** Takes what an own device said by passOn or tellOthers, and says whom it is about. */
  async passedOn(m: Message): Promise<string[]> {
    if (m.kind === MessageKind.changed) {
      const friends = Fields.of(m.body ?? new Uint8Array(), "news").ids(4, 16);
      if (friends.length > mostNews) throw new Fault("invalid", `news of ${friends.length} friends`);
      for (const friend of friends) this.stale(friend);
      return friends;
    }
    const p = readPurge(m);
    if (p.friend?.length !== 16) throw new Fault("invalid", "a purge that was passed on names no friend");
    await this.#purge(hex(p.friend), p);
    return [hex(p.friend)];
  }

  #purge(friend: string, p: Purge): Promise<boolean> {
    return p.all ? this.eraseFriend(friend) : this.erase(friend, ...p.paths);
  }
}

/** Tells own devices of a friend's purge, of which one device alone hears. */
export function passOn(friend: string, m: Message, devices: readonly string[]): Outgoing[] {
  const body = encodePurge({ ...readPurge(m), friend: unhex(friend) });
  return devices.map((to) => ({ to, kind: MessageKind.purge, body }));
}

/** Tells own devices that friends have something new, of which one device alone hears. */
export function tellOthers(friends: readonly string[], devices: readonly string[]): Outgoing[] {
  const out: Outgoing[] = [];
  for (let at = 0; at < friends.length; at += mostNews) {
    const body = encode(record({ 4: friends.slice(at, at + mostNews).map((id) => unhex(id)) }));
    out.push(...devices.map((to) => ({ to, kind: MessageKind.changed, body })));
  }
  return out;
}

function readPurge(m: Message): Purge {
  const p = parsePurge(m.body ?? new Uint8Array());
  if (p.paths.length > mostPaths) throw new Fault("invalid", `a purge of ${p.paths.length} paths`);
  return p;
}

function nameOf(friend: string, path: string): string {
  return `${friend}/${path}`;
}

/**
 * Whether erasing one path erases another: the document with its listings by query,
 * and everything below a folder.
 */
function covers(path: string, other: string): boolean {
  const plain = other.split("?")[0] ?? "";
  return plain === path || (path.endsWith("/") && plain.startsWith(path));
}

/** Reads seconds, at most so many; what is none is 0. */
function number(text: string, most: number): number {
  return /^\d{1,15}$/.test(text) ? Math.min(Number(text), most) : 0;
}

/** What is of use later of an answer's headers. */
export function usefulHeaders(reply: Reply): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ["etag", "content-type", "last-modified"]) {
    const value = reply.header[name];
    if (value && value.length <= 1024) kept[name] = value;
  }
  return kept;
}

function encodeCopy(x: Copy): Uint8Array {
  return encode(record({
    1: unhex(x.friend), 2: x.path, 3: new Map(Object.entries(x.header)), 4: x.size, 5: x.key, 6: x.fetched, 7: x.fresh,
    8: x.lease, 9: omitEmpty(x.part), 10: x.used,
  }));
}

function parseCopy(octets: Uint8Array): Copy {
  const f = Fields.of(octets, "copy");
  return {
    friend: f.id(1, 16), path: f.text(2), header: f.strings(3), size: f.int(4), key: f.octets(5), fetched: f.int(6),
    fresh: f.int(7), lease: f.int(8), part: f.bool(9), used: f.int(10),
  };
}
