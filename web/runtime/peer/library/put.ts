import type { Outgoing } from "../contract.ts";
import { Fault } from "../fault.ts";
import { concat } from "../seal/index.ts";
import { typeByName } from "../../worker/ctype.ts";
import { BodyWriter, piecesOf, type Source, tagOfBody } from "./body.ts";
import { inlineMost, maxLabels } from "./bounds.ts";
import type { Entry } from "./catalog.ts";
import { type Core, type Enter } from "./core.ts";
import { type Audience, canonical, checkAudience, type Item, type ItemRecord, nobody, randomID, sorted, tagOf, timeOf } from "./item.ts";
import { checkApp, checkLabel, checkPath, checkType } from "./path.ts";
import { change, type Write } from "./write.ts";

/** Tags of tagOf, or "*", as in RFC 9110 §13.1. */
export interface Conditions {
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
}

/** How a document is stored. */
export interface PutOptions extends Conditions {
  /** The app it belongs to; "" for the person's own documents. */
  app?: string;
  /** The media type; without one what there is is kept, or the name decides. */
  type?: string | undefined;
  /** These replace what there is; without, it is kept (none, nobody). */
  labels?: string[] | undefined;
  audience?: Audience | undefined;
  /** Without it, now. */
  modified?: number | undefined;
}

/** A body that is on this device and belongs to nothing yet. */
export interface Staged {
  key: Uint8Array;
  size: number;
  inline: boolean;
  small: Uint8Array;
  tag: Uint8Array;
}

/** A document that was stored, and what has to be said. */
export interface Put {
  item: Item;
  /** Whether there was none before. */
  fresh: boolean;
  out: Outgoing[];
}

/** What Library.put does. */
export async function put(l: Core, name: string, source: Source, o: PutOptions, enter: Enter): Promise<Put> {
  checkOptions(name, o);
  checkConditions(l, o.app ?? "", name, o);
  const staged = await stage(l, source);
  try {
    return await enter(() => settle(l, name, staged, o));
  } catch (e) {
    if (!staged.inline) await l.discard(staged.key);
    throw e;
  }
}

export function checkOptions(name: string, o: PutOptions): void {
  checkPath(name);
  checkApp(o.app ?? "");
  checkType(o.type ?? "");
  const labels = o.labels ?? [];
  if (labels.length > maxLabels) throw new Fault("too_large", `${labels.length} labels`, `at most ${maxLabels}`);
  labels.forEach(checkLabel);
  if (o.audience) checkAudience(o.audience);
}

/** Refuses what the conditions exclude; the fault is "conflict". */
export function checkConditions(l: Core, app: string, name: string, o: Conditions): void {
  const e = l.catalog.find(app, name);
  const tag = e ? tagOf(e.record) : "";
  if (o.ifMatch && !matches(o.ifMatch, tag)) {
    throw new Fault("conflict", `${name} is not what it was`, "look at what is there now, and try again");
  }
  if (o.ifNoneMatch && matches(o.ifNoneMatch, tag)) {
    throw new Fault("conflict", `${name} exists`, "choose another path, or replace it");
  }
}

/** Compares a tag with a list of them, or "*". There is no tag where there is nothing. */
export function matches(list: string, tag: string): boolean {
  if (tag === "") return false;
  return list.split(",").some((part) => {
    const one = part.trim();
    return one === "*" || one === tag || one === `W/${tag}`;
  });
}

/** Reads a body to its end; small ones stay in memory. */
export async function stage(l: Core, source: Source): Promise<Staged> {
  const key = l.world.random(32);
  let small: Uint8Array = new Uint8Array();
  let w: BodyWriter | undefined;
  try {
    for await (const octets of piecesOf(source)) {
      if (!w && small.length + octets.length <= inlineMost) {
        small = concat(small, octets);
        continue;
      }
      if (!w) {
        w = await BodyWriter.resume(l.files, key, l.world.random);
        await w.write(small);
      }
      await w.write(octets);
    }
    if (!w) return { key, size: small.length, inline: true, small, tag: tagOfBody(key, small) };
    return { key, size: w.size, inline: false, small: new Uint8Array(), tag: await w.finish() };
  } catch (e) {
    if (w) await l.discard(key);
    throw e;
  }
}

/** Gives a staged body its place. */
export async function settle(l: Core, name: string, staged: Staged, o: PutOptions): Promise<Put> {
  checkConditions(l, o.app ?? "", name, o);
  const fresh = !l.catalog.find(o.app ?? "", name);
  const w = version(l, name, staged, o);
  const out = await change(l, [w]);
  const e = l.catalog.byHandle.get(w.record.handle);
  if (!e) throw new Fault("internal", "what was stored is not there");
  return { item: itemOf(e, l.catalog.shown(e)), fresh, out };
}

/** Makes the next version of the document at a path, or its first. */
export function version(l: Core, name: string, staged: Staged, o: PutOptions): Write {
  const now = l.now();
  const old = l.catalog.find(o.app ?? "", name)?.record;
  const revision = l.next();
  const record: ItemRecord = {
    handle: old?.handle ?? randomID(l.world.random), revision, app: o.app ?? "", path: old?.path ?? name,
    type: o.type || old?.type || typeByName(name) || "application/octet-stream",
    size: staged.size, labels: o.labels ? sorted(o.labels) : (old?.labels ?? []),
    audience: o.audience ? canonical(o.audience) : (old?.audience ?? nobody),
    key: staged.key, created: old?.created || timeOf(revision), modified: o.modified ?? now, inline: staged.small,
    tag: staged.tag, until: 0, by: old?.by ?? l.device,
  };
  return { record, here: true };
}

export function itemOf(e: Entry, shown: string): Item {
  const { handle, revision, app, type, size, labels, audience, created, modified } = e.record;
  return { handle, revision, app, path: shown, type, size, labels, audience, created, modified, here: e.here, sent: e.sent.length };
}

/** One of putMany. */
export interface Document extends Omit<PutOptions, keyof Conditions> {
  path: string;
  body: Uint8Array;
}

/** What Library.putMany does. */
export async function putMany(l: Core, docs: readonly Document[]): Promise<Outgoing[]> {
  const staged: Staged[] = [];
  const seen = new Set<string>();
  try {
    for (const d of docs) {
      const name = `${d.app ?? ""}\0${d.path}`;
      if (seen.has(name)) throw new Fault("invalid", `the path ${d.path} is there twice`);
      seen.add(name);
      checkOptions(d.path, d);
      staged.push(await stage(l, d.body));
    }
    return await change(l, docs.map((d, i) => version(l, d.path, staged[i] as Staged, d)));
  } catch (e) {
    for (const s of staged) if (!s.inline) await l.discard(s.key);
    throw e;
  }
}
