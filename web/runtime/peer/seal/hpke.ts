/**
 * HPKE (RFC 9180), mode base, KDF HKDF-SHA256, AEAD AES-256-GCM: of its contexts
 * only Export is used here, so that nothing is sealed by them.
 */
import { Fault } from "../fault.ts";
import { concat, expand, extract, secretSize, utf8 } from "./octets.ts";
import { agree, publicX25519 } from "./x25519.ts";
import { decapsulateXWing, encapsulateXWing } from "./xwing.ts";

/** The two key encapsulations of spec §1. */
export type KEM = "xwing" | "x25519";

const version = utf8("HPKE-v1");
const nothing = new Uint8Array();

const kemID = (kem: KEM): number[] => (kem === "xwing" ? [0x64, 0x7a] : [0, 0x20]);

function labeledExtract(suite: Uint8Array, salt: Uint8Array, label: string, secret: Uint8Array): Uint8Array {
  return extract(salt, concat(version, suite, label, secret));
}

function labeledExpand(suite: Uint8Array, secret: Uint8Array, label: string, info: Uint8Array): Uint8Array {
  return expand(secret, concat(Uint8Array.of(0, secretSize), version, suite, label, info), secretSize);
}

/** KeySchedule and Export of RFC 9180 §5.1 and §5.3. */
function exported(kem: KEM, shared: Uint8Array, info: Uint8Array, label: string): Uint8Array {
  const suite = concat("HPKE", Uint8Array.of(...kemID(kem), 0, 1, 0, 2));
  const context = concat(
    Uint8Array.of(0),
    labeledExtract(suite, nothing, "psk_id_hash", nothing),
    labeledExtract(suite, nothing, "info_hash", info),
  );
  const secret = labeledExtract(suite, shared, "secret", nothing);
  return labeledExpand(suite, labeledExpand(suite, secret, "exp", context), "sec", utf8(label));
}

/** DHKEM's ExtractAndExpand (RFC 9180 §4.1). */
function dhkem(shared: Uint8Array, enc: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const suite = concat("KEM", Uint8Array.of(...kemID("x25519")));
  return labeledExpand(suite, labeledExtract(suite, nothing, "eae_prk", shared), "shared_secret", concat(enc, publicKey));
}

/** Makes a secret that only the holder of the private half gets, and what to send them. */
export async function encapsulate(
  kem: KEM, publicKey: Uint8Array, info: Uint8Array, label: string,
): Promise<{ enc: Uint8Array; exported: Uint8Array }> {
  if (kem === "xwing") {
    const { enc, shared } = await encapsulateXWing(publicKey);
    return { enc, exported: exported(kem, shared, info, label) };
  }
  const ephemeral = crypto.getRandomValues(new Uint8Array(32));
  const enc = await publicX25519(ephemeral);
  const shared = dhkem(await agree(ephemeral, publicKey), enc, publicKey);
  return { enc, exported: exported(kem, shared, info, label) };
}

/** The other end of encapsulate. */
export async function decapsulate(
  kem: KEM, secret: Uint8Array, enc: Uint8Array, info: Uint8Array, label: string,
): Promise<Uint8Array> {
  if (kem === "xwing") return exported(kem, await decapsulateXWing(secret, enc), info, label);
  if (enc.length !== 32) throw new Fault("invalid", `an encapsulation of ${enc.length} octets, not 32`);
  const shared = dhkem(await agree(secret, enc), enc, await publicX25519(secret));
  return exported(kem, shared, info, label);
}
