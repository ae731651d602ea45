import { type Message, type Outgoing, MessageKind } from "../contract.ts";
import { Fault } from "../fault.ts";
import { encode, equal, Fields, hex, omitEmpty, parsePurged, record } from "../seal/index.ts";
import { apply } from "./apply.ts";
import { maxApp } from "./bounds.ts";
import type { Entry } from "./catalog.ts";
import type { Core } from "./core.ts";
import { type ItemRecord, recordFrom, recordValue, tombstone } from "./item.ts";
import { agree, doubt, doubts, isBehind, keepPeers, type Peer, peerOf } from "./peer.ts";
import type { Device } from "./people.ts";
import { settlePurge } from "./receipts.ts";
import { drop } from "./drop.ts";

/** The body of items, reconcile and reset (spec §6.2, §6.3). */
export interface Note {
  round: Uint8Array;
  ranges: Uint8Array;
  horizon: number;
  records: ItemRecord[];
  seq: number;
  time: number;
  done: boolean;
  hops: number;
  /** Older than what is written from now on. */
  passed: number;
}

const mostRecords = 4096; // in one message
const mostJump = 2 ** 40; // changes that a backup can have missed
const mostHops = 16; // messages of a comparison that bring nothing new
const rangeOctets = 24 << 10;
const none = new Uint8Array();

export function encodeNote(n: Note): Uint8Array {
  return encode(record({
    1: omitEmpty(n.round), 2: omitEmpty(n.ranges), 3: n.horizon, 4: omitEmpty(n.records.map(recordValue)), 5: n.seq,
    6: n.time, 7: omitEmpty(n.done), 8: omitEmpty(n.hops), 9: omitEmpty(n.passed),
  }));
}

export function parseNote(octets: Uint8Array): Note {
  const f = Fields.of(octets, "a message of another device");
  return {
    round: f.octets(1), ranges: f.octets(2), horizon: f.uint(3), records: f.records(4).map(recordFrom), seq: f.uint(5),
    time: f.int(6), done: f.bool(7), hops: f.uint(8, 255), passed: f.int(9),
  };
}

/** What Library.handle does. */
export async function handle(l: Core, from: string, m: Message): Promise<Outgoing[]> {
  if (m.kind === MessageKind.purged) return settlePurge(l, from, parsePurged(m.body ?? none));
  const d = l.circle.devices.get(from);
  if (!d) throw new Fault("forbidden", "only own devices say so");
  const n = parseNote(m.body ?? none);
  const ahead = l.now() + l.o.ahead;
  n.time = Math.min(n.time, ahead);
  n.passed = Math.min(n.passed, ahead);
  if (n.records.length > mostRecords || n.round.length > 16 || n.horizon > l.seq + mostJump) {
    throw new Fault("invalid", "a message of another device is out of bounds");
  }
  if (m.kind === MessageKind.items || m.kind === MessageKind.reconcile) return converse(l, d, m.kind, n);
  if (m.kind === MessageKind.reset) return restart(l, d, n);
  throw new Fault("unsupported", `messages of kind ${m.kind} are not for the library`);
}

/** Begins a comparison. */
export function begin(l: Core, d: Device): Outgoing {
  const n = compare(l, d);
  peerOf(l, d.id).began = l.now();
  return { to: d.relation, kind: MessageKind.reconcile, body: encodeNote(n), replaces: true };
}

/** A message that tells the fingerprints of everything. */
function compare(l: Core, d: Device): Note {
  const p = peerOf(l, d.id);
  p.round = l.world.random(8);
  return { ...header(l, p), round: p.round, ranges: l.catalog.set.open() };
}

function header(l: Core, p: Peer): Note {
  const time = Math.max(l.now(), l.clock);
  return { round: none, ranges: none, horizon: p.horizon, records: [], seq: l.seq, time, done: false, hops: 0, passed: l.pass() };
}

/** Tells other devices of new versions. */
export function push(l: Core, rs: readonly ItemRecord[]): Outgoing[] {
  if (rs.length === 0 || l.circle.devices.size === 0) return [];
  const parts = parcels(l, rs, 0);
  return l.circle.line.flatMap((d) => parts.map((records) => {
    return { to: d.relation, kind: MessageKind.items, body: encodeNote({ ...header(l, peerOf(l, d.id)), records }) };
  }));
}

export const pushRecords = push;

const encoder = new TextEncoder();

/** How much of a message an item takes, at most. */
function sizeOf(r: ItemRecord): number {
  const texts = r.labels.reduce((n, label) => n + encoder.encode(label).length + 2, encoder.encode(r.path).length + r.type.length);
  return 256 + texts + r.inline.length + 16 * (r.audience.friends.length + r.audience.lists.length) + 2 * maxApp;
}

