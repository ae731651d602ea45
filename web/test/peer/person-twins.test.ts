/** What two devices of a person do at the same time, and what is not for the person at all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageKind } from "../../runtime/peer/contract.ts";
import { hex } from "../../runtime/peer/seal/index.ts";
import { day, type Device, hour, refused, World } from "./person-world.ts";

/** Hands what waits in x's raw inboxes to both. */
async function both(w: World, x: Device, y: Device): Promise<void> {
  for (const i of await x.person.inboxes()) {
    const q = w.queues.get(i.mailbox.relay + hex(i.mailbox.sender ?? new Uint8Array()));
    if (!q || i.invitation === undefined) continue;
    for (const { body } of [...q.bodies]) {
      await x.deliver(i, body);
      await y.deliver(i, body);
    }
  }
}

test("two own devices take the same join: one relation stays (§4.2)", async () => {
  const w = new World();
  const [a, b, friend] = [await w.someone("a"), await w.device("b"), await w.someone("friend")];
  await w.link(a, b);
  const link = await a.invite();
  await w.settle();
  await friend.accept(link);
  await both(w, a, b);
  await w.settle();
  await w.later(2 * hour);
  const [fa, fb, f] = [a, b, friend].map((d) => d.person.friends());
  assert.deepEqual(fa, fb);
  assert.equal(fa?.length, 1);
  assert.equal(fa?.[0]?.safety, f?.[0]?.safety);
  await w.talk(b, friend);
  await w.later(8 * day);
  await w.later(hour);
  assert.equal((await a.person.relations()).length, 2);
  assert.equal((await friend.person.relations()).length, 1);
  await w.talk(friend, a);
});

test("twins that both stand: four devices keep the same one (§4.2)", async () => {
  const w = new World();
  const [a, b, c, d] = [await w.someone("a"), await w.device("b"), await w.someone("c"), await w.device("d")];
  await w.link(a, b);
  await w.link(c, d);
  const link = await a.invite();
  await w.settle();
  await c.accept(link);
  await w.settle(c, d);
  await both(w, a, b);
  await both(w, c, d);
  await w.settle();
  await w.later(2 * hour);
  await w.later(25 * hour);
  await w.talk(d, a);
  await w.later(8 * day);
  await w.later(hour);
  const code = a.person.friends()[0]?.safety;
  for (const x of [a, b, c, d]) {
    for (const i of await x.person.inboxes()) { // the twin that went had some of them too
      if (i.invitation !== undefined) continue;
      assert.ok(w.queues.has(i.mailbox.relay + hex(i.mailbox.sender ?? new Uint8Array())), "an inbox was deleted at its relay");
    }
    assert.deepEqual(x.person.friends().map((f) => [f.pending, f.safety]), [[false, code]]);
    assert.equal((await x.person.relations()).length, 2);
  }
  await w.talk(a, d);
  await w.talk(c, b);
});

test("another device takes over changing keys (§2.2)", async () => {
  const w = new World();
  const [a, b, old, friend] = [await w.someone("a"), await w.device("b"), await w.device("old"), await w.someone("friend")];
  await w.link(a, b);
  await w.link(a, old);
  await w.befriend(a, friend);
  await w.settle();
  const code = friend.person.friends()[0]?.safety;
  const reach = new Set((await friend.person.inboxes()).map((i) => hex(i.mailbox.sender ?? new Uint8Array())));
  w.wire = (q) => (reach.has(hex(q.sender ?? new Uint8Array())) ? 0 : 1); // a reaches nobody but b
  await a.do(a.person.revoke([old.person.device]));
  await w.settle(a, b);
  w.wire = () => 1;
  w.devices = [b, friend];
  await w.later(25 * hour);
  await w.later(hour);
  assert.notEqual(friend.person.friends()[0]?.safety, code);
  await w.talk(b, friend);
});

