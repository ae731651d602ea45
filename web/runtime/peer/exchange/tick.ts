import { MessageKind, PartyKind, type Relation } from "../contract.ts";
import { kindOf } from "../fault.ts";
import { encodeContexts } from "../seal/index.ts";
import { forgetContext } from "./context.ts";
import { tickEpoch } from "./epoch.ts";
import { hour } from "./options.ts";
import { blocked, pending } from "./outbox.ts";
import { dueAt, tickAsks } from "./question.ts";
import { begin, send } from "./send.ts";
import { apart, At, type Inner, type Seen, stateKey, unpackRecord } from "./state.ts";

/** How often what is over is looked for. */
const sweepEvery = hour;
/** How many contexts a new own device is told of in one message. */
const together = 40;

/** Does what is due. */
export async function tick(c: Inner): Promise<void> {
  c.soon = 0;
  await begin(c, c.jobs.values());
  const each = async (f: () => Promise<void>): Promise<void> => {
    try {
      await f();
    } catch (error) {
      if (kindOf(error) !== "no_space") throw error; // the rest is done all the same
      c.world.log("warn", "cannot do what is due", { error });
    }
  };
  await each(() => tickAsks(c));
  const relations = await c.o.people.relations();
  const owed = new Set(relations.filter((r) => r.out.length !== 0).map((r) => r.id));
  for (const [id, st] of c.states) if (!owed.has(id)) st.run.owe = 0;
  for (const r of relations) {
    await each(() => tickEpoch(c, r));
    await each(() => tickOwed(c, r));
    await each(() => welcome(c, r, relations));
  }
  if (apart(c.now(), c.swept) < sweepEvery) return;
  c.swept = c.now();
  sweep(c, new Map(relations.map((r) => [r.id, r])));
}

/** Acknowledges contexts by a message of its own, when none carried it. */
async function tickOwed(c: Inner, r: Relation): Promise<void> {
  const { run } = c.state(r.id);
  if (run.owe === 0 || c.now() < run.owe) return;
  const untold = [...(c.receives.get(r.id)?.values() ?? [])].some((s) => pending(c, s.share));
  run.owe = untold ? c.now() + c.limits.ackAfter : 0;
  if (!untold) await send(c, { to: r.id, kind: MessageKind.keys });
}

/** Tells a new own device all contexts of friends. */
async function welcome(c: Inner, r: Relation, relations: readonly Relation[]): Promise<void> {
  const st = c.state(r.id);
  if (r.kind !== PartyKind.ownDevice || st.welcomed || r.out.length === 0) return;
  const all = relations.filter((f) => f.kind === PartyKind.friend).flatMap((f) =>
    [...(c.receives.get(f.id)?.values() ?? [])].filter((s) => !s.context.notice)
      .map((s) => ({ relation: f.id, epoch: s.context.epoch, enc: s.context.enc })));
  for (let i = 0; i < all.length; i += together) {
    await send(c, { to: r.id, kind: MessageKind.contexts, body: encodeContexts(all.slice(i, i + together)) });
  }
  st.welcomed = true;
  c.keep(stateKey(r.id), st);
}

/** Forgets what is over: relations, contexts of epochs that are erased, ids of messages that cannot come again. */
function sweep(c: Inner, relations: Map<string, Relation>): void {
  for (const prefix of [At.send, At.receive, At.state]) {
    for (const [key] of c.each(prefix)) {
      const id = key.slice(prefix.length).split("/")[0] ?? "";
      if (relations.has(id)) continue;
      c.drop(key);
      for (const map of [c.sends, c.receives, c.states, c.friends]) map.delete(id);
    }
  }
  for (const [id, contexts] of c.receives) {
    const epochs = new Set(relations.get(id)?.epochs.map((e) => e.id));
    for (const s of [...contexts.values()]) {
      const known = s.context.notice ? c.now() - s.used < c.limits.epochKept : epochs.has(s.context.epoch);
      if (!known) forgetContext(c, id, s.context.id);
    }
  }
  sweepSeen(c, relations);
}

/**
 * Forgets ids of messages that cannot come again, and the oldest of those who send very
 * many: their numbers count instead.
 */
function sweepSeen(c: Inner, relations: Map<string, Relation>): void {
  const all = new Map<string, { key: string; at: number }[]>();
  for (const [key, value] of c.each(At.seen)) {
    const { at } = unpackRecord(key, value) as Seen;
    const relation = key.slice(At.seen.length).split("/")[0] ?? "";
    if (!relations.has(relation) || at < c.now() - c.limits.seenFor) c.drop(key);
    else listOf(all, relation).push({ key, at });
  }
  for (const [relation, ids] of all) {
    if (ids.length <= c.limits.seen) continue;
    ids.sort((a, b) => a.at - b.at);
    for (const { key } of ids.slice(0, ids.length - Math.floor(c.limits.seen / 2))) c.drop(key);
    const st = c.state(relation);
    st.forgot = true;
    c.keep(stateKey(relation), st);
  }
}

function listOf<A, V>(m: Map<A, V[]>, a: A): V[] {
  let list = m.get(a);
  if (!list) m.set(a, list = []);
  return list;
}

/** When tick is to be called. */
export function next(c: Inner): number {
  let at = c.swept + sweepEvery;
  const sooner = (t: number): void => { at = Math.min(at, t); };
  if (c.flush !== 0) sooner(c.flush);
  if (c.soon !== 0) sooner(c.soon);
  for (const j of c.jobs.values()) {
    sooner(j.expires);
    if (j.kept.length !== 0 || blocked(c, j)) continue;
    if (j.run.direct === "busy") sooner(j.run.relays);
    for (const t of j.run.boxes.values()) if (!t.busy && !t.done) sooner(t.next);
  }
  for (const a of c.asks.values()) {
    if (!a.over) sooner(a.answer ? a.expires : Math.min(a.expires, dueAt(a)));
  }
  for (const st of c.states.values()) if (st.run.owe !== 0) sooner(st.run.owe);
  return at;
}
