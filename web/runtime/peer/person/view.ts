/** The records in memory, put together; read again after each change. */
import type { Epoch, Records, Relation, World } from "../contract.ts";
import { epochOf, equal, hash, hex } from "../seal/index.ts";
import { unpack as decoded, type Shape } from "./codec.ts";
import * as rec from "./record.ts";

/** What is known of a friend. */
export interface FriendView {
  id: string;
  made: boolean;
  record: rec.FriendRecord;
  name: string;
  verified?: rec.Verified;
  blocked: boolean;
  leaving: number;
  over: boolean;
  all: RelationView[]; // newest first
}

/** A record with what changes about it. */
export interface RelationView {
  id: string;
  made: boolean;
  record: rec.RelationRecord;
  pending?: rec.Pending;
  in: Map<string, rec.QueueRecord>;
  out: rec.Out;
  epochs: Map<string, rec.EpochRecord>;
  peer: rec.PeerRecord;
}

export interface View {
  profile: rec.Profile;
  relays: string[];
  backup: Uint8Array;
  due: rec.Due;
  friends: Map<string, FriendView>;
  relations: Map<string, RelationView>;
  invites: Map<string, rec.Invite>;
  accepts: Map<string, rec.Accept>;
  rekeys: Map<string, rec.Rekey>;
  drops: Map<string, rec.QueueRecord>;
  /** Records whose successors are there: a crash kept them. */
  stale: string[];
}

/** What records say, as long as their octets are the same: most do not change from one look to the next. */
const known = new WeakMap<Uint8Array, unknown>();

function unpack<T>(shape: Shape<T>, b: Uint8Array): T {
  let v = known.get(b) as T | undefined;
  if (v === undefined) known.set(b, (v = decoded(shape, b)));
  return v;
}

const epochs = new WeakMap<Uint8Array, string>();

/** The id of an epoch, made once for each key. */
function epochID(key: Uint8Array): string {
  let id = epochs.get(key);
  if (id === undefined) epochs.set(key, (id = epochOf(key)));
  return id;
}

const zero = <T>(shape: Shape<T>): T => shape.read(undefined);
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Goes through a map in the order of its keys, without what is deleted meanwhile. */
export function* each<V>(m: ReadonlyMap<string, V>): Iterable<[string, V]> {
  for (const key of [...m.keys()].sort(byText)) {
    const v = m.get(key);
    if (v !== undefined) yield [key, v];
  }
}

/** Reads the records. */
export function look(records: Records, world: World): View {
  const v: View = {
    profile: zero(rec.profile), relays: [], backup: new Uint8Array(), due: zero(rec.due),
    friends: new Map(), relations: new Map(), invites: new Map(), accepts: new Map(), rekeys: new Map(), drops: new Map(),
    stale: [],
  };
  for (const [key, value] of records.each("")) {
    try {
      add(v, key, value);
    } catch (error) {
      world.log("warn", "a record of the person cannot be read", { key, error: String(error) });
    }
  }
  finish(v);
  return v;
}

function add(v: View, key: string, value: Uint8Array): void {
  switch (key) {
    case rec.at.profile:
      v.profile = unpack(rec.profile, value);
      return;
    case rec.at.relays:
      v.relays = unpack(rec.relays, value).relays;
      return;
    case rec.at.backup:
      v.backup = unpack(rec.backup, value).public;
      return;
    case rec.at.due:
      v.due = unpack(rec.due, value);
      return;
  }
  const [kind = "", name = "", sub = ""] = key.split("/");
  const place = `${kind}/`;
  if (place === rec.at.drop) v.drops.set(name, unpack(rec.queue, value));
  if (!/^[0-9a-f]{32}$/.test(name)) return; // another part's, or a later version's
  if (place === rec.at.invite) v.invites.set(name, unpack(rec.invite, value));
  else if (place === rec.at.accept) v.accepts.set(name, unpack(rec.accept, value));
  else if (place === rec.at.rekey) v.rekeys.set(name, unpack(rec.rekey, value));
  else addToFriend(v, place, name, value) || addToRelation(v, place, name, sub, value);
}

function addToFriend(v: View, place: string, id: string, value: Uint8Array): boolean {
  const places: string[] = [rec.at.friend, rec.at.name, rec.at.verified, rec.at.blocked, rec.at.leaving];
  if (!places.includes(place)) return false;
  let f = v.friends.get(id);
  if (!f) {
    f = { id, made: false, record: zero(rec.friend), name: "", blocked: false, leaving: 0, over: false, all: [] };
    v.friends.set(id, f);
  }
  switch (place) {
    case rec.at.friend:
      f.made = true;
      f.record = unpack(rec.friend, value);
      break;
    case rec.at.name:
      f.name = unpack(rec.name, value).name;
      break;
    case rec.at.verified:
      f.verified = unpack(rec.verified, value);
      break;
    case rec.at.blocked:
      f.blocked = true;
      break;
    default: {
      const at = unpack(rec.since, value);
      f.leaving = at.at;
      f.over = at.over;
    }
  }
  return true;
}

