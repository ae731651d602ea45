/** Browsers beside Go nodes, over a real relay: as friends, and as devices of one person. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Asked, Change, Question } from "../../runtime/peer/host/contract.ts";
import { Apps } from "../../runtime/peer/sharing/index.ts";
import { hasWebSocket, kith, relay, type Relay } from "./relay.ts";
import { befriend, Browser, GoNode, link, type Somebody, until } from "./sharing-world.ts";

const program = hasWebSocket(import.meta.url) ? kith() : undefined;
const skip = program ? false : "there is no Go to build nodes with, or a process of its own ran this";
const text = (b: Uint8Array): string => new TextDecoder().decode(b);
const large = (n: number): Uint8Array => new Uint8Array(n).map((_, i) => (i * 7919) >> 3);

let relays: Relay[] = [];
before(async () => {
  if (program) relays = [await relay(program), await relay(program)];
});
after(() => Promise.all(relays.map((r) => r.end())));

const urls = (): string[] => relays.map((r) => r.url);
const browser = (name: string): Promise<Browser> => Browser.start(name, ...urls());
const node = (name: string, somebody = true): Promise<GoNode> => GoNode.start(program ?? "", name, somebody, ...urls());
const ending = (t: { after(f: () => Promise<unknown>): void }, ...all: Somebody[]): void => t.after(() => Promise.all(all.map((s) => s.end())));

/** Everything that two friends do, from a to b. */
async function share(a: Somebody, b: Somebody): Promise<void> {
  await a.put("hello.txt", "hello", `?for=${b.name}`);
  await a.put("secret.txt", "mine");
  const got = await b.sees(a.name, "hello.txt", (x) => x.status === 200);
  assert.equal(text(got.body), "hello");
  assert.equal(got.headers.get("Content-Type"), "text/plain");
  await b.sees(a.name, "secret.txt", (x) => x.status === 404);
  await b.sees(a.name, "", (x) => /hello\.txt/.test(text(x.body)) && !/secret/.test(text(x.body)));

  await a.put("hello.txt", "hello again"); // the audience stays
  await b.sees(a.name, "hello.txt", (x) => text(x.body) === "hello again");

  const body = large(2_500_000);
  await a.put("big", body, `?for=${b.name}`);
  assert.deepEqual((await b.sees(a.name, "big", (x) => x.status === 200)).body, body);

  await a.call("DELETE", "data/hello.txt");
  await until(`${b.name}'s copy is erased`, async () => {
    const { receipts } = await a.state();
    return receipts.length > 0 && receipts.every((x) => x.state === "confirmed");
  });
  await b.sees(a.name, "hello.txt", (x) => x.status === 404 || x.status === 410);
}

test("a browser and a node become friends by the node's link, and share", { skip }, async (t) => {
  const [alice, bob] = [await node("alice"), await browser("bob")];
  ending(t, alice, bob);
  const [b, a] = await befriend(alice, bob);
  assert.equal(a.safety, b.safety);
  assert.equal(b.says, "bob");
  await share(alice, bob);
  await share(bob, alice);
  await bob.call("PATCH", `friends/${a.id}`, { verified: true });
  assert.equal((await bob.friend("alice")).verified, true);
  await bob.put("for/all.txt", "to all", "?for=all");
  await alice.sees("bob", "for/all.txt", (x) => text(x.body) === "to all");
  await bob.call("DELETE", `friends/${a.id}`);
  await until("alice hears that it is over", async () => (await alice.state()).friends.length === 0);
});

test("a browser and a node become friends by the browser's link, one of them away", { skip }, async (t) => {
  const [alice, bob] = [await browser("alice"), await node("bob")];
  ending(t, alice, bob);
  const { link: text1 } = await alice.call<{ link: string }>("POST", "invitations", { for: "bob" });
  await alice.end();
  await bob.call("POST", "friends", { link: text1, name: "alice" });
  await alice.open();
  await alice.friend("bob");
  await bob.friend("alice");
  await alice.put("later.txt", "it waited", "?for=bob");
  await alice.end();
  const asked = await bob.ask("GET", "friends/alice/data/later.txt", undefined, { Prefer: "wait=1" });
  assert.equal(asked.status, 202);
  await alice.open();
  const at = `questions/${asked.headers.get("Location")?.split("/").pop() ?? ""}`;
  await until("the question is answered", async () => {
    const a = await bob.ask("GET", at);
    return a.status === 200 && text(a.body) === "it waited";
  });
  await share(bob, alice);
});

