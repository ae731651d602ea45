// The store's disk over node:fs, and one in memory that notes what is done to it.
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { FileHandle, Folder } from "../../runtime/peer/store/index.ts";

/** A folder of the real disk. quick does not wait for it. */
export class Disk implements Folder {
  readonly #at: string;
  readonly #quick: boolean;

  constructor(at: string, quick = false) {
    this.#at = at;
    this.#quick = quick;
    mkdirSync(at, { recursive: true });
  }

  async open(name: string, create: boolean): Promise<FileHandle | undefined> {
    const path = join(this.#at, name);
    if (!create && !existsSync(path)) return undefined;
    const fd = openSync(path, existsSync(path) ? "r+" : "w+");
    const quick = this.#quick;
    return {
      read: (into, at) => readSync(fd, into, 0, into.length, at),
      write: (octets, at) => writeSync(fd, octets, 0, octets.length, at),
      truncate: (size) => ftruncateSync(fd, size),
      size: () => fstatSync(fd).size,
      flush: () => quick || fsyncSync(fd),
      close: () => closeSync(fd),
    };
  }

  async remove(name: string): Promise<void> {
    rmSync(join(this.#at, name), { force: true });
  }

  async list(): Promise<string[]> {
    return readdirSync(this.#at, { withFileTypes: true }).filter((f) => f.isFile()).map((f) => f.name);
  }

  async folder(name: string): Promise<Folder> {
    return new Disk(join(this.#at, name), this.#quick);
  }

  async usage(): Promise<{ used: number; allowed: number }> {
    return { used: 0, allowed: Number.MAX_SAFE_INTEGER };
  }
}

/** One operation on a file. */
export type Operation =
  | { do: "write"; file: string; at: number; octets: Uint8Array }
  | { do: "truncate"; file: string; size: number }
  | { do: "flush"; file: string }
  | { do: "remove"; file: string };

/** What a disk holds: octets by name. */
export type Octets = Map<string, Uint8Array>;

export function apply(disk: Octets, o: Operation): void {
  const file = disk.get(o.file) ?? new Uint8Array();
  switch (o.do) {
    case "write": {
      if (o.at + o.octets.length <= file.length) {
        file.set(o.octets, o.at);
        break;
      }
      const grown = new Uint8Array(Math.max(file.length, o.at + o.octets.length));
      grown.set(file);
      grown.set(o.octets, o.at);
      disk.set(o.file, grown);
      break;
    }
    case "truncate": {
      const cut = new Uint8Array(o.size);
      cut.set(file.subarray(0, o.size));
      disk.set(o.file, cut);
      break;
    }
    case "remove":
      disk.delete(o.file);
  }
}

/** A disk in memory. */
export class Memory implements Folder {
  readonly octets: Octets;
  readonly done: Operation[] = [];
  /** Octets that all files may have together. */
  room = Number.MAX_SAFE_INTEGER;
  /** Fails the n-th operation from now on. */
  failAt = -1;
  readonly #prefix: string;
  readonly #top: Memory;

  constructor(octets: Octets = new Map(), prefix = "", top?: Memory) {
    this.octets = octets;
    this.#prefix = prefix;
    this.#top = top ?? this;
  }

  #do(o: Operation): void {
    const top = this.#top;
    if (top.failAt-- === 0) throw new Error("the disk failed");
    top.done.push(o);
    apply(this.octets, o);
  }

  async open(name: string, create: boolean): Promise<FileHandle | undefined> {
    const file = this.#prefix + name;
    if (!this.octets.has(file)) {
      if (!create) return undefined;
      this.octets.set(file, new Uint8Array());
    }
    const now = (): Uint8Array => this.octets.get(file) ?? new Uint8Array();
    const grow = (size: number): void => {
      const used = [...this.octets.values()].reduce((n, f) => n + f.length, 0);
      if (size > now().length && used + size - now().length > this.#top.room) throw new DOMException("no room", "QuotaExceededError");
    };
    return {
      read: (into, at) => {
        const part = now().subarray(at, at + into.length);
        into.set(part);
        return part.length;
      },
      write: (octets, at) => {
        grow(at + octets.length);
        this.#do({ do: "write", file, at, octets: octets.slice() });
        return octets.length;
      },
      truncate: (size) => {
        grow(size);
        this.#do({ do: "truncate", file, size });
      },
      size: () => now().length,
      flush: () => this.#do({ do: "flush", file }),
      close: () => {},
    };
  }

  async remove(name: string): Promise<void> {
    this.#do({ do: "remove", file: this.#prefix + name });
  }

  async list(): Promise<string[]> {
    const names = [...this.octets.keys()].filter((n) => n.startsWith(this.#prefix)).map((n) => n.slice(this.#prefix.length));
    return names.filter((n) => !n.includes("/"));
  }

  async folder(name: string): Promise<Folder> {
    return new Memory(this.octets, `${this.#prefix}${name}/`, this.#top);
  }

  async usage(): Promise<{ used: number; allowed: number }> {
    return { used: 0, allowed: this.room };
  }
}

/** Numbers that look random and are the same for a seed: mulberry32. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  below(n: number): number {
    return this.next() % n;
  }

  octets = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => this.next() >>> 24);
}
