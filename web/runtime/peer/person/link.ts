/**
 * Linking a device (spec §2.1): the new one shows a code, the old one takes it, both
 * show the same digits, and when the person said so on both, the roster follows.
 */
import { PartyKind, type Relation } from "../contract.ts";
import { Fault } from "../fault.ts";
import {
  concat, equal, expired, hash, invitationFragment, invitationID, makeWelcome, newInvitation, openJoin, openTo, openWelcome, other,
  parseInvitation, safetyCode, sealTo, veil, type Invitation, type Side,
} from "../seal/index.ts";
import { blank } from "./create.ts";
import { id as idShape, octets, pack, record, unpack } from "./codec.ts";
import { answer, checkQueues, contactQueues, joinVeil, newOwn, sayJoin, someRelays, welcomes, welcomeVeil } from "./handshake.ts";
import { base, intend, issue, peer, settle } from "./house.ts";
import * as local from "./local.ts";
import { cleanName } from "./name.ts";
import { day, noEffects, type PersonEffects } from "./options.ts";
import { others } from "./own.ts";
import * as rec from "./record.ts";
import * as roster from "./roster.ts";
import type { Self } from "./self.ts";

/** A device on its way in, as it is shown. */
export interface Link {
  id: string;
  new: boolean; // this device is the one that comes
  link: string;
  code: string;
  state: "waiting" | "compare" | "confirmed" | "linked";
  expires: number;
}

/** What two devices say to one another after the comparison. */
interface Note { entry: Uint8Array; roster: Uint8Array; secret: Uint8Array; from: string }
export const noteShape = record<Note>({ entry: [1, octets, true], roster: [2, octets, true], secret: [3, octets, true], from: [4, idShape(8)] });
const none = new Uint8Array();
const noDevice = "00".repeat(8);

const linkKey = (id: string): string => `link/${id}`;

/** Those on their way, by their ids. */
export function links(s: Self): Map<string, local.LinkRecord> {
  return new Map([...s.o.local.each("link/")].map(([key, value]) => [key.slice(5), unpack(local.link, value)]));
}

const keep = (s: Self, id: string, r: local.LinkRecord): Promise<void> => s.putLocal(linkKey(id), local.link, r);

/** How a link is shown. */
export function shownLink(s: Self, id: string, r: local.LinkRecord): Link {
  const waits = r.device === noDevice && !r.same && r.code === "";
  const state = r.device !== noDevice ? "linked" : r.same ? "confirmed" : r.code !== "" ? "compare" : "waiting";
  return { id, new: r.new, link: waits && r.new ? `${s.o.base}#${r.fragment}` : "", code: r.code, state, expires: r.created + s.o.link };
}

const fresh = (s: Self, from: Partial<local.LinkRecord> & Pick<local.LinkRecord, "fragment" | "contact">): local.LinkRecord => ({
  new: false, private: none, own: undefined, join: undefined, welcome: none, relation: undefined, code: "", same: false, entry: none,
  device: noDevice, created: s.now(), said: 0, ...from,
});

/** Makes a link code on the new device; its text goes to a device that is the person's already. */
export async function startLink(s: Self): Promise<{ link: Link; effects: PersonEffects }> {
  blank(s);
  if (others(s).length > 0) throw new Fault("conflict", "this is a device of a person with other devices already");
  // The other device's clock may be a day off: this one ends the link in time.
  const until = s.now() + s.o.link + 2 * day;
  const { invitation: i, private: key } = await newInvitation(s.o.world.random, PartyKind.ownDevice, until, someRelays(s));
  const contact = contactQueues(s, i);
  const r = fresh(s, { new: true, fragment: invitationFragment(i), private: key, contact });
  const c = new rec.Change();
  for (const [id, old] of links(s)) await dropLink(s, c, id, old); // one at a time
  c.create(contact);
  const id = invitationID(i);
  await keep(s, id, r);
  return { effects: await s.commit(c), link: shownLink(s, id, r) };
}

