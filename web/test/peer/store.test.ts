import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Store } from "../../runtime/peer/contract.ts";
import { kindOf } from "../../runtime/peer/fault.ts";
import { openStore } from "../../runtime/peer/store/index.ts";
import { type Octets, type Operation, Dice, Disk, Memory, apply } from "./store-disk.ts";

const key = new Uint8Array(32).fill(7);
const reserve = 2048; // little, for what is done thousands of times
const octets = (s: string): Uint8Array => new TextEncoder().encode(s);
const text = (b: Uint8Array | undefined): string => new TextDecoder().decode(b);

function folder(t: { after(f: () => void): void }): string {
  const at = mkdtempSync(join(tmpdir(), "store-"));
  t.after(() => rmSync(at, { recursive: true }));
  return at;
}

/** All that a store holds, as text. */
function contents(s: Store, ...buckets: string[]): string {
  return JSON.stringify(buckets.map((b) => [...s.bucket(b).each("")].map(([k, v]) => [k, Buffer.from(v).toString("hex")])));
}

const clone = (disk: Octets): Octets => new Map([...disk].map(([name, o]) => [name, o.slice()]));

test("buckets keep pairs, in the order of keys, over a restart", async (t) => {
  const at = folder(t);
  let s = await openStore({ folder: new Disk(at), key });
  const b = s.bucket("library");
  await b.apply(new Map([["b/2", octets("two")], ["a", octets("A")], ["b/1", octets("one")], ["c", octets("")]]));
  await b.apply(new Map([["b/2", octets("zwei")]]), ["a", "none"]);
  await s.bucket("other").apply(new Map([["b/1", octets("else")]]));
  for (let again = 0; again < 2; again++) {
    assert.deepEqual([...s.bucket("library").each("b/")].map(([k, v]) => [k, text(v)]), [["b/1", "one"], ["b/2", "zwei"]]);
    assert.equal(s.bucket("library").get("a"), undefined);
    assert.equal(s.bucket("library").get("c")?.length, 0);
    assert.equal(text(s.bucket("other").get("b/1")), "else");
    await s.close();
    s = await openStore({ folder: new Disk(at), key });
  }
  await s.close();
  await assert.rejects(openStore({ folder: new Disk(at), key: new Uint8Array(32) }), (e) => kindOf(e) === "forbidden");
});

/** A sequence of changes of a store, and what it held after each. */
async function history(changes: number): Promise<{ done: Operation[]; states: { after: number; held: string }[] }> {
  const disk = new Memory();
  const dice = new Dice(1);
  const s = await openStore({ folder: disk, key, random: dice.octets, reserve });
  const states = [{ after: disk.done.length, held: contents(s, "x", "y") }];
  for (let i = 0; i < changes; i++) {
    const puts = new Map<string, Uint8Array>();
    const deletes: string[] = [];
    for (let n = dice.below(4) + 1; n > 0; n--) puts.set(`k${dice.below(20)}`, dice.octets(dice.below(i % 9 === 0 ? 9000 : 300)));
    for (let n = dice.below(5); n > 0; n--) deletes.push(`k${dice.below(20)}`);
    await s.bucket(dice.below(3) ? "x" : "y").apply(puts, deletes.filter((k) => !puts.has(k)));
    states.push({ after: disk.done.length, held: contents(s, "x", "y") });
  }
  return { done: disk.done, states };
}

async function reopened(disk: Octets): Promise<string> {
  const s = await openStore({ folder: new Memory(disk), key, reserve });
  assert.equal(s.broken, 0);
  const held = contents(s, "x", "y");
  await s.bucket("x").apply(new Map([["after", octets("it works on")]]));
  await s.close();
  const again = await openStore({ folder: new Memory(disk), key, reserve });
  assert.equal(text(again.bucket("x").get("after")), "it works on");
  return held;
}

/** What may be there when the process ends after so many operations. */
function allowed(states: { after: number; held: string }[], done: number): string[] {
  const i = states.findLastIndex((s) => s.after <= done);
  return [states[i]?.held ?? "[[],[]]", states[i + 1]?.held ?? ""];
}

test("killed after any operation, all of a change is there or nothing", async () => {
  const { done, states } = await history(60);
  const disk: Octets = new Map();
  for (let i = 0; i <= done.length; i++) {
    assert.ok(allowed(states, i).includes(await reopened(clone(disk))), `after operation ${i}`);
    const o = done[i];
    if (o) apply(disk, o);
  }
  assert.ok(done.length > 300);
});

test("killed in the middle of a write, at any octet", async () => {
  const { done, states } = await history(8);
  const disk: Octets = new Map();
  for (const [i, o] of done.entries()) {
    if (o.do === "write") {
      const each = o.octets.length > 200 ? 61 : 1;
      for (let n = 1; n < o.octets.length; n += each) {
        const torn = clone(disk);
        apply(torn, { ...o, octets: o.octets.subarray(0, n) });
        assert.ok(allowed(states, i).includes(await reopened(torn)), `operation ${i}, octet ${n}`);
      }
    }
    apply(disk, o);
  }
});

