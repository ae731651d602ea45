/** Friends: who they are, what may be changed about them, and how they end. */
import { MessageKind } from "../contract.ts";
import { Fault } from "../fault.ts";
import { checkName, fold } from "./name.ts";
import type { PersonEffects } from "./options.ts";
import * as rec from "./record.ts";
import { dropRekeysOf, erase, forget as forgetFriend, quiet } from "./relation.ts";
import type { Self } from "./self.ts";
import { current, each, open, type FriendView, type RelationView, type View } from "./view.ts";

/** A friend, as it is shown. */
export interface Friend {
  /** It stays when the friend's relation is replaced, and names them on this person's devices alone. */
  id: string;
  name: string; // unlike all others'
  says: string; // what they call themselves
  since: number;
  pending: boolean; // the other side has not answered yet
  verified: boolean; // the codes were compared
  blocked: boolean;
  safety: string; // the code to compare
  /** All keys changed after the codes were compared: somebody removed a device. */
  changed: boolean;
}

/** All friends, by name. */
export function friends(s: Self): Friend[] {
  const all = [...friendsOf(s), ...[...each(s.look().accepts)].map(([, r]) => waiting(r))];
  const key = (f: Friend): string => fold(f.name) + f.id;
  return all.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Those who answered. */
export function friendsOf(s: Self): Friend[] {
  const here = [...each(s.look().friends)].map(([, f]) => f).filter((f) => f.leaving === 0);
  const count = new Map<string, number>();
  for (const f of here) count.set(fold(f.name), (count.get(fold(f.name)) ?? 0) + 1);
  return here.map((f) => shown(f, (count.get(fold(f.name)) ?? 0) > 1));
}

/** Shows a friend. Two of one name are told apart the same way on all devices. */
function shown(f: FriendView, ambiguous: boolean): Friend {
  const code = current(f)?.record.code ?? "";
  return {
    id: f.id, name: (f.name || "friend") + (ambiguous ? `~${f.id.slice(0, 8)}` : ""), says: f.record.says, since: f.record.since,
    pending: open(f), blocked: f.blocked, safety: code,
    verified: code !== "" && f.verified !== undefined, changed: code !== "" && f.verified !== undefined && f.verified.code !== code,
  };
}

/** How a friend is shown who has not answered yet. */
export const waiting = (r: rec.Accept): Friend => ({
  id: r.friend, name: r.name || `friend-${r.friend.slice(0, 4)}`, says: "", since: r.created,
  pending: true, verified: false, blocked: false, safety: "", changed: false,
});

/** The friend with this name or id. */
export function findFriend(s: Self, name: string): Friend {
  const f = friends(s).find((g) => g.id === name || fold(g.name) === fold(name));
  if (!f) throw new Fault("not_found", `you have no friend called "${name.slice(0, 60)}"`);
  return f;
}

/** What a person may change about a friend; what is absent stays. */
export interface FriendChange { name?: string; verified?: boolean; blocked?: boolean }

/**
 * Renames, verifies or blocks a friend, or takes that back. A blocked friend is neither
 * heard nor answered, and not told.
 */
export function changeFriend(s: Self, id: string, ch: FriendChange): Promise<PersonEffects> {
  const v = s.look();
  const c = new rec.Change();
  const f = v.friends.get(id);
  if (!f || f.leaving !== 0) return changeWaiting(s, c, id, ch);
  if (ch.name !== undefined) c.put(rec.at.name + id, rec.name, { name: freeName(v, f, ch.name) });
  if (ch.verified !== undefined) {
    const r = current(f);
    if (ch.verified && r) {
      if (open(f)) throw new Fault("conflict", `"${f.name}" has not answered yet`, "compare the codes when they have");
      c.put(rec.at.verified + id, rec.verified, { at: s.now(), code: r.record.code });
    } else {
      c.del(rec.at.verified + id);
    }
  }
  if (ch.blocked !== undefined) {
    if (ch.blocked) c.put(rec.at.blocked + id, rec.since, { at: s.now(), over: false });
    else c.del(rec.at.blocked + id);
    c.effects.changed = true;
  }
  return s.commit(c);
}

function freeName(v: View, f: FriendView, wanted: string): string {
  const name = checkName(wanted);
  for (const o of v.friends.values()) {
    if (o !== f && o.leaving === 0 && fold(o.name) === fold(name)) {
      throw new Fault("conflict", `another friend is called "${name}"`, "choose another name");
    }
  }
  return name;
}

/** Renames a friend who has not answered; nothing else makes sense. */
function changeWaiting(s: Self, c: rec.Change, id: string, ch: FriendChange): Promise<PersonEffects> {
  for (const [key, r] of each(s.look().accepts)) {
    if (r.friend !== id) continue;
    if (ch.name === undefined || ch.verified !== undefined || ch.blocked !== undefined) {
      throw new Fault("conflict", `"${waiting(r).name}" has not answered yet`);
    }
    c.put(rec.at.accept + key, rec.accept, { ...r, name: checkName(ch.name) });
    return s.commit(c);
  }
  throw new Fault("not_found", `you have no friend ${id}`);
}

/**
 * Ends a friendship. The friend is told (bye), by which their device erases what it has
 * of this person; here all keys and queues go. The keys by which the bye is sealed stay
 * until forget, or for a message's lifetime.
 */
export function removeFriend(s: Self, id: string): Promise<PersonEffects> {
  const v = s.look();
  const c = new rec.Change();
  for (const [key, r] of each(v.accepts)) {
    if (r.friend !== id) continue;
    c.del(rec.at.accept + key);
    c.drop(s.now(), r.own.queues);
    return s.commit(c);
  }
  const f = v.friends.get(id);
  if (!f || f.leaving !== 0) throw new Fault("not_found", `you have no friend ${id}`);
  c.put(rec.at.leaving + id, rec.since, { at: s.now(), over: false });
  c.del(rec.at.name + id, rec.at.verified + id, rec.at.blocked + id);
  c.effects.gone.push(id);
  c.effects.changed = true;
  const last = current(f);
  for (const r of f.all) {
    if (r !== last) {
      erase(s, c, v, r);
      continue;
    }
    quiet(s, c, v, r);
    c.send(r.id, MessageKind.bye);
  }
  dropRekeysOf(s, c, v, id);
  if (!last) forgetFriend(s, c, v, f);
  return s.commit(c);
}

/** Erases the keys of a friend who was removed, once their bye has left. */
export function forget(s: Self, relation: string): Promise<PersonEffects> {
  const v = s.look();
  const c = new rec.Change();
  const r = v.relations.get(relation);
  const f = r && v.friends.get(r.record.friend);
  if (f && f.leaving !== 0) forgetFriend(s, c, v, f);
  return s.commit(c);
}

/** A message of the kind bye: the friend removed this person. */
export function bye(s: Self, c: rec.Change, r: RelationView): void {
  const v = s.look();
  const f = v.friends.get(r.record.friend);
  if (!f) return;
  c.effects.gone.push(f.id);
  dropRekeysOf(s, c, v, f.id);
  // Kept apart from the rest, which may be done at the next start.
  c.put(rec.at.leaving + f.id, rec.since, { at: s.now(), over: true });
  forgetFriend(s, c, v, f);
}
