/** Meeting, and what goes over a channel (spec/private-sharing.md §5.4). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageKind, type Message, type Outgoing } from "../../runtime/peer/contract.ts";
import { describe, Direct, encodeMeet, parseMeet, RelayServers, sdpOf, Session, type Meet } from "../../runtime/peer/direct/index.ts";
import { Fault } from "../../runtime/peer/fault.ts";
import { record, Type } from "../../runtime/peer/mailbox/record.ts";
import { decode, encode, hex, unhex, utf8 } from "../../runtime/peer/seal/index.ts";
import { Air, End } from "./direct-pipe.ts";

const relation = "ab".repeat(16);
const id = "01".repeat(16);
const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
const refusal = (e: unknown) => e instanceof Fault && e.kind === "invalid";
const never = new AbortController().signal;
const body = (size = 1536, mark = 7) => new Uint8Array(size).fill(mark);

/** Lets everything happen that waits for nothing but turns of the loop. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((done) => setImmediate(done));
}

const meet: Meet = {
  id, answers: true,
  side: {
    user: "aB+/", password: "p".repeat(24), fingerprint: new Uint8Array(32).fill(0xab),
    candidates: [
      { type: "host", priority: 2113937151, address: "2c7b4ae0-5a5f-4c21-b8a4-1f2c9a3d7e60.local", port: 50000 },
      { type: "srflx", priority: 1677729535, address: "192.0.2.7", port: 1 },
      { type: "relay", priority: 33562367, address: "2001:db8::1", port: 65535 },
    ],
  },
};

test("what a browser says of itself becomes a meeting and SDP again", () => {
  const octets = encodeMeet(meet);
  assert.equal(hex(octets), "a60150" + id + "02f5036461422b2f047818" + "70".repeat(24) + "055820" + "ab".repeat(32) + "0683" +
    "a40100021a7e001eff03782a" + hex(utf8("2c7b4ae0-5a5f-4c21-b8a4-1f2c9a3d7e60.local")) + "0419c350" +
    "a40101021a64001eff0369" + hex(utf8("192.0.2.7")) + "0401" + "a40102021a02001eff036b" + hex(utf8("2001:db8::1")) + "0419ffff");
  assert.deepEqual(parseMeet(octets), meet);
  for (const offers of [true, false]) {
    const sdp = sdpOf(meet.side, offers);
    assert.match(sdp, offers ? /^a=setup:actpass\r$/m : /^a=setup:active\r$/m);
    assert.deepEqual(describe(sdp), meet.side);
  }
  const browser = sdpOf(meet.side, true).replace("a=end-of-candidates", [
    "a=candidate:1 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active", "a=candidate:2 2 udp 5 192.0.2.7 9 typ host",
    "a=candidate:3 1 udp 5 192.0.2.7 9 typ prflx",
  ].join("\r\n"));
  assert.deepEqual(describe(browser), meet.side);
});

test("nothing else becomes SDP", () => {
  const bad: Partial<Meet["side"]>[] = [
    { user: "abc" }, { user: "ab\r\na=x" }, { user: "a".repeat(257) }, { password: "short" }, { password: "p p".repeat(9) },
    { fingerprint: new Uint8Array(20) },
    ...["", "example.com", "1.2.3.4 9 typ host\r\na=x:1", "x.local", "::1%eth0", "1.2.3"].map((address) =>
      ({ candidates: [{ type: "host" as const, priority: 1, address, port: 1 }] })),
    ...[0, 65536].map((port) => ({ candidates: [{ type: "host" as const, priority: 1, address: "::1", port }] })),
    { candidates: Array.from({ length: 17 }, () => ({ type: "host" as const, priority: 1, address: "::1", port: 1 })) },
  ];
  for (const b of bad) {
    const side = { ...meet.side, ...b };
    assert.throws(() => parseMeet(encodeMeet({ ...meet, side })), refusal, JSON.stringify(b));
    assert.throws(() => sdpOf(side, true), refusal);
  }
  const octets = encodeMeet(meet);
  let refused = 0;
  for (let bit = 0; bit < 8 * octets.length; bit++) {
    const changed = octets.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    try {
      const m = parseMeet(changed);
      assert.equal(sdpOf(m.side, true).split("\r\n").length, 15 + m.side.candidates.length + 1);
    } catch (e) {
      assert.ok(refusal(e), String(e));
      refused++;
    }
  }
  assert.ok(refused > octets.length);
  assert.throws(() => parseMeet(encode(null)), refusal);
  assert.throws(() => decode(octets.subarray(1)), refusal);
});

/** Two sessions over one pipe. */
function sessions(take: (id: string, e: Uint8Array) => Promise<boolean> = () => Promise.resolve(true), limits = {}) {
  const [a, b] = End.pair();
  const ended: string[] = [];
  const one = new Session(a, { now: Date.now, take: () => Promise.resolve(false), ended: () => ended.push("one"), limits });
  const two = new Session(b, { now: Date.now, take, ended: () => ended.push("two"), limits });
  return { a, b, one, two, ended };
}