/** Takes a new device's link code on one that is the person's. */
export async function acceptLink(s: Self, text: string): Promise<{ link: Link; effects: PersonEffects }> {
  const i = parseInvitation(text);
  if (i.kind !== PartyKind.ownDevice) throw new Fault("invalid", "this link is an invitation of a friend", "accept it among your friends");
  const id = invitationID(i);
  const before = links(s).get(id);
  if (before?.new) throw new Fault("conflict", "this link code is this device's own", "give it to a device that is yours already");
  if (before) return { link: shownLink(s, id, before), effects: noEffects() };
  const n = base(s).devices.length;
  if (n >= roster.maxDevices) throw new Fault("too_large", `you have ${n} devices, and that is the most`, "remove one first");
  const c = new rec.Change();
  const r = fresh(s, { ...(await answer(s, c, i, "")), fragment: invitationFragment(i), said: s.now() });
  await keep(s, id, r);
  return { effects: await s.commit(c), link: shownLink(s, id, r) };
}

function linkOf(s: Self, id: string): local.LinkRecord {
  const r = links(s).get(id);
  if (!r) throw new Fault("not_found", `no device is being linked by "${id.slice(0, 40)}"`);
  return r;
}

/** Ends a link that is not finished. */
export async function cancelLink(s: Self, id: string): Promise<PersonEffects> {
  const c = new rec.Change();
  await dropLink(s, c, id, linkOf(s, id));
  return s.commit(c);
}

/**
 * The person compared the codes and they are the same. It has to be said on both
 * devices: each keeps what it has to itself until then.
 */
export async function confirmLink(s: Self, id: string): Promise<PersonEffects> {
  const r = linkOf(s, id);
  if (!r.relation) throw new Fault("conflict", "the other device has not answered yet: there is no code to compare", "wait a little");
  const c = new rec.Change();
  await advance(s, c, id, { ...r, same: true });
  return s.commit(c);
}

/** Does what can be done for a link now, and keeps it. */
async function advance(s: Self, c: rec.Change, id: string, r: local.LinkRecord): Promise<void> {
  r.said = s.now();
  if (r.same && r.relation) {
    if (r.new) await say(s, c, r.relation, { entry: pack(roster.deviceShape, s.entry()), roster: none, secret: none, from: s.id });
    else if (r.entry.length > 0) await takeIn(s, c, r, r.relation);
  }
  await keep(s, id, r);
}

/** Makes the new device one of the roster's, and tells it so. */
async function takeIn(s: Self, c: rec.Change, r: local.LinkRecord, to: Relation): Promise<void> {
  const said = unpack(roster.deviceShape, r.entry);
  const entry = { ...said, added: s.now(), name: cleanName(said.name, "device") };
  const held = base(s);
  const device = roster.idOf(entry);
  if (!roster.find(held, device)) {
    await intend(s, [], [entry]);
    await issue(s, c, { ...held, devices: [...held.devices, entry] });
  }
  r.device = device;
  const { history, secret } = s.exists();
  await say(s, c, to, { entry: none, roster: roster.encodeSigned(history.current), secret, from: s.id });
}

/**
 * Seals a note: to the other's key, and with the relation's secret in what it is sealed
 * for, so that nobody but these two can make or open it.
 */
async function say(s: Self, c: rec.Change, to: Relation, n: Note): Promise<void> {
  const plain = pack(noteShape, n);
  c.raw(await rec.say(to.out, () => sealTo(s.o.world.random, to.peerNotice, linkInfo(to, to.side), plain)));
}

const linkInfo = (r: Relation, direction: Side): Uint8Array => concat("kith link 1", hash(r.root), Uint8Array.of(direction));

