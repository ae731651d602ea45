/** Own devices, and what is sealed to a key alone (spec/private-sharing.md §2). */
import { PartyKind, type Mailbox, type Relation } from "../contract.ts";
import { Fault } from "../fault.ts";
import { relationOf, sideOf, type Side } from "./context.ts";
import { decapsulate, encapsulate } from "./hpke.ts";
import { epochOf } from "./key.ts";
import { compare, concat, expand, hash, hex, secretSize, unhex, type Random } from "./octets.ts";
import { cipherKey, gcmOpen, gcmSeal, nonceSize, openPadded, sealPadded, sized, tagSize } from "./padded.ts";
import { encSize } from "./xwing.ts";

const label = "kith sealed 1";

const info = (of: Uint8Array | string): Uint8Array => concat(of);

const sealedKey = (exported: Uint8Array): Promise<CryptoKey> => cipherKey(expand(exported, label, secretSize));

/** Seals content to an X-Wing key, for who knows nothing but that: one of sizes long. */
export async function sealTo(random: Random, to: Uint8Array, of: Uint8Array | string, content: Uint8Array): Promise<Uint8Array> {
  const { enc, exported } = await encapsulate("xwing", to, info(of), label);
  return sealPadded(random, await sealedKey(exported), enc, content);
}

/** Opens what sealTo sealed. */
export async function openTo(secret: Uint8Array, of: Uint8Array | string, octets: Uint8Array): Promise<Uint8Array> {
  if (!sized(octets.length)) throw new Fault("invalid", `a sealed body of ${octets.length} octets`);
  const exported = await decapsulate("xwing", secret, octets.subarray(0, encSize), info(of), label);
  return openPadded(await sealedKey(exported), octets.subarray(encSize));
}

/** Seals content of any length to an X-Wing key: enc ‖ nonce ‖ ciphertext ‖ tag (§2.4). */
export async function sealFile(random: Random, to: Uint8Array, of: Uint8Array | string, content: Uint8Array): Promise<Uint8Array> {
  const { enc, exported } = await encapsulate("xwing", to, info(of), label);
  const nonce = random(nonceSize);
  return concat(enc, nonce, await gcmSeal(await sealedKey(exported), nonce, content));
}

/** Opens what sealFile sealed. */
export async function openFile(secret: Uint8Array, of: Uint8Array | string, octets: Uint8Array): Promise<Uint8Array> {
  if (octets.length < encSize + nonceSize + tagSize) throw new Fault("invalid", `a sealed file of ${octets.length} octets`);
  const exported = await decapsulate("xwing", secret, octets.subarray(0, encSize), info(of), label);
  const rest = octets.subarray(encSize);
  return gcmOpen(await sealedKey(exported), rest.subarray(0, nonceSize), rest.subarray(nonceSize));
}

/** The id of a household secret. */
export function householdOf(secret: Uint8Array): string {
  return hex(hash("kith household 1", secret).subarray(0, 8));
}

/** The root secret of the relation of two own devices. */
export function ownRoot(household: Uint8Array, a: string, b: string): Uint8Array {
  const ids = [unhex(a, 8), unhex(b, 8)].sort(compare);
  return expand(household, concat("kith own 1", ...ids), secretSize);
}

/** The queue on a relay that two own devices use in one direction; root is ownRoot's. */
export function ownQueue(root: Uint8Array, direction: Side, relay: string): Mailbox {
  return derived(root, concat("kith own queue 1", Uint8Array.of(direction), relay), relay);
}

/** The queue on a relay in which a device of the household finds new rosters (§2.3). */
export function rosterQueue(household: Uint8Array, to: string, relay: string): Mailbox {
  return derived(household, concat("kith roster queue 1", unhex(to, 8), relay), relay);
}

function derived(secret: Uint8Array, of: Uint8Array, relay: string): Mailbox {
  const seeds = expand(secret, of, 2 * secretSize);
  return { relay, sender: seeds.slice(0, secretSize), recipient: seeds.slice(secretSize) };
}

/** One device's part in the relation of two own devices. */
export interface OwnSide {
  device: string;
  private?: Uint8Array; // of the device's X-Wing key; absent for the other device
  public: Uint8Array; // of the same
  queues: Mailbox[]; // the device's inboxes
}

/**
 * The relation of two devices of one person. A device's X-Wing key is its notice key
 * and its first epoch; what followed that epoch, the caller puts in.
 */
export function ownRelation(household: Uint8Array, me: OwnSide, peer: OwnSide): Relation {
  const root = ownRoot(household, me.device, peer.device);
  const secret = me.private ?? new Uint8Array();
  return {
    id: relationOf(root), kind: PartyKind.ownDevice, side: sideOf(unhex(me.device), unhex(peer.device)), root,
    notice: secret, peerNotice: peer.public,
    epochs: [{ id: epochOf(me.public), private: secret, created: 0 }],
    peerEpoch: { id: epochOf(peer.public), public: peer.public, seen: 0 },
    in: me.queues, out: peer.queues,
  };
}
