/** What cannot be opened (spec/private-sharing.md §5.1), and queues of two relations (§4.2). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageKind, PartyKind } from "../../runtime/peer/contract.ts";
import * as seal from "../../runtime/peer/seal/index.ts";
import { changed, day, Device, home, hour, idOf, minute, once, pair, Person, second, World } from "./exchange-world.ts";

/** Has two devices of a answer one join of b: two relations, and b's queues are those of both. */
async function twins(w: World, a: Person, b: Person): Promise<string[]> {
  const { invitation, private: key } = await seal.newInvitation(w.random, PartyKind.friend, w.now + day, ["ws://relay0"]);
  const theirs = await seal.newOwn(w.random, w.now, b.name, w.mailboxes(2));
  const join = await seal.makeJoin(w.random, w.now, invitation, theirs);
  const ids: string[] = [];
  for (let i = 0; i < 2; i++) {
    const mine = await seal.newOwn(w.random, w.now, a.name, w.mailboxes(2));
    const { octets, meeting } = await seal.makeWelcome(await seal.openJoin(invitation, key, join.octets), w.random, w.now, mine);
    const other = await seal.openWelcome(w.now, invitation, join, theirs, octets);
    ids.push(meeting.relation.id);
    a.relations.set(meeting.relation.id, meeting.relation);
    b.relations.set(meeting.relation.id, other.relation);
  }
  return ids;
}

test("what comes by a queue of two relations is opened, of whichever it is", async () => {
  const w = new World(31);
  const [alice, bob] = [new Person("alice"), new Person("bob")];
  const ids = await twins(w, alice, bob);
  const [a, b] = [new Device(w, alice), new Device(w, bob)];
  for (const [n, id] of ids.entries()) await a.send(changed(id, n));
  await w.run(minute);
  once(b, 0, 2);
  for (const [n, id] of ids.entries()) { // known contexts, and answers the other way
    await a.send(changed(id, 10 + n));
    const q = await a.ask(id, "/x");
    await w.run(minute);
    assert.equal(a.text(q), "/x by bob");
  }
  once(b, 10, 2);
});

test("notes that are sealed to the notice key crowd no context out", async () => {
  const { w, a, b, id } = await pair(32);
  await b.send(changed(id, 1));
  await w.run(minute);
  const [inbox] = await a.people.inboxes();
  for (let i = 0; i < 140; i++) {
    const body = seal.encodeOctets(Uint8Array.from([1, i & 255, i >> 8, 0, 0, 0, 0, 0]));
    const m = { kind: MessageKind.unknown, id: idOf(100 + i), number: 1, sent: 0, expires: 0, body, known: [] };
    await a.take(inbox!, await seal.seal(await seal.newNoticeContext(b.find(id)!), w.random, m, true), () => undefined);
  }
  await w.run(minute);
  await b.send(changed(id, 2));
  await w.run(2 * second); // there is no time to say that its context is unknown
  once(a, 1, 2);
});

test("an envelope that no device can open costs little", async () => {
  const { w, phone, laptop, friend, id } = await home(33);
  const tablet = new Device(w, friend.person, "tablet");
  await w.link(friend, tablet);
  await w.run(hour);
  const foreign = await seal.newSendContext(friend.find(id)!);
  const m = { kind: MessageKind.changed, id: idOf(1), number: 1, sent: 0, expires: 0, known: [] };
  const given = new Map([phone, laptop, friend, tablet].map((d) => [d, 0]));
  for (const d of given.keys()) {
    const { deliver } = d;
    d.deliver = (...args): void => {
      given.set(d, given.get(d)! + 1);
      deliver.apply(d, args);
    };
  }
  w.put(friend.find(id)!.out[0]!, idOf(1), await seal.seal(foreign, w.random, m, false));
  await w.run(30 * hour);
  for (const [d, n] of given) { // it comes back each ten minutes, and a note of it each hour by two relays
    assert.ok(n >= 10 && n <= 400, `${d.name} was given ${n} messages in a day because of one that nobody can open`);
  }
});