test("envelopes go over a channel, and are accepted when they were kept", async () => {
  const got: [string, Uint8Array][] = [];
  const s = sessions((at, e) => { got.push([at, e]); return Promise.resolve(e[0] === 7); });
  assert.equal(await s.one.put(id, body(65536), never), true);
  assert.ok(s.a.pieces.every((n) => n <= 16 << 10) && s.a.pieces.length === 5);
  assert.equal(await s.one.put(id, body(1536, 8), never), false);
  assert.deepEqual(got.map(([at, e]) => [at, e.length]), [[id, 65536], [id, 1536]]);
  assert.equal(await s.two.put(id, body(), never), false); // the other side keeps nothing
  const many = await Promise.all(Array.from({ length: 64 }, () => s.one.put(id, body(4096), never)));
  assert.ok(many.every((kept) => kept));
  s.one.close();
  await settle();
  assert.deepEqual(s.ended, ["two"]);
  assert.equal(await s.one.put(id, body(), never), false);
  assert.equal(s.two.open, false);
});

test("what waits ends with its signal, with the channel, and is bounded", async () => {
  let release: (kept: boolean) => void = () => undefined;
  const held = new Promise<boolean>((done) => { release = done; });
  const s = sessions(() => held, { sending: 3, taking: 2 });
  const stop = new AbortController();
  const first = s.one.put(id, body(), stop.signal);
  const second = s.one.put(id, body(), never);
  const third = s.one.put(id, body(), never); // the other side takes two at once
  assert.equal(await s.one.put(id, body(), never), false);
  assert.equal(await third, false);
  stop.abort();
  assert.equal(await first, false);
  release(true);
  assert.equal(await second, true);
  const last = s.one.put(id, body(), never);
  s.two.close();
  await settle();
  assert.equal(await last, false);
  assert.equal(s.one.open, false);
});

test("a side that says nothing is given up", async () => {
  const s = sessions(() => new Promise(() => undefined), { silence: 20 });
  s.b.dead = true;
  assert.equal(await s.one.put(id, body(), never), false);
  assert.deepEqual(s.ended.slice(0, 1), ["one"]);
  const slow = sessions(() => new Promise((done) => setTimeout(() => done(true), 150)), { silence: 20 });
  assert.equal(await slow.one.put(id, body(), never), true); // it answers PING meanwhile
});

test("a hostile side cannot make a session keep much, or go on", async () => {
  const head = (type: number, length: number) => {
    const out = record(type, 1);
    new DataView(out.buffer).setUint32(5, length);
    return out;
  };
  for (const octets of [head(Type.put, 0xffffffff), head(Type.put, 41 + 65537), record(Type.hello, 1), record(Type.msg, 1), record(0, 0)]) {
    const s = sessions();
    s.a.send(octets);
    await settle();
    assert.equal(s.two.open, false);
  }
  const flood = sessions(undefined, { burst: 10, rate: 0 });
  for (let i = 0; i < 11; i++) flood.a.send(record(Type.ping, i));
  await settle();
  assert.equal(flood.two.open, false);
  let taken = 0;
  const s = sessions(() => { taken++; return Promise.resolve(true); });
  s.a.send(record(Type.put, 1, new Uint8Array(41 + 1000))); // no length of a body
  s.a.send(record(Type.put, 2, new Uint8Array(5)));
  s.a.send(record(Type.ok, 77)); // nobody asked
  await settle();
  assert.ok(s.two.open && taken === 0);
  let x = 12345;
  for (let round = 0; round < 300; round++) {
    const f = sessions();
    const octets = record(Type.put, 1, new Uint8Array(41), body());
    for (let n = 0; n < 3; n++) octets[(x = (x * 48271) % 0x7fffffff) % 60] = x & 255;
    f.a.send(octets);
    f.a.send(record(Type.ping, 3));
    f.one.close();
    f.two.close();
  }
  await settle();
});

