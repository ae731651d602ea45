/** The person's devices as they are shown, what one says of itself, and removing some. */
import { Fault } from "../fault.ts";
import { newSeed, relationOf, ownRoot } from "../seal/index.ts";
import { ofSeed, recover } from "./create.ts";
import { base, intend, issue, peer } from "./house.ts";
import * as local from "./local.ts";
import { checkName } from "./name.ts";
import { join, type PersonEffects } from "./options.ts";
import { seedOf } from "./phrase.ts";
import { update } from "./queue.ts";
import { Change } from "./record.ts";
import { changeKeys, mustChange } from "./rekey.ts";
import * as roster from "./roster.ts";
import type { Self } from "./self.ts";

/** One of the person's own, as it is shown. */
export interface DeviceView {
  id: string;
  name: string;
  this: boolean;
  added: number;
  holds: roster.Holds;
  /** It has shown that it has the newest roster. */
  knows: boolean;
  /** What it is written to by; absent for this one. */
  relation?: string;
}

/** All devices of the person, in the roster's order. */
export function devices(s: Self): DeviceView[] {
  if (!s.house) return [];
  const { history, secret } = s.house;
  const r = s.roster();
  const hash = roster.hashOf(history.current);
  const inside = s.isIn(r);
  return r.devices.map((d) => {
    const id = roster.idOf(d);
    const mine = id === s.id;
    return {
      id, name: d.name, this: mine, added: d.added, holds: d.holds, knows: mine || peer(s, id).has === hash,
      ...(!mine && inside && { relation: relationOf(ownRoot(secret, s.id, id)) }),
    };
  });
}

/** Changes what this device says of itself: its name, and what it holds. Only a device itself can. */
export async function setDevice(s: Self, name: string, holds?: roster.Holds): Promise<PersonEffects> {
  const next = { ...s.device, ...(name !== "" && { name: checkName(name) }), ...(holds && { holds }) };
  if (s.house) {
    base(s);
    roster.checkDevice(s.entry(next));
  }
  await s.putLocal("device", local.device, next);
  s.device = next;
  const c = new Change();
  if (s.house) await update(s, c);
  return s.commit(c);
}

/**
 * Removes devices: they hear of nothing that is new, and with every friend all keys
 * change. With the phrase no device can undo it; without (empty) one that is not
 * removed could.
 */
export async function revoke(s: Self, ids: readonly string[], words: string): Promise<PersonEffects> {
  const seed = words === "" ? undefined : await seedOf(words);
  const r = s.roster();
  for (const id of ids) {
    if (id === s.id) throw new Fault("invalid", "a device cannot remove itself", "remove it on another device of yours");
    if (!roster.find(r, id)) throw new Fault("not_found", `you have no device ${id}`);
  }
  if (seed) {
    await ofSeed(s, seed);
    return recover(s, seed, r.devices.map(roster.idOf).filter((id) => !ids.includes(id)));
  }
  const held = base(s);
  await intend(s, ids, []);
  const e = await mustChange(s);
  const c = new Change();
  await issue(s, c, roster.without(held, ids), newSeed(s.o.world.random));
  return join(join(e, await s.commit(c)), await changeKeys(s));
}
