/** The protocol between devices (spec/private-sharing.md §3 and §5), in a simulation with one seed each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageKind, PartyKind } from "../../runtime/peer/contract.ts";
import * as seal from "../../runtime/peer/seal/index.ts";
import { bad, changed, day, Device, Disk, good, home, hour, idOf, minute, once, pair, Person, second, World } from "./exchange-world.ts";

test("nothing is lost and nothing is applied twice", async () => {
  for (const seed of [1, 2, 3]) {
    const { w, a, b, id } = await pair(seed, bad);
    for (let i = 0; i < 20; i++) {
      await a.send(changed(id, i));
      await b.send(changed(id, 1000 + i));
      await w.run(30 * second);
    }
    await w.run(2 * hour);
    once(b, 0, 20);
    once(a, 1000, 20);
    for (const d of [a, b]) {
      assert.deepEqual([...d.disk.each("job/")], [], `${d.name} still has something to do`);
      const status = await d.core.status(id);
      assert.deepEqual([status.waiting, status.restored, status.refused], [0, 0, false]);
    }
  }
});

test("killed at any step, nothing is lost", async () => {
  let killed = 0;
  for (let cut = 1; cut < 24; cut++) {
    const { w, a, b, id } = await pair(cut, { ...good, unsure: 0.1 });
    const victim = cut % 2 === 0 ? a : b;
    Object.assign(victim.disk, { cut: 1 + Math.floor(cut / 2), after: cut % 4 < 2 });
    const q = await a.ask(id, "/x");
    for (let i = 0; i < 5; i++) {
      await a.send(changed(id, i));
      await b.send(changed(id, 1000 + i));
      await w.run(30);
    }
    await w.run(hour);
    for (let i = 0; i < 5; i++) {
      assert.ok(b.handled.has(idOf(i)) && a.handled.has(idOf(1000 + i)), `killed at write ${victim.disk.cut}: message ${i} is lost`);
    }
    assert.equal(a.text(q), "/x by bob", `killed at write ${victim.disk.cut}`);
    killed += victim.starts - 1;
  }
  assert.ok(killed > 18, `${killed} were killed`);
});

test("a request is answered once, waits for who is away, and ends when nobody answers", async () => {
  const { w, a, b, id } = await pair(4, bad);
  const q = await a.ask(id, "/x");
  await w.run(hour);
  assert.equal(a.text(q), "/x by bob");
  assert.equal(b.serves, 1);
  b.off = true;
  const late = await a.ask(id, "/late");
  await w.run(3 * day);
  assert.equal(a.text(late), undefined);
  b.off = false;
  await b.restart();
  await w.run(hour);
  assert.equal(a.text(late), "/late by bob");
  b.off = true;
  const never = await a.ask(id, "/never");
  await w.run(8 * day);
  assert.throws(() => a.core.asked(never), { kind: "not_found" });
  assert.ok(a.arrived.has(never));
  b.off = false;
  await b.restart();
  await w.run(hour);
  assert.ok(a.core.allAsked().every((x) => x.id !== never), "a late answer brought it back");
});

test("what is cancelled stays so", async () => {
  const { w, a, b, id } = await pair(5);
  const q = await a.ask(id, "/x");
  await a.do(() => a.core.cancel(q));
  await w.run(hour);
  assert.deepEqual([a.core.allAsked(), [...a.disk.each("job/")].length, b.serves], [[], 0, b.serves]);
});

test("a friend may not ask as often as they like", async () => {
  const { w, a, id, b } = await pair(6);
  b.tune = { limits: { burst: 5, rate: 0.001 } };
  b.start();
  const all = [];
  for (let i = 0; i < 8; i++) all.push(await a.ask(id, `/${i}`));
  await w.run(minute);
  const statuses = all.map((q) => a.core.asked(q).response?.status).sort();
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429, 429]);
});

test("epochs change and are erased", async () => { // §3.1
  const { w, a, b, id } = await pair(7, bad);
  const first = a.find(id)!.epochs[0]!.id;
  for (let i = 0; i < 24; i++) {
    await a.send(changed(id, i));
    await b.send(changed(id, 1000 + i));
    await w.run(day);
  }
  once(b, 0, 24);
  once(a, 1000, 24);
  for (const d of [a, b]) {
    const { epochs } = d.find(id)!;
    assert.ok(epochs.length >= 2 && epochs.length <= 4, `${epochs.length} epochs`);
    assert.ok(epochs.every((e) => e.id !== first));
  }
  assert.equal(a.find(id)!.peerEpoch.id, b.find(id)!.epochs[0]!.id);
});

test("who was away for two months understands and is understood", async () => { // §3.2
  const { w, a, b, id } = await pair(8);
  b.off = true;
  await w.run(60 * day);
  assert.ok(a.find(id)!.epochs.length <= 6);
  b.off = false;
  await b.restart();
  await b.send(changed(id, 1));
  await w.run(hour);
  await a.send(changed(id, 2));
  await w.run(hour);
  assert.deepEqual([a.handled.get(idOf(1)), b.handled.get(idOf(2))], [1, 1]);
});

test("a device that lost its contexts says so, and gets all again", async () => { // §5.1
  const { w, a, b, id } = await pair(10);
  await a.send(changed(id, 1));
  await w.run(minute);
  const q = await a.ask(id, "/x");
  b.off = true;
  await w.run(minute);
  b.disk = new Disk();
  b.off = false;
  await b.restart();
  await w.run(hour);
  assert.equal(a.text(q), "/x by bob");
  await a.send(changed(id, 2));
  await w.run(hour);
  once(b, 2, 1);
});

test("clocks may be a day off, and be set right", async () => { // §5.2
  const { w, a, b, id } = await pair(11);
  a.skew = 30 * hour;
  b.skew = -30 * hour;
  for (let i = 0; i < 5; i++) {
    await a.send(changed(id, i));
    await b.send(changed(id, 1000 + i));
    await w.run(minute);
  }
  const q = await a.ask(id, "/x");
  await w.run(hour);
  a.skew = b.skew = 0;
  await a.send(changed(id, 5));
  await w.run(hour);
  once(b, 0, 6);
  once(a, 1000, 5);
  assert.equal(a.text(q), "/x by bob");
});

test("a device that is restored from a backup is noticed", async () => { // §6.5
  const { w, a, b, id } = await pair(12);
  await a.send(changed(id, 1));
  await w.run(minute);
  const old = new Map(a.disk.records);
  for (let i = 2; i < 70; i++) await a.send(changed(id, i));
  await w.run(minute);
  a.disk.records.clear();
  for (const [k, v] of old) a.disk.records.set(k, v);
  await a.restart();
  for (let i = 100; i < 110; i++) await a.send(changed(id, i));
  await w.run(hour);
  once(b, 100, 10);
  assert.ok((await b.core.status(id)).restored > 0);
});

test("a relay that is gone for good, and one that has no queue any more", async () => {
  const { w, a, b, id } = await pair(13);
  w.down.add("ws://relay0");
  for (let i = 0; i < 5; i++) await a.send(changed(id, i));
  await w.run(hour);
  once(b, 0, 5);
  w.empty.add("ws://relay0").add("ws://relay1");
  w.down.clear();
  await a.send(changed(id, 5));
  await w.run(hour);
  assert.equal((await a.core.status(id)).refused, true);
  w.empty.clear();
  await a.do(() => a.core.reachable("ws://relay1"));
  await w.run(hour);
  once(b, 0, 6);
});

test("a direct channel is tried first, and relays when it does not take it", async () => { // §5.4
  const { w, a, b, id } = await pair(14);
  const inbox = { mailbox: b.find(id)!.in[0]!, relation: id };
  const taken = (body: Uint8Array): Promise<boolean> => new Promise((done) => void b.take(inbox, body, (o) => done(o === "ack"), true));
  a.direct = taken;
  await a.send(changed(id, 1));
  await w.run(minute);
  once(b, 1, 1);
  const puts = [...w.queues.values()].reduce((n, q) => n + q.puts, 0);
  assert.ok(puts <= 2, `${puts} puts to relays`); // bob's acknowledgement of the context
  a.direct = (): Promise<boolean> => Promise.resolve(false);
  await a.send(changed(id, 2));
  await w.run(minute);
  a.direct = (): Promise<boolean> => new Promise(() => undefined);
  const before = w.now;
  void a.send(changed(id, 3));
  await w.run(minute);
  assert.ok(w.now > before);
  once(b, 1, 2);
});

test("any device answers, and the one that asked gets the answer", async () => { // §5.2, §5.3
  const { w, phone, laptop, friend, id } = await home(15, bad);
  const asked = [];
  for (let i = 0; i < 6; i++) asked.push(await friend.ask(id, `/${i}`));
  const [mine, theirs] = [await phone.ask(id, "/phone"), await laptop.ask(id, "/laptop")];
  await w.run(3 * hour);
  for (const q of asked) assert.match(friend.text(q) ?? "", /by (phone|laptop)/);
  assert.deepEqual([phone.text(mine), laptop.text(theirs)], ["/phone by bob", "/laptop by bob"]);
});

test("a device that cannot answer leaves it to another, and says so when there is none", async () => { // §5.3
  const { w, phone, friend, id } = await home(16);
  phone.answer = (): undefined => undefined;
  const q = await friend.ask(id, "/x");
  await w.run(hour);
  assert.equal(friend.text(q), "/x by laptop");
  friend.answer = (): undefined => undefined;
  const mine = await phone.ask(id, "/y");
  await w.run(hour);
  assert.equal(phone.core.asked(mine).response?.status, 503);
});

test("contexts are shared with own devices before they are acknowledged", async () => { // §5.1
  const { w, phone, laptop, friend, id } = await home(17);
  laptop.off = true;
  w.down.add("ws://relay0"); // where the laptop's own queue is
  await friend.send(changed(id, 1));
  await w.run(minute);
  const acked = (): boolean[] => [...friend.disk.each("send/")].map(([, v]) => (seal.decode(v) as Map<string, seal.Value>).get("acked") === true);
  assert.ok(acked().every((x) => !x), "acknowledged before the laptop could know");
  w.down.clear();
  await w.run(hour);
  assert.ok(acked().some((x) => x));
  phone.off = true;
  laptop.off = false;
  await laptop.restart();
  await friend.send(changed(id, 2));
  await w.run(hour);
  assert.equal(laptop.handled.get(idOf(2)), 1, "the laptop cannot open what it was told of");
});

test("own devices alone say what is theirs", async () => {
  const { w, phone, laptop, friend, id } = await home(18);
  const own = [...phone.own.keys()][0]!;
  await phone.send({ to: own, kind: MessageKind.items, id: idOf(1) });
  await friend.send({ to: id, kind: MessageKind.items, id: idOf(2) });
  await friend.send({ to: id, kind: MessageKind.contexts, id: idOf(3), body: seal.encodeContexts([]) });
  await friend.send({ to: id, kind: 99, id: idOf(4) });
  await w.run(hour);
  assert.deepEqual([...phone.handled, ...laptop.handled].map(([i]) => i), [idOf(1)]);
  assert.deepEqual([...friend.disk.each("job/")], []);
});

test("messages that replace others leave once; a bye is told; inboxes are used", async () => {
  const { w, a, b, id } = await pair(19);
  a.off = true;
  for (let i = 0; i < 5; i++) await a.send({ ...changed(id, i), replaces: true });
  a.off = false;
  await a.restart();
  await w.run(hour);
  assert.deepEqual([...b.handled.keys()], [idOf(4)]);
  assert.equal(b.used.length, 2);
  await a.send({ to: id, kind: MessageKind.bye });
  await w.run(hour);
  assert.deepEqual(a.forgot, [id]);
});

test("a full outbox refuses, and nothing keeps a device awake", async () => {
  const { w, a, b, id } = await pair(20);
  a.tune = { limits: { waiting: 3 } };
  a.start();
  await b.send(changed(id, 7));
  await w.run(hour);
  b.off = a.off = true;
  for (let i = 0; i < 3; i++) await a.send(changed(id, i));
  await assert.rejects(a.core.send(changed(id, 3)), { kind: "no_space" });
  a.off = b.off = false;
  await a.restart();
  await b.restart();
  await w.run(3 * hour);
  for (const d of [a, b]) assert.ok(d.core.next() - w.now > 30 * minute, `${d.name} is due in ${d.core.next() - w.now} ms`);
});

test("a relation that moved takes along what waits", async () => { // §7
  const w = new World(21);
  const [alice, bob] = [new Person("alice"), new Person("bob")];
  const [from, to] = [await w.befriend(alice, bob), await w.befriend(alice, bob)];
  const [a, b] = [new Device(w, alice), new Device(w, bob)];
  b.off = true;
  await a.send(changed(from, 1));
  const q = await a.ask(from, "/x");
  for (const p of [alice, bob]) p.relations.delete(from);
  await a.do(() => a.core.apply({ create: [], lock: [], raw: [], out: [], delete: [], changed: true, moved: [{ from, to }] }));
  b.off = false;
  await b.restart();
  await w.run(hour);
  once(b, 1, 1);
  assert.equal(a.text(q), "/x by bob");
});

test("relays see nothing that is the same, in one of four sizes", async () => { // mailbox.md §1
  const { w, a, b, id } = await pair(22);
  await a.send(changed(id, 1), { to: id, kind: MessageKind.changed, body: seal.encodeOctets(new Uint8Array(9000)) });
  await w.run(hour);
  once(b, 1, 1);
  const all = [...w.queues.values()].flatMap((q) => q.history);
  assert.ok(all.every((x) => seal.sizes.includes(x.length)));
  assert.equal(new Set(all.map(seal.hex)).size, all.length);
});

test("whatever is flipped in an envelope is dropped or given back", async () => {
  const { w, a, b, id } = await pair(23);
  const sent: Uint8Array[] = [];
  const put = w.put.bind(w);
  w.put = (m, i, body): void => { sent.push(body); put(m, i, body); };
  await a.send(changed(id, 1));
  await w.run(minute); // the context is known, and acknowledged
  await a.send(changed(id, 2));
  await w.run(minute);
  const r = b.find(id)!;
  assert.equal(r.kind, PartyKind.friend);
  const outcomes = { ack: 0, back: 0 };
  for (let i = 0; i < 300; i++) {
    const body = sent[i % sent.length]!.slice(0, w.chance() < 0.1 ? Math.floor(w.chance() * 2000) : undefined);
    for (let n = 0; n < 3 && body.length > 0; n++) {
      const at = Math.floor(w.chance() * (w.chance() < 0.5 ? Math.min(body.length, 1160) : body.length));
      body[at]! ^= 1 << Math.floor(w.chance() * 8);
    }
    await b.take({ mailbox: r.in[0]!, relation: id }, body, (o) => { outcomes[o === "ack" ? "ack" : "back"]++; });
  }
  assert.deepEqual(outcomes, { ack: 300, back: 0 });
  assert.deepEqual([...b.handled.keys()], [idOf(1), idOf(2)]);
  await a.send(changed(id, 3));
  await w.run(hour);
  once(b, 3, 1);
});