test("a power cut loses any of what was not flushed", async () => {
  const { done, states } = await history(60);
  const dice = new Dice(5);
  const disk: Octets = new Map();
  let waiting: Operation[] = [];
  for (const [i, o] of done.entries()) {
    if (o.do === "flush") waiting = [];
    else waiting.push(o);
    apply(disk, o);
    if (waiting.length < 2) continue;
    const flushed: Octets = new Map();
    for (const d of done.slice(0, i + 1 - waiting.length)) apply(flushed, d);
    for (const d of waiting) if (dice.below(2)) apply(flushed, d);
    assert.ok(allowed(states, i + 1).includes(await reopened(flushed)), `after operation ${i}`);
  }
});

test("what was deleted or replaced cannot be opened, with the key neither", async () => {
  const disk = new Memory();
  const dice = new Dice(2);
  const s = await openStore({ folder: disk, key, random: dice.octets });
  const raw = (): Uint8Array => disk.octets.get("pages") ?? new Uint8Array();
  const salts = (): Map<string, number> => {
    const found = new Map<string, number>();
    for (let at = 0; at + 64 <= raw().length; at += 512) {
      if (raw()[at] === 0x6b && raw()[at + 4] === 1) found.set(Buffer.from(raw().subarray(at + 24, at + 56)).toString("hex"), at);
    }
    return found;
  };
  const b = s.bucket("x");
  for (let i = 0; i < 40; i++) await b.apply(new Map([[`k${i}`, octets(`MARKER-${i} `.repeat(60))]]));
  assert.equal(Buffer.from(raw()).indexOf("MARKER"), -1, "values are sealed");
  for (let i = 0; i < 40; i++) {
    const before = salts();
    const old = clone(disk.octets).get("pages") ?? new Uint8Array();
    if (i % 2) await b.apply(new Map(), [`k${i}`]);
    else await b.apply(new Map([[`k${i}`, octets("another")]]));
    // The key of every page that held it is nowhere on the disk any more.
    const marker = `MARKER-${i} `;
    for (const [salt, at] of before) {
      const page = old.slice(at);
      const held = await openPage(page);
      if (!held.includes(marker)) continue;
      assert.equal(Buffer.from(raw()).indexOf(Buffer.from(salt, "hex")), -1, "the key is overwritten");
    }
    for (const at of salts().values()) assert.ok(!(await openPage(raw().slice(at))).includes(marker));
  }
});

/** Opens a page as the store does: by the store's key, and the salt before it. */
async function openPage(page: Uint8Array): Promise<string> {
  const wrapping = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const own = await crypto.subtle.sign("HMAC", wrapping, Buffer.concat([octets("kith page 1"), page.subarray(24, 56)]));
  const aes = await crypto.subtle.importKey("raw", own, "AES-GCM", false, ["decrypt"]);
  const length = new DataView(page.buffer, page.byteOffset).getUint32(16);
  const params = { name: "AES-GCM", iv: new Uint8Array(12), additionalData: page.slice(0, 24) };
  return text(new Uint8Array(await crypto.subtle.decrypt(params, aes, page.slice(64, 64 + length))));
}

test("without room a change is refused, and nothing is changed", async () => {
  const disk = new Memory();
  const s = await openStore({ folder: disk, key });
  const b = s.bucket("x");
  const dice = new Dice(3);
  for (let i = 0; i < 50; i++) await b.apply(new Map([[`k${i}`, dice.octets(800)]]));
  const held = contents(s, "x", "y");
  for (const room of [0, 1, 60, 700, 5000, 17_000, 60_000, 300_000]) {
    disk.room = (disk.octets.get("pages")?.length ?? 0) + room;
    await assert.rejects(b.apply(new Map([["big", dice.octets(300_000)]]), ["k1", "k2"]), (e) => kindOf(e) === "no_space");
    assert.equal(contents(s, "x", "y"), held);
  }
  await assert.rejects((async () => { for (let i = 0; ; i++) await b.apply(new Map([[`more${i}`, dice.octets(800)]])); })(), (e) => kindOf(e) === "no_space");
  const all = [...b.each("")].map(([k]) => k);
  for (const [i, k] of all.entries()) await b.apply(new Map([["note", octets(String(i))]]), [k], true);
  assert.deepEqual([...b.each("")].map(([k]) => k), ["note"], "what is there can be deleted without room");
  await b.apply(new Map([["k2", dice.octets(5000)]]));
  disk.room = Number.MAX_SAFE_INTEGER;
  await b.apply(new Map([["k1", octets("new")]]));
  const now = contents(s, "x", "y");
  const again = await openStore({ folder: new Memory(clone(disk.octets)), key });
  assert.equal(contents(again, "x", "y"), now);
});

