import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageKind, type Outgoing, PartyKind } from "../../runtime/peer/contract.ts";
import { kindOf } from "../../runtime/peer/fault.ts";
import { Reach, tagOf } from "../../runtime/peer/library/index.ts";
import { encodePurged, parsePurge } from "../../runtime/peer/seal/index.ts";
import { apply, Dice, Memory } from "./store-disk.ts";
import {
  asker, between, Clock, carry, compare, count, day, device, friends, household, messageOf, minute, Node, relation, seen, text, utf8,
} from "./library-world.ts";

const all = { reach: Reach.all, friends: [], lists: [] };
const some = (...ns: number[]) => ({ reach: Reach.some, friends: ns.map(relation), lists: [] });
const fault = (kind: string) => (e: unknown) => kindOf(e) === kind || assert.fail(`${kindOf(e)} instead of ${kind}: ${String(e)}`);

test("documents are kept over a restart, small and large, and read by parts", async () => {
  const a = await Node.open(1, new Clock());
  for (const size of [0, 1, 4096, 4097, 65536, 65537, 1_300_000]) {
    const body = new Dice(size).octets(size);
    const { item, fresh } = await a.library.put(`d/${size}.bin`, body, { labels: ["b", "a"], modified: 7 });
    assert.ok(fresh && item.size === size && item.here && item.modified === 7);
    await a.restart();
    const got = await a.library.get("", `d/${size}.bin`);
    assert.deepEqual(got.item.labels, ["a", "b"]);
    assert.deepEqual(Buffer.from(await got.body.read(0, size)), Buffer.from(body));
    for (const [from, to] of [[0, 10], [size - 1, size], [65530, 65540], [100, size]]) {
      assert.deepEqual(Buffer.from(await got.body.read(from ?? 0, to ?? 0)), Buffer.from(body.subarray(from, to)));
    }
    got.body.close();
  }
  assert.equal(a.disk.octets.size, 1 + 4, "small bodies have no file of their own");
  await a.put("d/1300000.bin", "short now");
  assert.equal(a.disk.octets.size, 1 + 3, "the old body went");
  assert.equal(await a.read("d/1300000.bin"), "short now");
});

test("conditions are those of RFC 9110", async () => {
  const a = await Node.open(1, new Clock());
  const first = await a.library.put("x", utf8("1"), { ifNoneMatch: "*" });
  await assert.rejects(a.library.put("x", utf8("2"), { ifNoneMatch: "*" }), fault("conflict"));
  const second = await a.library.put("x", utf8("2"), { ifMatch: tagOf(first.item) });
  assert.ok(!second.fresh);
  await assert.rejects(a.library.put("x", utf8("3"), { ifMatch: tagOf(first.item) }), fault("conflict"));
  await assert.rejects(a.library.put("y", utf8("3"), { ifMatch: "*" }), fault("conflict"));
  await assert.rejects(a.library.remove("", "x", { ifMatch: tagOf(first.item) }), fault("conflict"));
  await a.library.remove("", "x", { ifMatch: `"0", ${tagOf(second.item)}` });
  await assert.rejects(a.library.get("", "x"), fault("not_found"));
  for (const path of ["", "/a", "a//b", "a/../b", ".own/x", ".app/x", "a\u0000", "\ud800", "é".repeat(513), `${"x".repeat(256)}/y`]) {
    await assert.rejects(a.library.put(path, utf8("")), fault("invalid"), path);
  }
});

test("folders are listed by path, page by page, and one level deep", async () => {
  const a = await Node.open(1, new Clock());
  const paths = ["a/b/c", "a/b/d", "a/e", "a-b", "a/ü", "b", "a/\u{1f600}", "a/\uff5e"];
  for (const p of paths) await a.put(p, p, { app: "album" });
  await a.put("other", "", {});
  const inOrder = [...paths].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
  assert.deepEqual(a.library.list({ app: "album" }).items.map((i) => i.path), inOrder);
  const pages: string[] = [];
  let after = "";
  do {
    const page = a.library.list({ app: "album", folder: "a", most: 2, after });
    pages.push(...page.items.map((i) => i.path));
    after = page.next ?? "";
  } while (after);
  assert.deepEqual(pages, inOrder.filter((p) => p.startsWith("a/")));
  const top = a.library.list({ app: "album", shallow: true });
  assert.deepEqual([top.items.map((i) => i.path), top.folders], [["a-b", "b"], ["a/"]]);
  const inside = a.library.list({ app: "album", folder: "a/", shallow: true, most: 2 });
  assert.deepEqual([inside.items.map((i) => i.path), inside.folders, inside.next], [["a/e"], ["a/b/"], "a/e"]);
});

