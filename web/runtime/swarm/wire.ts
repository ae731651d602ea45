// The messages of the peer wire protocol: BEP 3, the extension handshake of
// BEP 10, and the fast extension (BEP 6).
import { decode, encode, entry, type Value } from "./bencode.ts";
import { equal, latin1, text, utf8 } from "./bytes.ts";
import * as kind from "./kind.ts";

/** The length of the blocks that pieces are fetched in. */
export const blockLength = 16 * 1024;
/** The longest block that is given out. */
export const longestBlock = 128 * 1024;
/** Octets of a message that is neither a block nor a bitfield. */
const longestOther = 64 * 1024;
const longestClient = 64;

const protocol = utf8("\x13BitTorrent protocol");
export const handshakeLength = 68;

/** The handshake, with the bits of BEP 10 and BEP 6. */
export function handshake(swarm: Uint8Array, peer: Uint8Array): Uint8Array {
  const out = new Uint8Array(handshakeLength);
  out.set(protocol);
  out[25] = 0x10;
  out[27] = 0x04;
  out.set(swarm, 28);
  out.set(peer, 48);
  return out;
}

/** What a handshake says; undefined for none, or one of another swarm. */
export function readHandshake(b: Uint8Array, swarm: Uint8Array): { peer: Uint8Array; extended: boolean; fast: boolean } | undefined {
  if (!equal(b.subarray(0, 20), protocol) || !equal(b.subarray(28, 48), swarm)) {
    return undefined;
  }
  return { peer: b.slice(48, 68), extended: ((b[25] ?? 0) & 0x10) !== 0, fast: ((b[27] ?? 0) & 0x04) !== 0 };
}

/** A message with numbers behind its kind. */
export function message(what: number, ...numbers: readonly number[]): Uint8Array {
  return messageWith(what, numbers, 0);
}

/** A message with numbers and room for so many octets behind them. */
function messageWith(what: number, numbers: readonly number[], room: number): Uint8Array {
  const out = new Uint8Array(5 + 4 * numbers.length + room);
  const view = new DataView(out.buffer);
  view.setUint32(0, out.length - 4);
  out[4] = what;
  numbers.forEach((n, i) => view.setUint32(5 + 4 * i, n));
  return out;
}

export function bitfield(octets: Uint8Array): Uint8Array {
  const out = messageWith(kind.bitfield, [], octets.length);
  out.set(octets, 5);
  return out;
}

/** A block of a piece. What is asked for behind the piece's end is padding, which is zero (BEP 47). */
export function block(piece: number, begin: number, length: number, data: Uint8Array): Uint8Array {
  const out = messageWith(kind.piece, [piece, begin], length);
  out.set(data.subarray(begin, begin + length), 13);
  return out;
}

export function keepAlive(): Uint8Array {
  return new Uint8Array(4);
}

/** The extension handshake. */
export function extended(client: string, requests: number): Uint8Array {
  const dict = encode(new Map<string, Value>([["m", new Map()], ["reqq", requests], ["v", utf8(client)]]));
  const out = messageWith(kind.extended, [], 1 + dict.length);
  out.set(dict, 6);
  return out;
}

/** What an extension handshake says, without its leading octet; nothing for one that is damaged. */
export function readExtended(b: Uint8Array): { client: string; requests: number | undefined } {
  try {
    const v = decode(b, 1000);
    const client = entry(v, "v");
    const requests = entry(v, "reqq");
    return {
      client: client instanceof Uint8Array ? readable(text(client)) : "",
      requests: typeof requests === "number" && requests > 0 ? requests : undefined,
    };
  } catch {
    return { client: "", requests: undefined };
  }
}

/** A name as it may be shown: short, and without control characters. */
function readable(s: string): string {
  return s.replace(/[\p{C}\p{Z}]+/gu, " ").trim().slice(0, longestClient);
}

/** The name of a client by its peer ID, as most choose it: -XX0000-. */
export function clientOf(peer: Uint8Array): string {
  return /^-([A-Za-z]{2}[\w.]{4})-/.exec(latin1(peer.subarray(0, 8)))?.[1] ?? "";
}

/** Cuts a stream into messages. */
export class Splitter {
  readonly #longest: number;
  readonly #take: (message: Uint8Array) => void;
  #rest = new Uint8Array(0);
  #used = 0;
  #first = handshakeLength;

  /** take gets the handshake first, and then messages without their length. */
  constructor(pieces: number, take: (message: Uint8Array) => void) {
    this.#longest = Math.max(longestOther, longestBlock + 9, Math.ceil(pieces / 8) + 1);
    this.#take = take;
  }

  /** Takes what arrived; false when a message is longer than any. */
  push(data: Uint8Array): boolean {
    let from = data;
    if (this.#used > 0) {
      this.#append(data);
      from = this.#rest.subarray(0, this.#used);
    }
    let at = 0;
    for (;;) {
      const next = this.#next(from, at);
      if (next < 0) {
        return false;
      }
      if (next > from.length || next === at) {
        break;
      }
      if (next - at > 4) {
        this.#take(from.subarray(this.#first > 0 ? at : at + 4, next));
      }
      this.#first = 0;
      at = next;
    }
    const left = from.subarray(at);
    if (this.#used > 0) {
      this.#rest.copyWithin(0, at, this.#used);
      this.#used = left.length;
    } else if (left.length > 0) {
      this.#append(left);
    }
    return true;
  }

  /** Where the message at a place ends, as far as that is known; the place itself when it is not. */
  #next(b: Uint8Array, at: number): number {
    if (this.#first > 0) {
      return this.#first;
    }
    if (b.length - at < 4) {
      return at;
    }
    const length = ((b[at] ?? 0) << 24) | ((b[at + 1] ?? 0) << 16) | ((b[at + 2] ?? 0) << 8) | (b[at + 3] ?? 0);
    return length < 0 || length > this.#longest ? -1 : at + 4 + length;
  }

  #append(data: Uint8Array): void {
    if (this.#used + data.length > this.#rest.length) {
      const larger = new Uint8Array(2 * (this.#used + data.length));
      larger.set(this.#rest.subarray(0, this.#used));
      this.#rest = larger;
    }
    this.#rest.set(data, this.#used);
    this.#used += data.length;
  }
}
