import type { Outgoing } from "../contract.ts";
import type { Entry } from "./catalog.ts";
import { Batch, type Core, itemRow } from "./core.ts";
import { clear, mourn } from "./delete.ts";
import { vanish } from "./gone.ts";

/**
 * Removes entries that were deleted elsewhere so long ago that nobody has a
 * tombstone any more.
 */
export async function drop(l: Core, doomed: readonly Entry[]): Promise<Outgoing[]> {
  if (doomed.length === 0) return [];
  const { out, lost } = await mourn(l, doomed.map((e) => e.record.handle));
  for (const p of l.peers.values()) p.equal = 0; // what is dropped was known when they agreed
  const b = new Batch();
  for (const e of doomed) b.delete(itemRow(e.record.handle));
  await l.commit(b);
  await clear(l, doomed);
  await vanish(l, lost);
  return out;
}