test("a browser becomes a device of a node's person", { skip }, async (t) => {
  const [desk, phone, friend] = [await node("desk"), await browser("phone"), await node("friend")];
  ending(t, desk, phone, friend);
  await befriend(desk, friend);
  await desk.put("before.txt", "from before", "?for=friend");
  await desk.put("large.bin", large(1_500_000));
  await link(desk, phone);
  await synchronise(desk, phone);
  await until("the friend is known in the browser", async () => (await phone.state()).friends.some((f) => f.name === "friend"));
  await until("what was there before is there", async () => text(await phone.get("before.txt")) === "from before");
  assert.deepEqual(await until("the large one comes", async () => phone.get("large.bin")), large(1_500_000));

  // The node is away: the browser answers for the person.
  await desk.end();
  await phone.put("by-phone.txt", "the browser answers", "?for=friend");
  await friend.sees("desk", "by-phone.txt", (x) => text(x.body) === "the browser answers");
  await desk.open();
  await until("the node learns what was written meanwhile", async () => text(await desk.get("by-phone.txt")) === "the browser answers");
  await phone.call("DELETE", "data/by-phone.txt");
  await until("and that it was deleted", async () => (await desk.ask("GET", "data/by-phone.txt")).status === 404);

  await revoke(phone, desk, friend);
});

test("a node becomes a device of a browser's person", { skip }, async (t) => {
  const [phone, desk, friend] = [await browser("phone"), await node("desk"), await browser("friend")];
  ending(t, desk, phone, friend);
  await befriend(phone, friend);
  await phone.put("before.txt", "from before", "?for=friend");
  await link(phone, desk);
  await synchronise(phone, desk);
  await until("the friend is known on the node", async () => (await desk.state()).friends.some((f) => f.name === "friend"));
  await until("what was there before is there", async () => text(await desk.get("before.txt")) === "from before");
  await phone.end();
  await desk.put("by-desk.txt", "the node answers", "?for=friend");
  await friend.sees("phone", "by-desk.txt", (x) => text(x.body) === "the node answers");
  await phone.open();
  await until("the browser learns what was written meanwhile", async () => text(await phone.get("by-desk.txt")) === "the node answers");
  await revoke(desk, phone, friend);
});

test("what a node backed up is restored in a browser", { skip }, async (t) => {
  const [alice, bob, carol] = [await node("alice"), await browser("bob"), await node("carol")];
  const fresh = await browser("fresh");
  ending(t, alice, bob, carol, fresh);
  await restored(alice, fresh, [bob, carol]);
});

test("what a browser backed up is restored on a node", { skip }, async (t) => {
  const [alice, bob, carol] = [await browser("alice"), await node("bob"), await browser("carol")];
  const fresh = await node("", false);
  ending(t, alice, bob, carol, fresh);
  await restored(alice, fresh, [bob, carol]);
});

/** Loses a device, and takes its person's friends back from a backup; with each of them all keys change. */
async function restored(lost: Somebody, fresh: Somebody, friends: readonly Somebody[]): Promise<void> {
  for (const f of friends) await befriend(lost, f);
  const { words } = await lost.call<{ words: string[] }>("GET", "person/phrase");
  const file = (await lost.ask("GET", "person/backup")).body;
  const codes = await Promise.all(friends.map(async (f) => (await f.friend(lost.name)).safety));
  await lost.end();
  await fresh.call("POST", "person/restore", { words, file: Buffer.from(file).toString("base64") });
  for (const [n, f] of friends.entries()) {
    await until(`the keys change with ${f.name}`, async () => {
      const { safety } = await f.friend(lost.name);
      return safety !== codes[n] && safety === (await fresh.friend(f.name)).safety;
    });
    await fresh.put(`for ${f.name}`.replace(" ", "-"), "I am back", `?for=${f.name}`);
    await f.sees(lost.name, `for-${f.name}`, (x) => text(x.body) === "I am back");
  }
}

test("a friend's relays change, and they are blocked for a while", { skip }, async (t) => {
  const [first = "", second = ""] = urls();
  const [alice, bob] = [await Browser.start("alice", first), await node("bob")];
  ending(t, alice, bob);
  await befriend(alice, bob);
  await alice.call("PUT", "person/relays", { relays: [second] });
  await until("the new relay is used", async () => (await alice.state()).person.relays.every((x) => x.url === second && x.connected));
  await share(bob, alice);
  await share(alice, bob);
  const { id } = await alice.friend("bob");
  await alice.call("PATCH", `friends/${id}`, { blocked: true });
  const asked = await bob.ask("GET", "friends/alice/data/hello2.txt", undefined, { Prefer: "wait=1" });
  assert.equal(asked.status, 202);
  await alice.put("hello2.txt", "after all", "?for=bob");
  await alice.call("PATCH", `friends/${id}`, { blocked: false });
  await bob.sees("alice", "hello2.txt", (x) => text(x.body) === "after all");
});

