/** X25519 (RFC 7748) by WebCrypto. */
import { Fault } from "../fault.ts";
import { concat, own } from "./octets.ts";

const x25519 = "X25519";
const pkcs8Head = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20);
const base = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 9 : 0));

/** What both sides get; a public key that gives everybody the same is refused. */
export async function agree(secret: Uint8Array, publicKey: Uint8Array): Promise<Uint8Array> {
  if (secret.length !== 32 || publicKey.length !== 32) {
    throw new Fault("invalid", `X25519 keys of ${secret.length} and ${publicKey.length} octets`);
  }
  const mine = await crypto.subtle.importKey("pkcs8", concat(pkcs8Head, secret), x25519, false, ["deriveBits"]);
  const theirs = await crypto.subtle.importKey("raw", own(publicKey), x25519, false, []);
  let shared: Uint8Array;
  try {
    shared = new Uint8Array(await crypto.subtle.deriveBits({ name: x25519, public: theirs }, mine, 256));
  } catch (e) {
    throw new Fault("invalid", "an X25519 key that agrees with nobody", "", e);
  }
  if (shared.every((o) => o === 0)) throw new Fault("invalid", "an X25519 key that agrees with nobody");
  return shared;
}

/** The public half of a secret. */
export function publicX25519(secret: Uint8Array): Promise<Uint8Array> {
  return agree(secret, base);
}
