import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ask, type Asker, MessageKind, PartyKind, type Reply } from "../../runtime/peer/contract.ts";
import { kindOf } from "../../runtime/peer/fault.ts";
import { type Copies, GoneFault, openCopies, passOn, Reach, tellOthers } from "../../runtime/peer/library/index.ts";
import { parsePurged } from "../../runtime/peer/seal/index.ts";
import { openStore } from "../../runtime/peer/store/index.ts";
import { Clock, count, day, friends, messageOf, minute, Node, relation, text, utf8 } from "./library-world.ts";
import { Dice, Memory } from "./store-disk.ts";

const owner = relation(50);
const all = { reach: Reach.all, friends: [], lists: [] };
const fault = (kind: string) => (e: unknown) => kindOf(e) === kind || assert.fail(`${kindOf(e)} instead of ${kind}: ${String(e)}`);

/** A friend's device with copies, and the device they come from. */
class World {
  readonly clock = new Clock();
  readonly disk = new Memory();
  readonly asked: Ask[] = [];
  node!: Node;
  copies!: Copies;
  /** How answers are changed on their way. */
  bend: (reply: Reply, ask: Ask) => Reply = (r) => r;
  /** How much of a body comes with one answer. */
  most = 64 << 20;

  static async make(): Promise<World> {
    const w = new World();
    w.node = await Node.open(1, w.clock);
    w.node.know({ friends: friends(7) });
    await w.start();
    return w;
  }

  async start(): Promise<void> {
    const dice = new Dice(7);
    const store = await openStore({ folder: this.disk, key: new Uint8Array(32).fill(9), random: dice.octets });
    this.copies = await openCopies({ store, world: this.clock.world(dice) });
  }

  readonly asker: Asker = {
    ask: async (to, ask) => {
      assert.equal(to, owner);
      this.asked.push(ask);
      const reply = await this.node.library.answer(relation(7), PartyKind.friend, { ...ask, most: Math.min(this.most, ask.most ?? this.most) });
      return this.bend(reply, ask);
    },
  };

  async get(path: string, again = false): Promise<string> {
    const { body } = await this.copies.get(this.asker, owner, path, { again, signal: AbortSignal.timeout(60_000) });
    const octets = await body.read(0, body.size);
    body.close();
    return text(octets);
  }

  get files(): number {
    return [...this.disk.octets.keys()].filter((n) => n.startsWith("copies/")).length;
  }
}

test("§6.6 a copy is used while it is fresh, asked about after that, and erased when the lease ends", async () => {
  const w = await World.make();
  await w.node.put("x", "hello", { audience: all });
  assert.equal(await w.get("/x"), "hello");
  assert.equal(await w.get("x"), "hello");
  assert.equal(w.asked.length, 1);
  await w.start();
  w.clock.time += 6 * minute;
  assert.equal(await w.get("x"), "hello");
  assert.equal(w.asked.at(-1)?.header["if-none-match"]?.length, 18);
  w.copies.stale(owner);
  await w.node.put("x", "new");
  assert.equal(await w.get("x"), "new");
  assert.equal(w.files, 1);
  w.bend = () => { throw new Error("nobody is there"); };
  w.clock.time += 6 * day;
  assert.equal(await w.get("x"), "new", "until the lease ends");
  w.clock.time += day + minute;
  assert.equal(await w.copies.lookup(owner, "x"), undefined);
  await assert.rejects(w.get("x"), /nobody is there/);
  assert.equal(await w.copies.tick(), 1);
  assert.equal(w.files, 0);
  assert.deepEqual(w.copies.list(owner), []);
});

