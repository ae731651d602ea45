import { type Message, MessageKind, PartyKind, type Relation } from "../contract.ts";
import { Fault, kindOf } from "../fault.ts";
import { encodeResponse, parseAsk, type Response } from "../seal/index.ts";
import type { Delivery } from "./effect.ts";
import { mostLost } from "./lost.ts";
import { second } from "./options.ts";
import { add, begin } from "./send.ts";
import { type Inner, type Job, jobKey, type Receiving, type Seen, seenKey, type Serving, take } from "./state.ts";

/** How often a request is left to other devices before it is answered that nobody can. */
const mostDeclined = 3;
/** How long a delivery is given back for when this device could not keep what came of it. */
export const backFailed = 10 * second;

function friend(c: Inner, relation: string): { tokens: { left: number; at: number }; declined: Map<string, number> } {
  let f = c.friends.get(relation);
  if (!f) c.friends.set(relation, f = { tokens: { left: 0, at: 0 }, declined: new Map() });
  return f;
}

/** Whether a friend may ask now. */
function allow(c: Inner, r: Relation): boolean {
  if (r.kind === PartyKind.ownDevice) return true;
  const open = [...c.serving.values()].filter((s) => s.relation === r.id).length;
  return open <= c.limits.open && take(friend(c, r.id).tokens, c.now(), c.limits.burst, c.limits.rate);
}

/** Has a request answered, unless it is being answered or was; says whether the delivery is held until then. */
export async function serve(c: Inner, d: Delivery, r: Relation, s: Receiving, m: Message, had: Seen | undefined): Promise<boolean> {
  for (const now of c.serving.values()) {
    if (now.relation !== r.id || now.id !== m.id) continue;
    now.refs.push(d.ref);
    return true;
  }
  if (had && m.sent <= had.sent) {
    const j = c.jobs.get(had.answer ?? 0);
    if (j?.kind !== MessageKind.answer || j.kept.length !== 0) return false;
    j.run.acks.push(d.ref);
    return true;
  }
  let q;
  try {
    q = parseAsk(m.body ?? new Uint8Array());
  } catch (error) {
    c.world.log("info", "refused a request", { relation: r.id.slice(0, 8), error });
    return false;
  }
  const token = ++c.token;
  const serving = { relation: r.id, id: m.id, sent: m.sent, device: s.context.id, refs: [d.ref] };
  c.serving.set(token, serving);
  if (allow(c, r)) c.effects.push({ do: "serve", token, from: r.id, kind: r.kind, ask: q });
  else {
    try {
      await reply(c, token, serving, 429, { "retry-after": "1" });
    } finally {
      c.serving.delete(token);
    }
  }
  return true;
}

const reply = (c: Inner, token: number, s: Serving, status: number, header = {}): Promise<void> =>
  answer(c, token, s, { to: s.id, status, header, body: new Uint8Array() });

/** Sends the answer to a request. The request is acknowledged when a mailbox has accepted it. */
export async function answer(c: Inner, token: number, s: Serving, response: Response): Promise<void> {
  const said = (r: Response): Job => add(c, { to: s.relation, kind: MessageKind.answer, body: encodeResponse({ ...r, to: s.id }) });
  let j;
  try {
    j = said(response);
  } catch (error) {
    if (kindOf(error) !== "too_large") throw error;
    c.world.log("error", "an answer is too large for a message", { error });
    j = said({ to: s.id, status: 500, header: {}, body: new Uint8Array() });
  }
  c.serving.delete(token);
  j.device = s.device;
  j.run.acks = s.refs;
  c.keep(jobKey(j), j);
  c.keep(seenKey(s.relation, s.id), { at: c.now(), sent: s.sent, answer: j.number } satisfies Seen);
  await begin(c, [j]);
}

/** The request that a token names. */
export function servingOf(c: Inner, token: number): Serving {
  const s = c.serving.get(token);
  if (!s) throw new Fault("internal", `request ${token} is not being answered`);
  return s;
}

/** Leaves a request to another own device, or to this one later. */
export async function decline(c: Inner, token: number): Promise<void> {
  const s = c.serving.get(token);
  if (!s) return;
  const { declined } = friend(c, s.relation);
  if (declined.size > mostLost) declined.clear();
  const times = (declined.get(s.id) ?? 0) + 1;
  declined.set(s.id, times);
  if (times > mostDeclined || (await c.ownDevices()).length === 0) {
    try {
      return await reply(c, token, s, 503);
    } catch (error) {
      c.world.log("warn", "cannot keep an answer", { error });
    }
  }
  c.serving.delete(token);
  for (const ref of s.refs) c.effects.push({ do: "back", ref, wait: backFailed });
}
