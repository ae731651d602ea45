import { type Message, MessageKind, PartyKind, type Relation } from "../contract.ts";
import { Fault, kindOf } from "../fault.ts";
import { hex, open, openNew, peek } from "../seal/index.ts";
import { acknowledged, came, learn, learnShared, number, tellAgain } from "./context.ts";
import type { Delivery } from "./effect.ts";
import { learnEpoch, noteEpoch } from "./epoch.ts";
import { backSoon, loss, renew, unopened } from "./lost.ts";
import { minute } from "./options.ts";
import { answered } from "./question.ts";
import { apply, refused, send } from "./send.ts";
import { backFailed, serve } from "./serve.ts";
import { boxOf, type Inner, type Receiving, receiveKey, type Seen, seenKey, stateKey } from "./state.ts";

/** Takes what a mailbox gave to this device: an envelope of a relation, or a join or a welcome. */
export async function deliver(c: Inner, d: Delivery): Promise<void> {
  const r = d.inbox.relation === undefined ? undefined : await c.o.people.relation(d.inbox.relation);
  if (r) {
    const opened = await unseal(c, r, d);
    if (!opened) return;
    const of = { ...d, inbox: { ...d.inbox, relation: opened.r.id } };
    await takeMessage(c, of, opened.r, opened.s, opened.m);
    return used(c, of, opened.r);
  }
  try {
    if (!await raw(c, d)) c.effects.push({ do: "ack", ref: d.ref });
  } catch (error) {
    if (!refused(error)) throw error;
    drop(c, d, error);
  }
}

/** How many inboxes are remembered that were used. */
const mostHeard = 8192;

/** Says, once, that the other side uses an inbox. */
async function used(c: Inner, d: Delivery, r: Relation): Promise<void> {
  const box = boxOf(d.inbox.mailbox);
  if (r.kind !== PartyKind.friend || c.heard.has(box)) return;
  const e = await c.o.people.arrived?.(d.inbox);
  if (c.heard.size >= mostHeard) c.heard.clear();
  c.heard.add(box);
  if (e) await apply(c, e);
}

function drop(c: Inner, d: Delivery, error: unknown): void {
  c.world.log("debug", "dropped a body", { relation: d.inbox.relation?.slice(0, 8), error });
  c.effects.push({ do: "ack", ref: d.ref });
}

/** Takes a join or a welcome; false when it is neither. */
async function raw(c: Inner, d: Delivery): Promise<boolean> {
  const e = await c.o.people.receive(d.inbox, d.body);
  if (!e) return false;
  await apply(c, e);
  c.effects.push({ do: "ack", ref: d.ref });
  return true;
}

/** An envelope that was opened: of which relation, and in which context. */
interface Opened { r: Relation; s: Receiving; m: Message }

/**
 * Opens an envelope: of r, or of another relation with the same queue. When it returns
 * nothing, the effects say what becomes of it.
 */
async function unseal(c: Inner, r: Relation, d: Delivery): Promise<Opened | undefined> {
  let seen;
  try {
    seen = peek(d.body);
    const opened = await openIn(c, r, d.body, seen);
    if (opened) return opened;
  } catch (error) {
    if (!refused(error)) throw error;
    drop(c, d, error);
    return undefined;
  }
  try {
    if (await raw(c, d)) return undefined; // a join or a welcome that is repeated
  } catch (error) {
    if (!refused(error)) throw error;
  }
  for (const twin of await sharers(c, r, d)) {
    const opened = await openIn(c, twin, d.body, seen).catch(() => undefined);
    if (opened) return opened;
  }
  await unopened(c, d, r, seen.context);
  return undefined;
}

/**
 * Opens an envelope of a relation: in a context that is known, or in a new one, which
 * is learnt; nothing when it fits none.
 */
async function openIn(c: Inner, r: Relation, body: Uint8Array, seen: ReturnType<typeof peek>): Promise<Opened | undefined> {
  const s = c.receives.get(r.id)?.get(seen.context);
  if (s) {
    const m = await open(s.context, body);
    if (seen.enc && !s.context.notice && c.now() - s.run.told > tellAgain) owe(c, r.id);
    return { r, s, m };
  }
  let fresh;
  try {
    fresh = await openNew(r, body);
  } catch (error) {
    if (kindOf(error) === "not_found") return undefined;
    throw error;
  }
  c.lost.delete(`${r.id}/${seen.context}`);
  const learnt = await learn(c, r, fresh.context, true);
  if (!fresh.context.notice) owe(c, r.id);
  return { r, s: learnt, m: fresh.message };
}

/**
 * The other relations that have this queue: two devices of a friend that answered one
 * join, or one change of keys, each made a relation of it.
 */
async function sharers(c: Inner, r: Relation, d: Delivery): Promise<Relation[]> {
  const queue = d.inbox.mailbox.recipient;
  if (r.kind !== PartyKind.friend || !queue) return [];
  const here = hex(queue);
  return (await c.o.people.relations()).filter((x) => x.id !== r.id && x.in.some((m) => m.recipient && hex(m.recipient) === here));
}

