// Octets: comparing, spelling, hashing and reading them.

/** What openIndex throws: an index that is damaged, or of another site. */
export class BadIndex extends Error {
  override readonly name = "BadIndex";
}

/** Refuses an index; says what is wrong with it. */
export function bad(what: string): never {
  throw new BadIndex(`the site's index ${what}`);
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((v, i) => v === b[i]);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Text, with replacement characters for what is none. */
export function text(data: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);
}

/** One character for each octet, as WebTorrent's trackers spell octets. */
export function latin1(data: Uint8Array): string {
  let out = "";
  for (const b of data) {
    out += String.fromCharCode(b);
  }
  return out;
}

/** The octets of a string of characters below 256; undefined for any other. */
export function fromLatin1(s: string): Uint8Array | undefined {
  const out = new Uint8Array(s.length);
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    if (c > 255) {
      return undefined;
    }
    out[i] = c;
  }
  return out;
}

export function hex(data: Uint8Array): string {
  return Array.from(data, (b) => b.toString(16).padStart(2, "0")).join("");
}

export function fromHex(s: string): Uint8Array {
  return Uint8Array.from(s.match(/../g) ?? [], (d) => parseInt(d, 16));
}

/** Base64 (RFC 4648 §4); undefined for what is none. */
export function fromBase64(s: string): Uint8Array | undefined {
  try {
    return fromLatin1(atob(s));
  } catch {
    return undefined;
  }
}

/** Hashes by WebCrypto. */
export async function digest(algorithm: "SHA-1" | "SHA-256" | "SHA-512", data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest(algorithm, data as Uint8Array<ArrayBuffer>));
}

/** The name of a swarm: the first 20 octets of the SHA-256 of its kind and data. */
export async function swarmName(kind: string, data: Uint8Array): Promise<Uint8Array> {
  return (await digest("SHA-256", concat(utf8(`kith ${kind} swarm 1\0`), data))).subarray(0, 20);
}

/** Reads octets one after the other; refuses to read past their end. */
export class Reader {
  readonly data: Uint8Array;
  at = 0;

  constructor(data: Uint8Array) {
    this.data = data;
  }

  get done(): boolean {
    return this.at >= this.data.length;
  }

  byte(): number {
    return this.data[this.at++] ?? bad("ends in the middle");
  }

  /** n octets, not copied. */
  take(n: number): Uint8Array {
    if (n > this.data.length - this.at) {
      bad("ends in the middle");
    }
    return this.data.subarray(this.at, (this.at += n));
  }

  /** An unsigned LEB128 of at most 53 bits, as protobuf and multiformats have it. */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const b = this.byte();
      value += (b & 127) * scale;
      if (value > Number.MAX_SAFE_INTEGER || scale > 2 ** 56) {
        bad("holds a number that is too large");
      }
      if (b < 128) {
        return value;
      }
    }
  }
}