/**
 * Cuts records into what fits into one message each; the last leaves room for so
 * many octets more.
 */
function parcels(l: Core, rs: readonly ItemRecord[], room: number): ItemRecord[][] {
  const parts: ItemRecord[][] = [];
  let part: ItemRecord[] = [];
  let octets = 0;
  for (const r of rs) {
    const size = sizeOf(r);
    if (octets + size > l.o.message && part.length > 0) {
      parts.push(part);
      [part, octets] = [[], 0];
    }
    part.push(r);
    octets += size;
  }
  if (part.length > 0 && octets + room > l.o.message) {
    parts.push(part);
    part = [];
  }
  return [...parts, part];
}

/** Takes items and comparisons. */
async function converse(l: Core, d: Device, kind: number, n: Note): Promise<Outgoing[]> {
  const p = peerOf(l, d.id);
  if (n.horizon > l.seq) {
    // The other has seen more of this device than it knows itself: its state is that of a backup.
    doubt(l, p);
    l.seq = n.horizon + 1;
  }
  if (n.horizon < l.erased && n.time <= p.heard) return []; // so old that it may bring back what is forgotten here
  if (isBehind(l, p, n)) {
    await keepPeers(l);
    return [{ to: d.relation, kind: MessageKind.reset, body: encodeNote(header(l, p)), replaces: true }];
  }
  const { out, fresh } = await apply(l, p, n.records);
  p.progress ||= fresh;
  if (kind === MessageKind.reconcile) out.push(...(await reply(l, d, p, n)));
  await keepPeers(l);
  return out;
}

/** Takes a reset: what this device has may have been deleted. */
async function restart(l: Core, d: Device, n: Note): Promise<Outgoing[]> {
  const p = peerOf(l, d.id);
  doubt(l, p);
  p.horizon = Math.max(p.horizon, n.seq);
  const out = [begin(l, d)];
  await keepPeers(l);
  return out;
}

/** Answers one message of a comparison. */
async function reply(l: Core, d: Device, p: Peer, n: Note): Promise<Outgoing[]> {
  if (n.done) {
    if (p.round.length > 0 && equal(n.round, p.round)) {
      p.round = none;
      agree(l, p, n.seq, n.passed);
    }
    return [];
  }
  const r = l.catalog.set.answer(n.round, n.ranges, { octets: rangeOctets });
  if (r.equal) {
    agree(l, p, n.seq, n.passed);
    const m = { ...header(l, p), round: n.round, done: true };
    return [{ to: d.relation, kind: MessageKind.reconcile, body: encodeNote(m) }];
  }
  const hops = p.progress ? 0 : n.hops + 1;
  p.progress = false;
  if (hops > mostHops) return [];
  const { records, out } = await lacking(l, p, r.send);
  const news = r.message.length === 0 && out.length > 0 ? [] : records;
  return [...out, ...deliver(l, d, p, n, news, r.message, hops)];
}

/**
 * Sends items, and in the last message the comparison goes on: with the ranges that
 * are open, or else from the beginning, to see that all is well.
 */
function deliver(l: Core, d: Device, p: Peer, n: Note, rs: ItemRecord[], ranges: Uint8Array, hops: number): Outgoing[] {
  const last = ranges.length > 0 ? { ...header(l, p), round: n.round, ranges } : compare(l, d);
  last.hops = hops;
  let parts = parcels(l, rs, last.ranges.length);
  if (parts.length > l.o.burst) parts = [...parts.slice(0, l.o.burst), []];
  const end = parts.pop() ?? [];
  const out: Outgoing[] = parts.map((records) => {
    return { to: d.relation, kind: MessageKind.items, body: encodeNote({ ...header(l, p), records }) };
  });
  return [...out, { to: d.relation, kind: MessageKind.reconcile, body: encodeNote({ ...last, records: end }) }];
}

/**
 * What another device lacks. Where this one was told to reset by it, what it doubts
 * and the other lacks was deleted, and is dropped.
 */
async function lacking(l: Core, p: Peer, send: Uint8Array[]): Promise<{ records: ItemRecord[]; out: Outgoing[] }> {
  const records: ItemRecord[] = [];
  const doomed: Entry[] = [];
  for (const x of send) {
    const h = hex(x.subarray(0, 16));
    const g = l.catalog.graves.get(h);
    const e = l.catalog.byHandle.get(h);
    if (g) {
      records.push(tombstone(h, g.revision, g.by, g.until));
    } else if (e) {
      const by = l.resets.filter((r) => doubts(r, e, l.device)).map((r) => r.by);
      if (by.includes(p.device)) doomed.push(e);
      else if (by.length === 0) records.push(e.record);
    }
  }
  return { records, out: await drop(l, doomed) };
}
