import assert from "node:assert/strict";
import test from "node:test";
import { BadIndex, concat, digest, hex, swarmName, utf8 } from "../../runtime/swarm/bytes.ts";
import { openIndex } from "../../runtime/swarm/open.ts";
import { leafContent, leafSize } from "../../runtime/swarm/unixfs.ts";
import type { Index } from "../../runtime/types.ts";
import { dice, mutate, noise, siteInfo } from "./setting.ts";

/** A block and its CID. */
interface Made {
  readonly cid: Uint8Array;
  readonly block: Uint8Array;
  /** What it holds below it, for links to say. */
  readonly total: number;
}

interface Child {
  readonly name: string;
  readonly to: Made;
}

function varint(n: number): Uint8Array {
  return n < 128 ? Uint8Array.of(n) : concat(Uint8Array.of((n % 128) | 128), varint(Math.floor(n / 128)));
}

const field = (n: number, data: Uint8Array): Uint8Array => concat(varint(n * 8 + 2), varint(data.length), data);
const num = (n: number, v: number): Uint8Array => concat(varint(n * 8), varint(v));

async function made(codec: number, block: Uint8Array, below = 0): Promise<Made> {
  return { cid: concat(Uint8Array.of(1, codec, 0x12, 32), await digest("SHA-256", block)), block, total: block.length + below };
}

const raw = (data: Uint8Array): Promise<Made> => made(0x55, data);

function pb(children: readonly Child[], message: Uint8Array): Promise<Made> {
  const links = children.map(({ name, to }) => field(2, concat(field(1, to.cid), field(2, utf8(name)), num(3, to.total))));
  return made(0x70, concat(...links, field(1, message)), children.reduce((n, c) => n + c.to.total, 0));
}

const folder = (children: readonly Child[]): Promise<Made> => pb(children, num(1, 1));
const leaf = (data: Uint8Array): Promise<Made> => pb([], concat(num(1, 2), ...(data.length ? [field(2, data)] : []), num(3, data.length)));
const file = (parts: readonly Made[], sizes: readonly number[]): Promise<Made> =>
  pb(parts.map((to) => ({ name: "", to })), concat(num(1, 2), num(3, sizes.reduce((a, b) => a + b, 0)), ...sizes.map((s) => num(4, s))));
const shard = (bits: Uint8Array, children: readonly Child[]): Promise<Made> =>
  pb(children, concat(num(1, 5), field(2, bits), num(5, 0x22), num(6, 256)));

function car(root: Made, ...others: readonly Made[]): Uint8Array {
  const header = concat(Uint8Array.of(0xa2, 0x65), utf8("roots"), Uint8Array.of(0x81, 0xd8, 0x2a, 0x58, root.cid.length + 1, 0),
    root.cid, Uint8Array.of(0x67), utf8("version"), Uint8Array.of(1));
  const section = (m: Made): Uint8Array => concat(varint(m.cid.length + m.block.length), m.cid, m.block);
  return concat(varint(header.length), header, section(root), ...others.map(section));
}

/** ipfs:// and the CID in base32, made by way of its digits in base 2. */
function addressOf(cid: Uint8Array): string {
  const bits = Array.from(cid, (b) => b.toString(2).padStart(8, "0")).join("").match(/.{1,5}/g) ?? [];
  return `ipfs://b${bits.map((five) => "abcdefghijklmnopqrstuvwxyz234567"[parseInt(five.padEnd(5, "0"), 2)]).join("")}`;
}

async function open(root: Made, ...others: readonly Made[]): Promise<Index> {
  const info = siteInfo({ kind: "ipfs", address: addressOf(root.cid), swarm: hex(await swarmName("ipfs", root.cid)) });
  return openIndex(info, car(root, ...others));
}

test("leaves are pieces, in the order in which a walk first meets them", async () => {
  const [a, b, c] = await Promise.all([raw(noise(10, 1)), raw(noise(20, 2)), raw(noise(30, 3))]);
  const big = await file([b, a, c], [20, 10, 30]);
  const sub = await folder([{ name: "again", to: c }, { name: "big", to: big }]);
  const root = await folder([{ name: "a.txt", to: a }, { name: "sub", to: sub }]);
  const index = await open(root, sub, big);
  assert.equal(index.pieces, 3);
  assert.deepEqual([0, 1, 2].map((i) => index.length(i)), [10, 30, 20]);
  assert.equal(index.bytes, 60);
  assert.deepEqual([...index.files()].map((f) => [f.path, f.size]), [["a.txt", 10], ["sub/again", 30], ["sub/big", 60]]);
  assert.deepEqual([...(index.file("sub/big")?.spans(15, 35) ?? [])], [
    { piece: 2, begin: 15, end: 20 }, { piece: 0, begin: 0, end: 10 }, { piece: 1, begin: 0, end: 5 },
  ]);
  assert.ok(await index.verify(1, c.block));
  assert.ok(!(await index.verify(0, c.block)));
  assert.ok(index.folder("sub") && !index.folder("sub/big"));
});

