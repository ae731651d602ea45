// The notes: this person's, other versions of them, and those of friends.
import { KithError, type Audience, type Friend, type Item, type Kith, type KithEvent } from "@kith/sdk";
import { Asking, Turns } from "../../common/asking.ts";
import { includes, patchOf, readNote, same, together, wordsOf, type Note, type Words } from "./note.ts";
import { Wrote } from "./wrote.ts";

/** A note that is kept. */
export interface Entry { readonly id: string; readonly etag: string; readonly note: Note; readonly audience?: Audience | undefined }

/** versions/<note>/<id>: words of a note that did not fit the others. */
export interface Version { readonly id: string; readonly note: string; readonly words: Words; readonly at: number }

/** What a friend lets this person read. */
export interface Shelf { readonly friend: Friend; state: "here" | "stale" | "waiting"; entries: Map<string, Entry> }

/** How a write ended: as it was meant, together with other words, beside them, or as a note of its own. */
export type Saved = { readonly how: "saved" | "merged" | "beside" | "revived"; readonly entry: Entry };

const isID = /^[a-z0-9-]{8,64}$/i;

export class Notes {
  readonly kith: Kith;
  readonly mine = new Map<string, Entry>();
  readonly versions = new Map<string, Version>();
  readonly shelves = new Map<string, Shelf>();
  loaded = false;
  readonly #changed: () => void;
  readonly #failed: (error: unknown) => void;
  readonly #asking: Asking;
  readonly #turns = new Turns();
  readonly #wrote = new Wrote();

  constructor(kith: Kith, changed: () => void, failed: (error: unknown) => void) {
    this.kith = kith;
    this.#asking = new Asking(kith);
    this.#changed = changed;
    this.#failed = failed;
  }

  begin(): void {
    this.kith.events((e) => this.#hear(e));
    this.#all();
  }

  #all(): void {
    this.#do("mine", () => this.#loadMine());
    this.#do("versions", () => this.#loadVersions());
    this.#do("friends", () => this.#loadFriends());
  }

