/** Invitations, on both sides, until there is a relation (spec §4). */
import type { Relation } from "../contract.ts";
import { PartyKind } from "../contract.ts";
import { Fault } from "../fault.ts";
import {
  concat, encodeOctets, equal, expired, hash, hex, invitationFragment, invitationID, makeWelcome, newID, newInvitation, openJoin, openWelcome,
  parseInvitation, parseOctets, safetyCode, veil, type Invitation, type Joining, type Meeting,
} from "../seal/index.ts";
import { friendsOf, waiting, type Friend } from "./friend.ts";
import { answer, checkQueues, contactQueues, joinVeil, newOwn, someRelays, welcomes, welcomeVeil } from "./handshake.ts";
import { checkName, cleanName } from "./name.ts";
import { day, hour, noEffects, type PersonEffects } from "./options.ts";
import * as rec from "./record.ts";
import { endRekey, erase } from "./relation.ts";
import type { Self } from "./self.ts";
import { each, joined, type RelationView, type View } from "./view.ts";

/** A link that waits, as it is shown. */
export interface InvitationView {
  id: string;
  link: string;
  for: string;
  mine: boolean; // made here; else accepted here and not answered yet
  expires: number;
  friend: string; // who accepted, or will be
}

const zero = "00".repeat(16);

/** Makes a link by which one friend can join, once. whom is a note for the person's own eyes. */
export async function invite(
  s: Self, whom: string, lifetime: number,
): Promise<{ invitation: InvitationView; effects: PersonEffects }> {
  const time = lifetime || s.o.invitation;
  if (time < hour || time > s.o.longestInvite) {
    throw new Fault("invalid", `an invitation for ${Math.round(time / 1000)} seconds`, `it is good for an hour to ${s.o.longestInvite / day} days`);
  }
  s.exists();
  const v = s.look();
  room(s, v);
  if (v.invites.size >= s.o.maxInvitations) {
    throw new Fault("too_large", `${v.invites.size} invitations are waiting, and that is the most`, "cancel some");
  }
  const made = await newInvitation(s.o.world.random, PartyKind.friend, s.now() + time + hour - 1, someRelays(s));
  const i = made.invitation;
  const contact = contactQueues(s, i);
  const id = invitationID(i);
  const r: rec.Invite = {
    fragment: invitationFragment(i), private: made.private, queues: contact, created: Math.max(s.now(), v.due.at + 1), for: cleanName(whom, ""),
  };
  const c = new rec.Change();
  c.put(rec.at.invite + id, rec.invite, r);
  c.create(contact);
  return { effects: await s.commit(c), invitation: shown(s, id, r, i) };
}

const shown = (s: Self, id: string, r: rec.Invite, i: Invitation): InvitationView => ({
  id, link: `${s.o.base}#${r.fragment}`, for: r.for, mine: true, expires: i.expires, friend: zero,
});

/** Refuses when there are as many friends as there may be. */
function room(s: Self, v: View): void {
  const n = v.accepts.size + [...v.friends.values()].filter((f) => f.leaving === 0).length;
  if (n >= s.o.maxFriends) throw new Fault("too_large", `you have ${n} friends, and that is the most`, "remove one first");
}

/** Those that nobody has finished: made here, or accepted here. */
export function invitations(s: Self): InvitationView[] {
  const v = s.look();
  const all: InvitationView[] = [];
  for (const [id, r] of each(v.invites)) {
    if (!joined(v, id)) all.push(shown(s, id, r, parseInvitation(r.fragment)));
  }
  for (const [id, r] of each(v.accepts)) {
    all.push({ id, link: "", for: r.name, mine: false, expires: parseInvitation(r.fragment).expires, friend: r.friend });
  }
  return all.sort((a, b) => a.expires - b.expires || (a.id < b.id ? -1 : 1));
}

