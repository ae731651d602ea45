/** What is not what it should be is refused, and nothing else happens. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { MessageKind, type Relation } from "../../runtime/peer/contract.ts";
import { Fault } from "../../runtime/peer/fault.ts";
import * as seal from "../../runtime/peer/seal/index.ts";

const { hex, unhex } = seal;
const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
const refusal = (e: unknown) => e instanceof Fault && e.kind !== "internal";
const start = 1_790_000_000_000;

/** Numbers that look random and are the same each time (xorshift). */
function numbers(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

const queues = () => [{ relay: "wss://one.example/", sender: random(32), recipient: random(32) }];

/** Two friends, by the whole handshake. */
async function friends() {
  const { invitation, private: key } = await seal.newInvitation(random, 1, start + 7 * 86_400_000, ["wss://one.example/"]);
  const alice = await seal.newOwn(random, start, "Alice", queues());
  const bob = await seal.newOwn(random, start, "Bob", queues());
  const join = await seal.makeJoin(random, start, invitation, bob);
  const joining = await seal.openJoin(invitation, key, join.octets);
  const { octets, meeting } = await seal.makeWelcome(joining, random, start, alice);
  const met = await seal.openWelcome(start, invitation, join, bob, octets);
  return { invitation, key, join, joining, welcome: octets, alice: meeting, bob: met, aliceKeys: alice, bobKeys: bob };
}

const message = (kind: number, body?: Uint8Array) => ({
  kind, id: seal.newID(random), number: 1, sent: start, expires: start + 1000, ...(body ? { body } : {}),
});

test("two friends agree, and so do they after changing keys", async () => {
  const f = await friends();
  assert.equal(hex(f.alice.relation.root), hex(f.bob.relation.root));
  assert.equal(f.alice.relation.side, seal.other(f.bob.relation.side));
  assert.equal(await seal.safetyCode(f.alice.relation, f.alice.transcript), await seal.safetyCode(f.bob.relation, f.bob.transcript));
  assert.deepEqual(f.alice.relation.out, [{ relay: "wss://one.example/", sender: f.bobKeys.queues[0]?.sender }]);
  const again = await seal.newOwn(random, start, "Bob", queues());
  const k = await seal.makeRekey(f.bob.relation, again);
  const { answer, next } = await seal.answerRekey(start, f.alice.relation, k.body, await seal.newOwn(random, start, "Alice", queues()));
  const mine = await seal.finishRekey(start, f.bob.relation, k, again, answer);
  assert.equal(mine.id, next.id);
  const kept = seal.relationFrom(seal.decode(seal.encode(seal.relationValue(mine))));
  assert.deepEqual(kept, mine);
  assert.deepEqual(seal.ownFrom(seal.decode(seal.encode(seal.ownValue(again)))), again);
});

test("every bit of an envelope counts, with and without its encapsulation", async () => {
  const { alice, bob } = await friends();
  const context = await seal.newSendContext(alice.relation);
  const first = await seal.seal(context, random, message(MessageKind.changed), true);
  const opened = await seal.openNew(bob.relation, first);
  assert.equal(opened.message.kind, MessageKind.changed);
  const next = await seal.seal(context, random, message(MessageKind.changed), false);
  let tried = 0;
  for (const envelope of [first, next]) {
    for (let bit = 0; bit < 8 * envelope.length; bit++) {
      const changed = envelope.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      await assert.rejects(seal.open(opened.context, changed), refusal, `bit ${bit}`);
      tried++;
    }
  }
  assert.equal(tried, 2 * 8 * 1536);
  const pick = numbers(1);
  for (let i = 0; i < 40; i++) { // slower: each costs an encapsulation for every epoch
    const changed = first.slice();
    changed[pick(first.length)]! ^= 1 << pick(8);
    await assert.rejects(seal.openNew(bob.relation, changed), refusal);
  }
});

test("envelopes of another length, relation, direction or kind", async () => {
  const { alice, bob } = await friends();
  const context = await seal.newSendContext(alice.relation);
  const envelope = await seal.seal(context, random, message(MessageKind.changed), true);
  await assert.rejects(seal.openNew(bob.relation, envelope.subarray(1)), refusal);
  await assert.rejects(seal.openNew(alice.relation, envelope), refusal);
  const wrong: Relation = { ...bob.relation, id: "00".repeat(16) };
  await assert.rejects(seal.openNew(wrong, envelope), refusal);
  const unknown = await seal.seal(context, random, message(MessageKind.changed), false);
  await assert.rejects(seal.openNew(bob.relation, unknown), (e) => e instanceof Fault && e.kind === "not_found");
  const notice = await seal.newNoticeContext(alice.relation);
  await assert.rejects(seal.seal(notice, random, message(MessageKind.ask), true), Fault);
  const ask = await seal.seal({ ...notice, notice: false }, random, message(MessageKind.ask), true);
  await assert.rejects(seal.openNew(bob.relation, ask), refusal);
  const large = message(MessageKind.answer, seal.encodeOctets(new Uint8Array(seal.room)));
  await assert.rejects(seal.seal(context, random, large, true), (e) => e instanceof Fault && e.kind === "too_large");
});

test("every part of a handshake and of changing keys counts", async () => {
  const f = await friends();
  const k = await seal.makeRekey(f.bob.relation, f.bobKeys);
  const { answer } = await seal.answerRekey(start, f.alice.relation, k.body, f.aliceKeys);
  const pick = numbers(2);
  const flips: [Uint8Array, (octets: Uint8Array) => Promise<unknown>][] = [
    [f.join.octets, (o) => seal.openJoin(f.invitation, f.key, o)],
    [f.welcome, (o) => seal.openWelcome(start, f.invitation, f.join, f.bobKeys, o)],
    [k.body, (o) => seal.answerRekey(start, f.alice.relation, o, f.aliceKeys)],
    [answer, (o) => seal.finishRekey(start, f.bob.relation, k, f.bobKeys, o)],
  ];
  for (const [octets, open] of flips) {
    for (let i = 0; i < 60; i++) {
      const changed = octets.slice();
      changed[pick(octets.length)]! ^= 1 << pick(8);
      await assert.rejects(open(changed), refusal);
    }
    await assert.rejects(open(octets.subarray(0, 100)), refusal);
  }
});

test("what is sealed to a key, files and chunks", async () => {
  const secret = seal.newSeed(random);
  const sealed = await seal.sealTo(random, await seal.publicOf(secret), "kith household 1", seal.utf8("a roster"));
  assert.equal(hex(await seal.openTo(secret, "kith household 1", sealed)), hex(seal.utf8("a roster")));
  await assert.rejects(seal.openTo(secret, "kith household 2", sealed), refusal);
  await assert.rejects(seal.openTo(seal.newSeed(random), "kith household 1", sealed), refusal);
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) & 255);
  const key = random(32);
  const each = seal.chunkSize(bytes.length);
  const at = [0, 1].map(() => seal.newChunkRef(random, "wss://one.example/"));
  const c = { key, size: bytes.length, each, at };
  for (let i = 0; i < 2; i++) {
    const part = bytes.subarray(i * seal.chunkRoom(each), (i + 1) * seal.chunkRoom(each));
    const chunk = await seal.sealChunk(key, i, part, each);
    assert.equal(hex(await seal.openChunk(c, i, chunk)), hex(part));
    await assert.rejects(seal.openChunk(c, 1 - i, chunk), refusal);
    await assert.rejects(seal.openChunk(c, 2, chunk), refusal);
    chunk[77]! ^= 1;
    await assert.rejects(seal.openChunk(c, i, chunk), refusal);
  }
  for (const bad of [{ ...c, size: 70_000_000 }, { ...c, size: -1 }, { ...c, each: 4096 }, { ...c, at: [] }, { ...c, key: random(16) }]) {
    assert.throws(() => seal.checkChunks(bad), refusal);
  }
});

