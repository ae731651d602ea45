import { type Epoch, type Message, MessageKind, type Relation } from "../contract.ts";
import { epochOf } from "../seal/index.ts";
import { forgetContext } from "./context.ts";
import { day } from "./options.ts";
import { pending } from "./outbox.ts";
import { add, addEffects, apply, begin, refused } from "./send.ts";
import { apart, type Inner, jobKey, type State, stateKey } from "./state.ts";

/** The newest epoch that the other side may be told: one that own devices know. */
export function announced(c: Inner, r: Relation): Epoch | undefined {
  const st = c.state(r.id);
  return r.epochs.find((e) => e.id !== st.sharing || !pending(c, st.share));
}

/** Notes which own epoch the other side seals to. */
export function noteEpoch(c: Inner, r: Relation, st: State, used: string): void {
  if (!st.used[used] && r.epochs.some((e) => e.id === used)) st.used[used] = c.now();
}

/**
 * Takes a key of the other side, unless it told a newer one before. Its clock may have
 * been wrong then: it is believed when it says that it is lost, or when the key that is
 * known is old.
 */
export async function learnEpoch(c: Inner, r: Relation, st: State, m: Message): Promise<void> {
  const newer = m.sent >= st.keysSent || m.kind === MessageKind.unknown || apart(c.now(), r.peerEpoch.seen) > c.limits.epochAge;
  if (!m.epoch?.length || !newer || epochOf(m.epoch) === r.peerEpoch.id) return;
  let e;
  try {
    e = await c.o.people.learnEpoch(r.id, m.epoch);
  } catch (error) {
    if (!refused(error)) throw error;
    return c.world.log("info", "refused an epoch", { relation: r.id.slice(0, 8), error });
  }
  st.keysSent = m.sent;
  await apply(c, e);
}

/** Makes, announces and erases epochs of a relation (spec §3.1). */
export async function tickEpoch(c: Inner, r: Relation): Promise<void> {
  const newest = r.epochs[0];
  if (!newest) return;
  const st = c.state(r.id);
  noteAges(c, r, newest, st);
  if (apart(c.now(), st.since) >= rotateAt(c, newest)) await rotate(c, r);
  else if (unheeded(c, r, newest, st)) await announce(c, r.id, []);
  await erase(c, r, st);
}

/**
 * Notes when this device first knew the newest epoch, and of others that they are
 * superseded. What other devices wrote of it was by other clocks.
 */
function noteAges(c: Inner, r: Relation, newest: Epoch, st: State): void {
  let changed = st.newest !== newest.id;
  if (changed) Object.assign(st, { newest: newest.id, since: c.now() });
  for (const e of r.epochs) {
    if (!e.superseded || st.old[e.id]) continue;
    st.old[e.id] = c.now();
    changed = true;
  }
  if (!changed) return;
  const there = new Set(r.epochs.map((e) => e.id));
  for (const times of [st.used, st.old]) {
    for (const id of Object.keys(times)) if (!there.has(id)) delete times[id];
  }
  c.keep(stateKey(r.id), st);
}

/** A little different for each, so that own devices and relations do not all do it at once. */
function rotateAt(c: Inner, e: Epoch): number {
  return c.limits.epochAge * (1 - parseInt(e.id.slice(0, 2), 16) / 4096);
}

/** Makes an epoch and announces it when own devices were told. */
async function rotate(c: Inner, r: Relation): Promise<void> {
  const jobs = addEffects(c, await c.o.people.newEpoch(r.id));
  const newest = (await c.o.people.relation(r.id))?.epochs[0];
  if (!newest) return;
  const st = c.state(r.id);
  st.sharing = newest.id;
  st.share = jobs.map((j) => j.number);
  await begin(c, jobs);
  await announce(c, r.id, st.share);
}

/** Tells the other side the newest epoch. */
async function announce(c: Inner, relation: string, after: number[]): Promise<void> {
  const st = c.state(relation);
  st.told = c.now();
  c.keep(stateKey(relation), st);
  const j = add(c, { to: relation, kind: MessageKind.keys, replaces: true });
  j.after = after;
  c.depend(j);
  c.keep(jobKey(j), j);
  await begin(c, [j]);
}

/** Whether the other side goes on sealing to an old epoch, a day after it was told of the new one. */
function unheeded(c: Inner, r: Relation, newest: Epoch, st: State): boolean {
  const told = Math.max(st.told, st.since);
  return r.epochs.length > 1 && !st.used[newest.id] && !pending(c, st.share) && c.now() - told > day && st.heard > told;
}

/**
 * Erases superseded epochs that nothing can wait for any more: some time after the
 * other side has used a newer one, or at the latest.
 */
async function erase(c: Inner, r: Relation, st: State): Promise<void> {
  let known = false; // a newer epoch is in use for longer than a message waits
  for (const e of r.epochs) {
    const old = st.old[e.id];
    if (e.superseded && known || old && apart(c.now(), old) > c.limits.epochKept) await eraseOne(c, r, st, e);
    const since = st.used[e.id];
    known ||= since !== undefined && apart(c.now(), since) > c.limits.lifetime;
  }
}

async function eraseOne(c: Inner, r: Relation, st: State, e: Epoch): Promise<void> {
  const effects = await c.o.people.eraseEpoch(r.id, e.id);
  for (const s of [...(c.receives.get(r.id)?.values() ?? [])]) {
    if (s.context.epoch === e.id && !s.context.notice) forgetContext(c, r.id, s.context.id);
  }
  delete st.used[e.id];
  delete st.old[e.id];
  c.keep(stateKey(r.id), st);
  await apply(c, effects);
}
