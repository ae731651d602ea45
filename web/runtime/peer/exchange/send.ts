import { type Effects, type Mailbox, MessageKind, type Outgoing, type Relation } from "../contract.ts";
import { Fault, kindOf } from "../fault.ts";
import { newID, room } from "../seal/index.ts";
import { acked, envelope } from "./context.ts";
import type { Effect, Outcome } from "./effect.ts";
import { hour, minute, second } from "./options.ts";
import { blocked, finish, follow, forgetThose, hold, jobsOf, move } from "./outbox.ts";
import { repeatAll } from "./question.ts";
import { boxOf, type Inner, type Job, jobKey, newRunning, type Try } from "./state.ts";

/** Bounds of trying again. */
const backOff = second;
const longest = 5 * minute;
/** For a queue that the relay does not have: it is made again when its recipient listens again, and not before. */
const longestRefused = hour;
/** After how many tries, over a minute, a refusal is believed: a queue that is being made is refused at first. */
const refusedAfter = 7;
/** What a message holds beside its body, at most. */
const roomForRest = 2048;

const nobody = "0".repeat(32);

function blank(c: Inner): Job {
  const now = c.now();
  return {
    number: 0, to: nobody, kind: 0, id: nobody, sent: now, expires: now + c.limits.lifetime, after: [], behind: [], kept: [],
    run: newRunning(),
  };
}

/** Keeps a message as a job. */
export function add(c: Inner, o: Outgoing): Job {
  const j: Job = { ...blank(c), to: o.to, kind: o.kind, id: o.id ?? newID((n) => c.world.random(n)), body: o.body, replaces: o.replaces };
  if (o.lifetime) j.expires = j.sent + o.lifetime;
  if ((o.body?.length ?? 0) > room - roomForRest) {
    throw new Fault("too_large", `message of kind ${o.kind} with a body of ${o.body?.length} octets`);
  }
  if (o.replaces) forgetThose(c, o.to, (old) => old.kind === o.kind && old.replaces === true);
  hold(c, j);
  return j;
}

/** Keeps a message and sends it. */
export async function send(c: Inner, ...out: Outgoing[]): Promise<Job[]> {
  const jobs = out.map((o) => add(c, o));
  await begin(c, jobs);
  return jobs;
}

/** Does what person or library want done. */
export async function apply(c: Inner, e: Effects): Promise<void> {
  for (const m of e.moved) if (move(c, m.from, m.to)) await repeatAll(c, m.to); // what was asked there may never be answered
  const jobs = addEffects(c, e);
  for (const m of e.moved) jobs.push(...jobsOf(c, m.to));
  await begin(c, jobs);
  if (!e.changed) return;
  c.effects.push({ do: "listen" });
  c.soon = c.now();
}

/** Keeps effects as jobs; what waits to be done already is not asked for twice. */
export function addEffects(c: Inner, e: Effects): Job[] {
  const jobs: Job[] = [];
  const deeds = e.create.length + e.lock.length + e.raw.length + e.delete.length === 0 ? [] : [...c.jobs.values()];
  const waiting = new Map(deeds.flatMap((j) => j.kind === 0 ? [[deed(j), j.number] as const] : []));
  const keep = (part: Partial<Job>): number => {
    const j = { ...blank(c), ...part };
    const old = waiting.get(deed(j));
    if (old !== undefined) return old;
    jobs.push(j);
    hold(c, j);
    return j.number;
  };
  const first = [...e.create.map((q) => keep({ create: q })), ...e.lock.map((l) => keep({ lock: l.mailbox }))];
  for (const p of e.raw) keep({ raw: p, behind: first, ...(p.until ? { expires: p.until } : {}) });
  const out = e.out.map((o) => add(c, o));
  jobs.push(...out);
  for (const m of e.delete) keep({ delete: m, behind: out.map((j) => j.number) });
  return jobs;
}

/** Names what a job does that is done once, however often it is asked for. */
function deed(j: Job): string {
  const box = boxes(j)[0];
  const what = j.create ? "create" : j.lock ? "lock" : j.raw ? `raw ${j.raw.id}` : "delete";
  return `${what} ${box ? boxOf(box) : ""}`;
}

/** The queue of a job that is no message. */
function boxes(j: Job): Mailbox[] {
  const m = j.create?.mailbox ?? j.lock ?? j.raw?.mailbox ?? j.delete;
  return m ? [m] : [];
}

/** Does for each job what can be done now. */
export async function begin(c: Inner, jobs: Iterable<Job>): Promise<void> {
  for (const j of [...jobs]) {
    if (c.jobs.get(j.number) === j) await beginOne(c, j); // else it was replaced meanwhile
  }
}

async function beginOne(c: Inner, j: Job): Promise<void> {
  const number = { job: j.number };
  if (j.expires <= c.now()) await finish(c, j);
  else if (j.kept.length !== 0 || blocked(c, j)) return;
  else if (j.create) attempt(c, j, j.create.mailbox, { do: "create", ...number, mailbox: j.create.mailbox, days: j.create.days ?? 7 });
  else if (j.lock) attempt(c, j, j.lock, { do: "lock", ...number, mailbox: j.lock });
  else if (j.delete) attempt(c, j, j.delete, { do: "delete", ...number, mailbox: j.delete });
  else if (j.raw) attempt(c, j, j.raw.mailbox, { do: "put", ...number, mailbox: j.raw.mailbox, id: j.raw.id, days: 0, body: j.raw.body });
  else await beginMessage(c, j);
}