function addToRelation(v: View, place: string, id: string, sub: string, value: Uint8Array): void {
  const places: string[] = [rec.at.relation, rec.at.pending, rec.at.out, rec.at.peer, rec.at.in, rec.at.epoch];
  if (!places.includes(place)) return;
  let r = v.relations.get(id);
  if (!r) {
    r = {
      id, made: false, record: zero(rec.relation), in: new Map(), out: zero(rec.out), epochs: new Map(), peer: zero(rec.peer),
    };
    v.relations.set(id, r);
  }
  switch (place) {
    case rec.at.relation:
      r.made = true;
      r.record = unpack(rec.relation, value);
      break;
    case rec.at.pending:
      r.pending = unpack(rec.pending, value);
      break;
    case rec.at.out:
      r.out = unpack(rec.out, value);
      break;
    case rec.at.peer:
      r.peer = unpack(rec.peer, value);
      break;
    case rec.at.in:
      r.in.set(sub, unpack(rec.queue, value));
      break;
    default:
      if (/^[0-9a-f]{16}$/.test(sub)) r.epochs.set(sub, unpack(rec.epoch, value));
  }
}

/** Leaves out what is not whole (yet): its other records are on their way, or gone. */
function finish(v: View): void {
  passOver(v);
  for (const [id, r] of each(v.relations)) {
    if (!r.made || r.epochs.size === 0 || r.peer.public.length === 0) v.relations.delete(id);
    else v.friends.get(r.record.friend)?.all.push(r);
  }
  for (const [id, f] of each(v.friends)) {
    if (!f.made) {
      v.friends.delete(id);
      if (f.over) v.stale.push(rec.at.leaving + id);
    }
    order(f);
  }
}

/** Leaves out what became a relation: its queues are the relation's now. */
function passOver(v: View): void {
  const openings = new Set<string>();
  for (const r of v.relations.values()) if (r.made) openings.add(hex(r.record.opening));
  for (const [id, a] of v.accepts) {
    if (openings.has(hex(hash(a.join.octets)))) {
      v.accepts.delete(id);
      v.stale.push(rec.at.accept + id);
    }
  }
  for (const [id, k] of v.rekeys) {
    if (openings.has(hex(hash(k.rekeying.body)))) {
      v.rekeys.delete(id);
      v.stale.push(rec.at.rekey + id);
    }
  }
}

/**
 * Sorts a friend's relations, the newest first. Two own devices may answer one join, or
 * one change of keys, at the same time: what comes of it are twins, relations with one
 * opening. They are of one age, the least of theirs, and the greatest id comes first,
 * which is the one that stays of those that both sides know to stand.
 */
function order(f: FriendView): void {
  const least = new Map<string, number>();
  for (const r of f.all) {
    const key = hex(r.record.opening);
    least.set(key, Math.min(r.record.created, least.get(key) ?? Infinity));
  }
  const age = (r: RelationView): number => least.get(hex(r.record.opening)) ?? 0;
  f.all.sort((a, b) => age(b) - age(a) || byText(b.id, a.id));
}

/** Whether a twin of r that comes before it, or that stands while r does not, is used in its place. */
export function outdone(f: FriendView, r: RelationView): boolean {
  for (const other of f.all) {
    if (other.pending) continue;
    if (other === r) return false;
    if (equal(other.record.opening, r.record.opening)) return true;
  }
  return false;
}

/** The relation that is written to: the newest that both sides know to stand, or the newest of all. */
export function current(f: FriendView): RelationView | undefined {
  return f.all.find((r) => !r.pending || (r.record.first && !outdone(f, r))) ?? f.all.at(-1);
}

/** Whether the friend has not confirmed yet. */
export function open(f: FriendView): boolean {
  const r = current(f);
  return !r || (r.pending !== undefined && !r.record.first);
}

/** The relation's own epochs, newest first. */
export function ordered(r: RelationView): Epoch[] {
  return newestFirst([...r.epochs].map(([id, e]) => ({ id, private: e.private, created: e.created })));
}

/** Sorts epochs, and says by when each was superseded. */
export function newestFirst(all: Epoch[]): Epoch[] {
  all.sort((a, b) => b.created - a.created || byText(b.id, a.id));
  return all.map((e, i) => {
    const next = all[i - 1];
    return next ? { ...e, superseded: next.created } : e;
  });
}

/** Puts a relation together as the other rooms use it; a quiet one without its inboxes. */
export function whole(r: RelationView, quiet = false): Relation {
  const { record } = r;
  return {
    id: r.id, kind: 1, side: record.side === 1 ? 1 : 2, root: record.root, notice: record.notice, peerNotice: record.peerNotice,
    pairwise: record.pairwise, peerKey: record.peerKey, epochs: ordered(r),
    peerEpoch: { id: epochID(r.peer.public), public: r.peer.public, seen: r.peer.seen },
    in: quiet ? [] : [...each(r.in)].map(([, q]) => q.mailbox), out: r.out.queues,
  };
}

/** The relation that came of an invitation of this person. */
export function joined(v: View, invitation: string): RelationView | undefined {
  for (const [, r] of each(v.relations)) if (r.record.invitation === invitation && !r.record.first) return r;
  return undefined;
}

/** Whether a relation is one of a blocked friend, and of one who is being removed. */
export function mute(v: View, r: RelationView): { blocked: boolean; leaving: boolean } {
  const f = v.friends.get(r.record.friend);
  return { blocked: f?.blocked ?? true, leaving: f !== undefined && f.leaving !== 0 };
}
