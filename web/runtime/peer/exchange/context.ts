import { type Mailbox, type Message, MessageKind, PartyKind, type Relation } from "../contract.ts";
import {
  type Context, contextOf, encodeContexts, newNoticeContext, newSendContext, openContext, parseContexts, publicOf, putID, seal,
} from "../seal/index.ts";
import type { Effect } from "./effect.ts";
import { announced } from "./epoch.ts";
import { day, minute } from "./options.ts";
import { finish, jobsOf, pending, reserve } from "./outbox.ts";
import { send } from "./send.ts";
import { apart, boxOf, type Inner, inner, type Job, receiveKey, type Receiving, type Sending, sendKey, take } from "./state.ts";

/** How many contexts a message acknowledges: those used last. */
const mostKnown = 16;
/**
 * How many contexts are kept of one relation, and how many are told to own devices at
 * once and a second. A side needs one for each device, queue and week.
 */
const mostContexts = 128;
const shareBurst = 32;
const shareRate = 1 / 60;
/** How many contexts of one message of an own device are looked at. */
const mostShared = 64;

/** A put, and the context that it was sealed in. */
export interface Enveloped { effect: Effect & { do: "put" }; context: string }

/** Puts a job's message into an envelope for one queue. */
export async function envelope(c: Inner, r: Relation, m: Mailbox, j: Job): Promise<Enveloped> {
  const random = (n: number): Uint8Array => c.world.random(n);
  if (j.kind === MessageKind.unknown && (stale(c, r) || c.state(r.id).run.unknowns % 2 === 0)) {
    const context = await newNoticeContext(r); // of one message
    return enveloped(c, m, j, context.id, await seal(context, random, await message(c, r, j, 1), true));
  }
  const s = await sending(c, r, m);
  if (s.run.next >= s.reserved) {
    s.reserved = s.run.next + reserve;
    c.keep(sendKey(r.id, boxOf(m)), s);
  }
  const said = await message(c, r, j, ++s.run.next);
  return enveloped(c, m, j, s.context.id, await seal(s.context, random, said, !s.acked));
}

function enveloped(c: Inner, mailbox: Mailbox, j: Job, context: string, body: Uint8Array): Enveloped {
  const days = j.expires - c.now() <= day ? 1 : 0;
  return { context, effect: { do: "put", job: j.number, mailbox, id: putID(mailbox, context, j.id), days, body } };
}

/** Whether the other side may have erased the epoch that is known. */
function stale(c: Inner, r: Relation): boolean {
  return r.peerEpoch.public.length === 0 || r.peerEpoch.seen !== 0 && apart(c.now(), r.peerEpoch.seen) > c.limits.epochKept;
}

/** The context for a queue of the other side, a new one when its epoch is another. */
async function sending(c: Inner, r: Relation, m: Mailbox): Promise<Sending> {
  const box = boxOf(m);
  const old = c.sends.get(r.id)?.get(box);
  if (old?.context.epoch === r.peerEpoch.id) return old;
  const s: Sending = { context: await newSendContext(r), reserved: 0, acked: false, run: { next: 0 } };
  inner(c.sends, r.id).set(box, s);
  c.keep(sendKey(r.id, box), s);
  return s;
}

/** What a job says. */
async function message(c: Inner, r: Relation, j: Job, number: number): Promise<Message> {
  const m: Message = {
    kind: j.kind, id: j.id, number, sent: j.sent, expires: Math.max(j.expires, j.sent), known: known(c, r.id),
    ...(j.body ? { body: j.body } : {}),
  };
  if (j.kind !== MessageKind.keys && j.kind !== MessageKind.unknown) return m;
  const e = announced(c, r);
  // Without an epoch it is an acknowledgement alone.
  if (e && !(j.kind === MessageKind.keys && c.state(r.id).used[e.id])) m.epoch = await publicOf(e.private);
  return m;
}

/** The contexts of the other side that all own devices can open. */
function known(c: Inner, relation: string): string[] {
  const all = [...(c.receives.get(relation)?.values() ?? [])].filter((s) => !s.context.notice && !s.quiet);
  const ready = all.filter((s) => !pending(c, s.share)).sort((a, b) => b.used - a.used || (a.context.id < b.context.id ? -1 : 1));
  if (ready.length === all.length) c.state(relation).run.owe = 0;
  return ready.slice(0, mostKnown).map((s) => {
    s.run.told = c.now();
    return s.context.id;
  });
}

