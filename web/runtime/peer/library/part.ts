import { Fault } from "../fault.ts";
import { concat } from "../seal/index.ts";
import { octetsOf, openBody, piecesOf, type Source } from "./body.ts";
import { inlineMost } from "./bounds.ts";
import type { Core, Enter } from "./core.ts";
import { type Draft, endDraft, takeDraft, writerOf } from "./draft.ts";
import { open } from "./get.ts";
import { checkConditions, checkOptions, type Put, put, type PutOptions, settle, stage } from "./put.ts";

/** Which octets of a document are written, as Content-Range says (RFC 9110 §14.4). */
export interface Part {
  from: number;
  /** How many; none ends a draft whose length was not known before. */
  length: number;
  /** Of the whole document; -1 while that is not known. */
  total: number;
}

/** How far a document that comes in parts is. */
export interface Parts {
  /** The document, when it is complete. */
  whole?: Put;
  /** How many octets from the beginning are here, and of how many; -1 while that is not known. */
  have: number;
  total: number;
}

/** What Library.putPart does. */
export async function putPart(l: Core, name: string, source: Source, p: Part, o: PutOptions, enter: Enter): Promise<Parts> {
  const app = o.app ?? "";
  checkOptions(name, o);
  if (p.from < 0 || p.length < 0 || (p.total >= 0 && p.from + p.length > p.total)) {
    throw new Fault("invalid", `octets ${p.from} to ${p.from + p.length - 1} of ${p.total} are no part of a document`);
  }
  checkConditions(l, app, name, o);
  const e = l.catalog.find(app, name);
  if (e && o.ifMatch && o.ifMatch !== "*" && (p.total < 0 || p.total === e.record.size)) {
    return replacePart(l, name, source, p, o, enter);
  }
  const d = await enter(() => takeDraft(l, name, app, p));
  try {
    await extend(l, d, source, p);
    const w = await writerOf(l, d);
    if (w.size !== d.total) return { have: w.size, total: d.total };
    const whole = await complete(l, d, o, enter);
    return { whole, have: whole.item.size, total: whole.item.size };
  } finally {
    d.busy = false;
  }
}

/** Makes a new version of a document in which some octets are others. */
async function replacePart(l: Core, name: string, source: Source, p: Part, o: PutOptions, enter: Enter): Promise<Parts> {
  const { item, body } = await enter(() => open(l, o.app ?? "", name));
  try {
    const end = p.from + p.length;
    if (end > item.size) throw new Fault("invalid", `${name} has ${item.size} octets, none at ${end - 1}`);
    async function* all(): AsyncGenerator<Uint8Array> {
      yield* octetsOf(body, 0, p.from);
      yield* exactly(source, p.length);
      yield* octetsOf(body, end);
    }
    const whole = await put(l, name, all(), o, enter);
    return { whole, have: whole.item.size, total: whole.item.size };
  } finally {
    body.close();
  }
}

/** So many octets; what has fewer fails at its end. */
async function* exactly(source: Source, length: number): AsyncGenerator<Uint8Array> {
  let left = length;
  if (left === 0) return;
  for await (const octets of piecesOf(source)) {
    yield octets.subarray(0, left);
    left -= Math.min(left, octets.length);
    if (left === 0) return;
  }
  throw new Fault("invalid", `a part of ${length} octets ended ${left} too early`);
}

/** Writes a part to a draft, without what that has already. What came is kept when the rest does not. */
async function extend(l: Core, d: Draft, source: Source, p: Part): Promise<void> {
  const w = await writerOf(l, d);
  if (p.from > w.size) {
    throw new Fault("conflict", `octets ${w.size} to ${p.from - 1} are missing`, "go on behind what is there");
  }
  if (p.total >= 0 && w.size > p.total) {
    throw new Fault("conflict", `there are ${w.size} octets already, of ${p.total}`, "begin with the first part again");
  }
  let skip = Math.min(w.size - p.from, p.length);
  for await (const octets of exactly(source, p.length)) {
    const known = Math.min(skip, octets.length);
    skip -= known;
    await w.write(octets.subarray(known));
  }
}

/** Makes a draft the document. */
async function complete(l: Core, d: Draft, o: PutOptions, enter: Enter): Promise<Put> {
  const w = await writerOf(l, d);
  let inline = w.size <= inlineMost;
  let done = false;
  try {
    const size = w.size;
    let staged = { key: d.key, size, inline: false, small: new Uint8Array(), tag: await w.finish() };
    d.writer = undefined;
    if (inline) staged = await stage(l, await inMemory(l, d.key, size)) as typeof staged;
    const whole = await enter(() => settle(l, d.path, staged, o));
    done = true;
    return whole;
  } finally {
    inline ||= !done;
    await enter(() => endDraft(l, d, inline));
  }
}

async function inMemory(l: Core, key: Uint8Array, size: number): Promise<Uint8Array> {
  if (size === 0) return new Uint8Array();
  const body = await openBody(l.files, key, size);
  try {
    return concat(await body.read(0, size));
  } finally {
    body.close();
  }
}