test("CBOR that is not deterministic, too deep or too long is refused", () => {
  const bad = [
    "", "1801", "190001", "1a00000001", "1b0000000000000001", "3801", "5801ff", "9f01ff", "bf0102ff", "7f6161ff", "5f4101ff",
    "c101", "f7", "f93c00", "fa3f800000", "fb3ff0000000000000", "f800", "1c", "ff", "a2010101", "a201010102", "a202010101",
    "a161610161620202", "a2616101016101", "a1410101", "a1f401", "61ff", "62c328", "0000", "820", "8201", "4401",
    "9bffffffffffffffff", "bbffffffffffffffff", "5bffffffffffffffff", "7bffffffffffffffff", "9a7fffffff", "ba7fffffff",
    "81".repeat(9) + "00", "a101".repeat(9) + "00",
  ];
  for (const text of bad) {
    if (text.length % 2 === 0) assert.throws(() => seal.decode(unhex(text)), refusal, text);
  }
  const good = ["00", "20", "1818", "190100", "1b0020000000000000", "3bffffffffffffffff", "1bffffffffffffffff", "40", "60", "80", "a0",
    "f4", "f5", "f6", "63e282ac", "81".repeat(8) + "00", "a30102200361610a"];
  for (const text of good) assert.equal(hex(seal.encode(seal.decode(unhex(text)))), text);
});

