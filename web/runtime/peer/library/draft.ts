import { Fault } from "../fault.ts";
import { encode, Fields, hex, record } from "../seal/index.ts";
import { BodyWriter } from "./body.ts";
import { Batch, type Core } from "./core.ts";
import type { Parts } from "./part.ts";

/** A document that comes in parts and is not whole yet. It is on this device alone. */
export interface Draft {
  app: string;
  path: string;
  key: Uint8Array;
  total: number; // -1 while it is not known
  used: number;
  /** Somebody writes or drops it. */
  busy: boolean;
  /** Undefined until something is written after a start. */
  writer: BodyWriter | undefined;
}

const prefix = "d/";

function put(b: Batch, d: Draft): void {
  b.put(prefix + hex(d.key.subarray(0, 8)), encode(record({ 1: d.app, 2: d.path, 3: d.key, 4: d.total, 5: d.used })));
}

/** Reads drafts, and forgets those that became documents before the process ended. */
export async function loadDrafts(l: Core): Promise<void> {
  const rows = [...l.bucket.each(prefix)];
  if (rows.length === 0) return;
  const done = new Set([...l.catalog.byHandle.values()].map((e) => hex(e.record.key)));
  const b = new Batch();
  for (const [row, octets] of rows) {
    const f = Fields.of(octets, "draft");
    const d = { app: f.text(1), path: f.text(2), key: f.octets(3, 32), total: f.int(4), used: f.int(5), busy: false, writer: undefined };
    if (done.has(hex(d.key))) b.delete(row);
    else l.drafts.push(d);
  }
  if (b.deletes.size > 0) await l.commit(b);
}

export function findDraft(l: Core, app: string, path: string): Draft | undefined {
  return l.drafts.find((d) => d.app === app && d.path === path);
}

/** The draft that a part belongs to, busy; a first part makes it. */
export async function takeDraft(l: Core, name: string, app: string, part: { from: number; length: number; total: number }): Promise<Draft> {
  let d = findDraft(l, app, name);
  if (d?.busy) throw new Fault("conflict", `${name} is being written`, "send one part after another");
  const goesOn = d && (part.from > 0 || part.length === 0) && !(part.total >= 0 && d.total >= 0 && d.total !== part.total);
  if (d && !goesOn) {
    await endDraft(l, d, true);
    d = undefined;
  }
  if (!d && part.from > 0) throw new Fault("conflict", `octets 0 to ${part.from - 1} are missing`, "begin with the first part");
  if (!d) {
    await crowd(l, app);
    d = { app, path: name, key: l.world.random(32), total: part.total, used: 0, busy: false, writer: undefined };
    l.drafts.push(d);
  }
  d.busy = true;
  try {
    if (part.total >= 0) d.total = part.total;
    d.used = l.now();
    const b = new Batch();
    put(b, d);
    await l.commit(b);
    return d;
  } catch (e) {
    d.busy = false;
    throw e;
  }
}

/** Makes room for a draft of an app, by the one that got nothing for longest. */
async function crowd(l: Core, app: string): Promise<void> {
  const all = l.drafts.filter((d) => d.app === app).sort((a, b) => a.used - b.used);
  const [oldest] = all;
  if (!oldest || all.length < l.o.mostDrafts) return;
  if (oldest.busy) throw new Fault("rate_limited", `${all.length} documents are being written in parts`, "finish some first");
  await endDraft(l, oldest, true);
}

/** Goes on with what there is of a draft. */
export async function writerOf(l: Core, d: Draft): Promise<BodyWriter> {
  d.writer ??= await BodyWriter.resume(l.files, d.key, l.world.random);
  return d.writer;
}

/** Forgets a draft, with its file or, when it became a document, without. */
export async function endDraft(l: Core, d: Draft, withFile: boolean): Promise<void> {
  l.drafts = l.drafts.filter((o) => o !== d);
  const b = new Batch();
  b.delete(prefix + hex(d.key.subarray(0, 8)));
  await l.commit(b);
  if (withFile) await l.discard(d.key);
}

/** What Library.draft does. */
export async function draftParts(l: Core, app: string, name: string): Promise<Parts> {
  const d = findDraft(l, app, name);
  if (!d) throw new Fault("not_found", `no part of ${name} waits for the rest`);
  return { have: (await writerOf(l, d)).size, total: d.total };
}

/** Drops drafts that got nothing for long. */
export async function expireDrafts(l: Core): Promise<void> {
  for (const d of [...l.drafts]) if (!d.busy && l.now() - d.used >= l.o.drafts) await endDraft(l, d, true);
}
