import type { Outgoing } from "../contract.ts";
import { Viewer } from "./audience.ts";
import type { Core } from "./core.ts";
import { ask, type Loss } from "./receipts.ts";
import type { LibraryRecords } from "./records.ts";
import { change, tell } from "./write.ts";

/**
 * Changes lists, and looks after those who came or went: they are told that there
 * may be something new for them, and asked to purge what they were sent and may see
 * no longer.
 */
export async function regroup(
  l: Core, records: LibraryRecords, puts: Map<string, Uint8Array>, deletes: string[], who: string[],
): Promise<Outgoing[]> {
  const held = l.catalog.byPath.filter((e) => e.sent.some((id) => who.includes(id)));
  const out = await records.put(puts, deletes);
  const lost: Loss[] = [];
  for (const id of who) {
    const friend = l.circle.friends.get(id);
    const v = friend && new Viewer(l, friend);
    for (const e of held) {
      const entry = l.catalog.byHandle.get(e.record.handle);
      if (entry && e.sent.includes(id) && !v?.sees(entry)) {
        lost.push({ entry, shown: l.catalog.shown(entry), had: [id], blind: [], deleted: false });
      }
    }
  }
  const asked = ask(l, lost);
  return [...out, ...(await change(l, asked.writes)), ...asked.out, ...tell(l, new Set(who))];
}
