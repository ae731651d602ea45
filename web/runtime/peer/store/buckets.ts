/**
 * Buckets over pages. All values are in memory; a page of the file holds the pairs
 * of one bucket, about 16 KiB of them. A change writes the pages anew that hold
 * what is replaced or deleted, so that nothing of it can be opened afterwards.
 * What changes often gathers in one small page by this.
 */
import type { Bucket } from "../contract.ts";
import type { Loaded, Page, Pages } from "./pages.ts";

const target = 16 << 10;
const slack = 128 << 10; // free octets that nothing is moved for

/** A page and the keys whose pairs are in it. */
interface Home {
  page: Page;
  part: Part;
  keys: Set<string>;
  octets: number;
}

interface Part {
  name: string;
  values: Map<string, { value: Uint8Array; home: Home }>;
  tail: Home | undefined; // which is less than half full
  sorted: string[] | undefined;
}

type Pair = [key: string, value: Uint8Array];

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class Buckets {
  readonly #pages: Pages;
  readonly #parts = new Map<string, Part>();
  readonly #homes = new Set<Home>();
  #turn: Promise<unknown> = Promise.resolve();
  /** Pages that did not open: the disk is damaged. */
  broken = 0;

  constructor(pages: Pages, loaded: Loaded[]) {
    this.#pages = pages;
    for (const { page, plain } of loaded) {
      if (plain) this.#read(page, plain);
      else this.broken++;
    }
  }

  bucket(name: string): Bucket {
    const part = this.#part(name);
    return {
      get: (key) => part.values.get(key)?.value,
      each: (prefix) => each(part, prefix),
      apply: (puts, deletes = [], freeing = false) => {
        const done = this.#turn.then(() => this.#apply(part, puts, deletes, freeing));
        this.#turn = done.catch(() => undefined);
        return done;
      },
    };
  }

  /** Resolves when all that was begun is done. */
  async settle(): Promise<void> {
    await this.#turn;
  }

  #part(name: string): Part {
    let part = this.#parts.get(name);
    if (!part) {
      part = { name, values: new Map(), tail: undefined, sorted: undefined };
      this.#parts.set(name, part);
    }
    return part;
  }

  async #apply(part: Part, puts: ReadonlyMap<string, Uint8Array>, deletes: readonly string[], freeing: boolean): Promise<void> {
    const fresh: Pair[] = [];
    const old = new Set<Home>();
    const replaced = new Set<string>();
    for (const [key, value] of puts) {
      const have = part.values.get(key);
      if (have && same(have.value, value)) continue;
      fresh.push([key, value.slice()]);
      replaced.add(key);
      if (have) old.add(have.home);
    }
    for (const key of deletes) {
      const have = part.values.get(key);
      if (!have || puts.has(key)) continue;
      replaced.add(key);
      old.add(have.home);
    }
    if (replaced.size === 0) return;
    if (part.tail) old.add(part.tail);
    this.#gather(old);
    const packs = this.#pack(part, old, replaced, fresh);
    const pages = await this.#pages.replace(packs.map((p) => write(p.part.name, p.pairs)), [...old].map((h) => h.page), freeing);
    this.#settle(part, old, replaced, packs, pages);
  }

  /** Adds the last pages of a file that is mostly free, to be moved to its front. */
  #gather(old: Set<Home>): void {
    const { file, live } = this.#pages.size;
    if (file < 2 * live + slack) return;
    const last = [...this.#homes].sort((a, b) => b.page.at - a.page.at);
    for (const home of last.slice(0, 4)) old.add(home);
  }

  #pack(part: Part, old: Set<Home>, replaced: Set<string>, fresh: Pair[]): { part: Part; pairs: Pair[] }[] {
    const pools = new Map<Part, Pair[]>([[part, []]]);
    for (const home of old) {
      const pool = pools.get(home.part) ?? [];
      pools.set(home.part, pool);
      for (const key of home.keys) {
        const have = home.part.values.get(key);
        if (have && !(home.part === part && replaced.has(key))) pool.push([key, have.value]);
      }
    }
    const packs: { part: Part; pairs: Pair[] }[] = [];
    for (const [of, pool] of pools) {
      if (of === part) pool.push(...fresh);
      let octets = target;
      for (const pair of pool) {
        octets += sizeOf(pair);
        if (octets > target) {
          packs.push({ part: of, pairs: [] });
          octets = sizeOf(pair);
        }
        packs.at(-1)?.pairs.push(pair);
      }
    }
    return packs;
  }

  #settle(part: Part, old: Set<Home>, replaced: Set<string>, packs: { part: Part; pairs: Pair[] }[], pages: Page[]): void {
    const before = part.values.size;
    for (const key of replaced) part.values.delete(key);
    const middle = part.values.size;
    for (const home of old) {
      this.#homes.delete(home);
      if (home.part.tail === home) home.part.tail = undefined;
    }
    const added: string[] = [];
    packs.forEach((p, i) => {
      const page = pages[i];
      if (!page) throw new Error("a page was not written");
      this.#settleHome(p.part, page, p.pairs);
      if (p.part === part) for (const [key] of p.pairs) if (replaced.has(key)) added.push(key);
    });
    if (added.length !== replaced.size || before - middle !== added.length) part.sorted = undefined;
  }

  #settleHome(part: Part, page: Page, pairs: Pair[]): void {
    const home: Home = { page, part, keys: new Set(), octets: 0 };
    for (const pair of pairs) {
      home.keys.add(pair[0]);
      home.octets += sizeOf(pair);
      part.values.set(pair[0], { value: pair[1], home });
    }
    this.#homes.add(home);
    if (home.octets < target / 2 && !(part.tail && part.tail.octets < home.octets)) part.tail = home;
  }

  #read(page: Page, plain: Uint8Array): void {
    const view = new DataView(plain.buffer, plain.byteOffset, plain.length);
    let at = 1 + (plain[0] ?? 0);
    const part = this.#part(decoder.decode(plain.subarray(1, at)));
    const pairs: Pair[] = [];
    while (at < plain.length) {
      const keyEnd = at + 2 + view.getUint16(at);
      const end = keyEnd + 4 + view.getUint32(keyEnd);
      pairs.push([decoder.decode(plain.subarray(at + 2, keyEnd)), plain.subarray(keyEnd + 4, end)]);
      at = end;
    }
    this.#settleHome(part, page, pairs);
  }
}

