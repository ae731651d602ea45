import { type Message, MessageKind, PartyKind, type Relation } from "../contract.ts";
import { encodeOctets, hex, parseOctets, unhex } from "../seal/index.ts";
import type { Delivery } from "./effect.ts";
import { day, hour, minute, second } from "./options.ts";
import { jobsOf } from "./outbox.ts";
import { repeatAll } from "./question.ts";
import { begin, send } from "./send.ts";
import { apart, type Inner, jobKey, type Loss, newRunning, sendKey } from "./state.ts";

/** Bounds of what is done about envelopes that cannot be opened (spec §5.1). */
export const mostLost = 4096;
const lostFor = day;
const patience = 3;
const unknownEvery = minute;
/**
 * The longest time between two notes of one context, which doubles with each: what was
 * sealed in it may wait on a relay for a day.
 */
const longestUnknown = hour;
/** How long what is for another own device is given back for. */
const backOthers = hour;
/** How long an envelope is given back for when what it needs is on its way; and one that this device alone is offered. */
export const backSoon = 5 * second;
const backDirect = second;

/** How often something could not be opened, and since when. */
export function loss(c: Inner, relation: string, context: string): Loss {
  const key = `${relation}/${context}`;
  let l = c.lost.get(key);
  if (!l) {
    if (c.lost.size >= mostLost) c.lost.clear();
    c.lost.set(key, l = { first: c.now(), tries: 0, said: 0, times: 0, note: "", noted: 0 });
  }
  return l;
}

/**
 * Gives an envelope back while another own device may open it, or tell this one how;
 * else drops it and says so to the other side.
 */
export async function unopened(c: Inner, d: Delivery, r: Relation, context: string): Promise<void> {
  const l = loss(c, r.id, context);
  l.tries++;
  const others = r.kind === PartyKind.friend && (await c.ownDevices()).length !== 0;
  const wait = (d.direct ? backDirect : backSoon) * 2 ** Math.min(l.tries - 1, 7);
  const back = { do: "back" as const, ref: d.ref, wait };
  if (others && l.tries < patience) {
    c.effects.push(back);
    return;
  }
  await sayUnknown(c, r, context, l);
  c.effects.push(others && !d.direct && c.now() - l.first < lostFor ? back : { do: "ack", ref: d.ref });
}

/**
 * Tells the other side that a context cannot be opened, and asks again what it may have
 * answered in it.
 */
async function sayUnknown(c: Inner, r: Relation, context: string, l: Loss): Promise<void> {
  const { run } = c.state(r.id);
  const quiet = Math.min(unknownEvery * 2 ** Math.min(l.times - 1, 12), longestUnknown);
  if (apart(c.now(), run.unknownSent) < unknownEvery || l.times > 0 && apart(c.now(), l.said) < quiet) return;
  run.unknownSent = l.said = c.now();
  l.times++;
  run.unknowns++;
  await send(c, { to: r.id, kind: MessageKind.unknown, body: encodeOctets(unhex(context)), replaces: true });
  await repeatAll(c, r.id);
}

/**
 * Makes new contexts, because the other side cannot open one, and sends again what it
 * may not have read. Returns how long to give the message back for.
 */
export async function renew(c: Inner, r: Relation, m: Message): Promise<number> {
  const id = hex(parseOctets(m.body ?? new Uint8Array(), 8));
  const { run } = c.state(r.id);
  const contexts = c.sends.get(r.id);
  const current = [...(contexts?.values() ?? [])].some((s) => s.context.id === id);
  if (current) {
    if (apart(c.now(), run.unknownGot) < unknownEvery) return unknownEvery; // contexts are as new as that
    run.unknownGot = c.now();
    for (const box of contexts?.keys() ?? []) c.drop(sendKey(r.id, box));
    c.sends.delete(r.id);
  }
  const again = jobsOf(c, r.id).filter((j) => current && j.kept.length !== 0 || j.kept.includes(id));
  for (const j of again) {
    j.kept = [];
    j.run = newRunning();
    c.keep(jobKey(j), j);
  }
  await begin(c, again);
  if (current) await repeatAll(c, r.id);
  return current || again.length !== 0 ? 0 : leaveUnknown(c, r, id, m.id);
}

/**
 * How long a note about a context that is not this device's is given back for: another
 * own device may have made it, and may be away. One note of each context waits, the
 * others say the same.
 */
async function leaveUnknown(c: Inner, r: Relation, context: string, note: string): Promise<number> {
  if (r.kind !== PartyKind.friend || (await c.ownDevices()).length === 0) return 0;
  const l = loss(c, r.id, context);
  if (apart(c.now(), l.noted) > 2 * backOthers) {
    l.note = note;
    l.first = c.now();
  }
  if (l.note !== note || apart(c.now(), l.first) >= lostFor) return 0;
  l.noted = c.now();
  return backOthers;
}
