import assert from "node:assert/strict";
import test from "node:test";
import { Engine } from "../../runtime/swarm/engine.ts";
import { openIndex } from "../../runtime/swarm/open.ts";
import { defaults, type SwarmOptions } from "../../runtime/swarm/options.ts";
import { handshake, message } from "../../runtime/swarm/wire.ts";
import * as id from "../../runtime/swarm/kind.ts";
import type { Index } from "../../runtime/types.ts";
import { End, ends, Memory, noise, torrent, until, type Torrent } from "./setting.ts";

const made = await torrent([{ path: "a", data: noise(1_000_000) }], 65_536);
const never = new AbortController().signal;

interface Side {
  readonly engine: Engine;
  readonly store: Memory;
  readonly index: Index;
}

async function side(t: { after(f: () => void): void }, have: (i: number) => boolean, options: SwarmOptions = {}, from: Torrent = made): Promise<Side> {
  const index = await openIndex(from.info, from.index);
  const store = new Memory();
  from.pieces.forEach((p, i) => have(i) && store.kept.set(i, p));
  const engine = new Engine(index, store, { ...defaults, ...options });
  await engine.begin();
  t.after(() => engine.close());
  return { engine, store, index };
}

function join(a: Side, b: Side, kind: "webrtc" | "webtransport" = "webrtc"): readonly [End, End] {
  const [x, y] = ends(kind);
  a.engine.connect(x);
  b.engine.connect(y);
  return [x, y];
}

const all = (): boolean => true;
const none = (): boolean => false;

test("a piece that is wanted comes verified, is kept, and is passed on", async (t) => {
  const [seed, first, second] = [await side(t, all), await side(t, none), await side(t, none)];
  join(seed, first);
  join(first, second);
  const got = await first.engine.want(3, true, never);
  assert.deepEqual(got, made.pieces[3]);
  assert.deepEqual(await second.engine.want(3, true, never), made.pieces[3]);
  await until("it is kept", () => second.store.kept.has(3));
  assert.deepEqual(second.store.kept.get(3), made.pieces[3]);
});

test("everything is fetched, from several peers", async (t) => {
  const [even, odd, me] = [await side(t, (i) => i % 2 === 0), await side(t, (i) => i % 2 === 1), await side(t, none)];
  join(even, me);
  join(odd, me);
  await me.engine.complete(never);
  const stats = me.engine.stats();
  assert.equal(stats.have, stats.pieces);
  assert.equal(stats.downloaded, 1_000_000);
  assert.deepEqual(stats.peers.map((p) => p.downloaded > 400_000), [true, true]);
  assert.deepEqual([...me.store.kept.keys()].sort((a, b) => a - b), made.pieces.map((_, i) => i));
});

test("visitors who lack a piece agree who asks the host for it", async (t) => {
  const all = await Promise.all([0, 1, 2, 3].map(() => side(t, none)));
  const seed = await side(t, (i) => i === 5);
  all.forEach((a, n) => all.slice(n + 1).forEach((b) => join(a, b)));
  all.forEach((a) => join(a, seed));
  await until("all know each other", () => all.every((a) => a.engine.stats().peers.length === 4 && a.engine.available(5)));
  const places = (sides: readonly Side[], i: number): number[] => sides.map((a) => a.engine.before(i)).sort((a, b) => a - b);
  assert.deepEqual(places([...all, seed], 0), [0, 1, 2, 3, 4]);
  assert.deepEqual(places([...all, seed], 9), [0, 1, 2, 3, 4]);
  assert.deepEqual(places(all, 5), [0, 1, 2, 3], "who has it is not counted");
});

test("a look ahead follows what is urgent", async (t) => {
  const [seed, me] = [await side(t, all), await side(t, none, { lookAhead: 3 * 65_536 })];
  join(seed, me);
  await me.engine.want(4, true, never);
  await until("what follows is here", () => me.store.kept.size === 4);
  assert.deepEqual([...me.store.kept.keys()].sort((a, b) => a - b), [4, 5, 6, 7]);
});