function sizeOf([key, value]: Pair): number {
  return 6 + 3 * key.length + value.length;
}

function write(bucket: string, pairs: Pair[]): Uint8Array {
  const name = encoder.encode(bucket);
  const keys = pairs.map(([key]) => encoder.encode(key));
  const size = pairs.reduce((n, [, value], i) => n + 6 + (keys[i]?.length ?? 0) + value.length, 1 + name.length);
  const plain = new Uint8Array(size);
  const view = new DataView(plain.buffer);
  plain[0] = name.length;
  plain.set(name, 1);
  let at = 1 + name.length;
  pairs.forEach(([, value], i) => {
    const key = keys[i] ?? name;
    view.setUint16(at, key.length);
    plain.set(key, at + 2);
    view.setUint32(at + 2 + key.length, value.length);
    plain.set(value, at + 6 + key.length);
    at += 6 + key.length + value.length;
  });
  return plain;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((c, i) => c === b[i]);
}

function each(part: Part, prefix: string): Pair[] {
  part.sorted ??= [...part.values.keys()].sort();
  const keys = part.sorted;
  let [from, to] = [0, keys.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((keys[middle] ?? "") < prefix) from = middle + 1;
    else to = middle;
  }
  const pairs: Pair[] = [];
  for (; from < keys.length; from++) {
    const key = keys[from] ?? "";
    if (!key.startsWith(prefix)) break;
    const have = part.values.get(key);
    if (have) pairs.push([key, have.value]);
  }
  return pairs;
}
