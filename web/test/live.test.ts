import assert from "node:assert/strict";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import test from "node:test";
import { ApiError, Client, errorFrom } from "../console/api/client.ts";
import { Live } from "../console/api/live.ts";

/** A server of the API's form, as much of it as Live asks for. */
interface Fake {
  readonly base: string;
  token: string;
  readonly streams: ServerResponse[];
  send(event: string, data: unknown): void;
  close(): Promise<void>;
}

async function fake(port = 0): Promise<Fake> {
  const streams: ServerResponse[] = [];
  const f = { token: "right", streams } as { token: string; streams: ServerResponse[] };
  const server: Server = createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${f.token}`) {
      response.writeHead(401).end(`{"error":{"kind":"unauthorized","message":"no","hint":"open"}}`);
      return;
    }
    switch (request.url) {
      case "/api/v1/status":
        response.end(JSON.stringify({ version: "1", engines: {}, downRate: 7, upRate: 8 }));
        return;
      case "/api/v1/sites":
        response.end(JSON.stringify({ sites: [{ label: "a", address: "ipfs://a", pinned: false }] }));
        return;
      default:
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        response.flushHeaders();
        streams.push(response);
    }
  });
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  return Object.assign(f, {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    send: (event: string, data: unknown) => streams.at(-1)?.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  });
}

/** Resolves when live is as wanted. */
async function until(live: Live, wanted: () => boolean): Promise<void> {
  while (!wanted()) {
    await new Promise((done) => live.addEventListener("change", done, { once: true }));
  }
}

/** The client asks for paths of its own page; here the page is the fake's. */
function from(base: string): () => void {
  const real = globalThis.fetch;
  globalThis.fetch = (input, init) => real(new URL(String(input), base), init);
  return () => {
    globalThis.fetch = real;
  };
}

test("the list follows the events, and comes back after the node did", async () => {
  const first = await fake();
  const restore = from(first.base);
  const live = new Live(new Client("right"));
  try {
    live.start();
    await until(live, () => live.connection === "online");
    assert.equal(live.site("a")?.label, "a");
    while (first.streams.length === 0) {
      await new Promise(setImmediate);
    }
    first.send("sites", { sites: [{ label: "b", pinned: false }] });
    await until(live, () => live.site("b") !== undefined);
    assert.equal(live.site("a"), undefined);

    live.assume("b", { pinned: true });
    assert.equal(live.site("b")?.pinned, true);
    live.forget("b");
    assert.equal(live.sites.length, 0);

    await first.close();
    await until(live, () => live.connection === "lost");
    const second = await fake(Number(new URL(first.base).port));
    live.retry();
    await until(live, () => live.connection === "online");
    assert.equal(live.site("a")?.label, "a");
    live.stop();
    await second.close();
  } finally {
    live.stop();
    restore();
  }
});

test("a refused token ends the attempts", async () => {
  const server = await fake();
  const restore = from(server.base);
  const live = new Live(new Client("wrong"));
  try {
    live.start();
    await until(live, () => live.connection === "refused");
  } finally {
    live.stop();
    restore();
    await server.close();
  }
});

test("errors keep the words of the node", () => {
  const e = errorFrom({ error: { kind: "invalid", message: "no such thing", hint: "try another" } }, 400);
  assert.deepEqual([e.kind, e.message, e.hint], ["invalid", "no such thing", "try another"]);
  for (const body of [undefined, null, 7, {}, { error: 1 }, { error: { kind: 1, message: "x" } }]) {
    assert.equal(errorFrom(body, 502).message, "HTTP 502");
  }
  assert.equal(errorFrom("", 401).kind, "unauthorized");
  assert.ok(errorFrom(undefined, 500) instanceof ApiError);
});

test("a node that cannot be reached is told from one that refuses", async () => {
  const server = await fake();
  await server.close();
  const restore = from(server.base);
  try {
    await assert.rejects(new Client("right").sites(), (e) => e instanceof ApiError && e.kind === "offline");
  } finally {
    restore();
  }
});
