/** X-Wing: ML-KEM-768 and X25519 as one KEM (draft-connolly-cfrg-xwing-kem). */
import { sha3_256, shake256 } from "@noble/hashes/sha3.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { Fault } from "../fault.ts";
import { concat, secretSize } from "./octets.ts";
import { agree, publicX25519 } from "./x25519.ts";

/** Length of a public key. */
export const publicSize = 1216;
/** Length of an encapsulation. */
export const encSize = 1120;

const kemPublic = 1184;
const kemEnc = 1088;
const label = "\\.//^\\";

interface Pair {
  kem: Uint8Array; // ML-KEM's decapsulation key
  curve: Uint8Array; // X25519's secret
  curvePublic: Uint8Array;
  public: Uint8Array;
}

async function pairOf(secret: Uint8Array): Promise<Pair> {
  if (secret.length !== secretSize) throw new Fault("invalid", `an X-Wing key of ${secret.length} octets, not ${secretSize}`);
  const seeds = shake256(secret, { dkLen: 96 });
  const kem = ml_kem768.keygen(seeds.subarray(0, 64));
  const curve = seeds.subarray(64);
  const curvePublic = await publicX25519(curve);
  return { kem: kem.secretKey, curve, curvePublic, public: concat(kem.publicKey, curvePublic) };
}

/** The public half of a secret. */
export async function publicXWing(secret: Uint8Array): Promise<Uint8Array> {
  return (await pairOf(secret)).public;
}

/**
 * Refuses what nothing can be sealed to: keys of another length, with numbers out of
 * ML-KEM's field, or whose X25519 half agrees with nobody.
 */
export async function checkXWing(publicKey: Uint8Array): Promise<void> {
  checkField(publicKey);
  await agree(new Uint8Array(32), publicKey.subarray(kemPublic)); // any secret tells
}

function checkField(publicKey: Uint8Array): void {
  if (publicKey.length !== publicSize) throw new Fault("invalid", `an X-Wing key of ${publicKey.length} octets`);
  for (let i = 0; i < kemPublic - 32; i += 3) {
    const [a = 0, b = 0, c = 0] = publicKey.subarray(i, i + 3);
    if ((a | ((b & 15) << 8)) >= 3329 || ((b >> 4) | (c << 4)) >= 3329) throw new Fault("invalid", "an X-Wing key out of its field");
  }
}

/** Makes a secret that only the holder of the key's private half gets. */
export async function encapsulateXWing(publicKey: Uint8Array): Promise<{ enc: Uint8Array; shared: Uint8Array }> {
  checkField(publicKey);
  const theirs = publicKey.subarray(kemPublic);
  const ephemeral = crypto.getRandomValues(new Uint8Array(32));
  const curveEnc = await publicX25519(ephemeral);
  const curveShared = await agree(ephemeral, theirs);
  const kem = ml_kem768.encapsulate(publicKey.subarray(0, kemPublic));
  return {
    enc: concat(kem.cipherText, curveEnc),
    shared: sha3_256(concat(kem.sharedSecret, curveShared, curveEnc, theirs, label)),
  };
}

/** The other end of encapsulateXWing. What is not for this key gives another secret. */
export async function decapsulateXWing(secret: Uint8Array, enc: Uint8Array): Promise<Uint8Array> {
  if (enc.length !== encSize) throw new Fault("invalid", `an encapsulation of ${enc.length} octets, not ${encSize}`);
  const pair = await pairOf(secret);
  const curveEnc = enc.subarray(kemEnc);
  const curveShared = await agree(pair.curve, curveEnc);
  const kemShared = ml_kem768.decapsulate(enc.subarray(0, kemEnc), pair.kem);
  return sha3_256(concat(kemShared, curveShared, curveEnc, pair.curvePublic, label));
}