/** Takes a body in that came for a link. */
export async function receiveLink(
  s: Self, c: rec.Change, id: string, r: local.LinkRecord, relay: string, body: Uint8Array,
): Promise<void> {
  const i = parseInvitation(r.fragment);
  const join = await veil(i, joinVeil, relay, body);
  if (r.new && (!r.relation || (r.join && equal(join, r.join.octets)))) return linkJoin(s, c, id, r, i, join);
  if (!r.own || !r.join) throw new Fault("internal", "a link without keys of its own");
  if (!r.relation) {
    const m = await openWelcome(s.now(), i, r.join, r.own, await veil(i, welcomeVeil, relay, body));
    return keep(s, id, { ...r, code: await safetyCode(m.relation, m.transcript), relation: m.relation });
  }
  const n = unpack(noteShape, await openTo(r.own.notice, linkInfo(r.relation, other(r.relation.side)), body));
  if (r.new) return moveIn(s, c, id, r, n);
  roster.checkDevice(unpack(roster.deviceShape, n.entry)); // the new device's word on what it is
  await advance(s, c, id, { ...r, entry: r.entry.length > 0 ? r.entry : n.entry });
}

/** Answers the old device. */
async function linkJoin(s: Self, c: rec.Change, id: string, r: local.LinkRecord, i: Invitation, body: Uint8Array): Promise<void> {
  if (r.relation) {
    c.raw(await welcomes(i, r.relation.out, r.welcome));
    return;
  }
  const j = await openJoin(i, r.private, body);
  checkQueues(s, j.peer.queues);
  const own = await newOwn(s, "", s.relays());
  const { octets: welcome, meeting: m } = await makeWelcome(j, s.o.world.random, s.now(), own);
  c.create(own.queues);
  c.raw(await welcomes(i, m.relation.out, welcome));
  await keep(s, id, { ...r, own, welcome, code: await safetyCode(m.relation, m.transcript), relation: m.relation, join: j.join });
}

/** Makes this device one of the person's, if its person compared the codes. */
async function moveIn(s: Self, c: rec.Change, id: string, r: local.LinkRecord, n: Note): Promise<void> {
  if (!r.same) throw new Fault("conflict", "a roster came before the codes were compared");
  const signed = roster.parse(n.roster);
  const h = await roster.first(s.now(), signed);
  if (!s.isIn(roster.rosterOf(signed))) throw new Fault("invalid", "the roster that came is without this device");
  if (s.house) { // a person without friends, made before: it ends here
    s.house = s.own = undefined;
    await s.delLocal("seed");
    c.del(rec.at.backup, rec.at.profile, rec.at.relays);
  }
  await settle(s, c, h, n.secret);
  await dropLink(s, c, id, r);
}

/** Ends a link: its queues and keys go. */
async function dropLink(s: Self, c: rec.Change, id: string, r: local.LinkRecord): Promise<void> {
  if (r.new) c.drop(s.now(), r.contact);
  if (r.own) c.drop(s.now(), r.own.queues);
  c.effects.changed = true;
  await s.delLocal(linkKey(id));
}

/** Ends links that are over, or whose new device has shown that it is in. */
export async function dropLinks(s: Self, c: rec.Change): Promise<void> {
  for (const [id, r] of links(s)) {
    const done = r.device !== noDevice && s.house && !idShape(32).empty(peer(s, r.device).has);
    if (done || (s.now() > r.created + s.o.link && !r.same) || s.now() > r.created + 2 * day) await dropLink(s, c, id, r);
  }
}

/** Says again what was not answered. */
export async function sweepLinks(s: Self, c: rec.Change): Promise<void> {
  await dropLinks(s, c);
  for (const [id, r] of links(s)) {
    if (s.now() - r.said < s.o.link / 60) continue;
    if (!r.new && !r.relation && r.join) {
      const i = parseInvitation(r.fragment);
      if (!expired(i, s.now())) await sayJoin(c, r.contact, r.join, i);
    }
    await advance(s, c, id, { ...r });
  }
}
