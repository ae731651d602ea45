/** Bodies in chunks, from relays that break off, send something else, or have nothing. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import type { Courier } from "../../runtime/peer/exchange/courier.ts";
import { type Carrier, Download } from "../../runtime/peer/exchange/transfer.ts";
import { Pool } from "../../runtime/peer/mailbox/index.ts";
import { type Chunks, chunkRoom, newSeed, sealChunk } from "../../runtime/peer/seal/index.ts";

const random = (n: number): Uint8Array => new Uint8Array(randomBytes(n));
const each = 65536;
const body = random(100_000);

async function server(t: TestContext, listener: RequestListener): Promise<string> {
  const s = createServer(listener).listen(0, "127.0.0.1");
  await once(s, "listening");
  t.after(() => { s.closeAllConnections(); s.close(); });
  return `ws://127.0.0.1:${(s.address() as AddressInfo).port}`;
}

/** The body in two chunks on a relay that answers so. */
async function download(t: TestContext, answers: (chunk: Uint8Array, i: number) => RequestListener): Promise<{ d: Download; said: unknown[]; asked: string[] }> {
  const key = newSeed(random);
  const room = chunkRoom(each);
  const parts = [await sealChunk(key, 0, body.slice(0, room), each), await sealChunk(key, 1, body.slice(room), each)];
  const asked: string[] = [];
  const listeners = parts.map(answers);
  const ids = parts.map(() => random(24));
  const relay = await server(t, (q, r) => {
    const i = ids.findIndex((id) => q.url?.endsWith(Buffer.from(id).toString("base64url")));
    asked.push(`${q.method} ${i} ${q.headers.range ?? ""}`.trim());
    listeners[i]!(q, r);
  });
  const chunks: Chunks = { key, size: body.length, each, at: ids.map((id) => ({ relay, id, erase: random(32) })) };
  const pool = new Pool();
  t.after(() => pool.close());
  const world = { now: () => Date.now(), random, log: () => undefined };
  const carrier: Carrier = { pool, world, patience: 20_000, courier: {} as Courier };
  const said: unknown[] = [];
  return { d: new Download(carrier, chunks, new Set([relay]), (erase) => said.push(erase)), said, asked };
}

test("what broke off is gone on with, what is something else is fetched again", async (t) => {
  const { d, said, asked } = await download(t, (chunk, i) => {
    let times = 0;
    return (q, r) => {
      times++;
      if (q.method === "DELETE") r.writeHead(204).end();
      else if (i === 0 && times === 1) {
        r.writeHead(200, { "content-length": each });
        r.write(chunk.subarray(0, 30_000), () => setTimeout(() => r.destroy(), 20));
      } else if (i === 1 && times === 1) r.writeHead(200).end(random(each));
      else {
        const from = Number(/\d+/.exec(q.headers.range ?? "0")?.[0]);
        r.writeHead(from > 0 ? 206 : 200).end(chunk.subarray(from));
      }
    };
  });
  assert.deepEqual(await d.read(0, d.size), body);
  assert.deepEqual(await d.read(65_000, 66_000), body.slice(65_000, 66_000));
  d.close();
  d.close();
  assert.equal(said.length, 1);
  await (said[0] as (s: AbortSignal) => Promise<void>)(AbortSignal.timeout(20_000));
  assert.ok(asked.some((a) => /^GET 0 bytes=\d+-$/.test(a)), asked.join());
  assert.equal(asked.filter((a) => a === "GET 1").length, 2);
  assert.deepEqual(asked.filter((a) => a.startsWith("DELETE")).sort(), ["DELETE 0", "DELETE 1"]);
});

test("a chunk that is gone, and a body that is closed", async (t) => {
  const gone = await download(t, () => (_, r) => r.writeHead(404).end());
  await assert.rejects(gone.d.read(0, 10), { kind: "unreachable", hint: "ask again" });
  gone.d.close();
  assert.deepEqual(gone.said, [undefined]);
  const mute = await download(t, () => () => undefined);
  const reading = mute.d.read(0, 10);
  mute.d.close();
  await assert.rejects(reading, { kind: "unreachable" });
});

test("chunks are fetched from the relays of the relation alone", async (t) => {
  const { d } = await download(t, () => (_, r) => r.writeHead(404).end());
  d.close();
  const at = [{ relay: "wss://elsewhere.example", id: random(24), erase: random(32) }];
  assert.throws(() => new Download({} as Carrier, { key: random(32), size: 5, each, at }, new Set(["wss://relay.example"]), () => undefined), { kind: "forbidden" });
});