test("documents of an app", { skip }, async (t) => {
  const [alice, bob] = [await browser("alice"), await node("bob")];
  ending(t, alice, bob);
  await befriend(alice, bob);
  const [one, two] = [new Apps(alice.sharing), await browser("carol")];
  ending(t, two);
  const { id } = await alice.friend("bob");
  const body = async function* (): AsyncGenerator<Uint8Array> { yield new TextEncoder().encode("{}"); };
  const { doc, created } = await one.put("album", "posts/1", { type: "application/json", size: 2, body: body() });
  assert(created && /^[0-9a-f]{32}$/.test(doc.etag));
  assert.equal(await one.share("album", "posts/", { kind: "some", friends: [id] }), 1);
  await bob.sees("alice", ".app/album/posts/1", (x) => text(x.body) === "{}");
  assert.deepEqual((await one.document("album", "posts/1"))?.audience, { kind: "some", friends: [id] });
  await bob.put("posts/2", "two", "?app=album&for=alice");

  const handle = await one.handle("album", id);
  assert.match(handle, /^[0-9a-f]{16}$/);
  assert.equal(await one.handle("album", id), handle);
  assert.notEqual(await one.handle("notes", id), handle);

  const changes: Change[] = [];
  one.watch((c) => changes.push(c));
  const ask = (path: string, wait: number, more: Partial<Question> = {}): Promise<Asked> =>
    one.ask({ app: "album", friend: id, path, wait, fresh: true, copy: false, signal: AbortSignal.timeout(60_000), ...more });
  const listed = await ask("posts/", 30_000);
  assert(listed.state === "here");
  const { items } = JSON.parse(text(await listed.body.read(0, listed.body.size))) as { items: { path: string }[] };
  assert.deepEqual(items.map((i) => i.path), ["posts/2"]);
  const here = await ask("posts/2", 30_000);
  assert(here.state === "here");
  assert.equal(text(await here.body.read(0, here.body.size)), "two");
  here.body.close();
  assert.equal((await ask("posts/none", 30_000)).state, "missing");
  assert.equal((await ask("posts/2", 0, { copy: true, fresh: false })).state, "here");

  await bob.end();
  const waits = await ask("posts/3", 0);
  assert(waits.state === "waiting");
  assert.equal(await one.request(waits.id), "waiting");
  await bob.open();
  await until("the question is answered", async () => changes.some((c) => c.kind === "request" && c.id === waits.id && c.state === "missing"));
  await bob.call("DELETE", "data/posts/2?app=album");
  await until("the copy goes", async () => (await ask("posts/2", 0, { copy: true, fresh: false })).state === "missing");
  assert.match((await ask("posts/2", 30_000)).state, /^(gone|missing)$/); // by whether the deletion is remembered
  assert(changes.some((c) => c.kind === "friend" && c.friend === id));
  assert.equal(await one.delete("album", "posts/1", {}), 1);
  assert.equal(await one.delete("album", "posts/1", {}), 0);
  assert(changes.some((c) => c.kind === "document" && c.path === "posts/1" && c.deleted));
});

/** Documents of two own devices, both ways. */
async function synchronise(a: Somebody, b: Somebody): Promise<void> {
  for (const [from, to] of [[a, b], [b, a]] as const) {
    const name = `by ${from.name}.txt`.replaceAll(" ", "%20");
    await from.put(name, "one", "?label=x");
    await until(`${to.name} has ${name}`, async () => text(await to.get(name)) === "one");
    await to.put(name, "two");
    await until(`${from.name} has the next version`, async () => text(await from.get(name)) === "two");
    const body = large(700_000);
    await from.put(`${name}.bin`, body);
    assert.deepEqual(await until(`${to.name} has the large one`, () => to.get(`${name}.bin`)), body);
    await from.call("DELETE", `data/${name}`);
    await until(`${to.name} deletes it`, async () => (await to.ask("GET", `data/${name}`)).status === 404);
  }
  await a.call("PUT", "lists/family", { name: "family", friends: [] });
  await until("the list is there", async () => (await b.state()).lists.some((l) => l.name === "family"));
}

/** Shuts a device out: it hears nothing more, and with the friend all keys change. */
async function revoke(by: Somebody, lost: Somebody, friend: Somebody): Promise<void> {
  const code = (await friend.state()).friends[0]?.safety;
  const device = (await by.state()).devices.find((d) => !d.this)?.id ?? assert.fail();
  await by.call("DELETE", `devices/${device}`);
  await until("the keys changed", async () => {
    const [f] = (await friend.state()).friends;
    const [g] = (await by.state()).friends;
    return f !== undefined && f.safety !== code && f.safety === g?.safety;
  });
  assert.equal((await by.state()).devices.length, 1);
  const name = (await friend.state()).friends[0]?.name ?? "";
  await by.put("after.txt", "without the lost one", "?for=friend");
  await friend.sees(name, "after.txt", (x) => text(x.body) === "without the lost one");
  await lost.put("lost.txt", "from the lost one", "?for=friend");
  assert.equal((await lost.ask("GET", "data/after.txt")).status, 404);
  await friend.sees(name, "lost.txt", (x) => x.status === 404);
}
