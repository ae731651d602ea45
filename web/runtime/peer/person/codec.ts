/**
 * Records as CBOR, byte for byte as internal/person writes them: own devices that are
 * Go nodes and browsers share them. A shape says how a value is written and read, with
 * what stands for nothing: as in Go, what is absent or null is the zero value.
 */
import { Fault } from "../fault.ts";
import { decode, encode, hex, unhex, type Value } from "../seal/index.ts";

/** How values of one type are written and read. */
export interface Shape<T> {
  write(v: T): Value;
  read(v: Value | undefined): T;
  /** Whether it is left out where its field may be. */
  empty(v: T): boolean;
}

function wrong(what: string, v: unknown): Fault {
  return new Fault("invalid", `${what} was expected, and something of type ${typeof v} came`);
}

const nothing = (v: Value | undefined): v is null | undefined => v === undefined || v === null;

/** Octets of any number; none is null, as an empty slice of Go's is. */
export const octets: Shape<Uint8Array> = {
  write: (v) => (v.length === 0 ? null : v),
  read: (v) => {
    if (nothing(v)) return new Uint8Array();
    if (!(v instanceof Uint8Array)) throw wrong("a string of octets", v);
    return v;
  },
  empty: (v) => v.length === 0,
};

/** A number of octets that is always the same, as hexadecimal. */
export function id(size: number): Shape<string> {
  const zero = "00".repeat(size);
  return {
    write: (v) => unhex(v === "" ? zero : v),
    read: (v) => {
      if (nothing(v)) return zero;
      if (!(v instanceof Uint8Array) || v.length !== size) throw wrong(`${size} octets`, v);
      return hex(v);
    },
    empty: (v) => v === "" || v === zero,
  };
}

export const text: Shape<string> = {
  write: (v) => v,
  read: (v) => {
    if (nothing(v)) return "";
    if (typeof v !== "string") throw wrong("text", v);
    return v;
  },
  empty: (v) => v === "",
};

export const integer: Shape<number> = {
  write: (v) => v,
  read: (v) => {
    if (nothing(v)) return 0;
    if (typeof v !== "number" || !Number.isSafeInteger(v)) throw wrong("a number", v);
    return v;
  },
  empty: (v) => v === 0,
};

export const flag: Shape<boolean> = {
  write: (v) => v,
  read: (v) => {
    if (nothing(v)) return false;
    if (typeof v !== "boolean") throw wrong("yes or no", v);
    return v;
  },
  empty: (v) => !v,
};

export function list<T>(of: Shape<T>): Shape<T[]> {
  return {
    write: (v) => (v.length === 0 ? null : v.map((x) => of.write(x))),
    read: (v) => {
      if (nothing(v)) return [];
      if (!Array.isArray(v)) throw wrong("a list", v);
      return v.map((x) => of.read(x));
    },
    empty: (v) => v.length === 0,
  };
}

/** What may be absent, and then is left out. */
export function maybe<T>(of: Shape<T>): Shape<T | undefined> {
  return {
    write: (v) => (v === undefined ? null : of.write(v)),
    read: (v) => {
      if (nothing(v)) return undefined;
      const read = of.read(v);
      return of.empty(read) ? undefined : read;
    },
    empty: (v) => v === undefined || of.empty(v),
  };
}

/** What seal/ writes and reads. */
export const foreign = <T>(write: (v: T) => Value, read: (v: Value) => T): Shape<T> => ({
  write,
  read: (v) => read(v ?? null),
  empty: () => false,
});

/** A field: its key, its shape, and whether it is left out when it says nothing. */
type Field<T> = readonly [key: number | string, shape: Shape<T>, omit?: true];
type Fields<T> = { [K in keyof T]-?: Field<T[K]> };

export function record<T extends object>(fields: Fields<T>): Shape<T> {
  const all = Object.entries(fields) as [keyof T & string, Field<unknown>][];
  return {
    write: (v) => {
      const out = new Map<number | string, Value>();
      for (const [name, [key, shape, omit]] of all) {
        const value = v[name];
        if (!(omit && shape.empty(value))) out.set(key, shape.write(value));
      }
      return out;
    },
    read: (v) => {
      const from = nothing(v) ? new Map<number | string, Value>() : v;
      if (!(from instanceof Map)) throw wrong("a map", v);
      const out: Record<string, unknown> = {};
      for (const [name, [key, shape]] of all) {
        const value = shape.read(from.get(key));
        if (value !== undefined) out[name] = value;
      }
      return out as T;
    },
    empty: () => false,
  };
}

/** Encodes by a shape. */
export const pack = <T>(shape: Shape<T>, v: T): Uint8Array => encode(shape.write(v));

/** Decodes by a shape. */
export const unpack = <T>(shape: Shape<T>, b: Uint8Array): T => shape.read(decode(b));
