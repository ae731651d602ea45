import type { Asker } from "../contract.ts";
import { Fault } from "../fault.ts";
import { equal } from "../seal/index.ts";
import { ownPrefix } from "./answer.ts";
import { BodyWriter, octetsOf } from "./body.ts";
import { fetchMost } from "./bounds.ts";
import { Batch, type Core, type Enter } from "./core.ts";
import { type ItemRecord, tagOf } from "./item.ts";
import type { Device } from "./people.ts";
import { notify } from "./write.ts";

/** What Library.fetch does. */
export async function fetchBody(l: Core, asker: Asker, handle: string, signal: AbortSignal, enter: Enter): Promise<void> {
  const e = l.catalog.byHandle.get(handle);
  if (!e) throw new Fault("not_found", "there is no such document");
  if (e.here) return;
  const other = l.fetching.get(handle);
  if (other) {
    await Promise.race([other, aborted(signal)]);
    return fetchBody(l, asker, handle, signal, enter);
  }
  const r = e.record;
  let done = (): void => {};
  l.fetching.set(handle, new Promise((f) => (done = f)));
  try {
    let cause: unknown;
    for (const d of l.circle.line) {
      try {
        return await fetchFrom(l, asker, d, r, signal, enter);
      } catch (error) {
        signal.throwIfAborted();
        cause = error;
      }
    }
    throw new Fault("unreachable", `no other device has the body of ${r.path}, or answers`, "", cause);
  } finally {
    l.fetching.delete(handle);
    done();
  }
}

/** Fails when the signal does. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, failed) => {
    if (signal.aborted) failed(signal.reason);
    signal.addEventListener("abort", () => failed(signal.reason), { once: true });
  });
}

async function fetchFrom(l: Core, asker: Asker, d: Device, r: ItemRecord, signal: AbortSignal, enter: Enter): Promise<void> {
  const w = await BodyWriter.resume(l.files, r.key, l.world.random);
  while (w.size < r.size) await fetchPart(asker, d, r, w, signal);
  const tag = await w.finish();
  if (!equal(tag, r.tag)) {
    await l.discard(r.key);
    throw new Fault("corrupt", `the body of ${r.path} is not what it should be`);
  }
  await enter(() => arrived(l, r));
}

/** Asks for the next octets. */
async function fetchPart(asker: Asker, d: Device, r: ItemRecord, w: BodyWriter, signal: AbortSignal): Promise<void> {
  const at = w.size;
  const end = Math.min(at + fetchMost, r.size);
  const reply = await asker.ask(d.relation, {
    method: "GET", path: ownPrefix + r.handle, most: fetchMost,
    header: { "if-match": tagOf(r), range: `bytes=${at}-${end - 1}` },
  }, signal);
  try {
    if (!reply.body || reply.status !== 206 || !reply.header["content-range"]?.startsWith(`bytes ${at}-`)) {
      throw new Fault("unreachable", `another device answered ${reply.status}`);
    }
    for await (const octets of octetsOf(reply.body, 0, Math.min(reply.body.size, end - at))) await w.write(octets);
    if (w.size === at) throw new Fault("unreachable", "another device sent nothing");
  } finally {
    reply.body?.close();
  }
}

/** Notes that a body is here, unless its item changed meanwhile. */
async function arrived(l: Core, r: ItemRecord): Promise<void> {
  const e = l.catalog.byHandle.get(r.handle);
  if (!e || !equal(e.record.key, r.key)) return l.discard(r.key); // another body by now
  if (e.here) return;
  const b = new Batch();
  b.item({ ...e, here: true });
  await l.commit(b);
  e.here = true;
  notify(l, e.record.app, e.record.path);
}