test("parts make a document when all are there, also over a restart; a part in place makes a version", async () => {
  const clock = new Clock();
  const a = await Node.open(1, clock);
  const body = new Dice(1).octets(300_000);
  await a.put("v", "what was there");
  const part = (from: number, to: number, total = body.length) => {
    return a.library.putPart("v", body.subarray(from, to), { from, length: to - from, total }, { type: "video/webm" });
  };
  assert.deepEqual(await part(0, 100_000), { have: 100_000, total: 300_000 });
  await assert.rejects(part(100_001, 200_000), fault("conflict"));
  assert.equal(await a.read("v"), "what was there");
  assert.deepEqual(await part(90_000, 140_000), { have: 140_000, total: 300_000 });
  await a.restart();
  const { have } = await a.library.draft("", "v");
  assert.equal(have, 131_072, "whole pieces are there");
  await part(have, 200_000);
  const { whole } = await part(200_000, 300_000);
  assert.equal(whole?.item.type, "video/webm");
  const read = async () => {
    const got = await a.library.get("", "v");
    const octets = await got.body.read(0, got.body.size);
    got.body.close();
    return Buffer.from(octets);
  };
  assert.deepEqual(await read(), Buffer.from(body));
  await assert.rejects(a.library.draft("", "v"), fault("not_found"));
  const patched = await a.library.putPart("v", utf8("PATCH"), { from: 65_534, length: 5, total: 300_000 }, { ifMatch: tagOf(whole!.item) });
  body.set(utf8("PATCH"), 65_534);
  assert.deepEqual(await read(), Buffer.from(body));
  assert.equal(patched.whole?.item.size, 300_000);
  await assert.rejects(a.library.putPart("v", utf8("no"), { from: 0, length: 5, total: 9 }, {}), fault("invalid"));
  clock.time += 8 * day;
  await a.library.tick();
  await assert.rejects(a.library.draft("", "v"), fault("not_found"));
  assert.equal([...a.disk.octets.keys()].filter((n) => n.startsWith("bodies/")).length, 1);
  const tiny = await a.library.putPart("t", utf8("tiny"), { from: 0, length: 4, total: 4 }, {});
  assert.equal(tiny.whole?.fresh, true);
  assert.equal(await a.read("t"), "tiny");
});

test("a document that is deleted is nowhere on the disk", async () => {
  const a = await Node.open(1, new Clock());
  await a.put("secret/plan", "x".repeat(10_000));
  await a.put("secret/note", "small");
  const files = [...a.disk.octets.keys()].filter((n) => n.startsWith("bodies/"));
  const { removed } = await a.library.remove("", "secret/", { all: true });
  assert.equal(removed, 2);
  for (const f of files) assert.ok(!a.disk.octets.has(f));
  const zeroed = a.disk.done.filter((o) => o.do === "write" && files.includes(o.file) && o.octets.every((c) => c === 0));
  assert.equal(zeroed.length, 1, "the body was overwritten before it was removed");
  assert.deepEqual(a.library.list().items, []);
  await a.restart();
  assert.deepEqual(a.library.list().items, []);
});

