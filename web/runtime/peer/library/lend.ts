import type { Ask, Asker, Body, Reply } from "../contract.ts";
import { Fault, kindOf } from "../fault.ts";
import { type BodyWriter, octetsOf } from "./body.ts";
import { fetchMost } from "./bounds.ts";
import { type Copies, type Copy, usefulHeaders } from "./copies.ts";
import type { Enter } from "./core.ts";

/** Of a document that was there and is not any more, for this person: deleted, or for others now. */
export class GoneFault extends Fault {}

type Opened = { copy: Copy; body: Body };

/** Who is asked, and how. */
interface Way {
  copies: Copies;
  asker: Asker;
  signal: AbortSignal;
  enter: Enter;
}

/** What Copies.get does. */
export async function getCopy(
  copies: Copies, asker: Asker, friend: string, path: string, o: { again?: boolean; signal: AbortSignal }, enter: Enter,
): Promise<Opened> {
  const way = { copies, asker, signal: o.signal, enter };
  const have = await enter(() => copies.lookup(friend, path));
  if (have && !o.again && copies.isFresh(have.copy)) return have;
  let fetched;
  try {
    const instead = (): boolean => {
      const now = copies.find(friend, path);
      return now !== undefined && !now.part && copies.isFresh(now);
    };
    fetched = await copies.alone(friend, path, o.signal, instead, () => fetchCopy(way, friend, path, have?.copy));
  } catch (error) {
    if (have && kindOf(error) !== "not_found") return have;
    have?.body.close();
    throw error;
  }
  if (have && !fetched) {
    const renewed = copies.find(friend, path);
    return renewed ? { copy: { ...renewed }, body: have.body } : have;
  }
  have?.body.close();
  const fresh = await enter(() => copies.lookup(friend, path));
  if (!fresh) throw new Fault("forbidden", `${path} was lent for no time at all`);
  return fresh;
}

/** Whether there is a new copy; if not, the old one is right. */
async function fetchCopy(way: Way, friend: string, path: string, have: Copy | undefined): Promise<boolean> {
  const begun = way.copies.find(friend, path);
  if (begun?.part && (await resume(way, { ...begun }))) return true;
  const header: Record<string, string> = have ? { "if-none-match": have.header["etag"] ?? "" } : {};
  const reply = await way.asker.ask(friend, { method: "GET", path: `/${path}`, most: fetchMost, header }, way.signal);
  if (reply.status === 200 || reply.status === 206) {
    await keep(way, friend, path, reply);
    return true;
  }
  reply.body?.close();
  switch (reply.status) {
    case 304:
      await way.enter(async () => {
        const old = way.copies.find(friend, path);
        if (!old) return;
        const x = { ...old };
        way.copies.terms(x, reply.header);
        await way.copies.set(x);
      });
      return false;
    case 404:
    case 410:
      if ((await way.enter(() => way.copies.erase(friend, path))) || reply.status === 410) {
        throw new GoneFault("not_found", `there is no ${path} for you any more`);
      }
      throw new Fault("not_found", `there is no ${path} for you`);
    case 429:
      throw new Fault("rate_limited", "the friend was asked too often");
  }
  throw new Fault("unreachable", `the friend's device answered ${reply.status}`);
}

/** Stores what an answer brings, and asks for the rest of it. */
async function keep(way: Way, friend: string, path: string, reply: Reply): Promise<void> {
  const span = spanOf(reply);
  if (!span || span.total > way.copies.most) {
    reply.body?.close();
    throw new Fault("too_large", `${path} has ${span?.total ?? "unknown"} octets`);
  }
  const x: Copy = {
    friend, path, header: usefulHeaders(reply), size: span.total, key: way.copies.world.random(32), fetched: 0, fresh: 0,
    lease: 0, part: true, used: 0,
  };
  way.copies.terms(x, reply.header);
  const begun = reply.status === 206 && x.header["etag"] !== undefined; // worth going on with after a restart
  try {
    if (begun) await way.enter(() => way.copies.set(x));
    await fill(way, x, reply);
  } catch (error) {
    reply.body?.close();
    if (!begun) await way.copies.discard(x);
    throw error;
  }
}

/** Goes on with a copy that was begun; false when the friend has another version by now. */
async function resume(way: Way, x: Copy): Promise<boolean> {
  try {
    await fill(way, x, undefined);
    return true;
  } catch (error) {
    // What says another size under the same tag lied before, or does now.
    if (kindOf(error) !== "conflict" && kindOf(error) !== "corrupt") throw error;
    await way.enter(() => way.copies.erase(x.friend, x.path));
    return false;
  }
}

/** Writes an answer, and asks on until the body is whole. */
async function fill(way: Way, x: Copy, first: Reply | undefined): Promise<void> {
  const w = await way.copies.writer(x);
  for (let reply = first; reply || w.size < x.size; reply = undefined) {
    await add(x, w, reply ?? (await more(way, x, w.size)));
  }
  await w.finish();
  await way.enter(() => way.copies.set({ ...x, part: false }));
}

async function add(x: Copy, w: BodyWriter, reply: Reply): Promise<void> {
  try {
    const before = w.size;
    const span = spanOf(reply);
    if (span?.from !== before || span.total !== x.size) {
      throw new Fault("corrupt", `the friend's device sent another part of ${x.path}`);
    }
    if (reply.body) {
      const most = Math.min(reply.body.size, x.size - before);
      for await (const octets of octetsOf(reply.body, 0, most)) await w.write(octets);
    }
    if (w.size === before && x.size > before) throw new Fault("unreachable", "the friend's device sent nothing");
  } finally {
    reply.body?.close();
  }
}

/** Asks for the next part. */
async function more(way: Way, x: Copy, at: number): Promise<Reply> {
  const end = Math.min(at + fetchMost, x.size);
  const ask: Ask = {
    method: "GET", path: `/${x.path}`, most: fetchMost,
    header: { "if-match": x.header["etag"] ?? "", range: `bytes=${at}-${end - 1}` },
  };
  const reply = await way.asker.ask(x.friend, ask, way.signal);
  if (reply.status === 206) return reply;
  reply.body?.close();
  switch (reply.status) {
    case 412:
    case 416:
      throw new Fault("conflict", `${x.path} changed while it was fetched`);
    case 404:
    case 410:
      throw new Fault("not_found", `there is no ${x.path} for you any more`);
  }
  throw new Fault("unreachable", `the friend's device answered ${reply.status}`);
}

/** Which part of the whole a reply has. */
function spanOf(reply: Reply): { from: number; total: number } | undefined {
  if (reply.status === 200) return { from: 0, total: reply.size };
  const [, from, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/.exec(reply.header["content-range"] ?? "") ?? [];
  return from === undefined || total === undefined ? undefined : { from: Number(from), total: Number(total) };
}
