import type { Outgoing } from "../contract.ts";
import { equal } from "../seal/index.ts";
import { personApp } from "./bounds.ts";
import type { Core } from "./core.ts";
import { bury, mourn, remove } from "./delete.ts";
import { vanish } from "./gone.ts";
import { canonical, checkRecord, isInline, type ItemRecord, timeOf, tombstone } from "./item.ts";
import type { Peer } from "./peer.ts";
import { push } from "./sync.ts";
import { accept, type Write } from "./write.ts";

/** What is done about a record: nothing, a newer version, a deletion, or the other is told that it was deleted here. */
type Verdict = "ignore" | "take" | "remove" | "refuse";

/**
 * Decides about a record. It depends on nothing but what is there, so that all
 * devices decide alike.
 */
function judge(l: Core, p: Peer, r: ItemRecord): Verdict {
  if (timeOf(r.revision) > l.now() + l.o.ahead) return "ignore"; // comes again when its time has come
  const e = l.catalog.byHandle.get(r.handle);
  const g = l.catalog.graves.get(r.handle);
  if (r.until !== 0) {
    if (g ? g.revision >= r.revision : !e && r.until <= l.now()) return "ignore";
    return "remove";
  }
  try {
    checkRecord(r);
  } catch (error) {
    l.world.log("warn", "an item of another device is refused", { error });
    return "ignore";
  }
  // Deletion is final; the comparison tells the other of it while it is in it.
  if (g) return g.out ? "refuse" : "ignore";
  if (!e && l.resets.length === 0 && wasDeletedHere(p, r)) return "refuse";
  return !e || e.record.revision < r.revision ? "take" : "ignore";
}

/**
 * Of an item that this device does not know: whether it must have known it. What
 * the other made before both had the same, it knew. And from one that was told to
 * reset nothing is new but what it made itself.
 */
function wasDeletedHere(p: Peer, r: ItemRecord): boolean {
  return r.by === p.device ? r.created < p.equal : p.behind;
}

/** Takes items and tombstones of another device, and reports whether any of them was new. */
export async function apply(l: Core, p: Peer, rs: readonly ItemRecord[]): Promise<{ out: Outgoing[]; fresh: boolean }> {
  const ws: Write[] = [];
  const graves: ItemRecord[] = [];
  const refused: ItemRecord[] = [];
  const seen = new Set<string>();
  for (const r of rs) {
    if (seen.has(r.handle)) continue; // nobody sends one twice in a message
    seen.add(r.handle);
    const verdict = judge(l, p, r);
    if (verdict === "remove") graves.push(r);
    else if (verdict === "refuse") refused.push(epitaph(l, r));
    else if (verdict === "take") ws.push({ record: { ...r, audience: canonical(r.audience) }, here: hasBody(l, r) });
  }
  const out = [...(await accept(l, ws)), ...(await inter(l, [...graves, ...refused])), ...(await settleDoubles(l, ws))];
  return { out: [...out, ...push(l, refused)], fresh: ws.length + graves.length > 0 };
}

/** Whether a new version's body is here already: in the item, or the one that the old version has. */
function hasBody(l: Core, r: ItemRecord): boolean {
  const e = l.catalog.byHandle.get(r.handle);
  return isInline(r) || (e?.here === true && equal(e.record.key, r.key));
}

/** The tombstone of something that was deleted here before. */
function epitaph(l: Core, r: ItemRecord): ItemRecord {
  const g = l.catalog.graves.get(r.handle);
  return g ? tombstone(r.handle, g.revision, g.by, g.until) : tombstone(r.handle, l.next(), r.by, l.now() + l.o.bury);
}

/**
 * Deletes what another device deleted. Friends who were sent it by this device are
 * asked to purge it: no other device knows that they were.
 */
async function inter(l: Core, graves: readonly ItemRecord[]): Promise<Outgoing[]> {
  if (graves.length === 0) return [];
  return l.free(async () => {
    const { out, lost } = await mourn(l, graves.map((r) => r.handle));
    await bury(l, graves);
    await vanish(l, lost);
    return out;
  });
}

/**
 * Deletes the older of two records that two devices made under one key before they
 * heard of one another. All devices choose the same.
 */
function settleDoubles(l: Core, ws: readonly Write[]): Promise<Outgoing[]> {
  const paths = new Set(ws.filter((w) => w.record.app === personApp).map((w) => w.record.path));
  return remove(l, [...paths].flatMap((path) => l.catalog.same(personApp, path).slice(1)));
}
