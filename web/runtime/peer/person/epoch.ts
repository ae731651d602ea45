/** The epochs of this side of relations (spec §3.1). */
import { Fault } from "../fault.ts";
import { checkXWing, newEpoch as makeEpoch, equal } from "../seal/index.ts";
import { flag } from "./codec.ts";
import * as local from "./local.ts";
import { noEffects, type PersonEffects } from "./options.ts";
import { deviceOfRelation, others, ownEpochs } from "./own.ts";
import * as rec from "./record.ts";
import { idOf } from "./roster.ts";
import type { Self } from "./self.ts";
import { ordered, type RelationView } from "./view.ts";

const ownKey = (device: string, epoch: string): string => `epoch/${device}/${epoch}`;

function device(s: Self, relation: string): string {
  const d = deviceOfRelation(s, relation);
  if (d === undefined) throw new Fault("not_found", `there is no relation ${relation}`);
  return d;
}

/** Makes a new epoch. The person's other devices are told by the effects, before it is announced. */
export async function newEpoch(s: Self, relation: string): Promise<PersonEffects> {
  const { epoch } = await makeEpoch(s.o.world.random, s.now());
  const r = s.look().relations.get(relation);
  const d = r ? "" : device(s, relation);
  // A clock that went back must not make the new one look older.
  const newest = (r ? ordered(r) : ownEpochs(s, d))[0];
  const made = { private: epoch.private, created: newest ? Math.max(epoch.created, newest.created + 1) : epoch.created };
  if (!r) {
    await s.putLocal(ownKey(d, epoch.id), local.epoch, made);
    return noEffects();
  }
  const c = new rec.Change();
  c.put(rec.epochKey(relation, epoch.id), rec.epoch, made);
  return s.commit(c);
}

/** Takes a new epoch key of the other side in. */
export async function learnEpoch(s: Self, relation: string, key: Uint8Array): Promise<PersonEffects> {
  await checkXWing(key);
  const seen = { public: key, seen: s.now() };
  const r = s.look().relations.get(relation);
  if (r) {
    const c = new rec.Change();
    if (!equal(r.peer.public, key)) c.put(rec.at.peer + relation, rec.peer, seen);
    return s.commit(c);
  }
  await s.putLocal(`theirs/${device(s, relation)}`, local.theirs, seen);
  return noEffects();
}

/**
 * Erases the private half of an epoch. What a device has to be reached by if all else
 * is lost, its own key, is no epoch any more then, but stays.
 */
export async function eraseEpoch(s: Self, relation: string, epoch: string): Promise<PersonEffects> {
  const r = s.look().relations.get(relation);
  if (r) {
    const c = new rec.Change();
    if (r.epochs.has(epoch) && r.epochs.size > 1) c.del(rec.epochKey(relation, epoch));
    return s.commit(c);
  }
  const d = deviceOfRelation(s, relation);
  const all = d === undefined ? [] : ownEpochs(s, d);
  if (d === undefined || all.length === 0 || all[0]?.id === epoch) return noEffects(); // the newest stays
  if (s.o.local.get(ownKey(d, epoch))) await s.delLocal(ownKey(d, epoch));
  else await s.putLocal(`past/${d}`, flag, true);
  return noEffects();
}

/** Erases keys that are too old whatever happened. */
export function oldEpochs(s: Self, c: rec.Change, r: RelationView): void {
  for (const [i, e] of ordered(r).entries()) {
    if (i > 0 && s.now() > (e.superseded ?? 0) + s.o.keep) c.del(rec.epochKey(r.id, e.id));
  }
}

/** The same for own devices. */
export async function oldOwnEpochs(s: Self): Promise<void> {
  for (const d of others(s)) {
    const name = idOf(d);
    const old = ownEpochs(s, name).filter((e) => e.superseded !== undefined && s.now() > e.superseded + s.o.keep);
    await s.delLocal(...old.map((e) => ownKey(name, e.id)));
  }
}
