/** The safety code (spec/private-sharing.md §4.4). */
import type { Relation } from "../contract.ts";
import { publicKey } from "./key.ts";
import { compare, hash } from "./octets.ts";

const groups = 6;

/** What two people compare: the same on both sides, and of nobody who stands between. */
export async function safetyCode(r: Relation, transcript: Uint8Array): Promise<string> {
  const keys = [await publicKey(r.pairwise ?? new Uint8Array()), r.peerKey ?? new Uint8Array()].sort(compare);
  return safetyDigits(hash("kith safety 1", ...keys, transcript));
}

/** The first 15 octets as groups of 20 bits. */
function safetyDigits(digest: Uint8Array): string {
  const view = new DataView(digest.buffer, digest.byteOffset);
  return Array.from({ length: groups }, (_, i) => {
    const bit = 20 * i;
    const bits = (view.getUint32(bit >> 3) >>> (12 - (bit % 8))) & 0xfffff;
    return String(bits % 100_000).padStart(5, "0");
  }).join(" ");
}
