import { MessageKind } from "../contract.ts";
import { Fault } from "../fault.ts";
import { At, type Inner, inner, type Job, jobKey, newRunning, askKey } from "./state.ts";
import { apply, begin } from "./send.ts";

/** How many numbers are reserved ahead, so that no crash uses one twice. */
export const reserve = 64;

/** Keeps a job. */
export function hold(c: Inner, j: Job): void {
  if (c.jobs.size >= c.limits.waiting || c.octets + (j.body?.length ?? 0) > c.limits.waitingOctets) {
    throw new Fault("no_space", `${c.jobs.size} messages wait to be sent, ${c.octets} octets`, "they leave when a relay can be reached");
  }
  if (++c.last > c.upTo) {
    c.upTo = c.last + 16 * reserve;
    c.keep(At.last, c.upTo);
  }
  j.number = c.last;
  c.index(j);
  c.keep(jobKey(j), j);
}

/** The jobs of a relation, in order. */
export function jobsOf(c: Inner, relation: string): Job[] {
  return [...(c.byTo.get(relation)?.values() ?? [])].sort((a, b) => a.number - b.number);
}

/** Drops a job, without beginning what waits for it. */
export function forget(c: Inner, j: Job): void {
  if (!c.jobs.delete(j.number)) return;
  const of = c.byTo.get(j.to);
  of?.delete(j.number);
  if (of?.size === 0) c.byTo.delete(j.to);
  c.octets -= j.body?.length ?? 0;
  c.drop(jobKey(j));
}

/** Drops the jobs of a relation that are so. */
export function forgetThose(c: Inner, relation: string, so: (j: Job) => boolean): void {
  for (const j of jobsOf(c, relation)) if (so(j)) forget(c, j);
}

/** Drops a job and begins what waited for it. */
export async function finish(c: Inner, j: Job): Promise<void> {
  forget(c, j);
  await follow(c, j.number);
  const e = j.kind === MessageKind.bye && await c.o.people.forget?.(j.to);
  if (e) await apply(c, e);
}

/** Begins jobs that waited for one that is done or was tried. */
export async function follow(c: Inner, n: number): Promise<void> {
  const next = (c.following.get(n) ?? []).flatMap((number) => c.jobs.get(number) ?? []);
  if (!c.jobs.has(n)) c.following.delete(n);
  await begin(c, next);
}

/** Whether one of the jobs is not accepted yet. */
export function pending(c: Inner, jobs: readonly number[]): boolean {
  return jobs.some((n) => c.jobs.get(n)?.kept.length === 0);
}

/** Whether a job has to wait for another. */
export function blocked(c: Inner, j: Job): boolean {
  return pending(c, j.after) || j.behind.some((n) => {
    const other = c.jobs.get(n);
    return other !== undefined && !other.run.tried && other.kept.length === 0;
  });
}

/** Hands what waits for a relation to the one that followed it; says whether there were requests. */
export function move(c: Inner, from: string, to: string): boolean {
  for (const j of jobsOf(c, from)) {
    if (j.kind === MessageKind.rekeyed) continue;
    c.byTo.get(from)?.delete(j.number);
    j.to = to;
    j.kept = [];
    j.run = newRunning(j.run.acks);
    inner(c.byTo, to).set(j.number, j);
    c.keep(jobKey(j), j);
  }
  let asked = false;
  for (const a of c.asks.values()) {
    if (a.to !== from) continue;
    asked = true;
    a.to = to;
    c.keep(askKey(a.id), a);
  }
  return asked;
}
