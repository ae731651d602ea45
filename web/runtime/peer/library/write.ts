import { type Outgoing, MessageKind } from "../contract.ts";
import { Fault } from "../fault.ts";
import { equal } from "../seal/index.ts";
import { entitled } from "./audience.ts";
import { personApp } from "./bounds.ts";
import { type Entry, hasFile } from "./catalog.ts";
import { Batch, type Core } from "./core.ts";
import { vanish } from "./gone.ts";
import { type ItemRecord, tagOf } from "./item.ts";
import { ask, losses, type Loss } from "./receipts.ts";
import { learn } from "./records.ts";
import { push } from "./sync.ts";

/** One new version of an item: made here, or told by another device. */
export interface Write {
  record: ItemRecord;
  here: boolean; // the body is on this device
}

interface Done extends Write {
  old: Entry | undefined; // what it replaced
  fresh: Entry;
}

/**
 * Makes new versions durable and puts them into the catalog. Callers have decided
 * that each is newer than what is there.
 */
export async function store(l: Core, ws: readonly Write[]): Promise<Done[]> {
  const b = new Batch();
  const done = ws.map((w) => {
    const old = l.catalog.byHandle.get(w.record.handle);
    if (!old && l.catalog.byHandle.size >= l.o.mostItems) {
      throw new Fault("too_large", `the library has ${l.catalog.byHandle.size} documents already`);
    }
    const fresh = l.catalog.entry({ record: w.record, here: w.here, seq: ++l.seq, used: l.now(), sent: old?.sent ?? [] });
    b.item(fresh);
    return { ...w, old, fresh };
  });
  for (const w of done) l.see(w.record.revision);
  await l.commit(b);
  for (const w of done) {
    if (w.old) l.catalog.swap(w.old, w.fresh);
    else l.catalog.add(w.fresh);
    if (w.old && (hasFile(w.old) || !w.old.here) && !equal(w.old.record.key, w.record.key)) await l.discard(w.old.record.key);
  }
  return done;
}

/** Stores new versions made on this device, and returns the messages about them. */
export function change(l: Core, ws: readonly Write[]): Promise<Outgoing[]> {
  return carry(l, ws, true);
}

/**
 * Stores versions of another device. Friends to whom this device has shown what
 * there is are told that it changed.
 */
export function accept(l: Core, ws: readonly Write[]): Promise<Outgoing[]> {
  return carry(l, ws, false);
}

async function carry(l: Core, ws: readonly Write[], own: boolean): Promise<Outgoing[]> {
  if (ws.length === 0) return [];
  const touched = new Set<string>();
  const lost: Loss[] = [];
  for (const w of ws) {
    const old = l.catalog.byHandle.get(w.record.handle);
    const was = old ? entitled(l, old.record.app, old.aud) : [];
    const is = entitled(l, w.record.app, w.record.audience);
    for (const id of [...was, ...is]) if (own || l.given.has(id)) touched.add(id);
    if (old) lost.push(...losses(l, old, w.record.path, was, is));
  }
  const asked = ask(l, lost);
  const done = await store(l, [...asked.writes, ...ws]);
  for (const w of done) learn(l, w.fresh);
  await vanish(l, lost);
  for (const w of done) announce(l, w);
  const pushed = push(l, (own ? done : asked.writes).map((w) => w.record));
  return [...pushed, ...asked.out, ...tell(l, touched)];
}

/** A hint for each friend that something changed. */
export function tell(l: Core, touched: ReadonlySet<string>): Outgoing[] {
  return [...l.circle.friends.keys()].filter((id) => touched.has(id)).map(changed);
}

export function changed(to: string): Outgoing {
  return { to, kind: MessageKind.changed, replaces: true };
}

function announce(l: Core, w: Done): void {
  if (w.old && w.old.record.path !== w.record.path) notify(l, w.old.record.app, w.old.record.path);
  notify(l, w.record.app, w.record.path);
}

/** Tells watchers what is at a path now, and what is shown beside it. */
export function notify(l: Core, app: string, path: string): void {
  if (l.watchers.size === 0) return;
  if (app === personApp) return l.say({ record: path });
  const there = l.catalog.same(app, path);
  if (there.length === 0) l.say({ app, path });
  for (const e of there) l.say({ app, path: l.catalog.shown(e), tag: tagOf(e.record) });
}