test("§5.3 friends get what they may see, and the same nothing for all else", async () => {
  const clock = new Clock();
  const a = await Node.open(1, clock);
  a.know({ friends: [...friends(1, 2), { relation: relation(3), all: true, blocked: true }] });
  await a.put("for all", "hello", { audience: all });
  await a.put("for 1", "yours", { audience: some(1) });
  await a.put("mine", "no");
  await a.library.records.put(new Map([["relation/x", utf8("secret")]]), []);
  const one = await a.ask(1, "/for%201");
  assert.deepEqual([one.reply.status, one.body, one.reply.header["kith-lease"]], [200, "yours", "604800"]);
  const nothing = await a.ask(1, "/not there");
  for (const [who, path] of [[2, "/for%201"], [3, "/for%20all"], [1, "/mine"], [9, "/for%20all"], [1, "/.app/.person/relation/x"], [1, "/.own/00"]] as const) {
    assert.deepEqual((await a.ask(who, path)).reply, nothing.reply, `${who} ${path}`);
  }
  const etag = one.reply.header["etag"] ?? "";
  assert.equal((await a.ask(1, "/for%201", { "if-none-match": etag })).reply.status, 304);
  assert.equal((await a.ask(1, "/for%201", { "if-match": '"other"' })).reply.status, 412);
  const range = await a.ask(1, "/for%201", { range: "bytes=1-2" });
  assert.deepEqual([range.reply.status, range.body, range.reply.header["content-range"]], [206, "ou", "bytes 1-2/5"]);
  assert.equal((await a.ask(1, "/for%201", { range: "bytes=5-" })).reply.status, 416);
  assert.equal((await a.ask(1, "/%zz")).reply.status, 400);
  assert.notEqual((await a.ask(2, "/for%20all")).reply.header["etag"], (await a.ask(1, "/for%20all")).reply.header["etag"]);
  assert.equal((await a.library.answer(relation(1), PartyKind.friend, { method: "PUT" as "GET", path: "/x", header: {} })).status, 405);
  const head = await a.library.answer(relation(1), PartyKind.friend, { method: "HEAD", path: "/for%20all", header: {} });
  assert.deepEqual([head.status, head.body, head.header["content-length"]], [200, undefined, "5"]);
});

test("§5.3 a friend follows what changed, and what is gone", async () => {
  const clock = new Clock();
  const a = await Node.open(1, clock);
  a.know({ friends: friends(1, 2) });
  for (const p of ["a", "b", "c"]) await a.put(p, p, { app: "album", audience: all });
  const first = JSON.parse((await a.ask(1, "/.app/album/")).body);
  assert.deepEqual(first.items.map((i: { path: string }) => i.path), [".app/album/a", ".app/album/b", ".app/album/c"]);
  assert.equal(first.complete, undefined);
  await a.put("secret", "for 2", { app: "album", audience: some(2) });
  await a.restart();
  const idle = JSON.parse((await a.ask(1, `/.app/album/?since=${first.cursor}`)).body);
  assert.deepEqual([idle.items, idle.gone], [[], []]);
  assert.equal(idle.cursor, first.cursor, "what is not for them says nothing");
  await a.put("b", "new", { app: "album" });
  await a.library.remove("album", "c");
  await a.library.share("album", "a", false, some(2));
  const next = JSON.parse((await a.ask(1, `/.app/album/?since=${idle.cursor}`)).body);
  assert.deepEqual([next.items.map((i: { path: string }) => i.path), next.gone], [[".app/album/b"], [".app/album/a", ".app/album/c"]]);
  const all2 = JSON.parse((await a.ask(1, "/?since=AAAAAAAAAAAAAAAAAAAAAA")).body);
  assert.equal(all2.complete, true);
  const same = (await a.ask(1, "/.app/album/")).reply.header["etag"] ?? "";
  assert.equal((await a.ask(1, "/.app/album/", { "if-none-match": same })).reply.status, 304);
  for (let i = 0; i < 300; i++) await a.put(`many/${i}`, "x", { audience: all });
  const pages: string[] = [];
  let after = "";
  do {
    const page = await a.library.answer(relation(1), PartyKind.friend, { method: "GET", path: `/many/?after=${encodeURIComponent(after)}`, header: {}, most: 16_384 });
    assert.ok(page.size <= 16_384);
    const got = JSON.parse(text(await page.body?.read(0, page.size)));
    pages.push(...got.items.map((i: { path: string }) => i.path));
    after = got.next ?? "";
  } while (after);
  assert.equal(new Set(pages).size, 300);
});

