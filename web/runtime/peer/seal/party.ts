/** What a side brings to a handshake, and what it says of itself there (spec/private-sharing.md §4.2). */
import type { Epoch, Mailbox } from "../contract.ts";
import { Fault } from "../fault.ts";
import { Fields, record } from "./fields.ts";
import { newEpoch, newSeed, publicKey, publicOf } from "./key.ts";
import { utf8, type Random } from "./octets.ts";
import { mailboxesFrom, mailboxesValue } from "./records.ts";
import { maxRelayURL } from "./relay.ts";
import { signMap, verifyMap } from "./sign.ts";
import { checkXWing } from "./xwing.ts";

const maxName = 128;
const maxQueues = 8;
const signatureKey = 7;

/** Fresh keys and queues, made for the one relation that comes of it. */
export interface Own {
  name: string; // to be shown to the other side
  pairwise: Uint8Array; // Ed25519 seed
  notice: Uint8Array; // X-Wing secret
  epoch: Epoch; // the first
  queues: Mailbox[]; // inboxes, with both seeds
}

/** Makes the keys. */
export async function newOwn(random: Random, now: number, name: string, queues: Mailbox[]): Promise<Own> {
  const pairwise = newSeed(random);
  const notice = newSeed(random);
  return { name, pairwise, notice, epoch: (await newEpoch(random, now)).epoch, queues };
}

/** What the other side says of itself; its keys are public ones. */
export interface Party {
  name: string;
  pairwise: Uint8Array;
  notice: Uint8Array;
  epoch: Uint8Array;
  queues: Mailbox[];
  now: number;
}

/** The public halves of a side's keys. */
export async function publics(o: Own): Promise<{ pairwise: Uint8Array; notice: Uint8Array; epoch: Uint8Array }> {
  return { pairwise: await publicKey(o.pairwise), notice: await publicOf(o.notice), epoch: await publicOf(o.epoch.private) };
}

/** Encodes and signs what o says of itself. */
export async function party(o: Own, now: number, label: string, bound: Uint8Array): Promise<Uint8Array> {
  const keys = await publics(o);
  const queues = shown(o.queues);
  checkName(o.name);
  checkQueues(queues);
  const map = record({ 1: o.name, 2: keys.pairwise, 3: keys.notice, 4: keys.epoch, 5: mailboxesValue(queues), 6: now });
  return signMap(map, signatureKey, o.pairwise, label, bound);
}

/** The other end of party. */
export async function parseParty(octets: Uint8Array, label: string, bound: Uint8Array): Promise<Party> {
  const f = Fields.of(octets, label);
  const p: Party = {
    name: f.text(1), pairwise: f.octets(2), notice: f.octets(3), epoch: f.octets(4),
    queues: mailboxesFrom(f.value(5)), now: f.int(6),
  };
  checkName(p.name);
  await checkKeys(p);
  await verifyMap(octets, signatureKey, p.pairwise, label, bound);
  return p;
}

function checkName(name: string): void {
  const length = utf8(name).length;
  if (length > maxName) throw new Fault("invalid", `a name of ${length} octets`, `at most ${maxName}`);
}

/** Checks what a side shows to the other in handshakes and in changing keys. */
export async function checkKeys(k: { pairwise: Uint8Array; notice: Uint8Array; epoch: Uint8Array; queues: Mailbox[] }): Promise<void> {
  if (k.pairwise.length !== 32) throw new Fault("invalid", `a pairwise key of ${k.pairwise.length} octets`);
  await checkXWing(k.notice);
  await checkXWing(k.epoch);
  checkQueues(k.queues);
}

/** Checks the queues that another side offers to be written to. */
export function checkQueues(queues: readonly Mailbox[]): void {
  if (queues.length === 0 || queues.length > maxQueues) {
    throw new Fault("invalid", `${queues.length} queues`, `a side has 1 to ${maxQueues}`);
  }
  for (const q of queues) {
    const length = utf8(q.relay).length;
    if (length === 0 || length > maxRelayURL || q.sender?.length !== 32) {
      throw new Fault("invalid", `a queue on a relay with an address of ${length} octets, sender seed of ${q.sender?.length ?? 0}`);
    }
    if (q.recipient || q.lock) throw new Fault("invalid", `a queue on "${q.relay}" with keys that are not the other side's to say`);
  }
}

/** What the other side may see of inboxes. */
export function shown(inboxes: readonly Mailbox[]): Mailbox[] {
  return inboxes.map((m) => (m.sender ? { relay: m.relay, sender: m.sender } : { relay: m.relay }));
}