/** A device: Direct, and what it sent. */
function device(air: Air, clock: { now: number }, o: Partial<ConstructorParameters<typeof Direct>[0]> = {}) {
  const sent: Outgoing[] = [];
  const got: Uint8Array[] = [];
  const direct = new Direct({
    world: { now: () => clock.now, random, log: () => undefined }, connections: air.connections(),
    send: (out) => { sent.push(out); return Promise.resolve(); },
    receive: (_, e) => { got.push(e); return Promise.resolve(true); },
    ...o,
  });
  return { direct, sent, got };
}

const said = (out: Outgoing | undefined, sent: number): Message => {
  assert.equal(out?.kind, MessageKind.meet);
  return { kind: MessageKind.meet, id, number: 1, sent, expires: sent + 60_000, ...(out?.body ? { body: out.body } : {}) };
};

const alice = "a1".repeat(8);
const bob = "b0".repeat(8);

test("two devices that are there meet, once something is to be sent", async () => {
  const air = new Air();
  const clock = { now: 1_790_000_000_000 };
  const a = device(air, clock);
  const b = device(air, clock);
  a.direct.wants(relation); // nobody was heard
  a.direct.heard(relation);
  clock.now += 61_000;
  a.direct.wants(relation); // too long ago
  await settle();
  assert.equal(a.sent.length, 0);
  a.direct.heard(relation);
  a.direct.wants(relation);
  a.direct.wants(relation);
  await settle();
  assert.equal(a.sent.length, 1);
  assert.equal(b.direct.meet(relation, alice, said(a.sent[0], clock.now)), true);
  assert.equal(b.direct.meet(relation, "a2".repeat(8), said(a.sent[0], clock.now)), true); // by its second relay
  await settle();
  assert.equal(b.sent.length, 1);
  assert.equal(a.direct.meet(relation, bob, said(b.sent[0], clock.now)), true);
  assert.equal(a.direct.meet(relation, bob, said(b.sent[0], clock.now)), true);
  await settle();
  for (const [d, c] of [[a, bob], [b, alice], [b, "a2".repeat(8)]] as const) {
    assert.ok(d.direct.reaches(relation) && d.direct.reaches(relation, c));
    assert.ok(!d.direct.reaches(relation, "ff".repeat(8)) && !d.direct.reaches("cd".repeat(16)));
  }
  assert.equal(await a.direct.put(relation, undefined, id, body(), never), true);
  assert.equal(b.got.length, 1);
  assert.equal(await b.direct.put(relation, alice, id, body(), never), true);
  assert.equal(await b.direct.put(relation, "ff".repeat(8), id, body(), never), false);
  const fresh = random(1536);
  assert.equal(await a.direct.put(relation, undefined, id, fresh, never), true);
  assert.ok(b.direct.reaches(relation, hex(fresh.subarray(0, 8)))); // a new context of the same device
  a.direct.forget(relation);
  await settle();
  assert.ok(!a.direct.reaches(relation) && !b.direct.reaches(relation));
  b.direct.close();
});

test("of two offers at once one stands", async () => {
  const air = new Air();
  const clock = { now: 1_790_000_000_000 };
  const a = device(air, clock);
  const b = device(air, clock);
  for (const d of [a, b]) {
    d.direct.heard(relation);
    d.direct.wants(relation);
  }
  await settle();
  const [fromA, fromB] = [said(a.sent[0], clock.now), said(b.sent[0], clock.now)];
  b.direct.meet(relation, alice, fromA);
  a.direct.meet(relation, bob, fromB);
  await settle();
  assert.equal(a.sent.length + b.sent.length, 3);
  for (const o of a.sent.slice(1)) b.direct.meet(relation, alice, said(o, clock.now));
  for (const o of b.sent.slice(1)) a.direct.meet(relation, bob, said(o, clock.now));
  await settle();
  assert.ok(a.direct.reaches(relation, bob) && b.direct.reaches(relation, alice));
  assert.equal(air.pairs.length, 1);
  a.direct.close();
  b.direct.close();
});

