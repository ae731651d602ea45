import assert from "node:assert/strict";
import { test } from "node:test";
import type { Mailbox } from "../../runtime/peer/contract.ts";
import { kindOf } from "../../runtime/peer/fault.ts";
import { openNew } from "../../runtime/peer/seal/index.ts";
import { day, Device, hour, refused, World } from "./person-world.ts";

test("two become friends (§4)", async () => {
  const w = new World();
  const [alice, bob] = [await w.someone("alice"), await w.someone("bob")];
  await bob.accept(await alice.invite(), "al");
  assert(bob.friend("al").pending);
  await w.settle();
  const [a, b] = [alice.friend("bob"), bob.friend("al")];
  assert(!a.pending && !b.pending && !a.verified);
  assert.match(a.safety, /^(\d{5} ){5}\d{5}$/);
  assert.equal(a.safety, b.safety);
  assert.equal(b.says, "alice");
  await w.talk(alice, bob);
  for (const d of w.devices) {
    assert.deepEqual(d.person.invitations(), []);
    for (const [key] of d.records.each("")) assert(!/^(invite|accept|pending)\//.test(key), `${d.name} still keeps ${key}`);
  }
});

test("an invitation is good once (§4.1)", async () => {
  const w = new World();
  const [alice, bob, carol] = [await w.someone("alice"), await w.someone("bob"), await w.someone("carol")];
  const link = await alice.invite();
  await bob.accept(link);
  await carol.accept(link);
  await w.settle();
  await bob.accept(link); // again: nothing
  await w.settle();
  assert.deepEqual(alice.person.friends().map((f) => f.name), ["bob"]);
  await w.talk(alice, bob);
  await w.later(9 * day);
  await w.later(8 * day);
  assert.deepEqual(carol.person.friends(), []);
  await refused("her own link, used", () => alice.person.accept(link), "conflict");
  const own = await alice.invite();
  await refused("her own link", () => alice.person.accept(own), "conflict");
});

test("invitations end (§4.1)", async () => {
  const w = new World();
  const [alice, bob] = [await w.someone("alice"), await w.someone("bob")];
  const old = await alice.invite();
  await w.later(8 * day);
  await refused("an ended invitation", () => bob.person.accept(old), "conflict");
  const { invitation: i, effects } = await alice.person.invite("bob", hour);
  await alice.apply(effects);
  await alice.do(alice.person.cancel(i.id));
  await bob.accept(i.link);
  await w.settle();
  assert.equal(alice.person.friends().length, 0);
  const [waits] = bob.person.friends();
  assert(waits?.pending);
  await refused("cancelled twice", () => alice.person.cancel(i.id), "not_found");
  await bob.do(bob.person.removeFriend(waits.id));
  assert.equal(bob.person.friends().length, 0);
  for (const bad of ["", "x", i.link.slice(0, -3), `${i.link}AAAA`]) await refused("a damaged link", () => bob.person.accept(bad), "invalid");
  await refused("a minute", () => alice.person.invite("", 60_000), "invalid");
});

test("a changed link makes no friend (§4.2)", async () => {
  const w = new World();
  const [alice, bob] = [await w.someone("alice"), await w.someone("bob")];
  const link = await alice.invite();
  for (const at of [10, 30, 70, 100]) {
    const i = link.indexOf("#") + at;
    try {
      await bob.accept(link.slice(0, i) + (link[i] === "A" ? "B" : "A") + link.slice(i + 1));
    } catch (error) {
      assert.notEqual(kindOf(error), "internal", String(error));
    }
  }
  await w.settle();
  assert.equal(alice.person.friends().length, 0);
});

test("both invite at once", async () => {
  const w = new World();
  const [alice, bob] = [await w.someone("alice"), await w.someone("bob")];
  const [la, lb] = [await alice.invite(), await bob.invite()];
  await bob.accept(la);
  await alice.accept(lb);
  await w.settle();
  const [one, two] = alice.person.friends();
  assert(one && two && one.name !== two.name);
  await alice.do(alice.person.removeFriend(one.id));
  await w.settle();
  const [a, b] = [alice.person.friends(), bob.person.friends()];
  assert.equal(a.length, 1);
  assert.equal(b.length, 1);
  assert.equal(a[0]?.safety, b[0]?.safety);
  await w.talk(alice, bob);
});

test("renaming, verifying, blocking and removing", async () => {
  const w = new World();
  const [alice, bob, carol] = [await w.someone("alice"), await w.someone("bob"), await w.someone("carol")];
  await w.befriend(alice, bob);
  await w.befriend(alice, carol);
  const f = alice.friend("bob");
  await alice.do(alice.person.changeFriend(f.id, { name: "Robert", verified: true }));
  assert(alice.friend("robert").verified);
  await refused("a name that is taken", () => alice.person.changeFriend(f.id, { name: "CAROL" }), "conflict");
  for (const bad of ["", "a/b", "x\ny", " ", "..", "\u202eevil"]) {
    await refused(`the name ${JSON.stringify(bad)}`, () => alice.person.changeFriend(f.id, { name: bad }), "invalid");
  }
  await alice.do(alice.person.changeFriend(f.id, { blocked: true }));
  assert.equal(alice.person.current(f.id), undefined);
  const queues = (await alice.person.inboxes()).length;
  await alice.do(alice.person.changeFriend(f.id, { blocked: false }));
  assert((await alice.person.inboxes()).length > queues);
  await w.talk(alice, bob);
  await alice.do(alice.person.removeFriend(f.id));
  assert.deepEqual(alice.gone, [f.id]);
  await w.settle();
  assert.deepEqual(bob.person.friends(), []);
  assert.equal(bob.gone.length, 1);
  await w.later(8 * day);
  assert(![...alice.records.each("")].some(([key]) => key.includes(f.id)));
  await w.talk(alice, carol);
});

test("other relays (§4.3)", async () => {
  const w = new World();
  const [alice, bob] = [await w.someone("alice"), await w.someone("bob")];
  await w.befriend(alice, bob);
  await alice.do(alice.person.setRelays(["wss://new.example"]));
  await w.talk(alice, bob);
  await w.later(22 * day);
  const own = (await alice.person.inboxes()).filter((i) => i.relation !== undefined);
  assert.deepEqual(own.map((i) => i.mailbox.relay), ["wss://new.example"]);
  await w.talk(alice, bob);
  for (const bad of [[], ["http://x"], ["wss://"], ["wss://a b"]]) await refused("relays", () => alice.person.setRelays(bad), "invalid");
});

test("linking a device (§2.1)", async () => {
  const w = new World();
  const [alice, bob] = [await w.someone("alice"), await w.someone("bob")];
  await w.befriend(alice, bob);
  const [laptop, phone] = [await w.device("laptop"), await w.device("phone")];
  await w.link(alice, laptop);
  await w.link(laptop, phone);
  for (const d of [alice, laptop, phone]) {
    d.wants("alice", "laptop", "phone");
    await w.talk(d, bob);
    assert.deepEqual(d.person.links(), []);
    for (const v of d.person.devices()) {
      assert(v.knows, `${d.name} does not know that ${v.name} has the roster`);
      if (!v.this) assert.equal(d.person.deviceOf(v.relation ?? ""), v.id);
    }
  }
  await phone.do(phone.person.setDevice("Telephone", { days: 30, apps: [] }));
  await w.settle();
  alice.wants("Telephone", "alice", "laptop");
  await refused("a link code on a device that is linked", () => laptop.person.startLink(), "conflict");
  const friendly = await bob.invite();
  await refused("a friend's link as a device's", () => alice.person.acceptLink(friendly), "invalid");
});

test("nothing but the code before the comparison (§2.1)", async () => {
  const w = new World();
  const [alice, laptop] = [await w.someone("alice"), await w.device("laptop")];
  const { link, effects } = await laptop.person.startLink();
  await laptop.apply(effects);
  await alice.apply((await alice.person.acceptLink(link.link)).effects);
  await w.settle();
  await w.later(10 * 60_000);
  await laptop.do(laptop.person.confirmLink(laptop.link().id));
  await w.settle();
  assert(!laptop.person.status().exists, "linked although only one side compared");
  alice.wants("alice");
  await alice.do(alice.person.cancelLink(alice.link().id));
  await w.later(3 * hour);
  await w.later(50 * hour);
  alice.wants("alice");
  assert.deepEqual(laptop.person.links(), []);
});

test("revoking a device, and new keys with every friend (§2.2, §7)", async () => {
  const w = new World();
  const [alice, bob] = [await w.someone("alice"), await w.someone("bob")];
  const [laptop, thief] = [await w.device("laptop"), await w.device("thief")];
  await w.link(alice, laptop);
  await w.link(alice, thief);
  await w.befriend(alice, bob);
  await w.settle();
  const f = bob.friend("alice");
  await bob.do(bob.person.changeFriend(f.id, { verified: true }));
  const open = await alice.invite();
  await w.settle();
  await refused("itself", () => alice.person.revoke([alice.person.device]), "invalid");
  await alice.do(alice.person.revoke([thief.person.device]));
  const rest = [alice, laptop, bob];
  const known = await thief.person.relations();
  await w.settle(...rest);
  let read = 0;
  const peek = async (_: Mailbox, body: Uint8Array): Promise<void> => {
    for (const r of known) await openNew(r, body).then(() => read++, () => undefined);
  };
  const peeks: Promise<void>[] = [];
  w.wire = (q, body) => {
    peeks.push(peek(q, body));
    return 1;
  };
  await w.talk(alice, bob, rest);
  await w.talk(laptop, bob, rest);
  await Promise.all(peeks);
  assert.equal(read, 0, "what the thief read after the change");
  const carol = await w.someone("carol");
  await carol.accept(open); // the thief knows its secret
  await w.settle(...rest, carol);
  assert.equal(alice.person.friends().length, 1);
  alice.wants("alice", "laptop");
  laptop.wants("alice", "laptop");
  const g = bob.friend("alice");
  assert(g.verified && g.changed);
  assert.equal(g.safety, alice.friend("bob").safety);
  assert.notEqual(g.safety, f.safety);
  await thief.do(thief.person.setDevice("boss"));
  await w.settle();
  alice.wants("alice", "laptop");
});

test("both change their keys at once (§7)", async () => {
  for (let n = 0; n < 3; n++) { // which one stands depends on chance
    const w = new World();
    w.random(32 * n + 1);
    const [a, b, oldA, oldB] = [await w.someone("a"), await w.someone("b"), await w.device("old-a"), await w.device("old-b")];
    await w.link(a, oldA);
    await w.link(b, oldB);
    await w.befriend(a, b);
    const code = a.person.friends()[0]?.safety;
    await a.do(a.person.revoke([oldA.person.device]));
    await b.do(b.person.revoke([oldB.person.device]));
    await w.settle(a, b);
    await w.later(2 * hour);
    const [fa, fb] = [a.person.friends(), b.person.friends()];
    assert.equal(fa.length, 1);
    assert.equal(fa[0]?.safety, fb[0]?.safety);
    assert.notEqual(fa[0]?.safety, code);
    await w.talk(a, b, [a, b]);
    for (const d of [a, b]) assert.equal((await d.person.relations()).length, 1);
  }
});

test("what two devices change at once is not lost (§2)", async () => {
  const w = new World();
  const [a, b, lost] = [await w.someone("a"), await w.device("b"), await w.device("lost")];
  await w.link(a, b);
  await w.link(a, lost);
  const fresh = await w.device("fresh");
  const { link, effects } = await fresh.person.startLink();
  await fresh.apply(effects);
  await a.apply((await a.person.acceptLink(link.link)).effects);
  await w.settle(a, fresh);
  await fresh.do(fresh.person.confirmLink(fresh.link().id));
  await w.settle(a, fresh);
  await b.do(b.person.revoke([lost.person.device]));
  await a.do(a.person.confirmLink(a.link().id));
  await w.settle(a, b, fresh);
  await w.later(2 * hour);
  await w.settle(a, b, fresh);
  for (const d of [a, b, fresh]) d.wants("a", "b", "fresh");
});

test("two devices revoke one another (§2)", async () => {
  const w = new World();
  const [a, b, c, d] = [await w.someone("a"), await w.device("b"), await w.device("c"), await w.device("d")];
  for (const other of [b, c, d]) await w.link(a, other);
  await a.do(a.person.revoke([b.person.device]));
  await b.do(b.person.revoke([a.person.device]));
  await w.settle(a, c); // c hears of a's first, d of b's
  await w.settle(b, d);
  await w.settle();
  await w.later(2 * hour);
  const winner = c.person.devices().some((v) => v.name === "b") ? b : a;
  for (const v of [c, d, winner]) v.wants(winner.name, "c", "d");
});

test("the phrase decides in the end (§2)", async () => {
  const w = new World();
  const [alice, bob] = [await w.someone("alice"), await w.someone("bob")];
  const words = await alice.person.phrase();
  assert.equal(words.split(" ").length, 24);
  const [laptop, thief] = [await w.device("laptop"), await w.device("thief")];
  await w.link(alice, laptop);
  await w.link(alice, thief);
  await w.befriend(laptop, bob);
  await thief.do(thief.person.revoke([alice.person.device]));
  await w.settle(thief, laptop);
  laptop.wants("laptop", "thief");
  assert(alice.person.status().exists);
  await refused("another's phrase", () => alice.person.recover(`${"abandon ".repeat(23)}art`), "forbidden");
  await alice.do(alice.person.recover(words, [laptop.person.device]));
  await w.settle(alice, laptop, bob);
  await thief.do(thief.person.setDevice("again"));
  await w.settle();
  await w.later(2 * hour);
  alice.wants("alice", "laptop");
  laptop.wants("alice", "laptop");
  await w.settle(alice, laptop, bob);
  await w.talk(laptop, bob, [alice, laptop, bob]);
  await refused("the phrase, on the device", () => alice.person.phrase(), "not_found");
});

test("rosters are renewed (§2)", async () => {
  const w = new World();
  const [a, b] = [await w.someone("a"), await w.device("b")];
  await w.link(a, b);
  for (let n = 0; n < 8; n++) await w.later(8 * day);
  const c = await w.device("c");
  await w.link(a, c);
  b.wants("a", "b", "c");
  const all = w.devices;
  w.devices = [a, c];
  for (let n = 0; n < 8; n++) await w.later(8 * day);
  await refused("an expired base", () => b.person.revoke([c.person.device]), "conflict");
  w.devices = all;
  await w.later(hour);
  await w.later(2 * hour);
  await b.do(b.person.revoke([c.person.device]));
  await w.settle(a, b);
  a.wants("a", "b");
});

test("backup and restore (§2.4)", async () => {
  const w = new World();
  const [alice, bob] = [await w.someone("alice"), await w.someone("bob")];
  const words = await alice.person.phrase();
  await refused("other words", () => alice.person.confirmPhrase(`${"abandon ".repeat(23)}art`), "invalid");
  await alice.person.confirmPhrase(words);
  assert(!alice.person.status().phraseUnseen);
  await w.befriend(alice, bob);
  const { safety } = bob.friend("alice");
  const file = await alice.person.backup();
  const other = await w.device("other");
  const damaged = file.slice();
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
  await refused("a damaged backup", () => other.person.restore(words, damaged), "forbidden");
  await refused("no backup", () => other.person.restore(words, new Uint8Array(9)), "invalid");
  w.devices = w.devices.filter((d) => d !== alice);
  await other.do(other.person.restore(words, file));
  await w.settle();
  other.wants("other");
  assert.notEqual(other.friend("bob").safety, safety);
  await w.talk(other, bob);
});

test("a crash after each step of a handshake", async () => {
  for (let lose = 0; lose < 12; lose++) {
    const w = new World();
    const [alice, bob] = [await w.someone("alice"), await w.someone("bob")];
    const link = await alice.invite();
    let n = 0;
    for (const d of [alice, bob]) {
      const { apply } = d;
      d.apply = async (e) => (n++ === lose ? d.restart() : apply.call(d, e));
    }
    await bob.accept(link);
    await w.settle();
    await w.later(2 * hour);
    await w.later(2 * hour);
    assert.equal(alice.friend("bob").safety, bob.friend("alice").safety);
    await w.talk(alice, bob);
  }
});

test("a bad network: lost, doubled and late", async () => {
  for (let seed = 1; seed < 4; seed++) {
    const w = new World();
    const [a, old, friend] = [await w.someone("a"), await w.device("old"), await w.someone("friend")];
    await w.link(a, old);
    await w.befriend(a, friend);
    const code = friend.person.friends()[0]?.safety;
    let state = seed;
    w.wire = () => {
      state = (state * 48271) % 2147483647;
      return state % 3;
    };
    await a.do(a.person.revoke([old.person.device]));
    w.devices = [a, friend];
    for (let n = 0; n < 30; n++) await w.later(hour + 60_000);
    w.wire = () => 1;
    await w.later(hour + 60_000);
    await w.talk(a, friend);
    const f = friend.person.friends();
    assert.equal(f.length, 1);
    assert.notEqual(f[0]?.safety, code);
    assert.equal(f[0]?.safety, a.person.friends()[0]?.safety);
  }
});

test("damaged bodies are refused, and change nothing", async () => {
  const w = new World();
  let state = 11;
  const random = (n: number): number => {
    state = (state * 48271) % 2147483647;
    return state % n;
  };
  const { put } = w;
  w.put = (q, id, body) => { // each comes damaged before it comes as it is, and cut short
    const damaged = body.slice();
    const at = random(damaged.length);
    damaged[at] = (damaged[at] ?? 0) ^ (1 + random(255));
    put.call(w, q, `${id}!`, damaged);
    put.call(w, q, `${id}?`, body.slice(0, random(body.length)));
    put.call(w, q, id, body);
  };
  const [alice, bob] = [await w.someone("alice"), await w.someone("bob")];
  const [laptop, phone] = [await w.device("laptop"), await w.device("phone")];
  await w.befriend(alice, bob);
  await w.link(alice, laptop);
  await w.link(alice, phone);
  await alice.do(alice.person.setRelays(["wss://new.example"]));
  await w.settle();
  await alice.do(alice.person.revoke([phone.person.device]));
  await w.settle(alice, laptop, bob);
  laptop.wants("alice", "laptop");
  assert.equal(alice.friend("bob").safety, bob.friend("alice").safety);
  await w.talk(laptop, bob, [alice, laptop, bob]);
  await alice.do(alice.person.removeFriend(alice.friend("bob").id));
  await w.settle(alice, laptop, bob);
  assert.deepEqual(bob.person.friends(), []);
});

test("an inbox that was replaced is listened to for a day after the new one is used (§4.3)", async () => {
  const w = new World();
  const [alice, bob] = [await w.someone("alice"), await w.someone("bob")];
  await w.befriend(alice, bob);
  await alice.do(alice.person.setRelays(["wss://new.example"]));
  await w.settle();
  const listens = async (): Promise<string[]> =>
    (await alice.person.inboxes()).filter((i) => i.relation !== undefined).map((i) => i.mailbox.relay).sort();
  assert.equal((await listens()).length, 3);
  const used = (await alice.person.inboxes()).find((i) => i.relation !== undefined && i.mailbox.relay === "wss://new.example") ?? assert.fail();
  await w.later(60_000);
  await alice.do(alice.person.arrived(used));
  assert.equal((await listens()).length, 3);
  await w.later(25 * hour);
  assert.deepEqual(await listens(), ["wss://new.example"]);
});

test("other relays are those of all devices (§2.3, §4.3)", async () => {
  const w = new World();
  const [alice, laptop] = [await w.someone("alice"), await w.device("laptop")];
  await w.link(alice, laptop);
  await alice.do(alice.person.setRelays(["wss://new.example"]));
  await w.settle();
  await alice.do(alice.person.setDevice("desk"));
  await w.settle();
  laptop.wants("desk", "laptop");
  await w.later(60_000);
  for (const d of w.devices) for (const i of await d.person.inboxes()) assert.equal(i.mailbox.relay, "wss://new.example");
  await laptop.do(laptop.person.setDevice("bag"));
  await w.settle();
  alice.wants("bag", "desk");
});

test("a device's key that cannot leave the browser signs rosters (§2)", async () => {
  const w = new World();
  const alice = await w.someone("alice");
  const [kept, refuses] = [new Device(w, "kept"), new Device(w, "refuses")];
  const safe = new Map<string, CryptoKey>();
  kept.keys = { find: async (id) => safe.get(id), keep: async (id, key) => void safe.set(id, key) };
  refuses.keys = { find: async () => undefined, keep: () => Promise.reject(new DOMException("not here", "DataCloneError")) };
  for (const d of [kept, refuses]) {
    await d.open();
    w.devices.push(d);
    await w.link(alice, d);
  }
  assert.equal([...safe.values()][0]?.extractable, false);
  await kept.restart();
  await refuses.restart();
  await kept.do(kept.person.setDevice("phone"));
  await w.settle();
  for (const d of w.devices) d.wants("alice", "phone", "refuses");
  await kept.do(kept.person.revoke([refuses.person.device]));
  await w.settle(alice, kept);
  alice.wants("alice", "phone");
  safe.clear();
  await refused("a key that is lost", () => kept.open(), "corrupt");
});

test("devices of a backup may stay (§2.4)", async () => {
  const w = new World();
  const [alice, laptop, bob] = [await w.someone("alice"), await w.device("laptop"), await w.someone("bob")];
  const words = await alice.person.phrase();
  await w.link(alice, laptop);
  await w.befriend(alice, bob);
  const file = await alice.person.backup();
  const fresh = await w.device("fresh");
  const named = await fresh.person.devicesIn(words, file);
  assert.deepEqual(named.map((d) => [d.name, d.this]), [["alice", true], ["laptop", false]]);
  await fresh.do(fresh.person.restore(words, file, named.filter((d) => !d.this).map((d) => d.id)));
  const rest = [fresh, laptop, bob];
  await w.settle(...rest);
  fresh.wants("fresh", "laptop");
  laptop.wants("fresh", "laptop");
  await w.talk(fresh, bob, rest);
  await w.talk(laptop, bob, rest);
});

test("while keys change the old relation is ending (§7)", async () => {
  const w = new World();
  const [alice, bob, lost] = [await w.someone("alice"), await w.someone("bob"), await w.device("lost")];
  await w.link(alice, lost);
  await w.befriend(alice, bob);
  const [old] = await bob.person.relations();
  assert(old && !old.ending);
  await alice.do(alice.person.revoke([lost.person.device]));
  await bob.step(); // the rekey comes, and is answered
  assert.equal((await bob.person.relation(old.id))?.ending, true);
  await w.settle(alice, bob);
  assert.equal(await bob.person.relation(old.id), undefined);
  const [now] = await bob.person.relations();
  assert.deepEqual(bob.person.moves(), [{ from: old.id, to: now?.id }]);
  await w.talk(alice, bob, [alice, bob]);
});
