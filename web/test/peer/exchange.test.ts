/** Peers over real relays: with one another, and with the exchange of a node (e2e/exchange). */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once as happened } from "node:events";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import type { Ask, Body, Reply } from "../../runtime/peer/contract.ts";
import { Peer, type PeerOptions } from "../../runtime/peer/exchange/index.ts";
import { Session } from "../../runtime/peer/mailbox/index.ts";
import { Oblivious } from "../../runtime/peer/mailbox/oblivious.ts";
import { encode, hex, relationValue } from "../../runtime/peer/seal/index.ts";
import { Turn } from "../../runtime/peer/turn.ts";
import { changed, Device, idOf, once, Person, World } from "./exchange-world.ts";
import { Liar } from "./liar.ts";
import { build, Condition, dice, hasWebSocket, kith, Relay, relay } from "./relay.ts";

const here = hasWebSocket(import.meta.url);
const program = here ? kith() : undefined;
const go = program ? build("./e2e/exchange") : undefined;
const skip = program ? false : "there is no Go to build a relay with, or a process of its own ran this";
const settings = "put_rate = 1000000";
const patience = 120_000;

const octets = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 7) % 251);
const hash = (b: Uint8Array): string => createHash("sha256").update(b).digest("hex");
const get = (path: string): Ask => ({ method: "GET", path, header: {} });

/** A body of which is noted that it was closed. */
class Served implements Body {
  readonly size: number;
  readonly #octets: Uint8Array;
  closed = 0;
  constructor(b: Uint8Array) {
    this.#octets = b;
    this.size = b.length;
  }

  async read(from: number, to: number): Promise<Uint8Array> {
    return this.#octets.slice(from, to);
  }

  close(): void {
    this.closed++;
  }
}

/** A device on real relays: who its friends are is a simulation's. */
class Live {
  readonly device: Device;
  readonly served: Served[] = [];
  readonly #changed = new Condition();
  readonly #o: Partial<PeerOptions>;
  peer!: Peer;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(device: Device, o: Partial<PeerOptions> = {}) {
    this.device = device;
    this.#o = o;
  }

  start(): void {
    const { device } = this;
    this.#stop = new AbortController();
    this.peer = new Peer({
      core: {
        people: device.people, bucket: device.disk,
        world: { now: () => Date.now(), random: (n) => crypto.getRandomValues(new Uint8Array(n)), log: (level, what, more) => {
          if (process.env["LOUD"]) console.log(device.name, level, what, more ?? "");
        } },
        handler: {
          handle: async (from, m) => {
            const out = await device.handle(from, m);
            this.#changed.tell();
            return out;
          },
        },
      },
      answerer: { answer: async (_, _kind, q) => this.#answer(q) },
      turn: new Turn(), movedWithin: 100, patience: 5000, network: new EventTarget(), ...this.#o,
    });
    this.#running = this.peer.run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error("stopped"));
    await this.#running;
  }

  async #answer(q: Ask): Promise<Reply> {
    const size = Number(q.path.slice(1));
    if (!Number.isInteger(size)) return { status: 404, header: {}, size: 0 };
    const body = new Served(octets(size));
    this.served.push(body);
    return { status: 200, header: { "content-type": "application/octet-stream" }, size, body };
  }

  /** Asks, and reads the answer to its end. */
  async get(to: string, path: string): Promise<Uint8Array> {
    const r = await this.peer.ask(to, get(path), AbortSignal.timeout(patience));
    const parts: Uint8Array[] = [];
    for (let at = 0; at < r.size; at += 1_000_003) parts.push(await r.body!.read(at, at + 1_000_003));
    r.body?.close();
    return Buffer.concat(parts);
  }

  until(n: number): Promise<void> {
    return this.#changed.until(() => this.device.handled.size >= n, `${n} messages`, patience);
  }
}

/** Two friends with queues on the relays, each reached as `seen` says. */
async function friends(t: TestContext, relays: readonly string[], o?: Partial<PeerOptions>): Promise<{ a: Live; b: Live; id: string; bob: Person }> {
  const w = new World(Math.floor(Math.random() * 1e9));
  w.now = Date.now();
  const [alice, bob] = [new Person("alice"), new Person("bob")];
  const id = await w.befriend(alice, bob, relays.length);
  for (const p of [alice, bob]) {
    const r = p.relations.get(id)!;
    for (const boxes of [r.in, r.out]) boxes.forEach((m, i) => { m.relay = relays[i]!; });
  }
  const [a, b] = [new Live(new Device(w, alice), o), new Live(new Device(w, bob), o)];
  t.after(() => Promise.all([a.stop(), b.stop()]));
  return { a, b, id, bob };
}

async function relays(t: TestContext, n: number): Promise<Relay[]> {
  const all = await Promise.all(Array.from({ length: n }, () => relay(program!, settings)));
  t.after(() => Promise.all(all.map((r) => r.end())));
  return all;
}

