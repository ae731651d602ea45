/** The wire of mailboxes (spec/mailbox.md §2): records, and what a client reads and writes of them. */

/** The subprotocol and, below a relay's origin, the path of its WebSocket. */
export const protocol = "kith-mailbox-1";
export const path = "/mailbox/1";

/** What a record is. */
export const Type = {
  hello: 1, prove: 2, new: 3, sub: 4, credit: 5, put: 6, ack: 7, back: 8, lock: 9, del: 10, push: 11, ticket: 12, ping: 13,
  welcome: 129, ok: 130, no: 131, wait: 132, msg: 133, moved: 134,
} as const;

/** The sides of a queue. */
export const Role = { recipient: 1, sender: 2 } as const;
export type Role = (typeof Role)[keyof typeof Role];

/** The most octets of a WebSocket message. */
export const maxMessage = 1 << 20;
/** The most numbers in an ACK. */
export const maxNumbers = 256;
/** The longest Web Push subscription. */
export const maxSubscription = 2048;
/** The lengths that a body may have. */
export const bodySizes: readonly number[] = [1536, 4096, 16384, 65536];

const head = 9;
const ticketSize = 32;
const msgHead = 24 + 8 + 16;

/** Octets that are not what they should be: the relay speaks another language. */
export class MalformedError extends Error {
  override name = "MalformedError";
  constructor() {
    super("not a record of mailboxes");
  }
}

export interface Record {
  type: number;
  tag: number;
  /** Points into the message. */
  payload: Uint8Array;
}

function view(b: Uint8Array): DataView {
  return new DataView(b.buffer, b.byteOffset, b.byteLength);
}

/** Reads the records that fill a message. */
export function* records(message: Uint8Array): Generator<Record> {
  if (message.length === 0 || message.length > maxMessage) throw new MalformedError();
  const v = view(message);
  for (let at = 0; at < message.length;) {
    const start = at + head;
    if (start > message.length) throw new MalformedError();
    const end = start + v.getUint32(at + 5);
    if (end > message.length) throw new MalformedError();
    yield { type: v.getUint8(at), tag: v.getUint32(at + 1), payload: message.subarray(start, end) };
    at = end;
  }
}

/** One record, whose payload is all parts together. */
export function record(type: number, tag: number, ...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const payload = join(...parts);
  const out = new Uint8Array(head + payload.length);
  const v = view(out);
  v.setUint8(0, type);
  v.setUint32(1, tag);
  v.setUint32(5, payload.length);
  out.set(payload, head);
  return out;
}

export function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

export function u8(...n: number[]): Uint8Array {
  return Uint8Array.from(n);
}

export function u16(n: number): Uint8Array {
  return u8(n >> 8, n);
}

/** Numbers of messages are of 64 bits; they are kept as such. */
export function u64(...numbers: bigint[]): Uint8Array {
  const out = new Uint8Array(8 * numbers.length);
  numbers.forEach((n, i) => view(out).setBigUint64(8 * i, n));
  return out;
}

/** The payload of MSG. */
export interface Msg {
  recipient: Uint8Array;
  number: bigint;
  id: Uint8Array;
  body: Uint8Array;
}

/** Reads MSG; what it returns is a copy. */
export function parseMsg(b: Uint8Array): Msg {
  if (!bodySizes.includes(b.length - msgHead)) throw new MalformedError();
  return { recipient: b.slice(0, 24), number: view(b).getBigUint64(24), id: b.slice(32, 48), body: b.slice(msgHead) };
}

/** Reads the seconds of WAIT. */
export function parseWait(b: Uint8Array): number {
  if (b.length !== 2) throw new MalformedError();
  return view(b).getUint16(0);
}

/** Reads the tickets of the OK that answers TICKET, of which at most `most` were asked for. */
export function parseTickets(b: Uint8Array, most = 64): Uint8Array[] {
  if (b.length % ticketSize !== 0 || b.length > most * ticketSize) throw new MalformedError();
  return Array.from({ length: b.length / ticketSize }, (_, i) => b.slice(i * ticketSize, (i + 1) * ticketSize));
}

/** What a relay says of itself in WELCOME. */
export interface Limits {
  messages: number;
  octets: number;
  lease: number; // seconds
  proofs: number;
  chunkOctets: number;
  chunkHours: number;
  /** NEW needs a token. */
  token: boolean;
  /** It forwards to others (§4). */
  forwards: boolean;
  /** The public key for Web Push subscriptions. */
  pushKey?: Uint8Array;
}

export interface Welcome {
  relay: Uint8Array;
  nonce: Uint8Array;
  limits: Limits;
}

const welcomeHead = 1 + 32 + 32;
const maxLimits = 1024;

/** Reads WELCOME with the CBOR decoder that is given; limits that are not known are left out. */
export function parseWelcome(b: Uint8Array, cbor: (b: Uint8Array) => unknown): Welcome {
  if (b.length <= welcomeHead || b.length > welcomeHead + maxLimits || b[0] !== 1) throw new MalformedError();
  let map: unknown;
  try {
    map = cbor(b.slice(welcomeHead));
  } catch {
    throw new MalformedError();
  }
  if (!(map instanceof Map)) throw new MalformedError();
  const n = (key: number): number => {
    const value: unknown = map.get(key) ?? 0;
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw new MalformedError();
    return value as number;
  };
  const limits: Limits = {
    messages: n(1), octets: n(2), lease: n(3), proofs: n(4), chunkOctets: n(5), chunkHours: n(6),
    token: (n(7) & 1) !== 0, forwards: (n(7) & 2) !== 0,
  };
  const pushKey: unknown = map.get(8);
  if (pushKey !== undefined) {
    if (!(pushKey instanceof Uint8Array)) throw new MalformedError();
    limits.pushKey = pushKey;
  }
  return { relay: b.slice(1, 33), nonce: b.slice(33, 65), limits };
}
