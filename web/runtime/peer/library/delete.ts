import type { Outgoing } from "../contract.ts";
import { Fault } from "../fault.ts";
import { encode, Fields, record, unhex } from "../seal/index.ts";
import { entitled } from "./audience.ts";
import { personApp } from "./bounds.ts";
import { type Entry, type Grave, hasFile } from "./catalog.ts";
import { Batch, type Core, itemRow } from "./core.ts";
import { vanish } from "./gone.ts";
import { type ItemRecord, tombstone } from "./item.ts";
import { below, checkFolder } from "./path.ts";
import { checkConditions } from "./put.ts";
import { ask, type Loss } from "./receipts.ts";
import { learn, unlearn } from "./records.ts";
import { pushRecords } from "./sync.ts";
import { change, notify, tell } from "./write.ts";

export function graveRow(handle: string): string {
  return `g/${handle}`;
}

export function loadGraves(l: Core): void {
  const now = l.now();
  for (const [key, octets] of l.bucket.each("g/")) {
    const f = Fields.of(octets, "tombstone");
    const until = f.int(14);
    l.catalog.bury(key.slice(2), { revision: f.id(2, 16), until, by: f.id(15, 8), seq: f.uint(16), out: until <= now });
  }
}

/** What Library.remove does. */
export async function removeDocuments(
  l: Core, app: string, name: string, o: { all?: boolean; ifMatch?: string | undefined },
): Promise<{ removed: number; out: Outgoing[] }> {
  checkFolder(name);
  if (app === personApp) throw new Fault("forbidden", "the person's own state is not removed as documents");
  checkConditions(l, app, name, o);
  const doomed: Entry[] = [];
  const e = name.endsWith("/") ? undefined : l.catalog.find(app, name);
  if (e) doomed.push(e);
  if (o.all) for (const [b] of l.catalog.below(app, below(name))) doomed.push(b);
  if (doomed.length === 0) {
    if (!o.all && !l.catalog.below(app, below(name)).next().done) throw new Fault("conflict", `${name} is a folder`);
    throw new Fault("not_found", `there is no document ${name}`);
  }
  return { removed: doomed.length, out: await remove(l, doomed) };
}

/** Deletes entries because a person said so. */
export async function remove(l: Core, doomed: readonly Entry[]): Promise<Outgoing[]> {
  if (doomed.length === 0) return [];
  const lost = doomed.map((e) => lossOf(l, e));
  const touched = new Set(lost.flatMap((x) => x.blind));
  const until = l.now() + l.o.bury;
  const graves = doomed.map((e) => tombstone(e.record.handle, l.next(), e.record.by, until));
  return l.free(async () => {
    const asked = ask(l, lost);
    const out = [...(await change(l, asked.writes)), ...asked.out];
    await bury(l, graves);
    await vanish(l, lost);
    return [...out, ...pushRecords(l, graves), ...tell(l, touched)];
  });
}

/** What is lost when an entry is deleted. */
function lossOf(l: Core, entry: Entry): Loss {
  const blind = entitled(l, entry.record.app, entry.aud);
  return { entry, shown: l.catalog.shown(entry), had: entry.sent, blind, deleted: true };
}

/** Asks friends to purge what another device deleted, and tells those who follow. */
export async function mourn(l: Core, handles: readonly string[]): Promise<{ out: Outgoing[]; lost: Loss[] }> {
  const lost: Loss[] = [];
  for (const h of handles) {
    const e = l.catalog.byHandle.get(h);
    if (e) lost.push(lossOf(l, e));
  }
  const touched = new Set(lost.flatMap((x) => x.blind).filter((id) => l.given.has(id)));
  const asked = ask(l, lost);
  return { out: [...asked.out, ...(await change(l, asked.writes)), ...tell(l, touched)], lost };
}

/**
 * Puts tombstones in the place of items, or where there is none. When it resolves
 * the keys of what was there are overwritten and the bodies removed; opening does
 * the rest when the process is killed before.
 */
export async function bury(l: Core, graves: readonly ItemRecord[]): Promise<void> {
  const b = new Batch();
  const told = l.circle.devices.size > 0 || l.peers.size > 0; // else nobody has to be told
  const made: [string, Grave][] = [];
  const doomed: Entry[] = [];
  for (const r of graves) {
    const g = { revision: r.revision, by: r.by, until: r.until, seq: ++l.seq, out: r.until <= l.now() };
    if (told) {
      made.push([r.handle, g]);
      b.put(graveRow(r.handle), encode(record({ 2: unhex(g.revision), 14: g.until, 15: unhex(g.by), 16: g.seq })));
    }
    const e = l.catalog.byHandle.get(r.handle);
    if (e) {
      doomed.push(e);
      b.delete(itemRow(r.handle));
    }
    l.see(r.revision);
  }
  await l.commit(b);
  for (const [handle, g] of made) l.catalog.bury(handle, g);
  await clear(l, doomed);
}

/** Removes what is left of entries whose rows are deleted. */
export async function clear(l: Core, doomed: readonly Entry[]): Promise<void> {
  for (const e of doomed) {
    const { app, path, key } = e.record;
    const shown = l.catalog.shown(e);
    l.catalog.remove(e);
    unlearn(l, e);
    const [rest] = app === personApp ? l.catalog.same(app, path) : [];
    if (rest) learn(l, rest);
    if (hasFile(e) || !e.here) await l.discard(key);
    notify(l, app, path);
    if (shown !== path) l.say({ app, path: shown });
  }
}