/** Makes an acknowledgement due, unless another message carries it before. */
function owe(c: Inner, relation: string): void {
  const { run } = c.state(relation);
  run.owe ||= c.now() + c.limits.ackAfter;
}

/** Handles a message that was opened. */
async function takeMessage(c: Inner, d: Delivery, r: Relation, s: Receiving, m: Message): Promise<void> {
  await notice(c, r, s, m);
  const had = c.get(seenKey(r.id, m.id)) as Seen | undefined;
  if (!had && c.state(r.id).forgot && came(s, m.number)) {
    c.effects.push({ do: "ack", ref: d.ref }); // its id may be one that was forgotten
    return;
  }
  let held = false;
  if (!d.direct && Math.abs(c.now() - m.sent) < minute) c.o.heard?.(r.id); // not what waited for long
  if (m.kind === MessageKind.meet) {
    if (!await meeting(c, d, r, s, m)) return;
  } else if (m.kind === MessageKind.ask) {
    if (r.ending) { // who asks may be a device that was revoked
      c.effects.push({ do: "back", ref: d.ref, wait: backFailed });
      return;
    }
    held = await serve(c, d, r, s, m, had);
  }
  else if (!had) {
    const wait = await handle(c, r, m);
    if (wait > 0) {
      c.effects.push({ do: "back", ref: d.ref, wait });
      return;
    }
  }
  if (number(s, m.number) && !had) {
    c.world.log("warn", "the other side used a number twice: it was restored from a backup", { relation: r.id.slice(0, 8) });
    c.state(r.id).rolled = c.now();
  }
  s.used = c.now();
  if (!s.context.notice) c.keep(receiveKey(r.id, s.context.id), s);
  if (held) return;
  if (!had) c.keep(seenKey(r.id, m.id), { at: c.now(), sent: m.sent } satisfies Seen);
  c.effects.push({ do: "ack", ref: d.ref });
}

/**
 * Takes a meeting (spec §5.4), even one that came before: it came by another relay, in
 * another context. False when it was given back for another device of this person.
 */
async function meeting(c: Inner, d: Delivery, r: Relation, s: Receiving, m: Message): Promise<boolean> {
  if (d.direct || c.o.meet?.(r.id, s.context.id, m)) return true;
  if (r.kind !== PartyKind.friend || Math.abs(c.now() - m.sent) > 2 * minute || (await c.ownDevices()).length === 0) return true;
  c.effects.push({ do: "back", ref: d.ref, wait: minute });
  return false;
}

/** Takes what any message says beside its body, even one that came before. */
async function notice(c: Inner, r: Relation, s: Receiving, m: Message): Promise<void> {
  const st = c.state(r.id);
  st.heard = c.now();
  noteEpoch(c, r, st, s.context.epoch);
  await acknowledged(c, r.id, m.known);
  await learnEpoch(c, r, st, m);
  if (m.kind === MessageKind.where) c.o.where?.(r.id, s.context.id, m);
  c.keep(stateKey(r.id), st);
}

/** Does what a message says; returns how long to give it back for. */
async function handle(c: Inner, r: Relation, m: Message): Promise<number> {
  try {
    return await hand(c, r, m);
  } catch (error) {
    if (!refused(error)) throw error;
    c.world.log("info", "refused a message", { relation: r.id.slice(0, 8), kind: m.kind, error });
    return 0;
  }
}

/** The kinds of own devices alone. */
const ofOwn: readonly number[] = [
  MessageKind.contexts, MessageKind.rosters, MessageKind.items, MessageKind.reconcile, MessageKind.reset,
];

async function hand(c: Inner, r: Relation, m: Message): Promise<number> {
  if (ofOwn.includes(m.kind) && r.kind !== PartyKind.ownDevice) {
    throw new Fault("forbidden", `a message of kind ${m.kind} is for own devices`);
  }
  switch (m.kind) {
    case MessageKind.keys:
    case MessageKind.where:
      return 0;
    case MessageKind.answer:
      return answered(c, r, m);
    case MessageKind.unknown:
      return renew(c, r, m);
    case MessageKind.contexts:
      return await learnShared(c, m) && ++loss(c, r.id, m.id.slice(0, 16)).tries <= 5 ? backSoon : 0;
    case MessageKind.rosters:
    case MessageKind.confirm:
    case MessageKind.queues:
    case MessageKind.rekey:
    case MessageKind.rekeyed:
    case MessageKind.bye:
      await apply(c, await c.o.people.handle(r.id, m));
      return 0;
    case MessageKind.items:
    case MessageKind.reconcile:
    case MessageKind.reset:
    case MessageKind.changed:
    case MessageKind.purge:
    case MessageKind.purged:
      await send(c, ...await c.o.handler.handle(r.id, m));
      return 0;
  }
  throw new Fault("unsupported", `a message of kind ${m.kind}`);
}