  #do(name: string, work: () => Promise<void>): void {
    this.#turns.run(name, async () => {
      await work();
      this.#changed();
    }).catch(this.#failed);
  }

  #hear(e: KithEvent): void {
    if (this.#asking.hear(e)) return;
    const { path = "", friend = "" } = e.data as { path?: string; friend?: string };
    if (e.event === "resync") this.#all();
    if (path.startsWith("notes/")) this.#do("mine", () => this.#loadMine());
    if (path.startsWith("versions/")) this.#do("versions", () => this.#loadVersions());
    if (e.event === "friend") this.#do(`shelf ${friend}`, () => this.#loadShelf(friend, true));
    if (e.event === "friends" || e.event === "connected") this.#do("friends", () => this.#loadFriends());
  }

  async #loadMine(): Promise<void> {
    const there = new Set<string>();
    for await (const item of this.kith.data.all("notes/")) {
      const id = item.path.slice("notes/".length);
      if (!isID.test(id)) continue;
      there.add(id);
      const known = this.mine.get(id);
      const entry = known?.etag === item.etag ? { ...known, audience: item.audience } : await this.#read(id, item);
      if (entry) this.mine.set(id, await this.#kept(entry));
    }
    for (const id of [...this.mine.keys()].filter((id) => !there.has(id))) this.mine.delete(id);
    this.loaded = true;
  }

  /** The note as it is now. */
  async #read(id: string, item?: Item): Promise<Entry | undefined> {
    const answer = await this.kith.data.get(`notes/${id}`);
    const note = answer && readNote(await answer.json().catch(() => undefined));
    return note && { id, etag: answer.headers.get("ETag") ?? "", note, audience: item?.audience ?? this.mine.get(id)?.audience };
  }

  /** Puts back what this device wrote, where a version without it won. */
  async #kept(e: Entry): Promise<Entry> {
    const wrote = this.#wrote.of(e.id);
    const last = wrote.at(-1);
    const { device } = this.#wrote;
    if (!last || (e.note.writers[device] ?? 0) >= (last.writers[device] ?? 0)) return e;
    const base = wrote.findLast((v) => includes(e.note.writers, v.writers));
    try {
      return (await this.#join(e, base?.words, last.words)).entry;
    } catch (error) {
      if (error instanceof KithError && error.status === 412) return e; // it changed again: it comes again
      throw error;
    }
  }

  /** Writes mine, which came from base, over the note as it is now. */
  async #join(now: Entry, base: Words | undefined, mine: Words): Promise<Saved> {
    const both = base && together(base, mine, now.note);
    if (both) return { how: same(both, mine) ? "saved" : "merged", entry: await this.#write(now, both) };
    if (same(mine, now.note)) return { how: "saved", entry: await this.#write(now, mine) };
    const { path } = await this.kith.data.post(`versions/${now.id}/`, { ...mine, at: Date.now() });
    try {
      return { how: "beside", entry: await this.#write(now, wordsOf(now.note)) };
    } catch (error) {
      await this.kith.data.delete(path); // the note changed once more: what fits it is found anew
      throw error;
    }
  }

  /** Writes over one version of a note; 412 when it is not the last. */
  async #write(over: Entry, words: Words): Promise<Entry> {
    const { device } = this.#wrote;
    const count = Math.max(over.note.writers[device] ?? 0, this.#wrote.of(over.id).at(-1)?.writers[device] ?? 0) + 1;
    const note: Note = { ...over.note, ...words, at: Date.now(), writers: { ...over.note.writers, [device]: count } };
    const patch = { ...patchOf(over.note, words), at: note.at, writers: { [device]: count } };
    const { etag } = await this.kith.data.patch(`notes/${over.id}`, patch, { ifMatch: over.etag });
    this.#wrote.add(over.id, over.note, note);
    const entry = { ...over, etag, note };
    this.mine.set(over.id, entry);
    return entry;
  }

  /** A new note. */
  async add(words: Words): Promise<Entry> {
    const { device } = this.#wrote;
    const note: Note = { ...words, at: Date.now(), writers: { [device]: 1 } };
    const { path, etag } = await this.kith.data.post("notes/", note);
    const entry = { id: path.slice("notes/".length), etag, note };
    this.#wrote.add(entry.id, undefined, note);
    this.mine.set(entry.id, entry);
    this.#changed();
    return entry;
  }

  /** Keeps words that were written over a version: whatever others wrote meanwhile stays as well. */
  async save(over: Entry, words: Words): Promise<Saved> {
    try {
      return { how: "saved", entry: await this.#write(over, words) };
    } catch (error) {
      if (!(error instanceof KithError) || (error.status !== 412 && error.status !== 404)) throw error;
    }
    for (;;) {
      const now = await this.#read(over.id);
      if (!now) return { how: "revived", entry: await this.add(words) };
      try {
        return await this.#join(now, over.note, words);
      } catch (error) {
        if (!(error instanceof KithError) || error.status !== 412) throw error;
      }
    }
  }

  async delete(id: string): Promise<void> {
    await this.kith.data.delete(`notes/${id}`);
    await this.kith.data.delete(`versions/${id}/`);
    this.#wrote.forget(id);
  }

  async share(id: string): Promise<void> {
    await this.kith.share(`notes/${id}`, this.mine.get(id)?.audience ?? { kind: "nobody" }, { pick: true });
    this.#do("mine", () => this.#loadMine());
  }

  async #loadVersions(): Promise<void> {
    const there = new Map<string, Version>();
    for await (const item of this.kith.data.all("versions/")) {
      const [, note = "", id = ""] = item.path.split("/");
      const read = this.versions.get(id) ?? (await this.#version(item.path, note, id));
      if (read) there.set(id, read);
    }
    this.versions.clear();
    for (const [id, v] of there) this.versions.set(id, v);
  }

  async #version(path: string, note: string, id: string): Promise<Version | undefined> {
    const read = readNote(await this.kith.data.json(path));
    return read && { id, note, words: wordsOf(read), at: read.at };
  }

  /** Ends with another version: its words become the note's, a note of their own, or nothing. */
  async settle(v: Version, how: "take" | "apart" | "drop"): Promise<Entry | undefined> {
    const now = this.mine.get(v.note);
    const entry = how === "apart" ? await this.add(v.words) : how === "take" && now ? (await this.save(now, v.words)).entry : now;
    await this.kith.data.delete(`versions/${v.note}/${v.id}`);
    return entry;
  }

  async #loadFriends(): Promise<void> {
    const friends = await this.kith.friends.list();
    for (const handle of [...this.shelves.keys()]) if (!friends.some((f) => f.friend === handle)) this.shelves.delete(handle);
    for (const friend of friends) {
      this.shelves.set(friend.friend, { state: "here", entries: new Map(), ...this.shelves.get(friend.friend), friend });
      this.#do(`shelf ${friend.friend}`, () => this.#loadShelf(friend.friend, false));
    }
  }

  async #loadShelf(handle: string, fresh: boolean): Promise<void> {
    const shelf = this.shelves.get(handle);
    if (!shelf) return;
    const again = (): void => this.#do(`shelf ${handle}`, () => this.#loadShelf(handle, false));
    const found = await this.#asking.list(handle, "notes/", again, fresh);
    shelf.state = !found ? "waiting" : found.stale ? "stale" : "here";
    if (!found) return;
    const entries = new Map<string, Entry>();
    for (const item of found.items) {
      const id = item.path.slice("notes/".length);
      const known = shelf.entries.get(id);
      if (!isID.test(id)) continue;
      const entry = known?.etag === item.etag ? known : ((await this.#theirs(handle, id, item, again, known !== undefined)) ?? known);
      if (entry) entries.set(id, entry);
    }
    shelf.entries = entries;
  }

  async #theirs(handle: string, id: string, item: Item, again: () => void, fresh: boolean): Promise<Entry | undefined> {
    const answer = await this.#asking.get(handle, item.path, again, { fresh });
    const note = answer.state === "here" ? readNote(await answer.response.json().catch(() => undefined)) : undefined;
    return note && { id, etag: item.etag, note };
  }
}