test("who gives wrong pieces is sent away for good, and the piece comes from others", async (t) => {
  const [liar, seed, me] = [await side(t, all), await side(t, none), await side(t, none)];
  for (const [i, p] of liar.store.kept) {
    seed.store.kept.set(i, p);
  }
  const [ofLiar] = join(liar, me);
  ofLiar.alter = (data) => (data.length > 10_000 ? data.map((b, i) => (i > 9000 && i < 9010 ? b ^ 255 : b)) : data);
  const wanted = me.engine.want(0, true, never);
  await until("the liar is gone", () => ofLiar.closed);
  assert.equal(me.store.kept.size, 0);
  join(liar, me);
  await until("it is not let in again", () => liar.engine.stats().peers.every((p) => !p.connected));
  const honest = await side(t, all);
  join(honest, me);
  assert.deepEqual(await wanted, made.pieces[0]);
});

test("among several givers of a wrong piece the liar is found", async (t) => {
  const me = await side(t, none);
  const honest = [await side(t, all), await side(t, all)];
  const liar = await side(t, all);
  for (const h of honest) {
    join(h, me);
  }
  const [ofLiar] = join(liar, me);
  ofLiar.alter = (data) => (data.length > 10_000 ? data.map((b, i) => (i === 9000 ? b ^ 255 : b)) : data);
  await me.engine.complete(never);
  assert.equal(me.engine.stats().have, made.pieces.length);
  const left = me.engine.stats().peers;
  assert.ok(left.filter((p) => p.connected).length <= 2);
});

test("a peer that does not give what a reader waits for is not waited for", async (t) => {
  const [lazy, seed, me] = [await side(t, all), await side(t, all), await side(t, none)];
  const [ofLazy] = join(lazy, me);
  ofLazy.alter = (data) => (data.length > 1000 ? undefined : data);
  const wanted = me.engine.want(1, true, never);
  await until("the lazy one was asked", () => lazy.engine.stats().uploaded > 0);
  join(seed, me);
  assert.deepEqual(await wanted, made.pieces[1]);
});

test("only so many take at a time", async (t) => {
  const seed = await side(t, all, { uploadSlots: 2 });
  const others = await Promise.all([0, 1, 2, 3].map(() => side(t, none)));
  const finished = new Set<number>();
  let together = 0;
  others.forEach((o, i) => {
    join(seed, o);
    void o.engine.complete(never).then(() => finished.add(i), () => undefined);
  });
  await until("two have all", () => {
    const taking = seed.engine.stats().peers.filter((p) => p.uploaded > 0).length;
    together = Math.max(together, taking - finished.size);
    return finished.size >= 2;
  });
  assert.ok(together <= 2, `${together} at a time`);
});

test("nothing is given where it is not allowed", async (t) => {
  const [seed, me] = [await side(t, all, { upload: false }), await side(t, none)];
  join(seed, me);
  const stop = new AbortController();
  const wanted = me.engine.want(0, true, stop.signal);
  await until("they met", () => me.engine.available(0));
  assert.equal(seed.engine.stats().uploaded, 0);
  seed.engine.setUpload(true);
  assert.deepEqual(await wanted, made.pieces[0]);
  seed.engine.setUpload(false);
  const next = me.engine.want(9, true, stop.signal);
  stop.abort();
  await assert.rejects(next, { name: "AbortError" });
});

test("without room on disk what is wanted still comes, and seeding ends", async (t) => {
  const [seed, me] = [await side(t, all), await side(t, none)];
  me.store.room = 2;
  join(seed, me);
  await assert.rejects(me.engine.complete(never), { name: "QuotaExceededError" });
  assert.equal(me.store.kept.size, 2);
  for (const i of made.pieces.keys()) {
    assert.deepEqual(await me.engine.want(i, true, never), made.pieces[i]);
  }
});

