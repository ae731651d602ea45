// Bencode (BEP 3), read within bounds.
import { bad, concat, latin1, utf8 } from "./bytes.ts";

/** A value. The keys of dictionaries are octets spelled as latin1. */
export type Value = number | Uint8Array | readonly Value[] | ReadonlyMap<string, Value>;

const deepest = 64;
const longestNumber = 17;

/** Reads one value that takes all of data and consists of at most most values. */
export function decode(data: Uint8Array, most: number): Value {
  const d = new Decoder(data, most);
  const value = d.value(0);
  return d.at === data.length ? value : bad("has something behind its end");
}

class Decoder {
  at = 0;
  readonly #data: Uint8Array;
  #left: number;

  constructor(data: Uint8Array, most: number) {
    this.#data = data;
    this.#left = most;
  }

  value(depth: number): Value {
    if (depth > deepest || --this.#left < 0) {
      bad("is too large or too deep");
    }
    switch (this.#data[this.at]) {
      case 0x69: // i
        this.at++;
        return this.#number(0x65);
      case 0x6c: { // l
        this.at++;
        const list: Value[] = [];
        while (!this.#ended()) {
          list.push(this.value(depth + 1));
        }
        return list;
      }
      case 0x64: { // d
        this.at++;
        const dict = new Map<string, Value>();
        while (!this.#ended()) {
          dict.set(latin1(this.#string()), this.value(depth + 1));
        }
        return dict;
      }
    }
    return this.#string();
  }

  #ended(): boolean {
    if (this.#data[this.at] === 0x65) {
      this.at++;
      return true;
    }
    return false;
  }

  #string(): Uint8Array {
    const length = this.#number(0x3a);
    if (length < 0 || length > this.#data.length - this.at) {
      bad("ends in the middle");
    }
    return this.#data.subarray(this.at, (this.at += length));
  }

  #number(end: number): number {
    const stop = this.#data.indexOf(end, this.at);
    if (stop < 0 || stop - this.at > longestNumber) {
      bad("is not bencoded");
    }
    const digits = latin1(this.#data.subarray(this.at, stop));
    const n = Number(digits);
    if (!/^-?\d+$/.test(digits) || !Number.isSafeInteger(n)) {
      bad("is not bencoded");
    }
    this.at = stop + 1;
    return n;
  }
}

/** Writes a value; keys must be in order. */
export function encode(value: Value): Uint8Array {
  if (typeof value === "number") {
    return utf8(`i${value}e`);
  }
  if (value instanceof Uint8Array) {
    return concat(utf8(`${value.length}:`), value);
  }
  if (value instanceof Map) {
    const pairs = [...(value as ReadonlyMap<string, Value>)];
    return concat(utf8("d"), ...pairs.flatMap(([k, v]) => [utf8(`${k.length}:${k}`), encode(v)]), utf8("e"));
  }
  return concat(utf8("l"), ...(value as readonly Value[]).map(encode), utf8("e"));
}

export function entry(value: Value | undefined, key: string): Value | undefined {
  return value instanceof Map ? (value as ReadonlyMap<string, Value>).get(key) : undefined;
}
