// Content identifiers (https://github.com/multiformats/cid) and blocks.
import { bad, digest, equal, latin1, Reader } from "./bytes.ts";

export const codecs = { raw: 0x55, dagPB: 0x70 } as const;

const hashes = { identity: 0x00, sha256: 0x12, sha512: 0x13 } as const;
const lengths: Readonly<Record<number, number>> = { [hashes.sha256]: 32, [hashes.sha512]: 64 };
const longest = 4096;

/** A content identifier. */
export interface CID {
  /** The same for the same block under the same codec, and only then. */
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly codec: number;
  readonly hash: number;
  readonly digest: Uint8Array;
}

/** Reads the CID that begins where r is. */
export function readCID(r: Reader): CID {
  const from = r.at;
  let codec: number = codecs.dagPB;
  if (r.data[from] !== 0x12 || r.data[from + 1] !== 32) { // else version 0
    if (r.varint() !== 1) {
      bad("has a CID of an unknown version");
    }
    codec = r.varint();
  }
  const hash = r.varint();
  const length = r.varint();
  if (length > longest || (lengths[hash] ?? length) !== length) {
    bad("has a CID that is damaged");
  }
  const digest = r.take(length);
  if (hash !== hashes.identity && lengths[hash] === undefined) {
    bad("uses a hash that this browser cannot compute");
  }
  const bytes = r.data.subarray(from, r.at);
  return { bytes, codec, hash, digest, key: `${codec} ${hash} ${latin1(digest)}` };
}

/** The block of an identity CID, which is in the CID itself. */
export function inlined(c: CID): Uint8Array | undefined {
  return c.hash === hashes.identity ? c.digest : undefined;
}

/** Whether data is the block of c. */
export async function isBlock(c: CID, data: Uint8Array): Promise<boolean> {
  const here = inlined(c);
  return equal(c.digest, here ? data : await digest(c.hash === hashes.sha512 ? "SHA-512" : "SHA-256", data));
}

/** Reads the CID of an address, ipfs://<cid>. */
export function cidOf(address: string): CID {
  const spelt = /^ipfs:\/\/([A-Za-z0-9]+)/.exec(address)?.[1] ?? "";
  const bytes = spelt.length > 2 * longest ? undefined : unspell(spelt);
  if (!bytes) {
    return bad("is of a site whose address has no CID");
  }
  const r = new Reader(bytes);
  const cid = readCID(r);
  return r.done ? cid : bad("is of a site whose CID is damaged");
}

const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const base36 = "0123456789abcdefghijklmnopqrstuvwxyz";
const base32 = "abcdefghijklmnopqrstuvwxyz234567";
const base16 = "0123456789abcdef";

/** Reads a CID's text form by its multibase prefix. */
function unspell(s: string): Uint8Array | undefined {
  if (s.startsWith("Qm")) {
    return number(s, base58);
  }
  const rest = s.slice(1);
  switch (s[0]) {
    case "b":
      return bits(rest, base32, 5);
    case "f":
      return bits(rest, base16, 4);
    case "z":
      return number(rest, base58);
    case "k":
      return number(rest, base36);
  }
  return undefined;
}

/** RFC 4648: so many bits a character. */
function bits(s: string, alphabet: string, width: number): Uint8Array | undefined {
  const out: number[] = [];
  let buffer = 0;
  let have = 0;
  for (const c of s) {
    const v = alphabet.indexOf(c);
    if (v < 0) {
      return undefined;
    }
    buffer = ((buffer << width) | v) & 0xffff;
    have += width;
    if (have >= 8) {
      have -= 8;
      out.push((buffer >> have) & 255);
    }
  }
  return Uint8Array.from(out);
}

/** One large number; zeros at the beginning stand for octets of zero. */
function number(s: string, alphabet: string): Uint8Array | undefined {
  const out: number[] = [];
  for (const c of s) {
    let carry = alphabet.indexOf(c);
    if (carry < 0) {
      return undefined;
    }
    for (let i = 0; i < out.length; i++) {
      carry += (out[i] ?? 0) * alphabet.length;
      out[i] = carry & 255;
      carry >>= 8;
    }
    for (; carry > 0; carry >>= 8) {
      out.push(carry & 255);
    }
  }
  for (let i = 0; s[i] === alphabet[0] && i < s.length; i++) {
    out.push(0);
  }
  return Uint8Array.from(out.reverse());
}
