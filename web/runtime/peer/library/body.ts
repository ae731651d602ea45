/**
 * Bodies at rest: pieces of 64 KiB, each sealed under the body's own key as
 * nonce (12) ‖ ciphertext ‖ tag (16), so that any part can be read.
 */
import type { Body, Files } from "../contract.ts";
import { Fault } from "../fault.ts";
import { cipherKey, concat, gcmOpen, gcmSeal, hash, hex, newHMAC } from "../seal/index.ts";

const piece = 64 << 10;
const nonceSize = 12;
const overhead = nonceSize + 16;
const mostAtOnce = 16; // pieces that are opened together

/** What a body comes from. */
export type Source = Uint8Array | AsyncIterable<Uint8Array>;

/** The name of a body's file: it says nothing, and only the key leads to it. */
export function fileName(key: Uint8Array): string {
  return hex(hash("kith body name 1", key).subarray(0, 17));
}

/** The tag of a body that is in memory (spec §6.1). */
export function tagOfBody(key: Uint8Array, body: Uint8Array): Uint8Array {
  const mac = newTag(key);
  mac.update(body);
  return mac.digest().slice(0, 16);
}

function newTag(key: Uint8Array): ReturnType<typeof newHMAC> {
  const mac = newHMAC(key);
  mac.update(new TextEncoder().encode("kith body 1\0"));
  return mac;
}

function place(i: number): Uint8Array {
  const at = new Uint8Array(8);
  new DataView(at.buffer).setBigUint64(0, BigInt(i));
  return concat("kith body 1", at);
}

type Random = (octets: number) => Uint8Array;

/** Seals what is written to it. Pieces that are not full wait in memory for more. */
export class BodyWriter {
  readonly #files: Files;
  readonly #name: string;
  readonly #key: CryptoKey;
  readonly #random: Random;
  readonly #mac: ReturnType<typeof newHMAC>;
  #buffer = new Uint8Array(piece);
  #held = 0;
  #pieces = 0;

  private constructor(files: Files, key: Uint8Array, sealing: CryptoKey, random: Random) {
    this.#files = files;
    this.#name = fileName(key);
    this.#key = sealing;
    this.#random = random;
    this.#mac = newTag(key);
  }

  /** Goes on with a body that was begun, after the whole pieces that are there and open. */
  static async resume(files: Files, key: Uint8Array, random: Random): Promise<BodyWriter> {
    const w = new BodyWriter(files, key, await cipherKey(key), random);
    const body = await files.open(w.#name);
    if (!body) return w;
    try {
      while ((w.#pieces + 1) * (piece + overhead) <= body.size) {
        w.#mac.update(await load(body, w.#key, w.#pieces, piece));
        w.#pieces++;
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error; // else it goes on where the damage begins
    } finally {
      body.close();
    }
    return w;
  }

  /** How much was written. */
  get size(): number {
    return this.#pieces * piece + this.#held;
  }

  async write(octets: Uint8Array): Promise<void> {
    while (octets.length > 0) {
      const n = Math.min(octets.length, piece - this.#held);
      this.#buffer.set(octets.subarray(0, n), this.#held);
      this.#held += n;
      octets = octets.subarray(n);
      if (this.#held === piece) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    const plain = this.#buffer.subarray(0, this.#held);
    const nonce = this.#random(nonceSize);
    const sealed = await gcmSeal(this.#key, nonce, plain, place(this.#pieces));
    await this.#files.write(this.#name, this.#pieces * (piece + overhead), concat(nonce, sealed));
    this.#mac.update(plain);
    if (this.#held === piece) this.#pieces++;
    this.#held = 0;
  }

  /** Waits for the disk; nothing is written after it. Returns the tag. */
  async finish(): Promise<Uint8Array> {
    if (this.#held > 0) await this.#flush();
    await this.#files.flush(this.#name);
    return this.#mac.digest().slice(0, 16);
  }
}

async function load(file: Body, key: CryptoKey, i: number, length: number): Promise<Uint8Array> {
  const at = i * (piece + overhead);
  const raw = await file.read(at, at + length + overhead);
  if (raw.length < length + overhead) throw new Fault("corrupt", "a body is cut short on disk");
  try {
    return await gcmOpen(key, raw.subarray(0, nonceSize), raw.subarray(nonceSize), place(i));
  } catch (error) {
    throw new Fault("corrupt", "a body was changed on disk", "", error);
  }
}

/** Opens a body of so many octets. What was changed on disk is found when it is read. */
export async function openBody(files: Files, key: Uint8Array, size: number): Promise<Body> {
  const file = await files.open(fileName(key));
  if (!file) throw new Fault("corrupt", "a body is missing on disk");
  return new Opened(file, await cipherKey(key), size);
}

class Opened implements Body {
  readonly size: number;
  readonly #file: Body;
  readonly #key: CryptoKey;
  #last: { i: number; plain: Uint8Array } | undefined;

  constructor(file: Body, key: CryptoKey, size: number) {
    this.#file = file;
    this.#key = key;
    this.size = size;
  }

  async read(from: number, to: number): Promise<Uint8Array> {
    to = Math.min(to, this.size);
    const parts: Uint8Array[] = [];
    for (let first = Math.floor(from / piece); first * piece < to; first += mostAtOnce) {
      const numbers = Array.from({ length: mostAtOnce }, (_, n) => first + n).filter((i) => i * piece < to);
      const plains = await Promise.all(numbers.map((i) => this.#piece(i)));
      plains.forEach((plain, n) => {
        const at = (first + n) * piece;
        parts.push(plain.subarray(Math.max(0, from - at), Math.min(plain.length, to - at)));
      });
    }
    return parts.length === 1 ? (parts[0] ?? concat()) : concat(...parts);
  }

  close(): void {
    this.#file.close();
  }

  async #piece(i: number): Promise<Uint8Array> {
    if (this.#last?.i === i) return this.#last.plain;
    const plain = await load(this.#file, this.#key, i, Math.min(piece, this.size - i * piece));
    this.#last = { i, plain };
    return plain;
  }
}

/** A body that is in memory. */
export function memory(octets: Uint8Array): Body {
  return { size: octets.length, read: async (from, to) => octets.subarray(from, to), close: () => {} };
}

/** A part of a body. */
export function section(body: Body, from: number, to: number): Body {
  return {
    size: to - from,
    read: (a, b) => body.read(from + a, Math.min(from + b, to)),
    close: () => body.close(),
  };
}

/** A body, or a part of it, in order. */
export async function* octetsOf(body: Body, from = 0, to = body.size): AsyncGenerator<Uint8Array> {
  for (const step = 4 * piece; from < to; from += step) yield body.read(from, Math.min(to, from + step));
}

/** A stream, in order; ended early it is cancelled. */
export async function* streamed(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** What a source has, piece by piece. */
export async function* piecesOf(source: Source): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) yield source;
  else yield* source;
}