test("what the host gave is told to others, and is no more asked of peers", async (t) => {
  const [me, other] = [await side(t, none), await side(t, none)];
  join(me, other);
  const waiting = me.engine.want(2, true, never);
  me.store.kept.set(2, made.pieces[2] ?? noise(1));
  me.engine.got(2, 65_536);
  assert.deepEqual(await waiting, made.pieces[2]);
  assert.deepEqual(await other.engine.want(2, true, never), made.pieces[2]);
  assert.equal(me.engine.stats().fromHost, 65_536);
});

test("pieces that were lost from the disk are not given, and come again", async (t) => {
  const [me, seed] = [await side(t, all), await side(t, all)];
  me.store.kept.set(5, noise(65_536));
  const wanted = me.engine.want(5, true, never);
  await until("it is noticed", () => me.engine.stats().have === made.pieces.length - 1);
  join(me, seed);
  assert.deepEqual(await wanted, made.pieces[5]);
});

test("both ends keep the same one of two connections, and WebTransport rather than WebRTC", async (t) => {
  const [a, b] = [await side(t, (i) => i < 5), await side(t, (i) => i >= 5)];
  const links = [join(a, b), join(b, a), join(a, b)];
  await until("one is left", () => links.filter(([x]) => !x.closed).length === 1);
  const faster = join(a, b, "webtransport");
  await until("the faster one is left", () => links.every(([x]) => x.closed));
  assert.ok(!faster[0].closed);
  await a.engine.complete(never);
});

test("we are no peer of ourselves", async (t) => {
  const a = await side(t, none);
  const [x] = join(a, a);
  await until("it is closed", () => x.closed);
});

test("two who have everything leave one another", async (t) => {
  const [a, b] = [await side(t, all), await side(t, all)];
  const [x, y] = join(a, b);
  await until("they left", () => x.closed && y.closed);
});

test("what is wanted no more is taken back", async (t) => {
  const [seed, me] = [await side(t, all), await side(t, none, { lookAhead: 0 })];
  const [ofSeed] = join(seed, me);
  ofSeed.alter = (data) => (data.length > 1000 ? undefined : data);
  const stop = new AbortController();
  const wanted = me.engine.want(1, true, stop.signal);
  await until("it was asked for", () => seed.engine.stats().uploaded > 0);
  stop.abort();
  await assert.rejects(wanted, { name: "AbortError" });
  ofSeed.alter = (data) => data;
  assert.deepEqual(await me.engine.want(2, true, never), made.pieces[2]);
  assert.ok(!me.store.kept.has(1));
});

test("hostile messages end the connection, or do nothing", async (t) => {
  const me = await side(t, (i) => i === 0);
  const hostile: Uint8Array[][] = [
    [message(id.bitfield)], [message(id.haveAll), message(id.haveAll)], [message(id.request, 0, 0, 2 ** 31)],
    [message(id.have, 2 ** 32 - 1)], [message(id.have)], [message(id.piece, 0, 0)], [message(id.reject, 1, 2, 3)],
    [Uint8Array.of(0x10, 0, 0, 0, 7)], [message(id.interested), message(id.request, 5, 0, 16384)], [message(99, 1, 2, 3)],
    [message(id.interested), ...Array.from({ length: 600 }, () => message(id.request, 0, 0, 16384))],
    [noise(3000)],
  ];
  for (const messages of hostile) {
    const [mine, theirs] = ends();
    me.engine.connect(mine);
    theirs.send(handshake(me.index.swarm, noise(20, messages.length)));
    for (const m of messages) {
      theirs.send(m);
    }
    await new Promise((done) => setTimeout(done, 20));
    theirs.close();
  }
  const other = await side(t, none);
  join(me, other);
  assert.deepEqual(await other.engine.want(0, true, never), made.pieces[0]);
});
