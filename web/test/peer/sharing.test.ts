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

test("requests that cannot be understood are refused", { skip }, async (t) => {
  const alice = await Browser.start("alice", r.url);
  t.after(() => alice.end());
  for (const [method, path, body, status] of [
    ["POST", "person", "{", 400], ["POST", "person", "[]", 400], ["POST", "person", '{"name": 1}', 400], ["POST", "person", '{"nom": "x"}', 400],
    ["POST", "person", '{"name": "a/b"}', 400], ["PUT", "lists/x", '{"friends": [1]}', 400], ["PUT", "lists/x", '{"friends": ["nobody"]}', 404],
    ["POST", "friends", '{"link": "https://x/#AQ"}', 400], ["PATCH", "friends/nobody", '{"verified": true}', 404], ["DELETE", "friends/nobody", undefined, 404],
    ["POST", "invitations", '{"expires": 1}', 400], ["DELETE", "invitations/x", undefined, 404], ["POST", "devices/x/confirm", undefined, 404],
    ["DELETE", "devices/x", undefined, 404], ["PATCH", "devices/x", '{"name": "y"}', 403], ["PUT", "person/relays", '{"relays": ["http://x"]}', 400],
    ["POST", "person/restore", '{"words": [], "file": ""}', 409], ["GET", "person/backup", undefined, 200], ["GET", "questions/x", undefined, 404],
    ["GET", "friends/nobody/data/", undefined, 404], ["GET", "data/none", undefined, 404], ["PATCH", "data/none", '{"labels": ["x"]}', 404],
    ["PUT", "data/x", "text", 200], ["PATCH", "data/x", '{"audience": {"kind": "some", "friends": [1]}}', 400],
    ["PATCH", "data/x", '{"audience": {"kind": "everybody"}}', 400], ["PUT", "data/folder/", "text", 400], ["GET", "sharing?after=x", undefined, 400],
  ] as const) {
    const a = await alice.ask(method, path, body);
    assert.equal(a.status, status, `${method} ${path} ${body ?? ""}: ${text(a.body).slice(0, 200)}`);
    if (status >= 400) assert.equal(typeof (JSON.parse(text(a.body)) as { error: { kind: unknown } }).error.kind, "string");
  }
  const at = await alice.ask("GET", "data/x", undefined, { Range: "bytes=1-2" });
  assert.equal(at.status, 206);
  assert.equal(text(at.body), "ex");
  assert.equal(at.headers.get("Content-Range"), "bytes 1-2/4");
  assert.equal((await alice.ask("GET", "data/x", undefined, { Range: "bytes=9-" })).status, 416);
  assert.equal((await alice.ask("GET", "data/x", undefined, { "If-None-Match": at.headers.get("ETag") ?? "" })).status, 304);
  assert.equal((await alice.ask("HEAD", "data/x")).body.length, 0);
});

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