test("meetings that are for others, late, refused, too many or nonsense", async () => {
  const air = new Air();
  const clock = { now: 1_790_000_000_000 };
  const a = device(air, clock);
  const b = device(air, clock, { allowed: (r) => r === relation });
  const answer = said({ to: relation, kind: MessageKind.meet, body: encodeMeet(meet) }, clock.now);
  assert.equal(a.direct.meet(relation, bob, answer), false); // another device offered
  assert.equal(a.direct.meet(relation, bob, { ...answer, sent: clock.now - 121_000 }), true);
  assert.equal(a.direct.meet(relation, bob, { ...answer, body: unhex("a0") }), true);
  const offer = (n: number): Message => ({
    ...answer, body: encodeMeet({ ...meet, answers: false, id: n.toString(16).padStart(32, "0") }),
  });
  b.direct.meet("cd".repeat(16), alice, offer(99));
  for (let n = 1; n <= 10; n++) {
    b.direct.meet(relation, alice, offer(n));
    await settle();
  }
  assert.equal(b.sent.length, 4); // so many of one relation
  b.direct.close();
  assert.equal(a.sent.length, 0);
  const c = device(air, clock, { limits: { ofRelation: 100, channels: 100 } });
  for (let n = 1; n <= 10; n++) c.direct.meet(relation, alice, offer(n));
  await settle();
  assert.equal(c.sent.length, 6); // so many a minute
  c.direct.close();
  c.direct.meet(relation, alice, offer(50));
  assert.equal(c.sent.length, 6);
});

test("after a meeting to which nobody comes the next is later, and later still", async () => {
  const air = new Air();
  const clock = { now: 1_790_000_000_000 };
  const a = device(air, clock, { limits: { open: 5 } });
  const begun: number[] = [];
  for (let at = 0; at < 400; at += 10) {
    a.direct.heard(relation);
    a.direct.wants(relation);
    await settle();
    if (a.sent.length > begun.length) {
      begun.push(at);
      await new Promise((done) => setTimeout(done, 30)); // nobody comes within 5 ms
    }
    clock.now += 10_000;
  }
  assert.deepEqual(begun, [0, 30, 90, 210]);
});

test("a channel that nobody uses is closed", async () => {
  const air = new Air();
  const clock = { now: 1_790_000_000_000 };
  const changes: string[] = [];
  const limits = { idle: 20 };
  const a = device(air, clock, { limits, changed: (r) => changes.push(r) });
  const b = device(air, clock);
  a.direct.heard(relation);
  a.direct.wants(relation);
  await settle();
  b.direct.meet(relation, alice, said(a.sent[0], clock.now));
  await settle();
  a.direct.meet(relation, bob, said(b.sent[0], clock.now));
  await settle();
  assert.ok(a.direct.reaches(relation));
  clock.now += 1000;
  while (a.direct.reaches(relation)) await new Promise((done) => setTimeout(done, 5));
  await settle();
  assert.ok(!b.direct.reaches(relation));
  assert.deepEqual(changes, [relation, relation]);
  b.direct.close();
});

test("servers are those that the person's relays name, and nothing else", async () => {
  const asked: string[] = [];
  const answers: Record<string, string> = {
    "https://one.example/ice": JSON.stringify({ ttl: 3600, iceServers: [
      { urls: ["stun:192.0.2.1:3478"] }, { urls: ["turn:192.0.2.1:3478?transport=udp", "javascript:x", 5], username: "u", credential: "c" },
      { urls: ["http://one.example"] }, null, 7,
    ] }),
    "https://two.example/ice": "nonsense",
  };
  const clock = { now: 0 };
  const servers = new RelayServers({
    now: () => clock.now,
    fetch: ((url: string) => {
      asked.push(url);
      return Promise.resolve(answers[url] === undefined ? new Response("", { status: 404 }) : new Response(answers[url]));
    }) as typeof fetch,
  });
  const relays = ["wss://one.example", "wss://two.example", "wss://three.example", "no address", "wss://one.example"];
  const want = [{ urls: ["stun:192.0.2.1:3478"] }, { urls: ["turn:192.0.2.1:3478?transport=udp"], username: "u", credential: "c" }];
  assert.deepEqual(await servers.of(relays), want);
  assert.equal(asked.length, 3);
  assert.deepEqual(await servers.of(relays), want);
  assert.equal(asked.length, 3);
  clock.now += 31 * 60_000;
  await servers.of(["wss://one.example"]);
  assert.equal(asked.length, 4);
});
