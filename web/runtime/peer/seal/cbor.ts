/**
 * CBOR in the deterministic encoding of RFC 8949 §4.2.1, as far as private sharing
 * needs it: integers, octets, text, lists, maps, booleans and null. What is not in
 * that encoding is refused, and so are tags and floating point numbers.
 */
import { Fault } from "../fault.ts";
import { compare } from "./octets.ts";

/** What is encoded. Integers beyond 2^53 are bigint; keys are integers or text. */
export type Value = null | boolean | number | bigint | string | Uint8Array | Raw | readonly Value[] | Fieldset;

/** A map. */
export type Fieldset = ReadonlyMap<number | string, Value>;

/** A value that is encoded already. */
export class Raw {
  readonly octets: Uint8Array;
  constructor(octets: Uint8Array) {
    this.octets = octets;
  }
}

// Bounds of what is decoded, as in Go.
const maxNesting = 8;
const maxArray = 65_536;
const maxPairs = 4_096;

const simpleFalse = 0xf4;
const simpleTrue = 0xf5;
const simpleNull = 0xf6;

/** The deterministic encoding of a value. */
export function encode(value: Value): Uint8Array {
  const w = new Writer();
  write(w, value);
  return w.done();
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Writer {
  #octets = new Uint8Array(512);
  #length = 0;

  #room(n: number): number {
    const at = this.#length;
    if (at + n > this.#octets.length) {
      const more = new Uint8Array(Math.max(2 * this.#octets.length, at + n));
      more.set(this.#octets.subarray(0, at));
      this.#octets = more;
    }
    this.#length += n;
    return at;
  }

  octets(octets: Uint8Array): void {
    const at = this.#room(octets.length);
    this.#octets.set(octets, at);
  }

  /** The head of an item: its major type and its argument, in the fewest octets. */
  head(major: number, argument: number | bigint): void {
    const n = Number(argument);
    const size = n < 24 ? 0 : n < 0x100 ? 1 : n < 0x10000 ? 2 : n < 0x100000000 ? 4 : 8;
    const at = this.#room(1 + size);
    this.#octets[at] = (major << 5) | (size === 0 ? n : 24 + Math.log2(size));
    if (size === 8) new DataView(this.#octets.buffer).setBigUint64(at + 1, BigInt(argument));
    else for (let i = size, rest = n; i > 0; i--, rest >>>= 8) this.#octets[at + i] = rest;
  }

  done(): Uint8Array {
    return this.#octets.slice(0, this.#length);
  }
}

function write(w: Writer, value: Value): void {
  if (value === null) return w.octets(Uint8Array.of(simpleNull));
  if (value instanceof Uint8Array) {
    w.head(2, value.length);
    return w.octets(value);
  }
  if (value instanceof Raw) return w.octets(value.octets);
  if (value instanceof Map) return writeMap(w, value);
  switch (typeof value) {
    case "boolean":
      return w.octets(Uint8Array.of(value ? simpleTrue : simpleFalse));
    case "number":
    case "bigint":
      return writeInteger(w, value);
    case "string": {
      const text = encoder.encode(value);
      w.head(3, text.length);
      return w.octets(text);
    }
  }
  if (!Array.isArray(value)) throw new Fault("internal", "no CBOR for such a value");
  w.head(4, value.length);
  for (const v of value as readonly Value[]) write(w, v);
}

function writeInteger(w: Writer, value: number | bigint): void {
  if (typeof value === "number" && value >= 0 && Number.isSafeInteger(value)) return w.head(0, value);
  const n = typeof value === "number" && !Number.isSafeInteger(value) ? undefined : BigInt(value);
  if (n === undefined || n >= 1n << 64n || n < -(1n << 64n)) throw new Fault("internal", `no CBOR integer: ${value}`);
  if (n < 0n) w.head(1, -1n - n);
  else w.head(0, n);
}

function writeMap(w: Writer, map: Fieldset): void {
  let last: number | string = -1;
  for (const key of map.keys()) last = typeof key === "number" && typeof last === "number" && key > last ? key : "";
  if (last !== "") {
    w.head(5, map.size); // all keys are counts, and in order
    for (const [key, value] of map) {
      w.head(0, key as number);
      write(w, value);
    }
    return;
  }
  const pairs = Array.from(map, ([key, value]) => ({ key: encode(key), value }));
  pairs.sort((a, b) => compare(a.key, b.key));
  w.head(5, pairs.length);
  for (const { key, value } of pairs) {
    w.octets(key);
    write(w, value);
  }
}

/** Decodes one value that fills the octets. */
export function decode(octets: Uint8Array): Value {
  const r = new Reader(octets);
  const value = r.value(0);
  if (r.left() !== 0) throw refused(`${r.left()} octets follow it`);
  return value;
}

function refused(why: string): Fault {
  return new Fault("invalid", `CBOR: ${why}`);
}

class Reader {
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  left(): number {
    return this.#octets.length - this.#at;
  }

  value(depth: number): Value {
    const first = this.#octet();
    const major = first >> 5;
    if (major === 7) return this.#simple(first);
    const n = this.#argument(first & 31);
    switch (major) {
      case 0:
        return n;
      case 1:
        return typeof n === "number" && n < Number.MAX_SAFE_INTEGER ? -1 - n : -1n - BigInt(n);
      case 2:
        return this.#take(n).slice();
      case 3:
        return this.#text(n);
      case 4:
        return this.#list(n, depth + 1);
      case 5:
        return this.#map(n, depth + 1);
    }
    throw refused("tags are not used");
  }

  #octet(): number {
    const o = this.#octets[this.#at];
    if (o === undefined) throw refused("it ends too early");
    this.#at++;
    return o;
  }

  #simple(first: number): Value {
    switch (first) {
      case simpleFalse:
        return false;
      case simpleTrue:
        return true;
      case simpleNull:
        return null;
    }
    throw refused(`the simple value ${first & 31} is not used`);
  }

  /** A head's argument; one that would fit into fewer octets is refused. */
  #argument(short: number): number | bigint {
    if (short < 24) return short;
    if (short > 27) throw refused("a length that is not said");
    const size = 1 << (short - 24);
    const octets = this.#take(size);
    let n: number | bigint = 0;
    if (size < 8) for (const o of octets) n = n * 256 + o;
    else n = new DataView(octets.buffer, octets.byteOffset).getBigUint64(0);
    if (n < (size === 1 ? 24 : 2 ** (4 * size))) throw refused("a number in more octets than it needs");
    return n <= Number.MAX_SAFE_INTEGER ? Number(n) : n;
  }

  #take(n: number | bigint): Uint8Array {
    if (n > this.left()) throw refused("it ends too early");
    const from = this.#at;
    this.#at += Number(n);
    return this.#octets.subarray(from, this.#at);
  }

  #text(n: number | bigint): string {
    try {
      return decoder.decode(this.#take(n));
    } catch (e) {
      throw e instanceof Fault ? e : refused("text that is not UTF-8");
    }
  }

  #list(n: number | bigint, depth: number): Value[] {
    if (depth > maxNesting || n > maxArray || n > this.left()) throw refused(`a list of ${n}, ${depth} deep`);
    const out: Value[] = [];
    for (let i = 0; i < n; i++) out.push(this.value(depth));
    return out;
  }

  #map(n: number | bigint, depth: number): Fieldset {
    if (depth > maxNesting || n > maxPairs || n > this.left() / 2) throw refused(`a map of ${n}, ${depth} deep`);
    const out = new Map<number | string, Value>();
    let last: Uint8Array | undefined;
    for (let i = 0; i < n; i++) {
      const from = this.#at;
      const key = this.value(depth);
      if (typeof key !== "number" && typeof key !== "string") throw refused("a key that is neither a number nor text");
      const encoded = this.#octets.subarray(from, this.#at);
      if (last && compare(last, encoded) >= 0) throw refused("keys out of order");
      last = encoded;
      out.set(key, this.value(depth));
    }
    return out;
  }
}