/** Lets the effect out unless it was already or is not due. */
function attempt(c: Inner, j: Job, m: Mailbox, e: Effect): void {
  const t = tryOf(j, m);
  if (!due(c, t)) return;
  t.busy = true;
  c.effects.push(e);
}

const due = (c: Inner, t: Try): boolean => !t.busy && !t.done && c.now() >= t.next;

function tryOf(j: Job, m: Mailbox): Try {
  const box = boxOf(m);
  let t = j.run.boxes.get(box);
  if (!t) j.run.boxes.set(box, t = { attempts: 0, busy: false, done: false, refused: false, next: 0, context: "" });
  return t;
}

/** Sends a message by a direct channel, or to all relays of the other side. */
async function beginMessage(c: Inner, j: Job): Promise<void> {
  const r = await c.o.people.relation(j.to);
  if (!r?.out.length) {
    c.world.log("debug", "dropped a message to nobody", { relation: j.to.slice(0, 8), kind: j.kind });
    return finish(c, j);
  }
  if (j.run.direct === "not") {
    if (await beginDirect(c, j, r)) return;
    j.run.direct = "over";
    if (j.kind !== MessageKind.meet) c.o.wants?.(j.to);
  }
  if (j.run.direct === "busy" && c.now() < j.run.relays) return;
  j.run.direct = "over";
  const now = new Set(r.out.map(boxOf));
  for (const [box, t] of j.run.boxes) {
    if (!t.busy && !now.has(box)) j.run.boxes.delete(box); // a queue that is the other side's no more
  }
  for (const m of r.out) {
    const t = tryOf(j, m);
    if (!due(c, t)) continue;
    const put = await envelope(c, r, m, j);
    t.busy = true;
    t.context = put.context;
    c.effects.push(put.effect);
  }
}

async function beginDirect(c: Inner, j: Job, r: Relation): Promise<boolean> {
  const device = j.kind === MessageKind.answer ? j.device : undefined;
  const to = r.out[0];
  if (j.kind === MessageKind.unknown) return false; // it is for one device, and nobody knows for which
  if (!to || !c.o.reaches?.(j.to, device)) return false;
  const put = await envelope(c, r, to, j);
  j.run.direct = "busy";
  j.run.relays = c.now() + c.limits.direct;
  j.run.context = put.context;
  c.effects.push({ ...put.effect, direct: { relation: j.to, ...(device ? { context: device } : {}) } });
  return true;
}

/** Takes what became of a put, create, lock or delete of a job in a queue. */
export async function done(c: Inner, n: number, m: Mailbox, direct: boolean, o: Outcome): Promise<void> {
  const j = c.jobs.get(n);
  if (!j) return;
  if (direct) return doneDirect(c, j, o);
  const t = tryOf(j, m);
  if (!t.busy) return; // of an attempt that does not count any more
  t.busy = false;
  const first = !j.run.tried;
  j.run.tried = true;
  if (o.accepted) {
    t.done = true;
    return accepted(c, j, t.context);
  }
  t.attempts++;
  t.refused = o.refused === true;
  const wait = Math.min(backOff * 2 ** Math.min(t.attempts - 1, 12), t.refused ? longestRefused : longest);
  t.next = c.now() + Math.max(wait, o.wait ?? 0);
  if (first) await follow(c, n);
}

/** Whether every queue for a job was refused, and not for a moment only. */
export function nowhere(j: Job): boolean {
  const tries = [...j.run.boxes.values()];
  return tries.length !== 0 && tries.every((t) => t.refused && t.attempts >= refusedAfter);
}

/** When the direct channel does not take it, the relays' turn comes at once. */
async function doneDirect(c: Inner, j: Job, o: Outcome): Promise<void> {
  if (o.accepted) {
    j.run.tried = true;
    return accepted(c, j, j.run.context);
  }
  if (j.run.direct !== "busy") return;
  j.run.direct = "over";
  await begin(c, [j]);
}

/** Ends a job that a mailbox keeps now, or holds it until its context is acknowledged. */
async function accepted(c: Inner, j: Job, context: string): Promise<void> {
  for (const ref of j.run.acks.splice(0)) c.effects.push({ do: "ack", ref });
  if (j.kind === 0 || j.kind === MessageKind.unknown || acked(c, j.to, context)) return finish(c, j);
  const first = j.kept.length === 0;
  j.kept.push(context);
  c.keepLazily(jobKey(j), j);
  if (first) await follow(c, j.number);
}

/** Tries everything again at once, or what waits for one relay. */
export async function hurry(c: Inner, relay?: string): Promise<void> {
  for (const j of c.jobs.values()) {
    const at = j.kind === 0 ? boxes(j) : relay === undefined ? [] : (await c.o.people.relation(j.to))?.out ?? [];
    for (const m of at) if (relay === undefined || m.relay === relay) tryOf(j, m).next = 0;
    if (relay === undefined) for (const t of j.run.boxes.values()) t.next = 0;
  }
  await begin(c, c.jobs.values());
}

/** Whether err says that the input is at fault, not this device. */
export function refused(err: unknown): boolean {
  return ["invalid", "not_found", "forbidden", "unauthorized", "conflict", "too_large", "corrupt", "unsupported"].includes(kindOf(err));
}
