/**
 * Range-based set reconciliation (spec §6.3): what internal/library/reconcile is in
 * Go. Elements are handle (16) ‖ revision (16); a message is a sequence of
 *
 *     kind (1) ‖ length of the prefix in bits (1) ‖ prefix ‖ content
 */
import { Fault } from "../fault.ts";
import { concat, hash, hex } from "../seal/index.ts";

const kindSums = 1; // log2 of their number (1) ‖ fingerprints (8 each)
const kindList = 2; // number (2) ‖ short ids (6 each) of all that the sender has there
const kindWant = 3; // the same, of what the sender lacks

const openBits = 7; // the first message tells 128 fingerprints
const splitBits = 4; // a range that differs is told as 16
const listMost = 64; // elements that are listed rather than split
const sumsMost = 8; // log2 of the fingerprints of a node
const maxNodes = 8192; // of a message
const bucketBits = 12;
const handleBits = 128;
const idSize = 6;
const mostWork = 1 << 18; // elements looked at for one message, and 4 times those there are

interface Element {
  octets: Uint8Array;
  sum: bigint;
}

interface Bucket {
  sum: bigint;
  elements: Element[];
}

/** The beginning of elements; zero beyond its bits. */
interface Prefix {
  octets: Uint8Array; // 16
  bits: number;
}

interface Node {
  kind: number;
  prefix: Prefix;
  sums: bigint[];
  ids: string[];
}

/** Bounds of one reply; what is left out comes in the next round. */
export interface Limits {
  octets?: number; // of the message: 32 KiB
  elements?: number; // to send: 4,096
}

/** What to do about a message. */
export interface Answer {
  /** Empty when there is nothing to ask or tell. */
  message: Uint8Array;
  /** Elements that the other side lacks. */
  send: Uint8Array[];
  /** The message told the fingerprints of the whole set, and they are those of this one. */
  equal: boolean;
  /** Something was left out for the limits. */
  more: boolean;
}

/** A set of elements that can tell the fingerprint of any prefix. */
export class RangeSet {
  readonly #buckets: Bucket[] = Array.from({ length: 1 << bucketBits }, () => ({ sum: 0n, elements: [] }));
  #count = 0;

  get size(): number {
    return this.#count;
  }

  /** Whether it was not there. */
  add(octets: Uint8Array): boolean {
    const b = this.#bucket(octets);
    if (b.elements.some((e) => same(e.octets, octets))) return false;
    const sum = u64(hash(octets), 0);
    b.elements.push({ octets, sum });
    b.sum = BigInt.asUintN(64, b.sum + sum);
    this.#count++;
    return true;
  }

  /** Whether it was there. */
  remove(octets: Uint8Array): boolean {
    const b = this.#bucket(octets);
    const i = b.elements.findIndex((e) => same(e.octets, octets));
    const [gone] = i < 0 ? [] : b.elements.splice(i, 1);
    if (!gone) return false;
    b.sum = BigInt.asUintN(64, b.sum - gone.sum);
    this.#count--;
    return true;
  }

  /** The first message of a round. */
  open(): Uint8Array {
    return this.sums({ octets: new Uint8Array(16), bits: 0 }, openBits);
  }

  /** Works on a message of the other side. The salt is the round's, the same on both sides. */
  answer(salt: Uint8Array, message: Uint8Array, limits: Limits = {}): Answer {
    const round = new Round(this, salt, limits);
    for (const n of parse(message)) round.take(n);
    return round.end();
  }

  sums(p: Prefix, n: number): Uint8Array {
    const out = new Uint8Array(8 << n);
    const view = new DataView(out.buffer);
    for (let i = 0; i < 1 << n; i++) view.setBigUint64(8 * i, this.fold(child(p, i, n)).sum);
    return concat(head(kindSums, p), Uint8Array.of(n), out);
  }

  /** The fingerprint of a prefix, and how many elements have it. */
  fold(p: Prefix): { sum: bigint; count: number } {
    let [sum, count] = [0n, 0];
    if (p.bits > bucketBits) {
      for (const e of this.each(p)) [sum, count] = [sum + e.sum, count + 1];
    } else {
      for (const b of this.#span(p)) [sum, count] = [sum + b.sum, count + b.elements.length];
    }
    return { sum: BigInt.asUintN(64, sum), count };
  }

  *each(p: Prefix): Generator<Element> {
    for (const b of this.#span(p)) for (const e of b.elements) if (holds(p, e.octets)) yield e;
  }

  #span(p: Prefix): Bucket[] {
    const first = place(p.octets);
    return this.#buckets.slice(first, first + (p.bits >= bucketBits ? 1 : 1 << (bucketBits - p.bits)));
  }

  #bucket(octets: Uint8Array): Bucket {
    return this.#buckets[place(octets)] as Bucket;
  }
}

/** The work on one message. */
class Round {
  readonly #set: RangeSet;
  readonly #salt: Uint8Array;
  readonly #most: Required<Limits>;
  readonly #parts: Uint8Array[] = [];
  readonly #send = new Map<string, Uint8Array>();
  #octets = 0;
  #budget: number;
  #all = false; // the message told the sums of everything
  #differ = false;
  #more = false;

  constructor(set: RangeSet, salt: Uint8Array, limits: Limits) {
    this.#set = set;
    this.#salt = salt;
    this.#most = { octets: limits.octets ?? 32 << 10, elements: limits.elements ?? 4096 };
    this.#budget = mostWork + 4 * set.size;
  }

  take(n: Node): void {
    if (n.kind === kindSums) this.#compare(n);
    else if (n.kind === kindList) this.#list(n);
    else this.#want(n);
  }