test("§6.5 friends who were sent it are asked to purge, reminded, and given up", async () => {
  const clock = new Clock();
  const a = await Node.open(1, clock);
  a.know({ friends: friends(1, 2, 3) });
  await a.put("x", "hello", { audience: all });
  for (const n of [1, 2]) await a.ask(n, "/x");
  const { out } = await a.library.remove("", "x");
  assert.deepEqual([1, 2, 3].map((n) => count(out, MessageKind.purge, relation(n))), [1, 1, 0]);
  assert.deepEqual([1, 2, 3].map((n) => count(out, MessageKind.changed, relation(n))), [1, 1, 1]);
  assert.equal((await a.ask(1, "/x")).reply.status, 410);
  assert.equal((await a.ask(3, "/x")).reply.status, 404);
  const purge = parsePurge(out.find((o) => o.kind === MessageKind.purge && o.to === relation(1))?.body ?? utf8(""));
  assert.deepEqual(purge.paths, ["x"]);
  const confirm = { kind: MessageKind.purged, id: "", number: 0, sent: 0, expires: 0, body: encodePurged({ id: purge.id, nothing: false }) };
  await a.library.handle(relation(2), confirm); // another friend's id: nothing
  assert.equal(a.library.deletions()[0]?.waiting, 2);
  await a.library.handle(relation(1), confirm);
  await a.restart();
  assert.deepEqual(a.library.deletions().map((d) => [d.confirmed, d.waiting]), [[1, 1]]);
  assert.equal(count(await a.library.tick(), MessageKind.purge, relation(2)), 1, "after a start it is sent again");
  assert.equal(count(await a.library.tick(), MessageKind.purge), 0);
  clock.time += 8 * day;
  assert.equal(count(await a.library.tick(), MessageKind.purge, relation(2)), 1);
  clock.time += 23 * day;
  await a.library.tick();
  assert.deepEqual(a.library.deletions().map((d) => [d.confirmed, d.unreachable, d.waiting, d.receipts.length]), [[1, 1, 0, 0]]);
  assert.equal([...a.library.records.each("receipt/")].length, 1, "the paths are shredded");
  clock.time += 31 * day;
  await a.library.tick();
  assert.deepEqual(a.library.deletions(), []);
  assert.equal((await a.ask(1, "/x")).reply.status, 404);
});

test("§6 lists: who comes is told, who goes purges", async () => {
  const clock = new Clock();
  const a = await Node.open(1, clock);
  a.know({ friends: friends(1, 2, 3) });
  const { handle } = await a.library.setList("", "family", [relation(1), relation(2)]);
  await a.put("x", "hello", { audience: { reach: Reach.some, friends: [], lists: [handle] } });
  assert.deepEqual(await Promise.all([1, 2, 3].map(async (n) => (await a.ask(n, "/x")).reply.status)), [200, 200, 404]);
  await a.restart();
  const { out } = await a.library.setList(handle, "kin", [relation(2), relation(3)]);
  assert.deepEqual([1, 2, 3].map((n) => count(out, MessageKind.purge, relation(n))), [1, 0, 0]);
  assert.deepEqual([1, 2, 3].map((n) => count(out, MessageKind.changed, relation(n))), [1, 0, 1]);
  assert.deepEqual(a.library.lists(), [{ handle, name: "kin", members: [relation(2), relation(3)] }]);
  assert.deepEqual(await Promise.all([1, 2, 3].map(async (n) => (await a.ask(n, "/x")).reply.status)), [404, 200, 200]);
  assert.equal(count(await a.library.removeList(handle), MessageKind.purge), 2);
  await assert.rejects(a.library.removeList(handle), fault("not_found"));
  await a.library.widen("", "x", false, some(1), some());
  assert.equal((await a.ask(1, "/x")).reply.status, 200);
});

