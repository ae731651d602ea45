/** Bodies in chunks (spec/private-sharing.md §5.3). */
import { Fault } from "../fault.ts";
import { hash, secretSize, type Random } from "./octets.ts";
import { cipherKey, gcmOpen, gcmSeal, nonceSize, tagSize } from "./padded.ts";
import { maxRelayURL } from "./relay.ts";

/** The longest body that a response holds itself. */
export const maxInline = 48 << 10;
/** The longest body of one response. */
export const maxChunked = 64 << 20;
/** The lengths that a chunk may have on a relay (spec/mailbox.md §3). */
export const chunkSizes: readonly number[] = [65536, 262144, 1048576, 4194304];

const chunkID = 24;
const fewChunks = 16;

/** Says where a body is that does not fit into a message. */
export interface Chunks {
  key: Uint8Array;
  size: number; // of the whole body
  each: number; // octets of a chunk
  at: ChunkRef[];
}

/** Names one chunk on a relay. */
export interface ChunkRef {
  relay: string;
  id: Uint8Array; // 24 octets
  erase: Uint8Array; // the key that erases it
}

/** How much of a body a chunk of size holds. */
export function chunkRoom(size: number): number {
  return size - tagSize;
}

/** The smallest chunks that make few of them, so that padding stays a small part. */
export function chunkSize(body: number): number {
  return chunkSizes.find((s) => body <= fewChunks * chunkRoom(s)) ?? 4194304;
}

function chunkNonce(index: number): Uint8Array {
  const nonce = new Uint8Array(nonceSize);
  new DataView(nonce.buffer).setBigUint64(4, BigInt(index));
  return nonce;
}

/** Seals the index-th part of a body under its own key into a chunk of size octets. */
export async function sealChunk(key: Uint8Array, index: number, part: Uint8Array, size: number): Promise<Uint8Array> {
  const space = chunkRoom(size);
  if (part.length > space) throw new Fault("internal", `a part of ${part.length} octets for a chunk of ${size}`);
  let padded = part;
  if (part.length < space) {
    padded = new Uint8Array(space);
    padded.set(part);
  }
  return gcmSeal(await cipherKey(key), chunkNonce(index), padded);
}

/** Opens the index-th chunk of what c describes: its part of the body. */
export async function openChunk(c: Chunks, index: number, chunk: Uint8Array): Promise<Uint8Array> {
  checkChunks(c);
  if (!(index >= 0 && index < c.at.length) || chunk.length !== c.each) {
    throw new Fault("invalid", `chunk ${index} of ${c.at.length}, ${chunk.length} octets of ${c.each}`);
  }
  const plain = await gcmOpen(await cipherKey(c.key), chunkNonce(index), chunk);
  return plain.subarray(0, Math.min(c.size - index * chunkRoom(c.each), plain.length));
}

/** Refuses descriptions that do not add up, before anything is fetched. */
export function checkChunks(c: Chunks): void {
  if (c.key.length !== secretSize) throw new Fault("invalid", `chunks with a key of ${c.key.length} octets`);
  if (!chunkSizes.includes(c.each) || c.size <= 0 || c.size > maxChunked) {
    throw new Fault("invalid", `${c.size} octets in chunks of ${c.each}`);
  }
  if (Math.ceil(c.size / chunkRoom(c.each)) !== c.at.length) {
    throw new Fault("invalid", `${c.size} octets in ${c.at.length} chunks of ${c.each}`);
  }
  for (const at of c.at) {
    if (at.relay.length === 0 || at.relay.length > maxRelayURL || at.id.length !== chunkID || at.erase.length !== secretSize) {
      throw new Fault("invalid", `a chunk with an id of ${at.id.length} octets and an erase key of ${at.erase.length}`);
    }
  }
}

/** Makes the id and the erase key of a chunk. */
export function newChunkRef(random: Random, relay: string): ChunkRef {
  return { relay, id: random(chunkID), erase: random(secretSize) };
}

/** What a relay is told at PUT, so that it knows the erase key later. */
export function eraseHash(c: ChunkRef): Uint8Array {
  return hash(c.erase);
}