/** Withdraws an invitation, or gives up one that was accepted here. Who joined by it already stays. */
export function cancel(s: Self, id: string): Promise<PersonEffects> {
  const v = s.look();
  const c = new rec.Change();
  const mine = v.invites.get(id);
  const accepted = v.accepts.get(id);
  if (mine && !joined(v, id)) {
    endInvite(s, c, id, mine);
  } else if (accepted) {
    c.del(rec.at.accept + id);
    c.drop(s.now(), accepted.own.queues);
  } else {
    throw new Fault("not_found", `no invitation "${id.slice(0, 40)}" is waiting`);
  }
  return s.commit(c);
}

/** Deletes an invitation, its secret and its queues. */
export function endInvite(s: Self, c: rec.Change, id: string, r: rec.Invite): void {
  c.del(rec.at.invite + id);
  c.drop(s.now(), r.queues);
}

/**
 * Takes a friend's link. name is what the friend is called here; empty is what they
 * call themselves. The same link again changes nothing.
 */
export async function accept(s: Self, link: string, called: string): Promise<{ friend: Friend; effects: PersonEffects }> {
  const i = parseInvitation(link);
  if (i.kind !== PartyKind.friend) {
    throw new Fault("invalid", "this is the link code of a device", "take it among your devices, and only if it is yours");
  }
  const name = called === "" ? "" : checkName(called);
  const id = invitationID(i);
  s.exists();
  const v = s.look();
  const before = known(s, v, id);
  if (before) return { friend: before, effects: noEffects() };
  room(s, v);
  const c = new rec.Change();
  const r: rec.Accept = {
    fragment: invitationFragment(i), ...(await answer(s, c, i, s.name())), name, friend: newID(s.o.world.random), created: s.now(),
  };
  c.put(rec.at.accept + id, rec.accept, r);
  return { effects: await s.commit(c), friend: waiting(r) };
}

/** Who this link was accepted for before; throws when it cannot be. */
function known(s: Self, v: View, id: string): Friend | undefined {
  if (v.invites.has(id)) throw new Fault("conflict", "this link is your own", "send it to a friend");
  const waits = v.accepts.get(id);
  if (waits) return waiting(waits);
  for (const [, r] of each(v.relations)) {
    if (r.record.invitation !== id) continue;
    if (!r.record.first) throw new Fault("conflict", "this link was your own, and is used up");
    return friendsOf(s).find((f) => f.id === r.record.friend);
  }
  return undefined;
}

/** Takes what came to an invitation's queues: the first valid join. */
export async function receiveJoin(
  s: Self, c: rec.Change, id: string, r: rec.Invite, relay: string, veiled: Uint8Array,
): Promise<void> {
  const v = s.look();
  const i = parseInvitation(r.fragment);
  const body = await veil(i, joinVeil, relay, veiled);
  const old = joined(v, id);
  if (old) {
    if (!equal(old.record.opening, hash(body))) throw new Fault("conflict", "somebody else used the invitation before");
    if (old.pending) c.raw(old.pending.said, old.pending.until);
    return;
  }
  if (expired(i, s.now())) throw new Fault("conflict", "a join came after the invitation had ended");
  const j = await openJoin(i, r.private, body);
  checkQueues(s, j.peer.queues);
  room(s, v);
  await takeJoin(s, c, id, r, j);
}

/** Makes a friend of a join. */
async function takeJoin(s: Self, c: rec.Change, id: string, r: rec.Invite, j: Joining): Promise<void> {
  const own = await newOwn(s, s.name(), s.relays());
  const { octets: welcome, meeting: m } = await makeWelcome(j, s.o.world.random, s.now(), own);
  // Two own devices that get the same join make the same friend of it.
  const friend = hex(hash(concat("kith friend 1", j.join.octets)).slice(0, 16));
  const until = j.invitation.expires + s.o.queues;
  const said = await welcomes(j.invitation, m.relation.out, welcome);
  keepRelation(s, c, m.relation, {
    friend, created: 0, first: false, opening: hash(j.join.octets), answer: m.welcome,
    code: await safetyCode(m.relation, m.transcript), follows: zero, invitation: id,
  });
  c.put(rec.at.pending + m.relation.id, rec.pending, { since: s.now(), until, said });
  keepFriend(s, c, friend, r.for, m);
  c.create(own.queues);
  c.raw(said, until);
}