test("§6.2 own devices are told; what each did alone is the same on both after a comparison", async () => {
  const clock = new Clock();
  const [a, b] = [await Node.open(1, clock), await Node.open(2, clock)];
  household(a, b);
  const told = new Map([[a, await a.put("x", "from a", { labels: ["l"], audience: all })]]);
  assert.equal(told.get(a)?.length, 1);
  await carry([a, b], told);
  assert.equal(await b.read("x"), "from a");
  await b.put("y", "from b");
  await a.library.records.put(new Map([["k", utf8("a")]]), []);
  clock.time += minute;
  await b.library.records.put(new Map([["k", utf8("b")]]), []);
  await a.put("x", "again");
  await a.library.remove("", "x");
  await compare(a, b);
  assert.equal(seen(a), seen(b));
  assert.equal(text(a.library.records.get("k")), "b", "of two records the newer stays");
  assert.deepEqual(b.library.list().items.map((i) => i.path), ["y"]);
  await a.put("same", "a");
  clock.time += minute;
  await b.put("same", "b");
  await compare(b, a);
  assert.equal(seen(a), seen(b));
  assert.equal(await a.read("same"), "b");
  const shadow = a.library.list().items.map((i) => i.path).find((p) => p.startsWith("same~")) ?? "";
  assert.equal(await a.read(shadow), "a");
});

test("§6.2 large bodies are fetched from whoever has them, and evicted where they are not held", async () => {
  const clock = new Clock();
  const [a, b] = [await Node.open(1, clock), await Node.open(2, clock)];
  household(a, b);
  const body = new Dice(9).octets(200_000);
  await carry([a, b], new Map([[a, await a.put("big", body)]]));
  await assert.rejects(b.library.get("", "big"), fault("unreachable"));
  const [wanted] = b.library.wanted(10);
  await b.library.fetch(asker(b, a), wanted?.handle ?? "", AbortSignal.timeout(60_000));
  assert.equal(b.library.wanted(10).length, 0);
  await b.restart();
  const got = await b.library.get("", "big");
  assert.deepEqual(Buffer.from(await got.body.read(0, 200_000)), Buffer.from(body));
  got.body.close();
  b.library.setHolds({ apps: ["none"] });
  await b.library.tick();
  await assert.rejects(b.library.get("", "big"), fault("unreachable"));
  assert.equal([...b.disk.octets.keys()].filter((n) => n.startsWith("bodies/")).length, 0);
  a.library.setHolds({ apps: ["none"] });
  await a.library.tick();
  assert.equal((await a.library.get("", "big")).item.size, 200_000, "what was written here stays");
});

test("§6.5 a device that was away for long, or restored, brings nothing back", async () => {
  const clock = new Clock();
  const [a, b, c] = [await Node.open(1, clock), await Node.open(2, clock), await Node.open(3, clock)];
  const nodes = [a, b, c];
  household(...nodes);
  for (let i = 0; i < 20; i++) await a.put(`d${i}`, String(i));
  await compare(a, b);
  await compare(a, c);
  await compare(b, c);
  assert.equal(seen(a), seen(c));
  const backup = new Map([...b.disk.octets].map(([n, o]) => [n, o.slice()]));
  for (let i = 0; i < 10; i++) await a.library.remove("", `d${i}`);
  await compare(a, b);
  await compare(b, c);
  clock.time += 100 * day;
  for (const n of nodes) await n.library.tick();
  await compare(a, b);
  await compare(a, c);
  for (const n of nodes) await n.library.tick();
  assert.equal(a.library.stats().graves, 0);
  // b is set back to before the deletions.
  b.disk.octets.clear();
  for (const [n, o] of backup) b.disk.octets.set(n, o);
  await b.start();
  assert.equal(b.library.list().items.length, 20);
  for (let round = 0; round < 3; round++) {
    await compare(b, a);
    await compare(c, b);
    clock.time += minute;
  }
  for (const n of nodes) assert.equal(n.library.list().items.length, 10, `device ${n.n}`);
  assert.equal(seen(a), seen(b));
  assert.ok(nodes.every((n) => !n.library.stats().doubtful));
});