test("no octets crash what parses", async () => {
  const root = import.meta.url.slice(0, import.meta.url.lastIndexOf("/web/"));
  const file = JSON.parse(await readFile(new URL(`${root}/spec/vectors/private-sharing.json`), "utf8"));
  const seeds = (file.contexts as { envelopes: { encoded: string }[] }[]).flatMap((c) => c.envelopes.map((e) => unhex(e.encoded)));
  seeds.push(unhex(file.rekey.rekey), seal.encode(seal.relationValue((await friends()).bob.relation)));
  const parsers: ((o: Uint8Array) => unknown)[] = [
    seal.parseMessage, seal.decode, seal.parseAsk, seal.parseResponse, seal.parsePurge, seal.parsePurged, seal.parseWhere,
    seal.parseContexts, seal.parseQueues, seal.parseOctets, seal.rekeyedTo, (o) => seal.relationFrom(seal.decode(o)),
    (o) => seal.ownFrom(seal.decode(o)), (o) => seal.contextFrom(seal.decode(o)),
    (o) => seal.parseInvitation(seal.base64url(o)),
  ];
  const pick = numbers(3);
  let refused = 0;
  for (let i = 0; i < 4000; i++) {
    const octets = seeds[pick(seeds.length)]!.slice(0, 1 + pick(4000));
    for (let n = pick(4); n >= 0; n--) octets[pick(octets.length)] = pick(256);
    for (const parse of parsers) {
      try {
        parse(octets);
      } catch (e) {
        assert.ok(refusal(e), String(e));
        refused++;
      }
    }
  }
  assert.ok(refused > 4000);
  for (const link of ["", "#", "x".repeat(5000), "AQ", "AQEAAAAA", seal.base64url(new Uint8Array(71))]) {
    assert.throws(() => seal.parseInvitation(link), refusal);
  }
});

test("keys that nobody has", async () => {
  for (const [key, signature] of [[32, 63], [31, 64], [0, 0]] as const) {
    assert.equal(await seal.verify(new Uint8Array(key), seal.utf8("x"), new Uint8Array(signature)), false);
  }
  assert.equal(await seal.verify(new Uint8Array(32).fill(255), seal.utf8("x"), random(64)), false);
  const { public: good } = await seal.newEpoch(random, Date.now());
  const weak = Uint8Array.from(good);
  weak.fill(0, 1184); // X25519's half agrees with everybody on nothing
  for (const key of [weak, good.subarray(1), new Uint8Array(1216).fill(255)]) {
    await assert.rejects(seal.checkXWing(key), refusal);
  }
  await seal.checkXWing(good);
  const f = await friends();
  const nobody = new Uint8Array(1216); // agrees with everybody on nothing
  await assert.rejects(seal.sealTo(random, nobody, "x", seal.utf8("x")), refusal);
  const { public: device, private: key } = await seal.newDeviceKey();
  const signature = await seal.sign(key, seal.utf8("x"));
  assert.ok(await seal.verify(device, seal.utf8("x"), signature));
  assert.ok(!(await seal.verify(device, seal.utf8("y"), signature)));
  await assert.rejects(crypto.subtle.exportKey("pkcs8", key));
  await assert.rejects(seal.makeJoin(random, f.invitation.expires, f.invitation, f.bobKeys), refusal);
  assert.deepEqual(seal.cutRelay("wss://one.example/"), { url: "wss://one.example/" });
  assert.equal(seal.cutRelay(`wss://one.example/#${seal.base64url(new Uint8Array(32))}`).id?.length, 32);
  for (const bad of ["", "wss://one.example/#x", `w${"s".repeat(255)}`]) assert.throws(() => seal.cutRelay(bad), refusal);
});
