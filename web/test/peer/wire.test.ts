// Requests and answers over ports (runtime/peer/service/wire.ts).
import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { Callee, Caller, Lost, type Answered, type Call, type Incoming, type Port } from "../../runtime/peer/service/wire.ts";

const call: Call = { method: "PUT", url: "/.kith/data/x", headers: [["If-Match", '"a"']], from: { scope: "/", client: "c" } };

/** Two ends of a wire, on a real channel; closed with the test. */
function wire(t: { after(f: () => void): void }, handle: (c: Incoming) => Promise<Answered>): { caller: Caller; callee: Callee } {
  const { port1, port2 } = new MessageChannel();
  t.after(() => port1.close());
  return { caller: new Caller(port1 as unknown as Port), callee: new Callee(port2 as unknown as Port, handle) };
}

const read = async (body: Answered["body"] | Incoming["body"]): Promise<Uint8Array> => new Uint8Array(await new Response(body as BodyInit | null).arrayBuffer());

/** A body of so many chunks, each with its number, and how many were taken. */
function numbered(chunks: number, size: number): { body: ReadableStream<Uint8Array>; taken: () => number; cancelled: Promise<void> } {
  let at = 0;
  let cancel = (): void => undefined;
  const cancelled = new Promise<void>((done) => (cancel = done));
  const body = new ReadableStream<Uint8Array>({
    pull: (c) => (at < chunks ? c.enqueue(new Uint8Array(size).fill(at++)) : c.close()),
    cancel: () => cancel(),
  }, { highWaterMark: 0 });
  return { body, taken: () => at, cancelled };
}

test("bodies flow both ways at once, whole and in order", async (t) => {
  const { caller } = wire(t, async (c) => {
    assert.deepEqual([c.method, c.url, c.headers, c.from], [call.method, call.url, call.headers, call.from]);
    const echo = new TransformStream<Uint8Array, Uint8Array>();
    void (c.body as ReadableStream<Uint8Array>).pipeTo(echo.writable);
    return { status: 200, headers: [["ETag", '"b"']], body: echo.readable };
  });
  const got = await caller.ask(call, { body: numbered(50, 10_000).body });
  assert.deepEqual([got.status, got.headers], [200, [["ETag", '"b"']]]);
  assert.deepEqual(await read(got.body), await read(numbered(50, 10_000).body));
  assert.equal(caller.busy, false);
});

test("a body goes no faster than it is taken", async (t) => {
  const much = numbered(1000, 10);
  const { caller } = wire(t, () => Promise.resolve({ status: 200, headers: [], body: much.body }));
  const got = await caller.ask(call, { body: null });
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  assert.ok(much.taken() < 20, `${much.taken()} chunks under way`);
  await (got.body as ReadableStream<Uint8Array>).cancel();
  await much.cancelled;
  assert.equal(caller.busy, false);
});

test("who gives a request up ends it on the other side", async (t) => {
  const stop = new AbortController();
  let heard: (() => void) | undefined;
  const aborted = new Promise<void>((done) => (heard = done));
  const { caller } = wire(t, (c) => new Promise(() => {
    c.signal.addEventListener("abort", () => heard?.());
    stop.abort();
  }));
  await assert.rejects(caller.ask(call, { body: null, signal: stop.signal }), { name: "AbortError" });
  await aborted;
});

test("when the other side goes, requests are lost and bodies fail", async (t) => {
  let asked = 0;
  const { caller } = wire(t, () => (++asked === 1
    ? Promise.resolve({ status: 200, headers: [], body: numbered(100, 10).body })
    : new Promise<Answered>(() => caller.end())));
  const first = await caller.ask(call, { body: null });
  await assert.rejects(caller.ask(call, { body: null }), Lost);
  await assert.rejects(read(first.body), Lost);
  await assert.rejects(caller.ask(call, { body: null }), Lost);
});

test("a body that fails on its way fails on the other side", async (t) => {
  const broken = (): ReadableStream<Uint8Array> => new ReadableStream({ pull: (c) => c.error(new Error("disk")) });
  const { caller } = wire(t, async (c) => {
    await assert.rejects(read(c.body), Lost);
    return { status: 200, headers: [], body: broken() };
  });
  const got = await caller.ask(call, { body: broken() });
  await assert.rejects(read(got.body), Lost);
});

test("a page hears when the person is asked, and when they decided", async (t) => {
  const { caller } = wire(t, (c) => {
    c.person("7");
    c.person("");
    return Promise.resolve({ status: 204, headers: [], body: null });
  });
  const heard: string[] = [];
  await caller.ask(call, { body: null, person: (ask) => void heard.push(ask) });
  assert.deepEqual(heard, ["7", ""]);
});

test("a host that cannot start is answered for", async (t) => {
  const { caller } = wire(t, () => Promise.reject(new Error("no storage")));
  const got = await caller.ask(call, { body: null });
  assert.equal(got.status, 503);
});
