import { type Outgoing, MessageKind } from "../contract.ts";
import { encode, encodePurge, Fields, omitEmpty, type Purged, record, unhex } from "../seal/index.ts";
import { day, personApp } from "./bounds.ts";
import { compareEntries, type Entry } from "./catalog.ts";
import type { Core } from "./core.ts";
import { remove } from "./delete.ts";
import { randomID } from "./item.ts";
import { publicPath } from "./path.ts";
import { recordVersion } from "./records.ts";
import { change, type Write } from "./write.ts";

// A receipt is a record of the person's own state for each friend who was asked to
// purge something: receipt/<group>/<purge id>. The groups are deletions; the ids are
// of one friend each, so that two who compare them find nothing equal. When the last
// of a group is settled all are shredded, and a count without paths is kept for a
// while: receipt/<group>/done.
export const receiptPrefix = "receipt/";
const doneSuffix = "/done";

/** How far a friend is with a purge (spec §6.5). */
export const PurgeState = { asked: 1, confirmed: 2, unreachable: 3 } as const;
export type PurgeState = (typeof PurgeState)[keyof typeof PurgeState];

export interface Receipt {
  id: string;
  friend: string;
  paths: string[];
  asked: number;
  state: PurgeState;
  settled: number;
  by: string;
  deleted: boolean; // not only unshared
  nothing: boolean; // they had none of it
  reached: number;
  missed: number;
  /** When this device asked again. */
  reminded: number;
  /** Read from disk: perhaps the process ended before it was sent. */
  unsure: boolean;
}

const purgePaths = 200; // in one message
const purgeOctets = 24_000; // of paths in one message
const askAgain = 7 * day; // of a purge nobody answered

/** An entry that somebody is to see no longer. */
export interface Loss {
  entry: Entry;
  shown: string;
  had: readonly string[]; // were sent something of it: are asked to purge it
  blind: readonly string[]; // could see that it is there
  deleted: boolean;
}

/** Who loses what when an entry becomes another. */
export function losses(l: Core, old: Entry, path: string, was: string[], is: string[]): Loss[] {
  const moved = old.record.path !== path;
  const blind = was.filter((id) => moved || !is.includes(id));
  if (blind.length === 0) return [];
  const had = blind.filter((id) => old.sent.includes(id));
  return [{ entry: old, shown: l.catalog.shown(old), had, blind, deleted: false }];
}

/** Makes the receipts of what friends are to purge, and the messages. */
export function ask(l: Core, lost: readonly Loss[]): { writes: Write[]; out: Outgoing[] } {
  const heaps = new Map<string, { deleted: string[]; hidden: string[] }>();
  for (const x of lost) {
    for (const id of x.had) {
      if (!l.circle.friends.has(id)) continue;
      const heap = heaps.get(id) ?? { deleted: [], hidden: [] };
      heaps.set(id, heap);
      (x.deleted ? heap.deleted : heap.hidden).push(publicPath(x.entry.record.app, x.shown));
    }
  }
  const writes: Write[] = [];
  const out: Outgoing[] = [];
  const group = heaps.size > 0 ? randomID(l.world.random) : "";
  for (const [friend, heap] of heaps) {
    for (const deleted of [true, false]) {
      for (const paths of pack(deleted ? heap.deleted : heap.hidden)) {
        const r = { ...newReceipt(l), id: randomID(l.world.random), friend, paths, asked: l.now(), deleted };
        writes.push(receiptVersion(l, `${receiptPrefix}${group}/${r.id}`, r));
        out.push({ ...purgeMessage(r), id: r.id });
      }
    }
  }
  return { writes, out };
}

function newReceipt(l: Core): Receipt {
  const none = "0".repeat(32);
  return {
    id: none, friend: none, paths: [], asked: 0, state: PurgeState.asked, settled: 0, by: l.device, deleted: false,
    nothing: false, reached: 0, missed: 0, reminded: 0, unsure: false,
  };
}

