import type { Answerer, Ask, Asker, Body, Handler, Message, Outgoing, PartyKind, Reply } from "../contract.ts";
import { Fault } from "../fault.ts";
import { answer } from "./answer.ts";
import type { Source } from "./body.ts";
import { maxFriends, personApp } from "./bounds.ts";
import { Core, direct, type Enter, type Event, type Holds, type LibraryOptions } from "./core.ts";
import { loadGraves, removeDocuments } from "./delete.ts";
import { draftParts, loadDrafts } from "./draft.ts";
import { type Edited, label, move, share, widen } from "./edit.ts";
import { fetchBody } from "./fetch.ts";
import { entryAt, list, type Listed, type ListOptions, open } from "./get.ts";
import { loadGone } from "./gone.ts";
import { regroup } from "./group.ts";
import { type Audience, type Item, randomID } from "./item.ts";
import { type List, listKey, memberKey } from "./lists.ts";
import { type Part, type Parts, putPart } from "./part.ts";
import { loadPeers } from "./peer.ts";
import { Circle, type Known } from "./people.ts";
import { type Document, itemOf, type Put, put, putMany, type PutOptions } from "./put.ts";
import { type Deletion, deletions } from "./receipts.ts";
import { learn, LibraryRecords } from "./records.ts";
import { begin, handle } from "./sync.ts";
import { tick, wants } from "./tick.ts";
import { changed } from "./write.ts";

/** Figures of a library. */
export interface Stats {
  documents: number;
  octets: number; // of all bodies
  here: number; // of those on this device
  missing: number; // bodies that are on other devices alone
  graves: number; // deletions that other devices may not know of yet
  broken: number; // items that cannot be read
  doubtful: boolean; // this device was away, or restored
}

/** Opens the library in a store. What a killed tab left half done is finished first. */
export async function openLibrary(o: LibraryOptions): Promise<Library> {
  const l = new Core(o);
  loadGraves(l);
  const records = l.loadItems();
  l.loadClock();
  loadPeers(l);
  loadGone(l);
  await l.loadCursor();
  for (const e of records) learn(l, e);
  for (const r of l.receipts.values()) r.unsure = true;
  await loadDrafts(l);
  await l.sweep();
  return new Library(l);
}

/**
 * A person's documents on one device: what internal/library is in Go. Methods that
 * take an `enter` are called outside of the turn, with the turn's take for it; all
 * others within. What they return as `out` is to be sent.
 */
export class Library implements Answerer, Handler {
  readonly #core: Core;
  /** The person's own state. */
  readonly records: LibraryRecords;

  constructor(core: Core) {
    this.#core = core;
    this.records = new LibraryRecords(core);
  }

  /**
   * Says who there is. Friends whose standing changed are told that there may be
   * something new for them; devices that are new are reconciled with.
   */
  setPeople(known: Known): Outgoing[] {
    const l = this.#core;
    const before = l.circle;
    l.circle = new Circle(known);
    const out: Outgoing[] = [];
    for (const f of known.friends) {
      const was = before.friends.get(f.relation);
      if (was && (was.all !== f.all || was.blocked !== f.blocked) && !f.blocked) out.push(changed(f.relation));
    }
    for (const d of known.devices) {
      if (!before.devices.has(d.relation) && !l.peers.has(d.id)) out.push(begin(l, d));
    }
    return out;
  }

  /** Says that this device has another id from now on (§6.5). */
  setDevice(id: string): void {
    this.#core.device = id;
  }

  /** Changes which bodies this device keeps. tick drops what is too much, wanted names what is missing. */
  setHolds(h: Holds): void {
    this.#core.holds = h;
  }

