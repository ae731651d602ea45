import { unhex } from "../seal/index.ts";
import type { Audience, ItemRecord, Stored } from "./item.ts";
import { isInline } from "./item.ts";
import { compareText } from "./path.ts";
import { RangeSet } from "./reconcile.ts";

/** An item as it is kept in memory. */
export interface Entry extends Stored {
  aud: SharedAudience;
}

/** An audience, shared by all entries that have the same. */
export interface SharedAudience extends Audience {
  n: number; // among all
}

/** A tombstone. */
export interface Grave {
  revision: string;
  by: string;
  until: number;
  seq: number;
  /** Over its time: kept for `by` alone, in no comparison. */
  out: boolean;
}

/** Everything that is searched. */
export class Catalog {
  readonly byHandle = new Map<string, Entry>();
  byPath: Entry[] = []; // by app, path, newest first
  readonly graves = new Map<string, Grave>();
  readonly set = new RangeSet();
  readonly #audiences = new Map<string, SharedAudience>();

  /** How many audiences there are. */
  get audiences(): number {
    return this.#audiences.size;
  }

  audience(a: Audience): SharedAudience {
    const text = `${a.reach} ${a.lists.join()} ${a.friends.join()}`;
    let shared = this.#audiences.get(text);
    if (!shared) {
      shared = { ...a, n: this.#audiences.size };
      this.#audiences.set(text, shared);
    }
    return shared;
  }

  entry(s: Stored): Entry {
    return { ...s, aud: this.audience(s.record.audience) };
  }

  /** Adds an entry; sort has to follow. */
  load(e: Entry): void {
    this.byHandle.set(e.record.handle, e);
    this.byPath.push(e);
    this.set.add(element(e.record));
  }

  sort(): void {
    // Text without what comes after surrogates is in the order that the browser knows.
    const odd = this.byPath.some((e) => /[\ud800-\uffff]/.test(e.record.path));
    this.byPath.sort(odd ? compareEntries : comparePlain);
  }

  add(e: Entry): void {
    this.byHandle.set(e.record.handle, e);
    this.byPath.splice(this.#place(e), 0, e);
    this.set.add(element(e.record));
  }

  /** Puts a changed entry into the place of the one with its handle. */
  swap(old: Entry, e: Entry): void {
    this.remove(old);
    this.add(e);
  }

  remove(e: Entry): void {
    this.byHandle.delete(e.record.handle);
    const i = this.#place(e);
    if (this.byPath[i] === e) this.byPath.splice(i, 1);
    this.set.remove(element(e.record));
  }

  bury(handle: string, g: Grave): void {
    this.unbury(handle);
    this.graves.set(handle, g);
    if (!g.out) this.set.add(element({ handle, revision: g.revision }));
  }

  unbury(handle: string): void {
    const old = this.graves.get(handle);
    if (old && !old.out) this.set.remove(element({ handle, revision: old.revision }));
    this.graves.delete(handle);
  }

  #place(e: Entry): number {
    return search(this.byPath.length, (i) => compareEntries(this.#at(i), e) >= 0);
  }

  #at(i: number): Entry {
    return this.byPath[i] as Entry;
  }

  /** Where in byPath a path, or what begins with it, begins. */
  from(app: string, path: string): number {
    return search(this.byPath.length, (i) => {
      const r = this.#at(i).record;
      return (compareText(r.app, app) || compareText(r.path, path)) >= 0;
    });
  }

  /** Every entry below a folder ("" or one that ends in a slash), and the name it is shown by. */
  *below(app: string, folder: string): Generator<[entry: Entry, shown: string]> {
    let last = "";
    for (let i = this.from(app, folder); i < this.byPath.length; i++) {
      const e = this.#at(i);
      if (e.record.app !== app || !e.record.path.startsWith(folder)) return;
      yield [e, e.record.path === last ? other(e.record) : e.record.path];
      last = e.record.path;
    }
  }

  /** All entries of one app and path, the newest first. */
  same(app: string, path: string): Entry[] {
    const all: Entry[] = [];
    for (let i = this.from(app, path); i < this.byPath.length; i++) {
      const e = this.#at(i);
      if (e.record.app !== app || e.record.path !== path) break;
      all.push(e);
    }
    return all;
  }

  /** The entry that is shown as path. */
  find(app: string, path: string): Entry | undefined {
    const first = this.same(app, path)[0];
    const cut = path.length - "~12345678".length;
    if (first || cut < 1 || path[cut] !== "~") return first;
    return this.same(app, path.slice(0, cut)).slice(1).find((e) => other(e.record) === path);
  }

  /** The name by which an entry is shown. */
  shown(e: Entry): string {
    return this.find(e.record.app, e.record.path) === e ? e.record.path : other(e.record);
  }
}

/** How an item is shown whose path a newer one has. */
function other(r: ItemRecord): string {
  return `${r.path}~${r.handle.slice(0, 8)}`;
}

export function element(r: { handle: string; revision: string }): Uint8Array {
  return unhex(r.handle + r.revision);
}

/** Whether the body is in a file of its own on this device. */
export function hasFile(e: Stored): boolean {
  return e.here && !isInline(e.record);
}

export function compareEntries(a: Entry, b: Entry): number {
  return (
    compareText(a.record.app, b.record.app) || compareText(a.record.path, b.record.path) ||
    (a.record.revision < b.record.revision ? 1 : a.record.revision > b.record.revision ? -1 : 0)
  );
}

function comparePlain({ record: a }: Entry, { record: b }: Entry): number {
  if (a.app !== b.app) return a.app < b.app ? -1 : 1;
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return a.revision < b.revision ? 1 : -1;
}

/** The first of n for which f holds; it holds for all that follow. */
function search(n: number, f: (i: number) => boolean): number {
  let from = 0;
  while (from < n) {
    const middle = (from + n) >> 1;
    if (f(middle)) n = middle;
    else from = middle + 1;
  }
  return from;
}
