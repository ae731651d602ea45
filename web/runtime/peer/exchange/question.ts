import { type Ask, type Message, MessageKind, PartyKind, type Relation } from "../contract.ts";
import { Fault } from "../fault.ts";
import { checkChunks, encodeAsk, newID, parseResponse, type Response } from "../seal/index.ts";
import { day, hour, minute } from "./options.ts";
import { forgetThose } from "./outbox.ts";
import { add, begin } from "./send.ts";
import { askKey, type Inner, jobKey, type Question } from "./state.ts";

/** A request of this device and what became of it. */
export interface Asked {
  id: string;
  to: string;
  ask: Ask;
  made: number;
  expires: number;
  /** Absent until the answer is here. */
  response?: Response;
  /** A mailbox has accepted the request. */
  sent: boolean;
}

/** The times after which an unanswered request is sent again; relays drop what they still have. */
const repeats = [5 * minute, 30 * minute, 2 * hour, 6 * hour, 12 * hour];
/** How long a request is known after its end, for what still comes of it. */
const rememberAsk = 22 * day;
/** How long an answer is given back for that is another own device's. */
const backOthers = hour;

const open = (a: Question): boolean => !a.answer && !a.over;

/** When an unanswered request is sent again. */
export const dueAt = (a: Question): number => a.sent + (repeats[Math.min(a.repeats, repeats.length - 1)] ?? hour);

/** Keeps a request and sends it, again and again, until it is answered, cancelled, or its time is over. */
export async function ask(c: Inner, to: string, q: Ask, wait?: number): Promise<string> {
  if (!await c.o.people.relation(to)) throw new Fault("not_found", `there is no relation ${to}`);
  const waiting = [...c.asks.values()].filter(open).length;
  if (waiting >= c.limits.asks) throw new Fault("rate_limited", `${waiting} requests have no answer yet`, "cancel some");
  const within = wait || c.limits.lifetime;
  const id = newID((n) => c.world.random(n));
  const made = c.now();
  const a: Question = { id, to, ask: { ...q, within }, made, expires: made + within, sent: 0, repeats: 0, over: false };
  c.asks.set(id, a);
  await repeat(c, a);
  return id;
}

/** Sends a request, the first time or again, under the same id. */
async function repeat(c: Inner, a: Question): Promise<void> {
  a.sent = Math.max(c.now(), a.sent + 1);
  withdraw(c, a);
  if (!a.ask) return;
  const j = add(c, { to: a.to, kind: MessageKind.ask, id: a.id, body: encodeAsk(a.ask), lifetime: Math.max(a.expires - a.sent, 1) });
  j.sent = a.sent;
  c.keep(jobKey(j), j);
  c.keep(askKey(a.id), a);
  await begin(c, [j]);
}

function withdraw(c: Inner, a: Question): void {
  forgetThose(c, a.to, (j) => j.kind === MessageKind.ask && j.id === a.id);
}

/** Repeats what has no answer of one relation. */
export async function repeatAll(c: Inner, to: string): Promise<void> {
  for (const a of inOrder(c)) if (a.to === to && open(a)) await repeat(c, a);
}

function inOrder(c: Inner): Question[] {
  return [...c.asks.values()].sort((a, b) => a.made - b.made || (a.id < b.id ? -1 : 1));
}

/** Returns a request of this device. */
export function asked(c: Inner, id: string): Asked {
  const a = c.asks.get(id);
  if (!a?.ask || a.over) {
    throw new Fault("not_found", `there is no request ${id} that waits`,
      "requests are forgotten when they were cancelled, or nobody answered in time");
  }
  const sent = ![...c.byTo.get(a.to)?.values() ?? []].some((j) => j.kind === MessageKind.ask && j.id === id && j.kept.length === 0);
  const { to, made, expires } = a;
  return { id, to, ask: a.ask, made, expires, sent, ...(a.answer ? { response: a.answer } : {}) };
}

/** Returns the requests that were not cancelled or forgotten, oldest first. */
export function allAsked(c: Inner): Asked[] {
  return inOrder(c).filter((a) => !a.over).map((a) => asked(c, a.id));
}

/** Ends a request, or forgets its answer. What still comes of it is dropped. */
export function cancel(c: Inner, id: string): void {
  asked(c, id);
  over(c, c.asks.get(id)!);
}

function over(c: Inner, a: Question): void {
  Object.assign(a, { over: true, answer: undefined, ask: undefined, expires: Math.min(a.expires, c.now()) });
  withdraw(c, a);
  c.keep(askKey(a.id), a);
}

/** Takes a response; the first for a request counts. Returns how long to give it back for. */
export async function answered(c: Inner, r: Relation, m: Message): Promise<number> {
  const response = parseResponse(m.body ?? new Uint8Array());
  if (response.status < 100 || response.status > 599) throw new Fault("invalid", `response with the status ${response.status}`);
  if (response.chunks) checkChunks(response.chunks);
  const a = c.asks.get(response.to);
  if (!a && r.kind === PartyKind.friend && (await c.ownDevices()).length !== 0) return backOthers;
  if (!a || !open(a) || a.to !== r.id) return 0;
  a.answer = response;
  a.expires = Math.max(a.expires, c.now() + c.limits.lifetime);
  withdraw(c, a);
  c.keep(askKey(a.id), a);
  c.effects.push({ do: "arrived", id: a.id });
  return 0;
}

/** Repeats requests, and ends those whose time is over. */
export async function tickAsks(c: Inner): Promise<void> {
  const now = c.now();
  for (const a of inOrder(c)) {
    if (a.over) {
      if (now <= a.expires + rememberAsk) continue;
      c.asks.delete(a.id);
      c.drop(askKey(a.id));
    } else if (now >= a.expires) {
      over(c, a);
      c.effects.push({ do: "arrived", id: a.id });
    } else if (!a.answer && now >= dueAt(a)) {
      a.repeats++;
      await repeat(c, a);
    }
  }
}