  end(): Answer {
    const equal = this.#all && !this.#differ;
    return { message: concat(...this.#parts), send: [...this.#send.values()], equal, more: this.#more };
  }

  /** Whether there is work left for so many elements. */
  #spend(n: number): boolean {
    if (this.#budget < n || this.#octets > this.#most.octets) {
      this.#more = this.#differ = true;
      return false;
    }
    this.#budget -= n;
    return true;
  }

  #say(part: Uint8Array): void {
    this.#parts.push(part);
    this.#octets += part.length;
  }

  #give(e: Element): void {
    const name = hex(e.octets);
    if (!this.#send.has(name) && this.#send.size >= this.#most.elements) this.#more = true;
    else this.#send.set(name, e.octets);
  }

  /** Names an element in a round; another round has other names. */
  #short(e: Element): string {
    return hex(hash(this.#salt, e.octets).subarray(0, idSize));
  }

  #ids(kind: number, p: Prefix, ids: string[]): void {
    const out = new Uint8Array(2 + idSize * ids.length);
    new DataView(out.buffer).setUint16(0, ids.length);
    ids.forEach((id, i) => {
      for (let k = 0; k < idSize; k++) out[2 + idSize * i + k] = Number.parseInt(id.slice(2 * k, 2 * k + 2), 16);
    });
    this.#say(concat(head(kind, p), out));
  }

  #compare(n: Node): void {
    if (n.prefix.bits === 0) this.#all = true;
    const width = Math.log2(n.sums.length);
    for (const [i, theirs] of n.sums.entries()) {
      const c = child(n.prefix, i, width);
      const { sum, count } = this.#set.fold(c);
      if (sum === theirs) continue;
      this.#differ = true;
      if (!this.#spend(count)) return;
      if (theirs === 0n) {
        for (const e of this.#set.each(c)) this.#give(e); // they have nothing there
      } else if (count <= listMost || c.bits + splitBits > handleBits) {
        this.#ids(kindList, c, [...this.#set.each(c)].map((e) => this.#short(e)));
      } else {
        this.#say(this.#set.sums(c, splitBits));
      }
    }
  }

  #list(n: Node): void {
    this.#differ = true;
    if (!this.#spend(this.#set.fold(n.prefix).count + n.ids.length)) return;
    const theirs = new Set(n.ids); // in the order of the message
    for (const e of this.#set.each(n.prefix)) {
      if (!theirs.delete(this.#short(e))) this.#give(e);
    }
    if (theirs.size > 0) this.#ids(kindWant, n.prefix, [...theirs]);
  }

  #want(n: Node): void {
    this.#differ = true;
    if (!this.#spend(this.#set.fold(n.prefix).count + n.ids.length)) return;
    const wanted = new Set(n.ids);
    for (const e of this.#set.each(n.prefix)) if (wanted.has(this.#short(e))) this.#give(e);
  }
}

function u64(octets: Uint8Array, at: number): bigint {
  return new DataView(octets.buffer, octets.byteOffset, octets.length).getBigUint64(at);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The first 12 bits: the number of a bucket. */
function place(octets: Uint8Array): number {
  return ((octets[0] ?? 0) << 4) | ((octets[1] ?? 0) >> 4);
}

function holds(p: Prefix, octets: Uint8Array): boolean {
  const whole = p.bits >> 3;
  for (let i = 0; i < whole; i++) if (p.octets[i] !== octets[i]) return false;
  const rest = p.bits & 7;
  return rest === 0 || ((p.octets[whole] ?? 0) ^ (octets[whole] ?? 0)) >> (8 - rest) === 0;
}

/** The i-th of the 2^bits prefixes that p is split into. */
function child(p: Prefix, i: number, bits: number): Prefix {
  const octets = p.octets.slice();
  for (let b = 0; b < bits; b++) {
    const at = p.bits + b;
    if ((i >> (bits - 1 - b)) & 1) octets[at >> 3] = (octets[at >> 3] ?? 0) | (0x80 >> (at & 7));
  }
  return { octets, bits: p.bits + bits };
}

function head(kind: number, p: Prefix): Uint8Array {
  return concat(Uint8Array.of(kind, p.bits), p.octets.subarray(0, (p.bits + 7) >> 3));
}

/** Takes a message apart; what is none is refused. */
function parse(message: Uint8Array): Node[] {
  const nodes: Node[] = [];
  let at = 0;
  const take = (n: number): Uint8Array => {
    if (at + n > message.length) throw new Fault("invalid", "not a message of reconciliation");
    at += n;
    return message.subarray(at - n, at);
  };
  const must = (ok: boolean): void => {
    if (!ok) throw new Fault("invalid", "not a message of reconciliation");
  };
  while (at < message.length) {
    const [kind = 0, bits = 0] = take(2);
    must(nodes.length < maxNodes && bits <= handleBits && kind >= kindSums && kind <= kindWant);
    const octets = new Uint8Array(16);
    octets.set(take((bits + 7) >> 3));
    must((bits & 7) === 0 || (((octets[bits >> 3] ?? 0) << (bits & 7)) & 0xff) === 0);
    const n: Node = { kind, prefix: { octets, bits }, sums: [], ids: [] };
    if (kind === kindSums) {
      const [width = 0] = take(1);
      must(width <= sumsMost && bits + width <= handleBits);
      const sums = take(8 << width);
      for (let i = 0; i < sums.length; i += 8) n.sums.push(u64(sums, i));
    } else {
      const [high = 0, low = 0] = take(2);
      const ids = take(idSize * ((high << 8) | low));
      for (let i = 0; i < ids.length; i += idSize) n.ids.push(hex(ids.subarray(i, i + idSize)));
    }
    nodes.push(n);
  }
  return nodes;
}
