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

/** The CID in base32 (RFC 4648 §6), as version 1 is spelled in addresses. */
export function spell(cid: CID): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
  let [out, buffer, have] = ["b", 0, 0];
  for (const b of cid.bytes) {
    buffer = ((buffer << 8) | b) & 0xffff;
    for (have += 8; have >= 5; have -= 5) {
      out += alphabet[(buffer >> (have - 5)) & 31];
    }
  }
  return have > 0 ? out + alphabet[(buffer << (5 - have)) & 31] : out;
}
