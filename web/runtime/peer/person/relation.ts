/** How relations, friends and changes of keys end. */
import type { Mailbox } from "../contract.ts";
import * as rec from "./record.ts";
import type { Self } from "./self.ts";
import { each, ordered, type FriendView, type RelationView, type View } from "./view.ts";

/** Erases a relation with its keys, and deletes its queues. */
export function erase(s: Self, c: rec.Change, v: View, r: RelationView): void {
  c.del(rec.at.relation + r.id, rec.at.pending + r.id, rec.at.out + r.id, rec.at.peer + r.id);
  quiet(s, c, v, r);
  c.del(...ordered(r).map((e) => rec.epochKey(r.id, e.id)));
  c.effects.changed = true;
}

/** Ends the inboxes of a relation. */
export function quiet(s: Self, c: rec.Change, v: View, r: RelationView): void {
  for (const [name, q] of each(r.in)) endQueue(s, c, v, r, name, q.mailbox);
}

/**
 * Ends an inbox of a relation, and deletes the queue unless it is an inbox of another
 * one too: twins have the queues of the side that began.
 */
export function endQueue(s: Self, c: rec.Change, v: View, r: RelationView, name: string, m: Mailbox): void {
  c.del(`${rec.at.in}${r.id}/${name}`);
  const shared = [...v.relations.values()]
    .some((x) => x.id !== r.id && x.in.has(name) && !c.deletes.includes(`${rec.at.in}${x.id}/${name}`));
  if (!shared) c.drop(s.now(), [m]);
}

/** Erases everything of a friend. */
export function forget(s: Self, c: rec.Change, v: View, f: FriendView): void {
  for (const r of f.all) erase(s, c, v, r);
  for (const place of [rec.at.friend, rec.at.name, rec.at.verified, rec.at.blocked, rec.at.leaving]) c.del(place + f.id);
}

/** Gives up a change of keys that was begun, if it is of that relation. */
export function endRekey(s: Self, c: rec.Change, id: string, k: rec.Rekey, of: string): void {
  if (k.relation === of) dropRekey(s, c, id, k);
}

export function dropRekey(s: Self, c: rec.Change, id: string, k: rec.Rekey): void {
  c.del(rec.at.rekey + id);
  c.drop(s.now(), k.own.queues);
}

/** Gives up all changes of a friend's keys. */
export function dropRekeysOf(s: Self, c: rec.Change, v: View, friend: string): void {
  for (const [id, k] of each(v.rekeys)) if (k.friend === friend) dropRekey(s, c, id, k);
}
