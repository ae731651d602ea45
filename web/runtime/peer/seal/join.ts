/** Join and welcome (spec/private-sharing.md §4.2). */
import type { Mailbox, PartyKind, Relation } from "../contract.ts";
import { Fault } from "../fault.ts";
import { relationOf, sideOf } from "./context.ts";
import { decapsulate, encapsulate } from "./hpke.ts";
import { expired, invitationOctets, type Invitation } from "./invitation.ts";
import { epochOf, publicKey } from "./key.ts";
import { concat, expand, extract, hash, secretSize, type Random } from "./octets.ts";
import { cipherKey, openPadded, sealPadded, sized } from "./padded.ts";
import { parseParty, party, type Own, type Party } from "./party.ts";
import { encSize } from "./xwing.ts";

/** What an invitee keeps until it is welcomed; octets goes to the contact queues. */
export interface Join {
  octets: Uint8Array;
  export: Uint8Array;
}

/** A join as the inviter opened it. */
export interface Joining {
  invitation: Invitation;
  join: Join;
  peer: Party;
}

/** What a handshake comes to, on both sides. */
export interface Meeting {
  relation: Relation;
  peer: Party;
  transcript: Uint8Array; // binds both sides to the same handshake
  welcome: Uint8Array; // H(welcome): the body of confirm
}

const inviteInfo = (fragment: Uint8Array): Uint8Array => concat("kith invite 1", hash(fragment));
const welcomeInfo = (j: Join): Uint8Array => concat("kith welcome 1", hash(j.octets));

const joinKey = (i: Invitation, exported: Uint8Array): Promise<CryptoKey> =>
  cipherKey(expand(extract(i.secret, exported), "kith join 1", secretSize));

const welcomeKey = (i: Invitation, j: Join, exported: Uint8Array): Promise<CryptoKey> =>
  cipherKey(expand(extract(concat(i.secret, j.export), exported), "kith welcome 1", secretSize));

/** Answers an invitation. */
export async function makeJoin(random: Random, now: number, i: Invitation, me: Own): Promise<Join> {
  const fragment = invitationOctets(i);
  if (expired(i, now)) throw new Fault("conflict", `the invitation ended at ${new Date(i.expires).toISOString()}`, "ask for a new one");
  const content = await party(me, now, "kith join 1", hash(fragment));
  const { enc, exported } = await encapsulate("x25519", i.public, inviteInfo(fragment), "kith join 1");
  return { octets: await sealPadded(random, await joinKey(i, exported), enc, content), export: exported };
}

/** Opens what came to an invitation's queue, without its veil. */
export async function openJoin(i: Invitation, secret: Uint8Array, octets: Uint8Array): Promise<Joining> {
  if (!sized(octets.length)) throw new Fault("invalid", `a join of ${octets.length} octets`);
  const fragment = invitationOctets(i);
  const exported = await decapsulate("x25519", secret, octets.subarray(0, 32), inviteInfo(fragment), "kith join 1");
  const content = await openPadded(await joinKey(i, exported), octets.subarray(32));
  const peer = await parseParty(content, "kith join 1", hash(fragment));
  return { invitation: i, join: { octets: octets.slice(), export: exported }, peer };
}

/** Takes the invitee in. The octets go to the queues of the peer, veiled for each. */
export async function makeWelcome(
  j: Joining, random: Random, now: number, me: Own,
): Promise<{ octets: Uint8Array; meeting: Meeting }> {
  const content = await party(me, now, "kith welcome 1", hash(j.join.octets));
  const { enc, exported } = await encapsulate("xwing", j.peer.epoch, welcomeInfo(j.join), "kith welcome 1");
  const octets = await sealPadded(random, await welcomeKey(j.invitation, j.join, exported), enc, content);
  return { octets, meeting: await meet(now, j.invitation, j.join, octets, exported, me, j.peer) };
}

/** Ends the handshake for the invitee: j and me are what it kept. */
export async function openWelcome(now: number, i: Invitation, j: Join, me: Own, octets: Uint8Array): Promise<Meeting> {
  if (!sized(octets.length)) throw new Fault("invalid", `a welcome of ${octets.length} octets`);
  const exported = await decapsulate("xwing", me.epoch.private, octets.subarray(0, encSize), welcomeInfo(j), "kith welcome 1");
  const content = await openPadded(await welcomeKey(i, j, exported), octets.subarray(encSize));
  const peer = await parseParty(content, "kith welcome 1", hash(j.octets));
  return meet(now, i, j, octets, exported, me, peer);
}

/** Derives the relation. */
async function meet(
  now: number, i: Invitation, j: Join, welcome: Uint8Array, exported: Uint8Array, me: Own, peer: Party,
): Promise<Meeting> {
  const transcript = hash(invitationOctets(i), hash(j.octets), hash(welcome));
  const root = expand(extract(concat(i.secret, j.export), exported), concat("kith relation root 1", transcript), secretSize);
  return { relation: await newRelation(now, i.kind, root, me, peer), peer, transcript, welcome: hash(welcome) };
}

/** The relation of what both sides brought. */
export async function newRelation(
  now: number, kind: PartyKind, root: Uint8Array, me: Own,
  peer: { pairwise: Uint8Array; notice: Uint8Array; epoch: Uint8Array; queues: Mailbox[] },
): Promise<Relation> {
  return {
    id: relationOf(root), kind, side: sideOf(await publicKey(me.pairwise), peer.pairwise), root,
    notice: me.notice, peerNotice: peer.notice, pairwise: me.pairwise, peerKey: peer.pairwise,
    epochs: [me.epoch], peerEpoch: { id: epochOf(peer.epoch), public: peer.epoch, seen: now },
    in: me.queues, out: peer.queues,
  };
}
