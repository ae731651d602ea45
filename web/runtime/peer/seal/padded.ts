/** AES-256-GCM, and the padding of bodies to the lengths of spec/mailbox.md §1. */
import { Fault } from "../fault.ts";
import { concat, own, secretSize, type Random } from "./octets.ts";

/** The lengths that a body may have on a relay. */
export const sizes: readonly number[] = [1536, 4096, 16384, 65536];

export const nonceSize = 12;
export const tagSize = 16;
export const lengthSize = 4;

const algorithm = "AES-GCM";
const nothing = new Uint8Array();

/** A key to seal and open with. */
export function cipherKey(octets: Uint8Array): Promise<CryptoKey> {
  if (octets.length !== secretSize) throw new Fault("internal", `an AES key of ${octets.length} octets`);
  return crypto.subtle.importKey("raw", own(octets), algorithm, false, ["encrypt", "decrypt"]);
}

/** Ciphertext and tag. */
export async function gcmSeal(key: CryptoKey, nonce: Uint8Array, plain: Uint8Array, data: Uint8Array = nothing): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.encrypt({ name: algorithm, iv: own(nonce), additionalData: own(data) }, key, own(plain)));
}

/** What gcmSeal sealed; a Fault when it is not. */
export async function gcmOpen(key: CryptoKey, nonce: Uint8Array, sealed: Uint8Array, data: Uint8Array = nothing): Promise<Uint8Array> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: algorithm, iv: own(nonce), additionalData: own(data) }, key, own(sealed)));
  } catch (e) {
    throw new Fault("corrupt", "wrong key, or changed since it was sealed", "", e);
  }
}

/** Reports whether a body may have this length. */
export function sized(length: number): boolean {
  return sizes.includes(length);
}

/** head ‖ nonce ‖ ciphertext ‖ tag, in the smallest of sizes that holds it. */
export async function sealPadded(
  random: Random, key: CryptoKey, head: Uint8Array, plain: Uint8Array, data: Uint8Array = nothing,
): Promise<Uint8Array> {
  const need = head.length + nonceSize + lengthSize + plain.length + tagSize;
  const size = sizes.find((s) => need <= s);
  if (size === undefined) throw new Fault("too_large", `a message of ${plain.length} octets does not fit into an envelope`);
  const nonce = random(nonceSize);
  const padded = new Uint8Array(size - head.length - nonceSize - tagSize);
  new DataView(padded.buffer).setUint32(0, plain.length);
  padded.set(plain, lengthSize);
  return concat(head, nonce, await gcmSeal(key, nonce, padded, data));
}

/** Opens nonce ‖ ciphertext ‖ tag and takes the padding off. */
export async function openPadded(key: CryptoKey, sealed: Uint8Array, data: Uint8Array = nothing): Promise<Uint8Array> {
  if (sealed.length < nonceSize + lengthSize + tagSize) throw new Fault("invalid", `${sealed.length} octets are too few`);
  const padded = await gcmOpen(key, sealed.subarray(0, nonceSize), sealed.subarray(nonceSize), data);
  const length = new DataView(padded.buffer).getUint32(0);
  if (length > padded.length - lengthSize) {
    throw new Fault("corrupt", `says that it holds ${length} octets and has ${padded.length - lengthSize}`);
  }
  if (padded.subarray(lengthSize + length).some((o) => o !== 0)) throw new Fault("corrupt", "its padding is not zero");
  return padded.slice(lengthSize, lengthSize + length);
}
