import { encode, Fields, record, unhex } from "../seal/index.ts";
import { Batch, type Core } from "./core.ts";
import { publicPath } from "./path.ts";
import type { Loss } from "./receipts.ts";

/**
 * A path that friends who follow the changes have to be told is there no more. It
 * is kept until they have asked, or its time is over; who comes later is told
 * everything anew.
 */
export interface Gone {
  path: string;
  seq: number;
  until: number;
  waiting: string[]; // relations
}

const prefix = "x/";

// How many paths are noted at once; when more go, those who could see them are told
// everything anew.
const mostGone = 512;

function row(g: Gone): string {
  return prefix + g.seq.toString(16).padStart(16, "0");
}

function put(b: Batch, g: Gone): void {
  b.put(row(g), encode(record({ 1: g.path, 2: g.seq, 3: g.until, 4: g.waiting.map((id) => unhex(id)) })));
}

export function loadGone(l: Core): void {
  for (const [, octets] of l.bucket.each(prefix)) {
    const f = Fields.of(octets, "gone");
    l.gone.push({ path: f.text(1), seq: f.uint(2), until: f.int(3), waiting: f.ids(4, 16) });
  }
  for (const f of l.state("given")?.records(1) ?? []) l.given.set(f.id(1, 16), f.uint(2));
}

export function keepGiven(l: Core, b: Batch): void {
  l.keep(b, "given", [...l.given].map(([id, from]) => record({ 1: unhex(id), 2: from })));
}

/** Notes for those who have a cursor what they are to see no longer. */
export async function vanish(l: Core, lost: Loss[]): Promise<void> {
  const b = new Batch();
  if (lost.length > mostGone) {
    for (const x of lost) for (const id of x.blind) l.given.delete(id);
    keepGiven(l, b);
    return l.commit(b);
  }
  const fresh: Gone[] = [];
  for (const x of lost) {
    const waiting = x.blind.filter((id) => l.given.has(id));
    if (waiting.length === 0) continue;
    const g = { path: publicPath(x.entry.record.app, x.shown), seq: ++l.seq, until: l.now() + l.o.gone, waiting };
    put(b, g);
    fresh.push(g);
  }
  if (fresh.length === 0) return;
  await l.commit(b);
  l.gone.push(...fresh);
}

/** Strikes a friend off what they have been told up to a number. */
export async function told(l: Core, id: string, upTo: number): Promise<void> {
  const b = new Batch();
  const kept: Gone[] = [];
  for (const g of l.gone) {
    if (g.seq > upTo || !g.waiting.includes(id)) {
      kept.push(g);
      continue;
    }
    const rest = { ...g, waiting: g.waiting.filter((x) => x !== id) };
    if (rest.waiting.length === 0) {
      b.delete(row(g));
      continue;
    }
    put(b, rest);
    kept.push(rest);
  }
  if (b.puts.size + b.deletes.size === 0) return;
  await l.commit(b);
  l.gone = kept;
}

/** Forgets what was not asked for in time, and the cursors of those who did not ask. */
export async function expireGone(l: Core): Promise<void> {
  const now = l.now();
  const over = l.gone.filter((g) => g.until <= now);
  if (over.length === 0) return;
  const b = new Batch();
  for (const g of over) {
    b.delete(row(g));
    for (const id of g.waiting) l.given.delete(id);
  }
  keepGiven(l, b);
  await l.commit(b);
  l.gone = l.gone.filter((g) => g.until > now);
}