test("a disk that fails leaves all or nothing", async () => {
  for (let fail = 0; fail < 12; fail++) {
    const disk = new Memory();
    const s = await openStore({ folder: disk, key, reserve });
    await s.bucket("x").apply(new Map([["a", octets("1")], ["b", octets("1")]]));
    disk.failAt = fail;
    const failed = await s.bucket("x").apply(new Map([["a", octets("2")]]), ["b"]).then(() => false, () => true);
    disk.failAt = -1;
    const again = await openStore({ folder: new Memory(clone(disk.octets)), key, reserve });
    const got = contents(again, "x");
    assert.ok(got === '[[["a","31"],["b","31"]]]' || got === '[[["a","32"]]]', got);
    if (!failed) assert.equal(got, '[[["a","32"]]]');
  }
});

test("files do not grow without bound, and a change costs what changed", async () => {
  const disk = new Memory();
  const s = await openStore({ folder: disk, key, reserve });
  const dice = new Dice(4);
  const b = s.bucket("x");
  const all = new Map<string, Uint8Array>();
  for (let i = 0; i < 5000; i++) all.set(`k${i}`, dice.octets(200));
  await b.apply(all);
  const size = (): number => disk.octets.get("pages")?.length ?? 0;
  assert.ok(size() < 1_400_000, `${size()} octets for a million`);
  let before = disk.done.length;
  for (let i = 0; i < 200; i++) await b.apply(new Map([["clock", octets(String(i))], [`n${i}`, dice.octets(200)]]));
  const written = disk.done.slice(before).reduce((n, o) => n + (o.do === "write" ? o.octets.length : 0), 0);
  assert.ok(written < 200 * 20_000, `${written / 200} octets a change`);
  for (let i = 0; i < 5000; i += 10) {
    await b.apply(new Map(), Array.from({ length: 10 }, (_, n) => `k${i + n}`));
  }
  assert.ok(size() < 500_000, `${size()} octets for 40,000`);
  before = disk.done.length;
  const again = await openStore({ folder: new Memory(clone(disk.octets)), key });
  assert.equal(contents(again, "x"), contents(s, "x"));
});

test("a damaged page is counted, and the others are there", async () => {
  const disk = new Memory();
  const s = await openStore({ folder: disk, key });
  for (const name of ["x", "y"]) await s.bucket(name).apply(new Map([["a", octets(name)]]));
  const raw = disk.octets.get("pages") ?? new Uint8Array();
  const at = [...Array(raw.length / 512 | 0).keys()].map((i) => i * 512).find((p) => raw[p] === 0x6b && raw[p + 4] === 1) ?? 0;
  raw[at + 70] = (raw[at + 70] ?? 0) ^ 1;
  const again = await openStore({ folder: new Memory(disk.octets), key });
  assert.equal(again.broken, 1);
  assert.equal([...again.bucket("x").each(""), ...again.bucket("y").each("")].length, 1);
});

test("a file of pages that was changed anywhere never crashes", async () => {
  const disk = new Memory();
  const dice = new Dice(6);
  const s = await openStore({ folder: disk, key, reserve });
  for (let i = 0; i < 30; i++) await s.bucket("x").apply(new Map([[`k${i}`, dice.octets(600)]]));
  for (let i = 0; i < 300; i++) {
    const torn = clone(disk.octets);
    const raw = torn.get("pages") ?? new Uint8Array();
    for (let n = dice.below(4) + 1; n > 0; n--) raw[dice.below(raw.length)] = dice.below(256);
    const e = await openStore({ folder: new Memory(torn), key, reserve }).then(() => undefined, (e: unknown) => e);
    if (e) assert.ok(["corrupt", "forbidden"].includes(kindOf(e)), String(e));
  }
});

test("bodies are written in order, read by parts, and overwritten", async (t) => {
  const at = folder(t);
  const s = await openStore({ folder: new Disk(at), key });
  const files = s.files("bodies");
  await files.write("f", 0, octets("hello "));
  await files.write("f", 6, octets("world"));
  await assert.rejects(files.write("f", 12, octets("!")), (e) => kindOf(e) === "conflict");
  await files.flush("f");
  const body = await files.open("f");
  assert.equal(text(await body?.read(3, 8)), "lo wo");
  await files.write("f", 6, octets("there")); // goes on from there
  assert.equal(await files.size("f"), 11);
  assert.deepEqual(await files.list(), ["f"]);
  await files.remove("f");
  await assert.rejects(body?.read(0, 1) ?? Promise.resolve(), (e) => kindOf(e) === "not_found");
  body?.close();
  assert.deepEqual(await files.list(), []);
  assert.equal(await files.open("f"), undefined);
  for (let i = 0; i < 100; i++) {
    await files.write(`many${i}`, 0, octets(String(i)));
    await files.flush(`many${i}`);
  }
  const open = await Promise.all(Array.from({ length: 100 }, (_, i) => files.open(`many${i}`)));
  for (const [i, b] of open.entries()) assert.equal(text(await b?.read(0, 9)), String(i));
  for (const b of open) b?.close();
  await s.close();
  const again = await openStore({ folder: new Disk(at), key });
  assert.equal((await again.files("bodies").list()).length, 100);
  await again.close();
  assert.ok(statSync(join(at, "pages")).size > 0);
  assert.equal(readdirSync(join(at, "bodies")).length, 100);
  assert.equal(readFileSync(join(at, "bodies", "many7"), "utf8"), "7");
});
