/** Changing all keys with a friend (spec §7). */
import { MessageKind, type Relation } from "../contract.ts";
import { Fault } from "../fault.ts";
import {
  answerRekey, concat, encodeOctets, equal, finishRekey, hash, hex, makeRekey, openTo, rekeyWins, safetyCode, sealTo,
} from "../seal/index.ts";
import { checkQueues, newOwn } from "./handshake.ts";
import { endInvite, keepRelation } from "./invite.ts";
import { noEffects, type PersonEffects } from "./options.ts";
import * as rec from "./record.ts";
import { endRekey } from "./relation.ts";
import type { Self } from "./self.ts";
import { current, each, joined, open, whole, type FriendView, type RelationView, type View } from "./view.ts";

/** What the answer to a rekey is sealed for. */
const rekeyedInfo = "kith rekeyed to 1";
const zero = "00".repeat(16);

/**
 * Asks for new keys with every friend: a device that is about to be removed knows the
 * old ones. It is kept before the roster is, and done after, so that neither a crash nor
 * the device that leaves gets in between.
 */
export function mustChange(s: Self): Promise<PersonEffects> {
  const c = new rec.Change();
  c.put(rec.at.due, rec.due, { at: Math.max(s.now(), newest(s.look()) + 1), by: s.id });
  return s.commit(c);
}

/**
 * When the newest keys were made that a removed device may know. That may be later than
 * now: the clocks of own devices differ.
 */
function newest(v: View): number {
  let at = 0;
  for (const r of v.relations.values()) at = Math.max(at, r.record.created);
  for (const all of [v.invites, v.accepts, v.rekeys]) for (const r of all.values()) at = Math.max(at, r.created);
  return at;
}

/**
 * Begins §7 with every friend whose keys are older than what is due. The device that
 * asked for it does so at once, others when it did not in a day.
 */
export async function changeKeys(s: Self): Promise<PersonEffects> {
  const v = s.look();
  if (v.due.at === 0 || (v.due.by !== s.id && s.now() < v.due.at + s.o.hand)) return noEffects();
  const c = new rec.Change();
  for (const [id, r] of each(v.invites)) { // a removed device knows their secrets
    if (r.created <= v.due.at && !joined(v, id)) endInvite(s, c, id, r);
  }
  // One that was not answered is begun anew before the other side's epoch that it was
  // sealed to is gone.
  const since = Math.max(v.due.at + 1, s.now() - s.o.keep / 2);
  for (const [, f] of each(v.friends)) {
    const r = current(f);
    if (!r || f.leaving !== 0 || f.blocked || open(f) || r.record.created > v.due.at || changing(v, r, since)) continue;
    try {
      await begin(s, c, v, f, r);
    } catch (error) {
      s.o.world.log("warn", "keys cannot be changed with a friend", { friend: f.id, error: String(error) });
    }
  }
  return s.commit(c);
}

/** Whether a change of r's keys was begun since then. */
function changing(v: View, r: RelationView, since: number): boolean {
  return [...v.rekeys.values()].some((k) => k.relation === r.id && k.created >= since) ||
    [...v.relations.values()].some((next) => next.record.follows === r.id);
}

async function begin(s: Self, c: rec.Change, v: View, f: FriendView, r: RelationView): Promise<void> {
  const own = await newOwn(s, "", s.relays());
  const rekeying = await makeRekey(whole(r), own);
  c.put(rec.at.rekey + hex(hash(rekeying.body).slice(0, 16)), rec.rekey, {
    friend: f.id, relation: r.id, own, rekeying, created: Math.max(s.now(), v.due.at + 1),
  });
  c.create(own.queues);
  c.send(r.id, MessageKind.rekey, rekeying.body);
}

const codeOf = (next: Relation, opening: Uint8Array, answer: Uint8Array): Promise<string> =>
  safetyCode(next, concat(opening, hash(answer)));

/** A message of the kind rekey: the other side changes all keys. */
export async function rekey(s: Self, c: rec.Change, r: RelationView, body: Uint8Array): Promise<void> {
  const v = s.look();
  const opening = hash(body);
  for (const [, next] of each(v.relations)) {
    if (next.record.follows !== r.id) continue;
    if (next.pending && equal(next.record.opening, opening)) {
      c.raw(next.pending.said); // the answer was lost
      return;
    }
    throw new Fault("conflict", `relation ${r.id} is being replaced already`);
  }
  for (const [id, k] of each(v.rekeys)) {
    if (k.relation !== r.id) continue;
    if (rekeyWins(k.rekeying.body, body)) return; // both began at once: ours stands, and they will answer it
    endRekey(s, c, id, k, r.id);
  }
  const own = await newOwn(s, "", s.relays());
  const { answer, next } = await answerRekey(s.now(), whole(r), body, own);
  checkQueues(s, next.out);
  const said = await rec.say(next.out, () => sealTo(s.o.world.random, next.peerEpoch.public, rekeyedInfo, answer));
  keepRelation(s, c, next, {
    friend: r.record.friend, created: 0, first: false, opening, answer: hash(answer), code: await codeOf(next, opening, answer),
    follows: r.id, invitation: zero,
  });
  c.put(rec.at.pending + next.id, rec.pending, { since: s.now(), until: 0, said });
  c.create(own.queues);
  c.raw(said);
}

/** The answer to a change that this side began. */
export async function receiveRekeyed(s: Self, c: rec.Change, id: string, k: rec.Rekey, body: Uint8Array): Promise<void> {
  const answer = await openTo(k.own.epoch.private, rekeyedInfo, body);
  const v = s.look();
  const r = v.relations.get(k.relation);
  if (!r) throw new Fault("not_found", "the relation whose keys were to change is gone");
  const next = await finishRekey(s.now(), whole(r), k.rekeying, k.own, answer);
  checkQueues(s, next.out);
  const opening = hash(k.rekeying.body);
  // One that was begun before another device was removed, which knows k, changes again.
  const created = k.created <= v.due.at ? Math.max(v.due.at, r.record.created + 1) : 0;
  keepRelation(s, c, next, {
    friend: k.friend, created, first: true, opening, answer: hash(answer), code: await codeOf(next, opening, answer),
    follows: r.id, invitation: zero,
  });
  c.put(rec.at.pending + next.id, rec.pending, { since: s.now(), until: 0, said: [] });
  c.del(rec.at.rekey + id);
  for (const [other, o] of each(v.rekeys)) if (other !== id) endRekey(s, c, other, o, r.id);
  c.effects.moved.push({ from: r.id, to: next.id });
  c.send(next.id, MessageKind.confirm, encodeOctets(hash(answer)));
}