test("keys that were made later, by a clock that is behind, change too (§2.2)", async () => {
  const w = new World();
  const [a, old, friend] = [await w.someone("a"), await w.device("old"), await w.someone("friend")];
  await w.link(a, old);
  await w.befriend(a, friend);
  const code = friend.person.friends()[0]?.safety;
  a.offset = -18 * hour;
  await a.do(a.person.revoke([old.person.device]));
  await w.settle(a, friend);
  assert.notEqual(friend.person.friends()[0]?.safety, code);
  assert.equal(friend.person.friends()[0]?.safety, a.person.friends()[0]?.safety);
  await w.talk(a, friend, [a, friend]);
});

test("a change of keys that a removed device knows is not the last (§2.2)", async () => {
  const w = new World();
  const [a, first, second, friend] = [await w.someone("a"), await w.device("first"), await w.device("second"), await w.someone("friend")];
  await w.link(a, first);
  await w.link(a, second);
  await w.befriend(a, friend);
  await w.settle();
  await a.do(a.person.revoke([first.person.device]));
  await w.settle(a, second); // the friend is away
  await a.do(a.person.revoke([second.person.device]));
  await w.settle(a, friend);
  w.devices = [a, friend];
  for (let n = 0; n < 3; n++) await w.later(hour + 60_000);
  const id = a.person.current(a.person.friends()[0]?.id ?? "");
  const r = (await a.person.relations()).find((r) => r.id === id);
  assert.ok(r);
  const known = new Set((await second.person.inboxes()).map((i) => hex(i.mailbox.sender ?? new Uint8Array())));
  for (const q of r.in) assert.ok(!known.has(hex(q.sender ?? new Uint8Array())), "the removed device has the key of an inbox");
  await w.talk(a, friend);
});

test("what is not for the person is refused, and changes nothing", async () => {
  const w = new World();
  const [a, b] = [await w.someone("a"), await w.someone("b")];
  await w.befriend(a, b);
  const id = a.person.current(a.friend("b").id) ?? assert.fail();
  const message = (kind: number, ...body: number[]): Parameters<typeof a.person.handle>[1] =>
    ({ kind, id: "01".repeat(16), number: 1, sent: w.now, expires: w.now, ...(body.length > 0 && { body: Uint8Array.from(body) }) });
  for (const [m, kind] of [
    [message(MessageKind.ask), "unsupported"], [message(MessageKind.rekeyed), "unsupported"], [message(MessageKind.rosters), "unsupported"],
    [message(MessageKind.confirm, 0x41, 0), "corrupt"], [message(MessageKind.queues, 0x80), "invalid"], [message(MessageKind.rekey, 0xa0), "invalid"],
  ] as const) await refused(`kind ${m.kind}`, () => a.person.handle(id, m), kind);
  await refused("no relation", () => a.person.handle("00".repeat(16), message(MessageKind.bye)), "not_found");
  const [inbox] = await a.person.inboxes();
  await refused("no inbox", () => a.person.receive({ mailbox: inbox?.mailbox ?? assert.fail(), invitation: "01".repeat(16) }, new Uint8Array(4096)), "not_found");
  await w.talk(a, b);
});

test("what needs a person says so", async () => {
  const w = new World();
  const d = await w.device("d");
  for (const [what, f] of [
    ["invite", () => d.person.invite()], ["relays", () => d.person.setRelays(["wss://x"])], ["name", () => d.person.setName("x")],
    ["revoke", () => d.person.revoke(["01".repeat(8)])], ["backup", () => d.person.backup()],
  ] as const) await refused(what, f, "conflict");
  assert(!d.person.status().exists);
  assert.deepEqual(await d.person.relations(), []);
  await d.person.useRelays(["wss://relay.example"]);
  await d.open();
  assert.deepEqual(d.person.status().relays, ["wss://relay.example"]);
  await d.do(d.person.create());
  await d.do(d.person.setName("Dora"));
  const { exists, name, phraseUnseen, removed } = d.person.status();
  assert.deepEqual({ exists, name, phraseUnseen, removed }, { exists: true, name: "Dora", phraseUnseen: true, removed: false });
  const words = await d.person.phrase();
  await d.do(d.person.create()); // again: nothing
  assert.equal(await d.person.phrase(), words);
  await d.person.confirmPhrase();
  await refused("the phrase again", () => d.person.phrase(), "not_found");
  const other = await w.device("other");
  await other.do(other.person.recover(words));
  other.wants("other");
});
