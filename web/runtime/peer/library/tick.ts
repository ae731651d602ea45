import type { Outgoing } from "../contract.ts";
import { personApp } from "./bounds.ts";
import { type Entry, hasFile } from "./catalog.ts";
import { Batch, type Core } from "./core.ts";
import { graveRow } from "./delete.ts";
import { expireDrafts } from "./draft.ts";
import { expireGone } from "./gone.ts";
import { deviceOf, timeOf } from "./item.ts";
import { keepPeers, peerOf } from "./peer.ts";
import { remind } from "./receipts.ts";
import { begin } from "./sync.ts";

/** What Library.tick does. */
export async function tick(l: Core): Promise<Outgoing[]> {
  await expireGone(l);
  await expireGraves(l);
  await evict(l);
  await expireDrafts(l);
  const out = await remind(l);
  const due = l.circle.line.filter((d) => l.now() - peerOf(l, d.id).began >= l.o.reconcile);
  out.push(...due.map((d) => begin(l, d)));
  const left = [...l.peers.keys()].filter((id) => l.circle.devices.size > 0 && !l.circle.knows(id));
  for (const id of left) l.peers.delete(id);
  if (due.length + left.length > 0) await keepPeers(l);
  return out;
}

/**
 * Takes tombstones out of comparisons when their time is over, on all devices alike,
 * and erases them. One of an item that another device made is kept until that device
 * has it: it alone could bring the item back.
 */
async function expireGraves(l: Core): Promise<void> {
  const now = l.now();
  const b = new Batch();
  const erased: string[] = [];
  for (const [handle, g] of [...l.catalog.graves]) {
    if (g.until > now) continue;
    if (!g.out) l.catalog.bury(handle, { ...g, out: true });
    if (g.by === l.device || !l.circle.knows(g.by) || peerOf(l, g.by).acked >= g.seq) {
      b.delete(graveRow(handle));
      erased.push(handle);
      l.erased = Math.max(l.erased, g.seq);
    }
  }
  if (erased.length === 0) return;
  await l.commit(b);
  for (const handle of erased) l.catalog.unbury(handle);
}

/** Whether a body is to be on this device. */
export function wants(l: Core, e: Entry): boolean {
  const r = e.record;
  if (r.app === personApp || deviceOf(r.revision) === l.device) return true; // what was written here is here
  if (l.holds.apps && !l.holds.apps.includes(r.app)) return false;
  return !l.holds.recent || l.now() - Math.max(e.used, timeOf(r.revision)) <= l.holds.recent;
}

/** Removes bodies that this device is not to keep and did not write. */
async function evict(l: Core): Promise<void> {
  if (!l.holds.recent && !l.holds.apps) return;
  const idle = l.catalog.byPath.filter((e) => hasFile(e) && !wants(l, e));
  if (idle.length === 0) return;
  const b = new Batch();
  for (const e of idle) b.item({ ...e, here: false });
  await l.commit(b);
  for (const e of idle) {
    e.here = false;
    await l.discard(e.record.key);
  }
}