test("§6.6 what is gone is erased, and a purge is answered when it is", async () => {
  const w = await World.make();
  for (const p of ["a/1", "a/2", "b"]) await w.node.put(p, p, { audience: all });
  for (const p of ["a/1", "a/2", "b", "a/", "a/?after=a/1"]) await w.get(p);
  const { out } = await w.node.library.remove("", "a/", { all: true });
  const purge = out.find((o) => o.kind === MessageKind.purge);
  assert.ok(purge);
  const [answer] = await w.copies.handle(owner, messageOf(purge));
  assert.equal(parsePurged(answer?.body ?? utf8("")).nothing, false);
  assert.deepEqual(w.copies.list(owner).map((c) => c.path), ["a/", "a/?after=a/1", "b"]);
  const [again] = await w.copies.handle(owner, messageOf(purge));
  assert.equal(parsePurged(again?.body ?? utf8("")).nothing, true);
  const [passed] = passOn(owner, messageOf(purge), [relation(3)]);
  await w.copies.passedOn(messageOf(passed!));
  await assert.rejects(w.copies.passedOn(messageOf(purge)), fault("invalid"));
  await assert.rejects(w.get("a/1"), fault("not_found"));
  await w.node.library.remove("", "b");
  await assert.rejects(w.get("b", true), (e) => e instanceof GoneFault && kindOf(e) === "not_found");
  await assert.rejects(w.get("never"), (e) => !(e instanceof GoneFault) && kindOf(e) === "not_found");
  assert.equal(await w.copies.lookup(owner, "b"), undefined, "a copy that was said to be gone");
  const [news] = tellOthers([owner], [relation(3)]);
  assert.deepEqual(await w.copies.passedOn(messageOf(news!)), [owner]);
  assert.ok(w.copies.list(owner).every((c) => !w.copies.isFresh(c)));
  assert.equal(await w.copies.erase(owner, "a/"), true);
  assert.deepEqual(w.copies.list(owner), []);
  assert.equal(w.files, 0);
  assert.equal(count(await w.copies.handle(owner, messageOf({ to: "", kind: MessageKind.changed })), MessageKind.purged), 0);
});

test("§5.3 a long body comes in parts, goes on after a start, and begins anew when it changed", async () => {
  const w = await World.make();
  const body = new Dice(3).octets(700_000);
  await w.node.put("big", body, { audience: all });
  w.most = 150_000;
  let left = 3;
  w.bend = (r) => {
    if (left-- === 0) throw new Error("the line broke");
    return r;
  };
  await assert.rejects(w.get("big"), /the line broke/);
  assert.equal(await w.copies.lookup(owner, "big"), undefined);
  await w.start();
  w.asked.length = 0;
  w.bend = (r) => r;
  const { body: got, copy } = await w.copies.get(w.asker, owner, "big", { signal: AbortSignal.timeout(60_000) });
  assert.deepEqual(Buffer.from(await got.read(0, got.size)), Buffer.from(body));
  got.close();
  assert.equal(copy.part, false);
  assert.ok(w.asked.every((a) => a.header["range"]), "what came is not asked for again");
  await w.node.put("big", new Dice(4).octets(400_000));
  left = 2;
  w.bend = (r) => {
    if (left-- === 0) throw new Error("the line broke");
    return r;
  };
  await w.copies.erase(owner, "big");
  await assert.rejects(w.get("big"), /the line broke/);
  await w.node.put("big", "small now");
  w.bend = (r) => r;
  assert.equal(await w.get("big"), "small now");
  assert.equal(w.files, 1);
});

test("two who want the same at once ask once", async () => {
  const w = await World.make();
  await w.node.put("x", "x".repeat(100_000), { audience: all });
  const got = await Promise.all([w.get("x"), w.get("x"), w.get("x")]);
  assert.deepEqual(new Set(got.map((g) => g.length)), new Set([100_000]));
  assert.equal(w.asked.length, 1);
  let go = (): void => {};
  w.bend = () => { throw new Error("slow"); };
  const slow: Asker = { ask: () => new Promise((_, failed) => { go = () => failed(new Error("slow")); }) };
  const first = w.copies.get(slow, owner, "y", { signal: AbortSignal.timeout(60_000) });
  const stop = new AbortController();
  const second = w.copies.get(w.asker, owner, "y", { signal: stop.signal });
  stop.abort();
  await assert.rejects(second, fault("canceled"));
  go();
  await assert.rejects(first, /slow/);
});

test("what is too much goes, and a lie about its size is refused", async () => {
  const w = await World.make();
  await w.node.put("x", "hello", { audience: all });
  w.bend = (r) => ({ ...r, status: 206, header: { ...r.header, "content-range": "bytes 0-4/99999999999999" } });
  await assert.rejects(w.get("x"), fault("too_large"));
  w.bend = (r) => ({ ...r, status: 206, header: { ...r.header, "content-range": "bytes 3-7/8" } });
  await assert.rejects(w.get("x"), fault("corrupt"));
  w.bend = (r) => ({ ...r, header: { ...r.header, "kith-lease": "99999999999" } });
  await w.get("x");
  assert.equal(w.copies.list(owner)[0]?.lease, w.clock.time + 90 * day);
  w.bend = (r) => ({ ...r, header: { ...r.header, "cache-control": "no-store" } });
  await w.node.put("x", "not to be kept");
  await assert.rejects(w.get("x", true), fault("forbidden"));
  assert.equal(w.files <= 1, true);
});
