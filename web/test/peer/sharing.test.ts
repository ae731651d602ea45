import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hasWebSocket, kith, relay, type Relay } from "./relay.ts";
import { befriend, Browser, until } from "./sharing-world.ts";

const program = hasWebSocket(import.meta.url) ? kith() : undefined;
const skip = program ? false : "there is no Go to build a relay with, or a process of its own ran this";
const text = (b: Uint8Array): string => new TextDecoder().decode(b);
const large = (n: number): Uint8Array => new Uint8Array(n).map((_, i) => (i * 7919) >> 3);

let r: Relay;
before(async () => {
  if (program) r = await relay(program);
});
after(() => r?.end());

test("two browsers become friends and share documents", { skip }, async (t) => {
  const [alice, bob] = [await Browser.start("alice", r.url), await Browser.start("bob", r.url)];
  t.after(async () => Promise.all([alice.end(), bob.end()]));
  const [b, a] = await befriend(alice, bob);
  assert.equal(a.safety, b.safety);
  await alice.put("notes/hello.txt", "hello", "?for=bob");
  await alice.put("notes/own.txt", "mine");
  assert.equal(text((await bob.sees("alice", "notes/hello.txt", (x) => x.status === 200)).body), "hello");
  const listing = JSON.parse(text((await bob.sees("alice", "", (x) => x.status === 200)).body)) as { items: { path: string }[] };
  assert.deepEqual(listing.items.map((i) => i.path.replace(/^\//, "")), ["notes/hello.txt"]);
  await bob.sees("alice", "notes/own.txt", (x) => x.status === 404);

  const body = large(3_000_000);
  await alice.put("big", body, "?for=bob");
  assert.deepEqual((await bob.sees("alice", "big", (x) => x.status === 200)).body, body);

  const { receipts } = await alice.call<{ receipts: { state: string }[] }>("DELETE", "data/notes/hello.txt");
  assert.equal(receipts.length, 1);
  await until("bob's browser erased it", async () => (await alice.state()).receipts.every((x) => x.state === "confirmed"));
  await bob.sees("alice", "notes/hello.txt", (x) => x.status === 404);
});
