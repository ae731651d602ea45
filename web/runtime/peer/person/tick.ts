/**
 * What time asks for: what was not answered is said again, the roster is renewed, what
 * has ended ends, and keys are erased.
 */
import { MessageKind } from "../contract.ts";
import { encodeOctets, expired, parseInvitation } from "../seal/index.ts";
import { unpack } from "./codec.ts";
import { oldEpochs, oldOwnEpochs } from "./epoch.ts";
import { sayJoin } from "./handshake.ts";
import { issue, peer, renewEntry, setPeer, tell } from "./house.ts";
import { endInvite } from "./invite.ts";
import { sweepLinks } from "./link.ts";
import * as local from "./local.ts";
import { join, type PersonEffects } from "./options.ts";
import { queueOf } from "./own.ts";
import { inboxes } from "./people.ts";
import * as rec from "./record.ts";
import { changeKeys } from "./rekey.ts";
import { dropRekey, endQueue, erase, forget } from "./relation.ts";
import { expired as rosterExpired, idOf, lifetime, type Roster } from "./roster.ts";
import type { Self } from "./self.ts";
import { each, joined, mute, outdone, type FriendView, type RelationView, type View } from "./view.ts";

/** Does what time asks for; once a minute is enough. */
export function tick(s: Self): Promise<PersonEffects> {
  const again = s.swept === 0 || s.now() - s.swept >= s.o.repeat || s.now() < s.swept;
  if (again) s.swept = s.now();
  return sweep(s, again);
}

/** Says everything again, after a start, that may have been lost between keeping it and doing it. */
export async function resume(s: Self): Promise<PersonEffects> {
  s.refresh();
  s.swept = s.now();
  const e = await sweep(s, true);
  const v = s.look();
  e.create.push(...inboxes(s).map(queueOf));
  for (const [, d] of each(v.drops)) e.delete.push(d.mailbox);
  for (const [, r] of each(v.relations)) {
    if (mute(v, r).leaving) e.out.push({ to: r.id, kind: MessageKind.bye, replaces: true });
  }
  e.changed = true;
  return e;
}

async function sweep(s: Self, again: boolean): Promise<PersonEffects> {
  const v = s.look();
  const c = new rec.Change();
  c.del(...v.stale);
  await sweepInvitations(s, c, v, again);
  for (const [, r] of each(v.relations)) sweepRelation(s, c, v, r, again);
  for (const [, f] of each(v.friends)) {
    sweepTwins(s, c, v, f);
    if (f.leaving !== 0 && (f.over || s.now() > f.leaving + s.o.message)) forget(s, c, v, f);
  }
  sweepRekeys(s, c, v, again);
  for (const [name, d] of each(v.drops)) if (s.now() > d.since + s.o.message) c.del(rec.at.drop + name);
  await sweepLinks(s, c);
  await sweepHouse(s, c);
  const e = await s.commit(c);
  return s.house ? join(e, await changeKeys(s)) : e;
}

async function sweepInvitations(s: Self, c: rec.Change, v: View, again: boolean): Promise<void> {
  for (const [id, r] of each(v.invites)) {
    const came = joined(v, id);
    if (expired(parseInvitation(r.fragment), s.now()) || (came && !came.pending)) endInvite(s, c, id, r);
  }
  for (const [id, r] of each(v.accepts)) {
    const i = parseInvitation(r.fragment);
    if (s.now() > i.expires + s.o.message) { // a welcome may have waited
      c.del(rec.at.accept + id);
      c.drop(s.now(), r.own.queues);
    } else if (again && !expired(i, s.now())) {
      await sayJoin(c, r.contact, r.join, i);
    }
  }
}

function sweepRelation(s: Self, c: rec.Change, v: View, r: RelationView, again: boolean): void {
  oldEpochs(s, c, r);
  for (const [name, q] of each(r.in)) {
    if (q.until !== 0 && s.now() > q.until) endQueue(s, c, v, r, name, q.mailbox);
  }
  if (r.pending) sweepPending(s, c, v, r, r.pending, again);
}

/** Says again what both sides have to know, or gives up. */
function sweepPending(s: Self, c: rec.Change, v: View, r: RelationView, p: rec.Pending, again: boolean): void {
  const f = v.friends.get(r.record.friend);
  if (p.until !== 0 && s.now() > p.until) {
    if (r.record.first && !(f && outdone(f, r))) { // the friend may not know; messages will tell
      c.del(rec.at.pending + r.id);
      return;
    }
    erase(s, c, v, r);
    if (f?.all.length === 1) forget(s, c, v, f);
  } else if (again && r.record.first) {
    c.send(r.id, MessageKind.confirm, encodeOctets(r.record.answer));
  } else if (again && p.until === 0) {
    c.raw(p.said);
  }
}

/**
 * Erases twins that are not used: a day after they came to be, or, when another own
 * device may have a confirm of it that nobody else has heard of yet, after the time that
 * a message may take.
 */
function sweepTwins(s: Self, c: rec.Change, v: View, f: FriendView): void {
  for (const r of f.all) {
    const after = r.pending ? Math.max(s.o.hand, s.o.message) : s.o.hand;
    if (outdone(f, r) && s.now() > r.record.created + after) erase(s, c, v, r);
  }
}

/** Repeats what was begun, and ends it before the other side's epoch that it was sealed to is gone. */
function sweepRekeys(s: Self, c: rec.Change, v: View, again: boolean): void {
  for (const [id, k] of each(v.rekeys)) {
    const r = v.relations.get(k.relation);
    if (!r || s.now() > k.created + s.o.keep) dropRekey(s, c, id, k);
    else if (again) c.send(r.id, MessageKind.rekey, k.rekeying.body);
  }
}

/** Renews the roster, tells those who lack it, and forgets households that nobody is in any more. */
async function sweepHouse(s: Self, c: rec.Change): Promise<void> {
  if (!s.house) return;
  const old = [...s.o.local.each("earlier/")].filter(([, value]) => s.now() > unpack(local.earlier, value).until);
  await s.delLocal(...old.map(([key]) => key));
  await oldOwnEpochs(s);
  const r = s.roster();
  if (!s.isIn(r)) return;
  // Another device changes the person's relays, and not what this one says of itself.
  const changed = renewEntry(s, r);
  if ((await due(s, r, s.house)) || (changed && !rosterExpired(r, s.now()))) await issue(s, c, r);
  else await tell(s, c, r, false);
}

/**
 * Whether the roster is to be renewed: after half of its time, or, when it expired
 * meanwhile, once others had a day to say that there is a newer one.
 */
async function due(s: Self, r: Roster, house: local.House): Promise<boolean> {
  if (!rosterExpired(r, s.now())) return s.now() > r.issued + lifetime / 2;
  if (r.devices.length === 1) return true;
  if (house.noticed === 0) {
    house.noticed = s.now();
    await s.putLocal("house", local.house, house);
    for (const d of r.devices) { // ask everybody: they answer what is newer
      await setPeer(s, idOf(d), { ...peer(s, idOf(d)), has: "", told: 0 });
    }
  }
  return s.now() > house.noticed + s.o.hand;
}
