/** The bodies of messages, by their kinds (spec/private-sharing.md §5.2, §5.3). */
import type { Ask, Mailbox } from "../contract.ts";
import { Fault } from "../fault.ts";
import { decode, encode, type Value } from "./cbor.ts";
import { checkQueues, shown } from "./party.ts";
import type { Chunks } from "./chunk.ts";
import { Fields, omitEmpty, record } from "./fields.ts";
import { mailboxesFrom, mailboxesValue } from "./records.ts";
import { unhex } from "./octets.ts";

/** The body of answer, on the wire: a body of more than maxInline is in chunks. */
export interface Response {
  to: string; // id of the ask
  status: number;
  header: Record<string, string>;
  body: Uint8Array; // empty when there is none
  chunks?: Chunks;
}

/** The body of purge. */
export interface Purge {
  id: string; // 16 octets
  paths: string[];
  all: boolean;
  /** Between own devices: how they call the friend whose purge it is. */
  friend?: Uint8Array;
}

/** The body of purged. */
export interface Purged {
  id: string;
  nothing: boolean;
}

/** The body of where: mailboxes of the device that sent it. */
export interface Where {
  at: { url: string; certificate: Uint8Array }[];
  until: number;
}

/** An element of the body of contexts. */
export interface SharedContext {
  relation: string;
  epoch: string;
  enc: Uint8Array;
}

function headersValue(header: Record<string, string>): Value | undefined {
  return omitEmpty(new Map(Object.entries(header)));
}

export function encodeAsk(a: Ask): Uint8Array {
  return encode(record({ 1: a.method, 2: a.path, 3: headersValue(a.header), 4: omitEmpty(a.most), 5: omitEmpty(a.within) }));
}

/** Any method is parsed: who answers refuses those that it does not know. */
export function parseAsk(body: Uint8Array): Ask {
  const f = Fields.of(body, "ask");
  const a: Ask = { method: f.text(1) as Ask["method"], path: f.text(2), header: f.strings(3) };
  const most = f.int(4);
  const within = f.int(5);
  if (most !== 0) a.most = most;
  if (within !== 0) a.within = within;
  return a;
}

export function encodeResponse(r: Response): Uint8Array {
  const chunks = r.chunks && record({
    1: r.chunks.key, 2: r.chunks.size, 3: r.chunks.each,
    4: r.chunks.at.map((c) => record({ 1: c.relay, 2: c.id, 3: c.erase })),
  });
  return encode(record({ 1: unhex(r.to, 16), 2: r.status, 3: headersValue(r.header), 4: omitEmpty(r.body), 5: chunks }));
}

/** What chunks say is checked by checkChunks, before anything is fetched. */
export function parseResponse(body: Uint8Array): Response {
  const f = Fields.of(body, "answer");
  const r: Response = { to: f.id(1, 16), status: f.uint(2), header: f.strings(3), body: f.octets(4) };
  const c = f.fields(5);
  if (c) {
    const at = c.records(4).map((x) => ({ relay: x.text(1), id: x.octets(2), erase: x.octets(3) }));
    r.chunks = { key: c.octets(1), size: c.int(2), each: c.int(3), at };
  }
  return r;
}

export function encodePurge(p: Purge): Uint8Array {
  return encode(record({ 1: unhex(p.id, 16), 2: omitEmpty(p.paths), 3: omitEmpty(p.all), 4: omitEmpty(p.friend) }));
}

export function parsePurge(body: Uint8Array): Purge {
  const f = Fields.of(body, "purge");
  const p: Purge = { id: f.id(1, 16), paths: f.texts(2), all: f.bool(3) };
  if (f.has(4)) p.friend = f.octets(4);
  return p;
}

export function encodePurged(p: Purged): Uint8Array {
  return encode(record({ 1: unhex(p.id, 16), 2: omitEmpty(p.nothing) }));
}

export function parsePurged(body: Uint8Array): Purged {
  const f = Fields.of(body, "purged");
  return { id: f.id(1, 16), nothing: f.bool(2) };
}

export function encodeWhere(w: Where): Uint8Array {
  return encode(record({ 1: w.at.map((p) => record({ 1: p.url, 2: p.certificate })), 2: w.until }));
}

export function parseWhere(body: Uint8Array): Where {
  const f = Fields.of(body, "where");
  return { at: f.records(1).map((p) => ({ url: p.text(1), certificate: p.octets(2) })), until: f.int(2) };
}

export function encodeContexts(contexts: readonly SharedContext[]): Uint8Array {
  return encode(contexts.map((c) => record({ 1: unhex(c.relation, 16), 2: unhex(c.epoch, 8), 3: c.enc })));
}

export function parseContexts(body: Uint8Array): SharedContext[] {
  return listOf(body, "contexts").map((v) => {
    const f = Fields.from(v, "contexts");
    return { relation: f.id(1, 16), epoch: f.id(2, 8), enc: f.octets(3) };
  });
}

/** The body of queues: only what the other side may see of inboxes. */
export function encodeQueues(queues: readonly Mailbox[]): Uint8Array {
  return encode(mailboxesValue(shown(queues)));
}

export function parseQueues(body: Uint8Array): Mailbox[] {
  const queues = mailboxesFrom(decode(body));
  checkQueues(queues);
  return queues;
}

/** A body that is octets alone: of confirm, of unknown. */
export function encodeOctets(octets: Uint8Array): Uint8Array {
  return encode(octets);
}

export function parseOctets(body: Uint8Array, size?: number): Uint8Array {
  const v = decode(body);
  if (!(v instanceof Uint8Array)) throw new Fault("invalid", "a body that is not octets");
  if (size !== undefined && v.length !== size) throw new Fault("invalid", `a body of ${v.length} octets, not ${size}`);
  return v;
}

function listOf(body: Uint8Array, what: string): readonly Value[] {
  const v = decode(body);
  if (!Array.isArray(v)) throw new Fault("invalid", `${what}: not a list`);
  return v as readonly Value[];
}
