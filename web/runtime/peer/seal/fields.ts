/** Maps with integer keys, which all structures of spec/private-sharing.md are. */
import { Fault } from "../fault.ts";
import { decode, encode, type Fieldset, type Value } from "./cbor.ts";
import { hex } from "./octets.ts";

/** A map with integer keys of these entries; undefined is left out, null is null. */
export function record(entries: Record<number, Value | undefined>): Map<number | string, Value> {
  const out = new Map<number | string, Value>();
  for (const [key, value] of Object.entries(entries)) if (value !== undefined) out.set(Number(key), value);
  return out;
}

/** Undefined for what says nothing: empty octets, text, lists and maps, zero, false. */
export function omitEmpty(value: Value | undefined): Value | undefined {
  if (value === undefined || value === null || value === false || value === 0 || value === "") return undefined;
  if ((value instanceof Uint8Array || Array.isArray(value)) && value.length === 0) return undefined;
  if (value instanceof Map && value.size === 0) return undefined;
  return value;
}

/**
 * A decoded map, read by key. What is absent or null reads as the empty value of
 * its type; what is of another type or length is refused. Unknown keys are ignored.
 */
export class Fields {
  readonly #map: Fieldset;
  readonly #what: string;

  private constructor(map: Fieldset, what: string) {
    this.#map = map;
    this.#what = what;
  }

  /** Decodes a map; `what` is what errors call it. */
  static of(octets: Uint8Array, what: string): Fields {
    return Fields.from(decode(octets), what);
  }

  static from(value: Value | undefined, what: string): Fields {
    if (!(value instanceof Map)) throw new Fault("invalid", `${what}: not a map`);
    return new Fields(value, what);
  }

  has(key: number): boolean {
    return this.#at(key) !== undefined;
  }

  /** Octets; exactly `size` of them when that is said and they are there. */
  octets(key: number, size?: number): Uint8Array {
    const v = this.#at(key);
    if (v === undefined) return new Uint8Array();
    if (!(v instanceof Uint8Array)) throw this.#wrong(key, "octets");
    if (size !== undefined && v.length !== size) throw this.#wrong(key, `${size} octets, not ${v.length}`);
    return v;
  }

  /** An id of `size` octets, as hexadecimal; zeros when it is absent. */
  id(key: number, size: number): string {
    return hex(this.has(key) ? this.octets(key, size) : new Uint8Array(size));
  }

  text(key: number): string {
    const v = this.#at(key) ?? "";
    if (typeof v !== "string") throw this.#wrong(key, "text");
    return v;
  }

  int(key: number): number {
    const v = this.#at(key) ?? 0;
    if (typeof v !== "number") throw this.#wrong(key, "an integer below 2^53");
    return v;
  }

  /** An integer that is not negative, and at most `most` when that is said. */
  uint(key: number, most = Number.MAX_SAFE_INTEGER): number {
    const n = this.int(key);
    if (n < 0 || n > most) throw this.#wrong(key, `an integer from 0 to ${most}`);
    return n;
  }

  bool(key: number): boolean {
    const v = this.#at(key) ?? false;
    if (typeof v !== "boolean") throw this.#wrong(key, "true or false");
    return v;
  }

  list(key: number): readonly Value[] {
    const v = this.#at(key) ?? [];
    if (!Array.isArray(v)) throw this.#wrong(key, "a list");
    return v as readonly Value[];
  }

  /** A map in the map; undefined when it is absent. */
  fields(key: number): Fields | undefined {
    const v = this.#at(key);
    return v === undefined ? undefined : Fields.from(v, `${this.#what}, ${key}`);
  }

  /** A list of maps. */
  records(key: number): Fields[] {
    return this.list(key).map((v) => Fields.from(v, `${this.#what}, ${key}`));
  }

  texts(key: number): string[] {
    return this.list(key).map((v) => {
      if (typeof v !== "string") throw this.#wrong(key, "a list of texts");
      return v;
    });
  }

  /** A list of ids of `size` octets, as hexadecimal. */
  ids(key: number, size: number): string[] {
    return this.list(key).map((v) => {
      if (!(v instanceof Uint8Array) || v.length !== size) throw this.#wrong(key, `a list of ids of ${size} octets`);
      return hex(v);
    });
  }

  /** A map from text to text; any text is a key of it, "__proto__" too. */
  strings(key: number): Record<string, string> {
    const v = this.#at(key) ?? new Map();
    const out = Object.create(null) as Record<string, string>;
    if (!(v instanceof Map)) throw this.#wrong(key, "a map of texts");
    for (const [name, text] of v as Fieldset) {
      if (typeof name !== "string" || typeof text !== "string") throw this.#wrong(key, "a map of texts");
      out[name] = text;
    }
    return out;
  }

  value(key: number): Value | undefined {
    return this.#at(key);
  }

  /** A value as it was encoded: there is one encoding alone. */
  raw(key: number): Uint8Array | undefined {
    const v = this.#at(key);
    return v === undefined ? undefined : encode(v);
  }

  /** The map as a value, without one of its keys. */
  without(key: number): Map<number | string, Value> {
    const out = new Map(this.#map);
    out.delete(key);
    return out;
  }

  #at(key: number): Value | undefined {
    return this.#map.get(key) ?? undefined;
  }

  #wrong(key: number, want: string): Fault {
    return new Fault("invalid", `${this.#what}: ${key} is to be ${want}`);
  }
}