function purgeMessage(r: Receipt): Outgoing {
  return { to: r.friend, kind: MessageKind.purge, body: encodePurge({ id: r.id, paths: r.paths, all: false }) };
}

/** Cuts paths into what fits into one message each. */
function pack(paths: string[]): string[][] {
  const all: string[][] = [];
  let octets = purgeOctets;
  for (const path of paths) {
    const length = new TextEncoder().encode(path).length;
    octets += length;
    const last = all.at(-1);
    if (!last || last.length === purgePaths || octets > purgeOctets) {
      all.push([path]);
      octets = length;
    } else {
      last.push(path);
    }
  }
  return all;
}

export function encodeReceipt(r: Receipt): Uint8Array {
  return encode(record({
    1: unhex(r.id), 2: unhex(r.friend), 3: omitEmpty(r.paths), 4: r.asked, 5: r.state, 6: omitEmpty(r.settled), 7: unhex(r.by),
    8: omitEmpty(r.deleted), 9: omitEmpty(r.nothing), 10: omitEmpty(r.reached), 11: omitEmpty(r.missed),
  }));
}

export function parseReceipt(octets: Uint8Array): Receipt {
  const f = Fields.of(octets, "receipt");
  return {
    id: f.id(1, 16), friend: f.id(2, 16), paths: f.texts(3), asked: f.int(4), state: f.int(5) as PurgeState,
    settled: f.int(6), by: f.id(7, 8), deleted: f.bool(8), nothing: f.bool(9), reached: f.int(10), missed: f.int(11),
    reminded: 0, unsure: false,
  };
}

function receiptVersion(l: Core, key: string, r: Receipt): Write {
  return recordVersion(l, key, encodeReceipt(r));
}

/** Keeps a receipt in memory. */
export function learnReceipt(l: Core, key: string, value: Uint8Array): void {
  let r;
  try {
    r = parseReceipt(value);
  } catch (error) {
    l.world.log("warn", "a receipt cannot be read", { error });
    return;
  }
  unlearnReceipt(l, key);
  l.receipts.set(key, r);
  if (!r.deleted) return;
  const paths = l.buried.get(r.friend) ?? new Map<string, number>();
  l.buried.set(r.friend, paths);
  for (const p of r.paths) paths.set(p, (paths.get(p) ?? 0) + 1);
}

export function unlearnReceipt(l: Core, key: string): void {
  const r = l.receipts.get(key);
  if (!r || !l.receipts.delete(key) || !r.deleted) return;
  const paths = l.buried.get(r.friend);
  for (const p of r.paths) {
    const n = (paths?.get(p) ?? 0) - 1;
    if (n > 0) paths?.set(p, n);
    else paths?.delete(p);
  }
}

/** Takes a friend's word that they purged something. */
export async function settlePurge(l: Core, from: string, p: Purged): Promise<Outgoing[]> {
  for (const [key, r] of l.receipts) {
    if (r.id === p.id && r.friend === from && r.state !== PurgeState.confirmed) {
      return settleReceipts(l, new Map([[key, PurgeState.confirmed]]), p.nothing);
    }
  }
  return [];
}

/** Notes states, and shreds groups that are complete. */
async function settleReceipts(l: Core, states: Map<string, PurgeState>, nothing: boolean): Promise<Outgoing[]> {
  const ws: Write[] = [];
  const groups = new Set<string>();
  for (const key of [...states.keys()].sort()) {
    const r = l.receipts.get(key);
    const state = states.get(key);
    if (!r || !state) continue;
    ws.push(receiptVersion(l, key, { ...r, state, settled: l.now(), nothing }));
    groups.add(groupOf(key));
  }
  const out = await change(l, ws);
  for (const group of groups) out.push(...(await close(l, group)));
  return out;
}

function groupOf(key: string): string {
  return key.slice(receiptPrefix.length).split("/")[0] ?? "";
}