/** Random changes on three devices that lose messages, and compare in the end. */
async function storm(seed: number, steps: number): Promise<void> {
  const clock = new Clock();
  const nodes = [await Node.open(1, clock), await Node.open(2, clock), await Node.open(3, clock)];
  household(...nodes);
  for (const n of nodes) n.know({ friends: friends(1, 2) });
  const dice = new Dice(seed);
  const deleted = new Set<string>();
  for (let i = 0; i < steps; i++) {
    const n = nodes[dice.below(3)] as Node;
    clock.time += dice.below(3) * minute;
    const said: Outgoing[] = [];
    const path = `f${dice.below(3)}/d${dice.below(6)}`;
    switch (dice.below(6)) {
      case 0: {
        const shown = n.library.list().items;
        const item = shown[dice.below(Math.max(1, shown.length))];
        if (item) {
          deleted.add(item.handle);
          said.push(...(await n.library.remove("", item.path)).out);
        }
        break;
      }
      case 1:
        said.push(...(await n.library.records.put(new Map([[`k${dice.below(4)}`, dice.octets(dice.below(40))]]), [`k${4 + dice.below(4)}`])));
        break;
      case 2:
        await n.ask(1 + dice.below(2), `/${path}`);
        break;
      case 3:
        if (dice.below(4) === 0) await n.restart();
        break;
      default:
        said.push(...(await n.put(path, dice.octets(dice.below(200)), { audience: dice.below(2) ? all : some(1) })));
    }
    await carry(nodes, new Map([[n, said]]), () => dice.below(3) === 0);
    if (dice.below(10) === 0) await carry(nodes, new Map([[n, n.library.sync(between(n.n, (nodes[(n.n) % 3] as Node).n))]]), () => dice.below(8) === 0);
  }
  const [a, b, c] = nodes as [Node, Node, Node];
  for (let round = 0; round < 3; round++) {
    await carry(nodes, new Map([[a, a.library.sync(between(1, 2))]]));
    await carry(nodes, new Map([[b, b.library.sync(between(2, 3))]]));
    await carry(nodes, new Map([[c, c.library.sync(between(1, 3))]]));
  }
  assert.equal(seen(a), seen(b), `seed ${seed}`);
  assert.equal(seen(b), seen(c), `seed ${seed}`);
  for (const n of nodes) {
    for (const i of n.library.list().items) assert.ok(!deleted.has(i.handle), `${i.path} came back, seed ${seed}`);
    const before = seen(n);
    await n.restart();
    assert.equal(seen(n), before);
  }
}

test("§6.3 whatever is lost, devices end with the same, and nothing deleted comes back", async () => {
  for (let seed = 1; seed <= 12; seed++) await storm(seed, 60);
});

test("watchers are told what is at a path now", async () => {
  const clock = new Clock();
  const [a, b] = [await Node.open(1, clock), await Node.open(2, clock)];
  household(a, b);
  const told: string[] = [];
  const end = b.library.watch((e) => told.push(e.record ? `record ${e.record}` : `${e.app}:${e.path}${e.tag ? "" : " gone"}`));
  await carry([a, b], new Map([[a, [...(await a.put("x", "1", { app: "album" })), ...(await a.put("y", "1"))]]]));
  await carry([a, b], new Map([[a, await a.library.move("", "y", "z")]]));
  await carry([a, b], new Map([[a, (await a.library.remove("album", "x")).out]]));
  await carry([a, b], new Map([[a, await a.library.records.put(new Map([["k", utf8("")]]), [])]]));
  end();
  await b.put("not told", "");
  assert.deepEqual(told, ["album:x", ":y", ":y gone", ":z", "album:x gone", "record k"]);
});

test("messages that are none are refused, whatever they are", async () => {
  const clock = new Clock();
  const [a, b] = [await Node.open(1, clock), await Node.open(2, clock)];
  household(a, b);
  const dice = new Dice(8);
  for (let i = 0; i < 40; i++) await a.put(`d${i}`, "x");
  const [good] = a.library.sync(between(1, 2)) as [Outgoing];
  const items = (await a.put("new", "x"))[0] as Outgoing;
  for (let i = 0; i < 400; i++) {
    const m = messageOf(i % 2 ? good : items);
    const body = m.body?.slice() ?? new Uint8Array();
    for (let n = dice.below(4) + 1; n > 0; n--) body[dice.below(body.length)] = dice.below(256);
    m.body = body.subarray(0, body.length - dice.below(3));
    const e = await b.library.handle(between(1, 2), m).then(() => undefined, (e: unknown) => e);
    if (e) fault("invalid")(e);
  }
  await assert.rejects(b.library.handle(relation(9), messageOf(good)), fault("forbidden"));
  assert.equal(device(1).length, 16);
});