  /** Stores a document. Nothing of it is seen before it is whole and on disk. */
  put(path: string, source: Source, o: PutOptions = {}, enter: Enter = direct): Promise<Put> {
    return put(this.#core, path, source, o, enter);
  }

  /** Stores documents that are in memory, all of them or none. */
  putMany(docs: readonly Document[]): Promise<Outgoing[]> {
    return putMany(this.#core, docs);
  }

  /**
   * Writes a part of a document. Where ifMatch names the version that there is and
   * its size is that of the whole, these octets are replaced in a new version.
   * Otherwise parts make a draft, which becomes the document when it is whole. They
   * come in order; the first one begins anew, one that overlaps goes on behind what
   * is there. The fault is "conflict" where octets before the part are missing.
   */
  putPart(path: string, source: Source, part: Part, o: PutOptions = {}, enter: Enter = direct): Promise<Parts> {
    return putPart(this.#core, path, source, part, o, enter);
  }

  /** How far a document that comes in parts is; "not_found" when none was begun, or it is whole. */
  draft(app: string, path: string): Promise<Parts> {
    return draftParts(this.#core, app, path);
  }

  /** Opens a document; "not_found", or "unreachable" when its body is on other devices alone. */
  get(app: string, path: string): Promise<{ item: Item; body: Body }> {
    return open(this.#core, app, path);
  }

  /** Tells of a document without opening it. */
  stat(app: string, path: string): Item {
    return itemOf(entryAt(this.#core, app, path), path);
  }

  list(o: ListOptions = {}): Listed {
    return list(this.#core, o);
  }

  stats(): Stats {
    const l = this.#core;
    const s = {
      documents: 0, octets: 0, here: 0, missing: 0, graves: l.catalog.graves.size, broken: l.broken,
      doubtful: l.resets.length > 0,
    };
    for (const e of l.catalog.byPath) {
      if (e.record.app === personApp) continue;
      s.documents++;
      s.octets += e.record.size;
      if (e.here) s.here += e.record.size;
      else s.missing++;
    }
    return s;
  }

  /** Deletes a document, or all that is below a folder, everywhere (spec §6.5). */
  remove(app: string, path: string, o: { all?: boolean; ifMatch?: string | undefined } = {}): Promise<{ removed: number; out: Outgoing[] }> {
    return removeDocuments(this.#core, app, path, o);
  }

  /** Says who may see a document, or all that is below a folder. */
  share(app: string, path: string, all: boolean, a: Audience): Promise<Edited> {
    return share(this.#core, app, path, all, a);
  }

  /** Adds friends and lists to an audience, and takes others away. */
  widen(app: string, path: string, all: boolean, add: Audience, take: Audience): Promise<Edited> {
    return widen(this.#core, app, path, all, add, take);
  }

  label(app: string, path: string, all: boolean, labels: string[]): Promise<Edited> {
    return label(this.#core, app, path, all, labels);
  }

  move(app: string, path: string, to: string): Promise<Outgoing[]> {
    return move(this.#core, app, path, to);
  }

  /** The person's lists of friends, by name. */
  lists(): List[] {
    return this.#core.lists.all();
  }

  /** Names a list, makes it when handle is "", and gives it these members. */
  async setList(handle: string, name: string, members: readonly string[]): Promise<{ handle: string; out: Outgoing[] }> {
    const l = this.#core;
    if (name === "" || new TextEncoder().encode(name).length > 64 || members.length > maxFriends) {
      throw new Fault(
        "invalid", `a list "${name}" of ${members.length} friends`,
        `a name has 1 to 64 octets, a list at most ${maxFriends} friends`,
      );
    }
    const h = handle || randomID(l.world.random);
    const was = l.lists.line(h);
    const came = members.filter((id) => !was.includes(id));
    const went = was.filter((id) => !members.includes(id));
    const puts = new Map(came.map((id) => [memberKey(h, id), Uint8Array.of(1)]));
    if (l.lists.names.get(h) !== name) puts.set(listKey(h), new TextEncoder().encode(name));
    const deletes = went.map((id) => memberKey(h, id));
    return { handle: h, out: await regroup(l, this.records, puts, deletes, [...came, ...went]) };
  }

  /** Removes a list; whoever saw something by it alone sees it no longer. */
  async removeList(handle: string): Promise<Outgoing[]> {
    const l = this.#core;
    if (!l.lists.names.has(handle)) throw new Fault("not_found", "there is no such list");
    const was = l.lists.line(handle);
    return regroup(l, this.records, new Map(), [listKey(handle), ...was.map((id) => memberKey(handle, id))], was);
  }

  /** What friends were asked to purge, the newest first. */
  deletions(): Deletion[] {
    return deletions(this.#core);
  }

  /** Has f called for every change, at once: f only notes it. The result ends it. */
  watch(f: (e: Event) => void): () => void {
    this.#core.watchers.add(f);
    return () => void this.#core.watchers.delete(f);
  }

  /** Answers a friend or an own device. A fault is of this device; another may answer. */
  answer(from: string, kind: PartyKind, ask: Ask): Promise<Reply> {
    return answer(this.#core, from, kind, ask);
  }

  /** Takes purged of a friend; items, reconcile and reset of an own device. */
  handle(from: string, m: Message): Promise<Outgoing[]> {
    return handle(this.#core, from, m);
  }

  /** Begins a comparison with another device: when it comes back, or a message may have been lost. */
  sync(to: string): Outgoing[] {
    const d = this.#core.circle.devices.get(to);
    return d ? [begin(this.#core, d)] : [];
  }

  /** Items whose bodies belong on this device and are not here yet. */
  wanted(most: number): Item[] {
    const l = this.#core;
    const items: Item[] = [];
    for (const e of l.catalog.byPath) {
      if (items.length === most) break;
      if (!e.here && wants(l, e)) items.push(itemOf(e, l.catalog.shown(e)));
    }
    return items;
  }

  /** Brings a body from whichever other device has it. */
  fetch(asker: Asker, handle: string, signal: AbortSignal, enter: Enter = direct): Promise<void> {
    return fetchBody(this.#core, asker, handle, signal, enter);
  }

  /** Does what is due; once a minute is enough. */
  tick(): Promise<Outgoing[]> {
    return this.#core.free(() => tick(this.#core));
  }
}