/** Shreds a group whose last receipt came in. */
async function close(l: Core, group: string): Promise<Outgoing[]> {
  const done = { ...newReceipt(l), settled: l.now(), state: PurgeState.confirmed };
  const doomed: Entry[] = [];
  for (const [key, r] of l.receipts) {
    if (groupOf(key) !== group || key.endsWith(doneSuffix)) continue;
    if (r.state === PurgeState.asked) return [];
    if (r.state === PurgeState.confirmed) done.reached++;
    if (r.state === PurgeState.unreachable) done.missed++;
    done.asked = Math.max(done.asked, r.asked);
    doomed.push(...l.catalog.same(personApp, key));
  }
  if (doomed.length === 0) return [];
  doomed.sort(compareEntries);
  const out = await change(l, [receiptVersion(l, receiptPrefix + group + doneSuffix, done)]);
  return [...out, ...(await remove(l, doomed))];
}

/** What became of asking one friend to purge something. */
export type ReceiptOf = Pick<Receipt, "friend" | "paths" | "asked" | "state" | "settled" | "nothing"> & { group: string };

/** A deletion that was asked of friends. */
export interface Deletion {
  group: string;
  asked: number;
  settled: number; // 0 while somebody has not answered
  confirmed: number;
  unreachable: number;
  waiting: number;
  /** Who; they are shredded when the last came in. */
  receipts: ReceiptOf[];
}

/** What friends were asked to purge, the newest first. */
export function deletions(l: Core): Deletion[] {
  const groups = new Map<string, Deletion>();
  for (const [key, r] of l.receipts) {
    const group = groupOf(key);
    const d = groups.get(group) ?? { group, asked: 0, settled: 0, confirmed: 0, unreachable: 0, waiting: 0, receipts: [] };
    groups.set(group, d);
    d.asked = Math.max(d.asked, r.asked);
    if (key.endsWith(doneSuffix)) {
      d.settled = r.settled;
      d.confirmed += r.reached;
      d.unreachable += r.missed;
      continue;
    }
    if (r.state === PurgeState.confirmed) d.confirmed++;
    else if (r.state === PurgeState.unreachable) d.unreachable++;
    else d.waiting++;
    const { friend, paths, asked, state, settled, nothing } = r;
    d.receipts.push({ group, friend, paths: [...paths], asked, state, settled, nothing });
  }
  for (const d of groups.values()) d.receipts.sort((a, b) => (a.friend < b.friend ? -1 : 1));
  return [...groups.values()].sort((a, b) => b.asked - a.asked || (a.group < b.group ? -1 : 1));
}

/** Asks again where nobody answered, and gives up in time. */
export async function remind(l: Core): Promise<Outgoing[]> {
  const now = l.now();
  const out: Outgoing[] = [];
  const late = new Map<string, PurgeState>();
  const old: Entry[] = [];
  for (const key of [...l.receipts.keys()].sort()) {
    const r = l.receipts.get(key);
    if (!r || (r.by !== l.device && l.circle.knows(r.by))) continue;
    if (key.endsWith(doneSuffix)) {
      if (now - r.settled > l.o.receipts) old.push(...l.catalog.same(personApp, key));
    } else if (r.state !== PurgeState.asked) {
      continue;
    } else if (!l.circle.friends.has(r.friend) || now - r.asked > l.o.receipts) {
      late.set(key, PurgeState.unreachable);
    } else if (r.unsure) {
      r.unsure = false;
      out.push({ ...purgeMessage(r), id: r.id });
    } else if (now - Math.max(r.asked, r.reminded) > askAgain) {
      r.reminded = now;
      out.push(purgeMessage(r)); // under another id: the relation remembers ids it has had
    }
  }
  if (late.size > 0) out.push(...(await settleReceipts(l, late, false)));
  out.push(...(await remove(l, old)));
  return out;
}