test("where there is no room documents are refused, and can be deleted", async () => {
  const a = await Node.open(1, new Clock());
  a.know({ friends: friends(1), devices: [{ relation: between(1, 2), id: device(2) }] });
  await a.put("large", "x".repeat(200_000), { audience: all });
  for (let i = 0; i < 30; i++) await a.put(`d${i}`, "x".repeat(3000), { audience: all });
  await a.ask(1, "/large");
  a.disk.room = [...a.disk.octets.values()].reduce((n, f) => n + f.length, 0) + 10_000;
  await assert.rejects(a.put("larger", "x".repeat(300_000)), fault("no_space"));
  await assert.rejects((async () => { for (let i = 0; ; i++) await a.put(`more${i}`, "x".repeat(3000)); })(), fault("no_space"));
  const before = seen(a);
  await a.restart();
  assert.equal(seen(a), before);
  const { out } = await a.library.remove("", "large");
  assert.equal(count(out, MessageKind.purge), 1);
  await a.put("larger", "x".repeat(100_000));
  for (const i of a.library.list().items) await a.library.remove("", i.path);
  assert.deepEqual(a.library.list().items, []);
  assert.equal([...a.disk.octets.keys()].filter((n) => n.startsWith("bodies/")).length, 0);
});

test("killed anywhere, a library has what it said it had, and nothing of what it said is deleted", async () => {
  const clock = new Clock();
  const a = await Node.open(1, clock);
  a.know({ friends: friends(1), devices: [{ relation: between(1, 2), id: device(2) }] });
  const dice = new Dice(21);
  /** What is certain after so many operations of the disk: a document's content, or that it is gone. */
  const certain: { after: number; path: string; body: string | undefined }[] = [];
  for (let i = 0; i < 40; i++) {
    const path = `d${dice.below(6)}`;
    // What is begun may be there or not when it is cut short.
    certain.push({ after: a.disk.done.length, path, body: "unknown" });
    let body: string | undefined = text(new Uint8Array(dice.below(2) ? dice.below(50) : 5000 + dice.below(70_000)).fill(97 + i % 26));
    if (dice.below(4) === 0) {
      if (dice.below(2)) await a.ask(1, `/${path}`);
      await a.library.remove("", path).catch(() => undefined);
      body = undefined;
    } else if (dice.below(5) === 0) {
      const half = body.length >> 1;
      for (const [from, to] of [[0, half], [half, body.length]] as const) {
        await a.library.putPart(path, utf8(body.slice(from, to)), { from, length: to - from, total: body.length }, { audience: all });
      }
    } else {
      await a.put(path, body, { audience: all });
    }
    certain.push({ after: a.disk.done.length, path, body });
  }
  const disk = new Map<string, Uint8Array>();
  for (const [i, o] of [...a.disk.done, undefined].entries()) {
    if (i % 3 === 0 || !o) {
      const copy = new Map([...disk].map(([n, x]) => [n, x.slice()]));
      const b = new Node(1, clock, {}, new Memory(copy));
      await b.start();
      const now = new Map(certain.filter((c) => c.after <= i).map((c) => [c.path, c.body]));
      for (const [path, body] of now) {
        const got = await b.read(path).catch((e: unknown) => kindOf(e));
        if (body === "unknown") assert.ok(got === "not_found" || /^([a-z])\1*$|^$/.test(got), `${path} after operation ${i}: ${got.slice(0, 20)}`);
        else assert.equal(got, body ?? "not_found", `${path} after operation ${i}`);
      }
      const large = b.library.list().items.filter((x) => x.size > 4096).length;
      const files = [...copy.keys()].filter((n) => n.startsWith("bodies/")).length;
      const begun = (await Promise.all([...now.keys()].map((p) => b.library.draft("", p).then(() => 1, () => 0)))).reduce((x, y) => x + y, 0 as number);
      assert.ok(files >= large && files <= large + begun, `${files} files for ${large} documents after operation ${i}`);
    }
    if (o) apply(disk, o);
  }
});