test("messages, answers and several MiB in chunks", { skip }, async (t) => {
  const all = await relays(t, 2);
  const { a, b, id } = await friends(t, all.map((r) => r.url));
  a.start();
  b.start();
  assert.equal(hash(await a.get(id, "/5")), hash(octets(5)));
  assert.equal((await a.peer.ask(id, get("/x"), AbortSignal.timeout(patience))).status, 404);
  assert.equal((await a.get(id, "/0")).length, 0);
  const size = 5_000_017;
  assert.equal(hash(await a.get(id, `/${size}`)), hash(octets(size)));
  for (let i = 0; i < 20; i++) await a.peer.send(changed(id, i));
  await b.until(20);
  once(b.device, 0, 20);
  assert.equal(a.peer.asked().length, 0);
  assert.ok(b.served.every((s) => s.closed === 1));
  const part = await a.peer.ask(id, get("/3000000"), AbortSignal.timeout(patience));
  assert.deepEqual(await part.body!.read(1_999_990, 2_000_010), octets(3_000_000).slice(1_999_990, 2_000_010));
  part.body!.close();
  assert.equal(a.peer.asked().length, 1, "what was not read to its end can be had again");
  const [left] = a.peer.asked();
  const again = await a.peer.answer(left!.id, patience);
  assert.equal(hash(await again.reply!.body!.read(0, 3_000_000)), hash(octets(3_000_000)));
  await a.peer.cancel(left!.id);
});

test("who is away finds what waits, also after both were restarted", { skip }, async (t) => {
  const [r] = await relays(t, 1);
  const { a, b, id } = await friends(t, [r!.url]);
  b.start();
  a.start();
  await a.get(id, "/1");
  await b.stop();
  const pending = await a.peer.request(id, get("/7"));
  assert.equal(pending.reply, undefined);
  await a.peer.send(changed(id, 0));
  const sent = new Condition();
  const timer = setInterval(() => void a.peer.status(id).then((s) => { if (s.waiting === 0) left = true; sent.tell(); }), 50);
  let left = false;
  await sent.until(() => left, "everything left");
  clearInterval(timer);
  await a.stop();
  await r!.end("SIGKILL");
  await r!.start();
  b.start();
  await b.until(1);
  a.start();
  const { reply } = await a.peer.answer(pending.id, patience);
  assert.deepEqual(await reply!.body!.read(0, 7), octets(7));
  reply!.body!.close();
});

test("a request that is given up is withdrawn", { skip }, async (t) => {
  const [r] = await relays(t, 1);
  const { a, id } = await friends(t, [r!.url]);
  a.start();
  const stop = new AbortController();
  const asking = a.peer.ask(id, get("/1"), stop.signal);
  stop.abort(new Error("never mind"));
  await assert.rejects(asking, /never mind/);
  assert.deepEqual(a.peer.asked(), []);
  await assert.rejects(a.peer.ask("00", get("/1"), AbortSignal.timeout(patience)), { kind: "not_found" });
});

test("one relay is killed again and again, the other repeats, swaps, cuts and drops", { skip }, async (t) => {
  const [killed, lying] = await relays(t, 2);
  const liar = new Liar(lying!.port, { repeat: 0.1, swap: 0.1, cut: 0.03, lose: 0.05 }, dice(11));
  t.after(() => liar.close());
  const { a, b, id } = await friends(t, [killed!.url, await liar.listen()]);
  a.start();
  b.start();
  await a.get(id, "/1");
  const n = 60;
  let restarts = Promise.resolve();
  for (let i = 0; i < n; i++) {
    await a.peer.send(changed(id, i));
    await b.peer.send(changed(id, 1000 + i));
    if (i % 20 === 10) restarts = restarts.then(async () => { await killed!.end("SIGKILL"); await killed!.start(); });
  }
  const asked = await Promise.all([a.get(id, "/20000"), b.get(id, "/300000")]);
  await Promise.all([a.until(n), b.until(n), restarts]);
  assert.deepEqual(asked.map(hash), [hash(octets(20_000)), hash(octets(300_000))]);
  once(b.device, 0, n);
  once(a.device, 1000, n);
});

test("a relay that lost everything", { skip }, async (t) => {
  const [r] = await relays(t, 1);
  const { a, b, id } = await friends(t, [r!.url]);
  a.start();
  b.start();
  await a.get(id, "/1");
  await r!.end("SIGKILL");
  r!.forget();
  await a.peer.send(changed(id, 0));
  await r!.start();
  await b.until(1);
  assert.equal((await a.get(id, "/9")).length, 9);
});

