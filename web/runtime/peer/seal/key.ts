/** Ed25519 and X-Wing keys (spec/private-sharing.md §1-3). */
import type { Epoch } from "../contract.ts";
import { Fault } from "../fault.ts";
import { concat, expand, hash, hex, own, secretSize, unbase64url, type Random } from "./octets.ts";
import { publicXWing } from "./xwing.ts";

/** A private Ed25519 key: its seed, or a key that cannot leave the browser. */
export type Signer = Uint8Array | CryptoKey;

const ed25519 = "Ed25519";

/** What PKCS #8 has before an Ed25519 seed (RFC 8410 §7). */
const pkcs8Head = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);

/** 32 random octets: a secret, or the seed of an Ed25519 key. */
export function newSeed(random: Random): Uint8Array {
  return random(secretSize);
}

/** A random id of a message. */
export function newID(random: Random): string {
  return hex(random(16));
}

function importSeed(seed: Uint8Array, extractable: boolean): Promise<CryptoKey> {
  if (seed.length !== secretSize) throw new Fault("invalid", `an Ed25519 seed of ${seed.length} octets, not ${secretSize}`);
  return crypto.subtle.importKey("pkcs8", concat(pkcs8Head, seed), ed25519, extractable, ["sign"]);
}

/** Signs octets. */
export async function sign(key: Signer, octets: Uint8Array): Promise<Uint8Array> {
  const k = key instanceof Uint8Array ? await importSeed(key, false) : key;
  return new Uint8Array(await crypto.subtle.sign(ed25519, k, own(octets)));
}

/** Reports whether the signature over octets is by the key; false for what is no key. */
export async function verify(key: Uint8Array, octets: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (key.length !== 32 || signature.length !== 64) return false;
  try {
    const k = await crypto.subtle.importKey("raw", own(key), ed25519, false, ["verify"]);
    return await crypto.subtle.verify(ed25519, k, own(signature), own(octets));
  } catch {
    return false;
  }
}

/** The public half of an Ed25519 seed. */
export async function publicKey(seed: Uint8Array): Promise<Uint8Array> {
  const jwk = await crypto.subtle.exportKey("jwk", await importSeed(seed, true));
  return unbase64url(jwk.x ?? "");
}

/** An Ed25519 key that cannot leave the browser, and its public half. */
export async function newDeviceKey(): Promise<{ private: CryptoKey; public: Uint8Array }> {
  const pair = (await crypto.subtle.generateKey(ed25519, false, ["sign", "verify"])) as CryptoKeyPair;
  return { private: pair.privateKey, public: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)) };
}

/** The public half of an X-Wing secret. */
export function publicOf(secret: Uint8Array): Promise<Uint8Array> {
  return publicXWing(secret);
}

/** The id of the epoch with this X-Wing key (spec §3.1). */
export function epochOf(publicKeyOfIt: Uint8Array): string {
  return hex(hash(publicKeyOfIt).subarray(0, 8));
}

/** Makes an epoch, and its public half. */
export async function newEpoch(random: Random, now: number): Promise<{ epoch: Epoch; public: Uint8Array }> {
  const secret = newSeed(random);
  const half = await publicXWing(secret);
  return { epoch: { id: epochOf(half), private: secret, created: now }, public: half };
}

/** The id of the device with this Ed25519 key (spec §2). */
export function deviceOf(publicKeyOfIt: Uint8Array): string {
  return hex(hash("kith device 1", publicKeyOfIt).subarray(0, 8));
}

/** The seed of a person's root key, of the entropy of the recovery phrase. */
export function rootSeed(entropy: Uint8Array): Uint8Array {
  return expand(checkEntropy(entropy), "kith root 1", secretSize);
}

/** The X-Wing secret that backups are sealed to, of the same (spec §2.4). */
export function backupKey(entropy: Uint8Array): Uint8Array {
  return expand(checkEntropy(entropy), "kith backup 1", secretSize);
}

function checkEntropy(entropy: Uint8Array): Uint8Array {
  if (entropy.length !== secretSize) throw new Fault("invalid", `a root seed of ${entropy.length} octets, not ${secretSize}`);
  return entropy;
}