function keepFriend(s: Self, c: rec.Change, friend: string, called: string, m: Meeting): void {
  c.put(rec.at.friend + friend, rec.friend, { since: s.now(), says: cleanName(m.peer.name, "") });
  c.put(rec.at.name + friend, rec.name, { name: called || cleanName(m.peer.name, "friend") });
}

type Fresh = Pick<rec.RelationRecord, "friend" | "created" | "first" | "opening" | "answer" | "code" | "follows" | "invitation">;

/**
 * Keeps a relation that a handshake or a rekey came to. Its keys are as old as created
 * says; where it says 0 they are new: one that follows another is newer than that, and
 * than the wish for new keys that it fulfils, whatever the clock says.
 */
export function keepRelation(s: Self, c: rec.Change, r: Relation, fresh: Fresh): void {
  const v = s.look();
  const before = v.relations.get(fresh.follows);
  let created = fresh.created || s.now();
  if (before && fresh.created === 0) created = Math.max(created, before.record.created + 1, v.due.at + 1);
  const none = new Uint8Array();
  c.put(rec.at.relation + r.id, rec.relation, {
    ...fresh, created, side: r.side, root: r.root, pairwise: r.pairwise ?? none, peerKey: r.peerKey ?? none,
    notice: r.notice, peerNotice: r.peerNotice,
  });
  for (const e of r.epochs) c.put(rec.epochKey(r.id, e.id), rec.epoch, { private: e.private, created: s.now() });
  c.put(rec.at.peer + r.id, rec.peer, { public: r.peerEpoch.public, seen: s.now() });
  c.put(rec.at.out + r.id, rec.out, { queues: r.out, sent: 0 });
  for (const q of r.in) c.put(`${rec.at.in}${r.id}/${rec.queueName(q)}`, rec.queue, { mailbox: q, since: s.now(), until: 0 });
  c.effects.changed = true;
}

/** Ends the handshake for the invitee. */
export async function receiveWelcome(
  s: Self, c: rec.Change, id: string, r: rec.Accept, relay: string, veiled: Uint8Array,
): Promise<void> {
  const i = parseInvitation(r.fragment);
  const m = await openWelcome(s.now(), i, r.join, r.own, await veil(i, welcomeVeil, relay, veiled));
  checkQueues(s, m.peer.queues);
  keepRelation(s, c, m.relation, {
    friend: r.friend, created: r.created, first: true, opening: hash(r.join.octets), answer: m.welcome,
    code: await safetyCode(m.relation, m.transcript), follows: zero, invitation: id,
  });
  c.put(rec.at.pending + m.relation.id, rec.pending, { since: s.now(), until: i.expires + s.o.queues, said: [] });
  keepFriend(s, c, r.friend, r.name, m);
  c.del(rec.at.accept + id);
  c.send(m.relation.id, 1, encodeOctets(m.welcome));
}

/**
 * A message of the kind confirm: the other side knows that the relation stands. Who
 * confirms first gets one back.
 */
export function confirm(s: Self, c: rec.Change, r: RelationView, body: Uint8Array): void {
  const v = s.look();
  const { first, opening, answer: answered, follows, invitation, friend } = r.record;
  if (!equal(parseOctets(body), first ? opening : answered)) {
    throw new Fault("corrupt", `a confirm of another handshake came in relation ${r.id}`);
  }
  if (!first) c.send(r.id, 1, encodeOctets(opening));
  if (!r.pending) return;
  c.del(rec.at.pending + r.id);
  c.effects.changed = true;
  const i = v.invites.get(invitation);
  if (i && !first) endInvite(s, c, invitation, i);
  const f = v.friends.get(friend);
  if (!f) return;
  for (const other of f.all) {
    if (other.id !== follows) continue;
    if (!first) c.effects.moved.push({ from: other.id, to: r.id });
    erase(s, c, v, other);
  }
  for (const [key, k] of each(v.rekeys)) if (k.friend === f.id) endRekey(s, c, key, k, follows);
}