test("a direct channel takes what would go by relays", { skip }, async (t) => {
  const [r] = await relays(t, 1);
  const ways = new Map<string, Live>();
  let put = 0;
  const direct = (to: string): NonNullable<PeerOptions["direct"]> => ({
    reaches: () => ways.has(to),
    put: async (relation, _context, _id, envelope) => {
      put++;
      return ways.get(to)!.peer.receive(relation, envelope);
    },
  });
  const { a: first, b: second, id } = await friends(t, [r!.url]);
  const [a, b] = [new Live(first.device, { direct: direct("bob") }), new Live(second.device, { direct: direct("alice") })];
  t.after(() => Promise.all([a.stop(), b.stop()]));
  a.start();
  b.start();
  first.start(); // so that what stops them has something to stop
  second.start();
  await first.stop();
  await second.stop();
  await a.get(id, "/1");
  ways.set("bob", b).set("alice", a);
  await r!.end("SIGKILL");
  for (let i = 0; i < 5; i++) await a.peer.send(changed(id, i));
  await b.until(5);
  assert.equal((await a.get(id, "/40000")).length, 40_000);
  once(b.device, 0, 5);
  assert.ok(put >= 7, `${put} were put`);
  assert.equal((await a.peer.status(id)).direct, true);
});

test("messages through another relay, and queues that wake", { skip }, async (t) => {
  const [to] = await relays(t, 1);
  const through = await relay(program!, `forward = true\nprivate = true\nforward_to = ["http://127.0.0.1:${to!.port}"]`);
  const waking = await relay(program!, 'push = "mailto:nobody@relay.example"');
  t.after(() => Promise.all([through.end(), waking.end()]));
  const probe = await Session.open(to!.url);
  const id32 = Buffer.from(probe.welcome.relay).toString("base64url");
  probe.close();
  const bytes = (n: number): Uint8Array => crypto.getRandomValues(new Uint8Array(n));
  let sent = 0;
  const hop = {
    url: through.url, only: true,
    send: (by: string, at: string, relay: Uint8Array): Oblivious => {
      sent++;
      return new Oblivious(by, at, relay, bytes);
    },
  };
  const { a, b, id } = await friends(t, [`${to!.url}#${id32}`], { hop });
  a.start();
  b.start();
  assert.equal((await a.get(id, "/10")).length, 10);
  assert.equal(sent, 2, "each sends through the other relay");
  const other = await friends(t, [waking.url]);
  other.a.start();
  other.b.start();
  await other.a.get(other.id, "/1"); // the queues are there
  const limit = (): AbortSignal => AbortSignal.timeout(patience);
  const key = await other.a.peer.pushKey(waking.url, limit());
  assert.equal(key?.length, 65);
  const keys = { p256dh: Buffer.from(key!).toString("base64url"), auth: "AAAAAAAAAAAAAAAAAAAAAA" };
  await other.a.peer.wake(waking.url, { endpoint: "https://push.example/x", keys }, limit());
  await other.a.peer.wake(waking.url, undefined, limit());
  assert.equal(await a.peer.pushKey(to!.url, limit()), undefined);
});

/** The other side, a program of Go. */
class Node {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(path: string) {
    this.#child = spawn(path, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async do(what: { do: string; relation?: string; n?: number; path?: string }): Promise<{ status?: number; size?: number; hash?: string; twice: number }> {
    this.#child.stdin!.write(JSON.stringify(what) + "\n");
    const { value } = await this.#lines.next();
    const answer = JSON.parse(value as string);
    assert.equal(answer.error, undefined);
    return answer;
  }

  async end(): Promise<void> {
    const ended = happened(this.#child, "exit");
    this.#child.stdin!.end();
    await ended;
  }
}

test("a browser and a node send to one another, ask and answer", { skip }, async (t) => {
  const all = await relays(t, 2);
  const { a, id, bob } = await friends(t, all.map((r) => r.url));
  const node = new Node(go!);
  t.after(() => node.end());
  a.start();
  await node.do({ do: "start", relation: hex(encode(relationValue(bob.relations.get(id)!))) });
  const size = 4_500_001;
  assert.equal(hash(await a.get(id, "/33")), hash(octets(33)));
  assert.equal(hash(await a.get(id, `/${size}`)), hash(octets(size)));
  const got = await node.do({ do: "ask", path: `/${size}` });
  assert.deepEqual([got.status, got.size, got.hash], [200, size, hash(octets(size))]);
  assert.equal((await node.do({ do: "ask", path: "/12" })).hash, hash(octets(12)));
  for (let i = 0; i < 30; i++) {
    await a.peer.send(changed(id, i));
    await node.do({ do: "send", n: i });
    if (i === 15) { // in the middle
      await all[0]!.end("SIGKILL");
      await all[0]!.start();
    }
  }
  assert.equal((await node.do({ do: "until", n: 30 })).twice, 0);
  await a.until(30);
  assert.deepEqual([...a.device.handled.values()], Array.from({ length: 30 }, () => 1));
  assert.ok(!a.device.handled.has(idOf(0)), "they are the node's");
});