test("UnixFS: leaves in dag-pb are unwrapped", async () => {
  const [a, b] = await Promise.all([leaf(noise(100, 1)), leaf(noise(300, 2))]);
  const root = await folder([{ name: "big", to: await file([a, b], [100, 300]) }, { name: "small", to: a }, { name: "none", to: await leaf(noise(0)) }]);
  const index = await open(root, await file([a, b], [100, 300]));
  assert.deepEqual([...index.files()].map((f) => f.size), [400, 100, 0]);
  assert.equal(index.length(0), a.block.length);
  assert.deepEqual(index.content(0, a.block), noise(100, 1));
  assert.deepEqual(index.content(1, b.block), noise(300, 2));
  assert.throws(() => index.content(0, b.block), BadIndex);
  for (const n of [0, 1, 100, 119, 120, 121, 122, 127, 128, 129, 16_380, 16_384, 20_000, 262_144]) {
    assert.equal(leafSize((await leaf(new Uint8Array(n))).block.length), n);
  }
  assert.deepEqual(leafContent((await leaf(noise(40))).block), noise(40));
});

test("UnixFS: folders that are sharded are one folder", async () => {
  const [a, b, c] = await Promise.all([raw(noise(10, 1)), raw(noise(20, 2)), raw(noise(30, 3))]);
  const below = await shard(Uint8Array.of(3), [{ name: "00one", to: a }, { name: "01two", to: b }]);
  const root = await shard(Uint8Array.of(5), [{ name: "00", to: below }, { name: "02index.html", to: c }]);
  const index = await open(root, below);
  assert.deepEqual([...index.files()].map((f) => f.path), ["one", "two", "index.html"]);
  assert.equal(index.file("")?.size, 30);
});

test("identity CIDs carry their block", async () => {
  const data = utf8("inline");
  const inline: Made = { cid: concat(Uint8Array.of(1, 0x55, 0, data.length), data), block: data, total: data.length };
  const root = await folder([{ name: "a", to: inline }]);
  const index = await open(root);
  assert.equal(index.length(0), data.length);
  assert.ok(await index.verify(0, data));
  assert.ok(!(await index.verify(0, utf8("online"))));
});

test("a site that is one file is a folder of it", async () => {
  const [a, b] = await Promise.all([raw(noise(10, 1)), raw(noise(20, 2))]);
  const root = await file([a, b], [10, 20]);
  const index = await open(root);
  assert.match([...index.files()][0]?.path ?? "", /^bafybei[a-z2-7]{52}$/);
});

test("an address is the root's CID in base32, and whatever is below it", async () => {
  const root = await folder([]);
  const data = car(root);
  const known = { kind: "ipfs", swarm: hex(await swarmName("ipfs", root.cid)) } as const;
  const address = addressOf(root.cid);
  for (const good of [address, `${address}/a/b`]) {
    assert.equal((await openIndex(siteInfo({ ...known, address: good }), data)).pieces, 0);
  }
  const other = await folder([{ name: "a", to: await raw(noise(3)) }]);
  for (const wrong of ["", "ipfs://", "ipfs://bafy", `${address}a`, address.slice(0, -1), addressOf(other.cid)]) {
    await assert.rejects(openIndex(siteInfo({ ...known, address: wrong }), data), BadIndex, wrong);
  }
});

test("what contradicts itself is refused", async () => {
  const a = await raw(noise(10, 1));
  await assert.rejects(open(await folder([{ name: "..", to: a }])), BadIndex);
  await assert.rejects(open(await folder([{ name: "a/b", to: a }])), BadIndex);
  await assert.rejects(open(await folder([{ name: "a", to: a }, { name: "a", to: a }])), BadIndex);
  const lied = await pb([{ name: "", to: a }], concat(num(1, 2), num(3, 9), num(4, 10)));
  await assert.rejects(open(await folder([{ name: "f", to: lied }]), lied), BadIndex);
  const two = await file([a], [9]);
  await assert.rejects(open(await folder([{ name: "f", to: two }, { name: "g", to: await file([a], [10]) }]), two, await file([a], [10])), BadIndex);
  const wrong = { ...(await folder([])), block: noise(9) };
  await assert.rejects(open(wrong), BadIndex);
});

test("folders in folders of the same folder do not take for ever", async () => {
  let at = await folder([{ name: "a", to: await raw(noise(1)) }, { name: "b", to: await raw(noise(1)) }]);
  const all = [at];
  for (let i = 0; i < 40; i++) {
    at = await folder([{ name: "a", to: at }, { name: "b", to: at }]);
    all.unshift(at);
  }
  const [root, ...others] = all;
  assert.ok(root);
  await assert.rejects(open(root, ...others), BadIndex);
});

test("a damaged skeleton is refused by name, or read", async () => {
  const [a, b] = await Promise.all([raw(noise(10, 1)), leaf(noise(20, 2))]);
  const below = await shard(Uint8Array.of(3), [{ name: "00one", to: a }, { name: "01two", to: b }]);
  const root = await folder([{ name: "a.txt", to: a }, { name: "sub", to: below }, { name: "big", to: await file([b, b], [20, 20]) }]);
  const next = dice(11);
  let read = 0;
  for (let n = 0; n < 1000; n++) {
    const changed = await made(0x70, mutate(root.block, next));
    const deep = await made(0x70, mutate(below.block, next));
    const into = n % 2 === 0 ? [changed, below] as const : [await folder([{ name: "s", to: deep }]), deep] as const;
    const info = siteInfo({ kind: "ipfs", address: addressOf(into[0].cid), swarm: hex(await swarmName("ipfs", into[0].cid)) });
    const bytes = car(...into);
    try {
      await openIndex(info, n % 5 === 0 ? mutate(bytes, next) : bytes);
      read++;
    } catch (error) {
      assert.ok(error instanceof BadIndex, String(error));
      assert.doesNotMatch(error.message, /cannot be read/, "an error nobody thought of");
    }
  }
  assert.ok(read > 0 && read < 1000);
});
