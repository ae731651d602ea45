/** Octets: texts of them, and the hashes and derivations of spec/private-sharing.md. */
import { hmac as nobleHMAC } from "@noble/hashes/hmac.js";
import { sha256 as nobleSHA256 } from "@noble/hashes/sha2.js";
import { Fault } from "../fault.ts";

/** Gives so many random octets. */
export type Random = (octets: number) => Uint8Array;

/** Length of secrets, seeds and hashes. */
export const secretSize = 32;

const digits = Array.from({ length: 256 }, (_, o) => o.toString(16).padStart(2, "0"));
const encoder = new TextEncoder();

/** Octets as lower-case hexadecimal. */
export function hex(octets: Uint8Array): string {
  let out = "";
  for (const o of octets) out += digits[o];
  return out;
}

/** The value of a digit; more than 15 for what is none. */
function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 97 && code <= 102 ? code - 87 : 0xf0;
}

/** What hex wrote; of exactly size octets when that is said. */
export function unhex(text: string, size?: number): Uint8Array {
  const out = new Uint8Array(text.length >> 1);
  let wrong = text.length & 1;
  if (size !== undefined && out.length !== size) throw new Fault("invalid", `an id of ${out.length} octets, not ${size}`);
  for (let i = 0; i < out.length; i++) {
    const high = nibble(text.charCodeAt(2 * i));
    const low = nibble(text.charCodeAt(2 * i + 1));
    wrong |= (high | low) & 0xf0;
    out[i] = (high << 4) | low;
  }
  if (wrong) throw new Fault("invalid", "not lower-case hexadecimal");
  return out;
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Octets as unpadded base64url. */
export function base64url(octets: Uint8Array): string {
  let out = "";
  let held = 0;
  let bits = 0;
  for (const o of octets) {
    held = (held << 8) | o;
    for (bits += 8; bits >= 6; ) out += letters.charAt((held >> (bits -= 6)) & 63);
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? out : out + letters.charAt((held << (6 - bits)) & 63);
}

/** What base64url wrote: anything else is refused, bits that stand for nothing too. */
export function unbase64url(text: string): Uint8Array {
  const out = new Uint8Array(Math.floor((text.length * 6) / 8));
  let at = 0;
  let held = 0;
  let bits = 0;
  for (const c of text) {
    const value = letters.indexOf(c);
    if (value < 0) throw new Fault("invalid", "not base64url");
    held = (held << 6) | value;
    if ((bits += 6) >= 8) {
      out[at++] = held >> (bits -= 8);
      held &= (1 << bits) - 1;
    }
  }
  if (bits >= 6 || held !== 0) throw new Fault("invalid", "not base64url: its end is missing");
  return out;
}

/** Text as UTF-8. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

const octetsOf = (part: Uint8Array | string): Uint8Array => (typeof part === "string" ? utf8(part) : part);

/** All parts, one after the other; texts as UTF-8. */
export function concat(...parts: (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  const all = parts.map(octetsOf);
  const out = new Uint8Array(all.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of all) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/** Orders octets as Go's bytes.Compare does. */
export function compare(a: Uint8Array, b: Uint8Array): -1 | 0 | 1 {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    if (x !== y) return x < y ? -1 : 1;
  }
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
}

/** Reports whether both are the same; by time, how many octets are says nothing. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let differ = 0;
  for (let i = 0; i < a.length; i++) differ |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return differ === 0;
}

/**
 * H of the spec over the joined parts. It is not asked of the browser, which has
 * no hash that answers at once: what is hashed here is short.
 */
export function hash(...parts: (Uint8Array | string)[]): Uint8Array {
  const h = nobleSHA256.create();
  for (const p of parts) h.update(octetsOf(p));
  return h.digest();
}

/** HMAC-SHA-256 over the joined parts. */
export function hmac(key: Uint8Array, ...parts: (Uint8Array | string)[]): Uint8Array {
  const h = newHMAC(key);
  for (const p of parts) h.update(octetsOf(p));
  return h.digest();
}

/** HMAC-SHA-256 of what comes piece by piece. */
export function newHMAC(key: Uint8Array): { update(octets: Uint8Array): unknown; digest(): Uint8Array } {
  return nobleHMAC.create(nobleSHA256, key);
}

/** HKDF-Extract with SHA-256 (RFC 5869). */
export function extract(salt: Uint8Array, secret: Uint8Array): Uint8Array {
  return hmac(salt, secret);
}

/**
 * HKDF-Expand with SHA-256. The browser's HKDF always extracts first, so that it
 * cannot do this.
 */
export function expand(secret: Uint8Array, info: Uint8Array | string, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array();
  for (let at = 0, n = 1; at < length; at += block.length, n++) {
    block = hmac(secret, block, info, Uint8Array.of(n));
    out.set(block.subarray(0, length - at), at);
  }
  return out;
}

/** For WebCrypto, whose types refuse memory that workers share; nothing here is. */
export function own(octets: Uint8Array): Uint8Array<ArrayBuffer> {
  return octets as Uint8Array<ArrayBuffer>;
}