/** Takes the contexts that the other side says it can open. */
export async function acknowledged(c: Inner, relation: string, ids: readonly string[] = []): Promise<void> {
  if (ids.length === 0) return;
  for (const [box, s] of c.sends.get(relation) ?? []) {
    if (s.acked || !ids.includes(s.context.id)) continue;
    s.acked = true;
    c.keep(sendKey(relation, box), s);
  }
  for (const j of jobsOf(c, relation)) {
    if (j.kept.some((k) => ids.includes(k))) await finish(c, j);
  }
}

/** Whether all devices of the other side can open a context. */
export function acked(c: Inner, relation: string, id: string): boolean {
  return [...(c.sends.get(relation)?.values() ?? [])].some((s) => s.context.id === id && s.acked);
}

/**
 * Keeps a context that this device can open, and tells own devices. One that is sealed
 * to the notice key has a single message, and is not kept: it would crowd out contexts
 * that are in use.
 */
export async function learn(c: Inner, r: Relation, context: Context, share: boolean): Promise<Receiving> {
  const s: Receiving = {
    context, highest: 0, window: new Uint8Array(span / 8), used: c.now(), share: [], quiet: false, run: { told: 0 },
  };
  if (context.notice) return s;
  crowd(c, r.id);
  inner(c.receives, r.id).set(context.id, s);
  c.keep(receiveKey(r.id, context.id), s);
  const own = share && r.kind === PartyKind.friend ? await c.ownDevices() : [];
  if (own.length === 0) return s;
  s.quiet = true; // until they are told
  if (!take(c.state(r.id).run.shares, c.now(), shareBurst, shareRate)) return s;
  const body = encodeContexts([{ relation: r.id, epoch: context.epoch, enc: context.enc }]);
  const jobs = await send(c, ...own.map((o) => ({ to: o.id, kind: MessageKind.contexts, body })));
  s.share = jobs.map((j) => j.number);
  s.quiet = false;
  return s;
}

/**
 * Makes room for a context, by the one that was used longest ago. Who still uses that
 * is understood by its encapsulation, or told that it is unknown.
 */
function crowd(c: Inner, relation: string): void {
  const all = c.receives.get(relation);
  if (!all || all.size < mostContexts) return;
  const [oldest] = [...all.values()].sort((a, b) => a.used - b.used || (a.context.id < b.context.id ? -1 : 1));
  if (oldest) forgetContext(c, relation, oldest.context.id);
}

export function forgetContext(c: Inner, relation: string, id: string): void {
  c.receives.get(relation)?.delete(id);
  c.drop(receiveKey(relation, id));
}

/** Takes contexts of an own device; says whether something it needs may be on its way. */
export async function learnShared(c: Inner, m: Message): Promise<boolean> {
  let again = false;
  for (const s of parseContexts(m.body ?? new Uint8Array()).slice(0, mostShared)) {
    const r = await c.o.people.relation(s.relation);
    const epoch = r?.epochs.find((e) => e.id === s.epoch);
    if (!r || !epoch) again = true;
    else if (!c.receives.get(r.id)?.has(contextOf(s.enc)) && r.kind === PartyKind.friend) {
      await learn(c, r, await openContext(r, epoch, s.enc), false);
    }
  }
  return again;
}

/** How many numbers below the highest are told apart. */
const span = 1024;

/** Whether a number came before, or may have. */
export function came(s: Receiving, n: number): boolean {
  if (n > s.highest) return false;
  return s.highest - n >= span || ((s.window[(n % span) >> 3] ?? 0) & (1 << (n & 7))) !== 0;
}

/** Notes a message's number; says whether it came before, as far back as the window goes. */
export function number(s: Receiving, n: number): boolean {
  if (n > s.highest) {
    for (let i = 0; i < Math.min(n - s.highest, span); i++) {
      const at = (n - i) % span;
      s.window[at >> 3]! &= ~(1 << (at & 7));
    }
    s.highest = n;
  }
  if (s.highest - n >= span) return false;
  const again = came(s, n);
  s.window[(n % span) >> 3]! |= 1 << (n & 7);
  return again;
}

/** How often an acknowledgement is repeated to who goes on sending the encapsulation. */
export const tellAgain = minute;
