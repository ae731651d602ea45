/** Mailboxes on a real relay: what is accepted comes, once or more, whatever happens in between. */
import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { Chunks, type Delivery, firstSender, type Part, Pool, Session } from "../../runtime/peer/mailbox/index.ts";
import { eraseHash, hex, newChunkRef, newSeed, publicKey } from "../../runtime/peer/seal/index.ts";
import { Liar } from "./liar.ts";
import { Condition, dice, hasWebSocket, kith, Relay, relay } from "./relay.ts";

const random = (n: number): Uint8Array => crypto.getRandomValues(new Uint8Array(n));
const program = hasWebSocket(import.meta.url) ? kith() : undefined;
const skip = program ? false : "there is no Go to build a relay with, or a process of its own ran this";

interface Queue { recipient: Uint8Array; sender: Uint8Array }
const queue = (): Queue => ({ recipient: newSeed(random), sender: newSeed(random) });
const body = (octets = 1536): Uint8Array => random(octets);
const deadline = (ms = 60_000): AbortSignal => AbortSignal.timeout(ms);

let usual: Relay;
before(async () => {
  if (program) usual = await relay(program, 'messages = 4\nput_rate = 100000\npush = "mailto:nobody@relay.example"');
});
after(() => usual?.end());

async function made(s: Session, q = queue()): Promise<Queue> {
  await s.newQueue(q.recipient, await publicKey(q.sender), 7, deadline());
  return q;
}

/** What comes into a queue. */
class Listener {
  readonly got: Delivery[] = [];
  readonly #changed = new Condition();
  readonly take = (d: Delivery): void => {
    this.got.push(d);
    this.#changed.tell();
  };

  async until(n: number): Promise<Delivery> {
    await this.#changed.until(() => this.got.length >= n, `${this.got.length} of ${n} messages`);
    return this.got[n - 1]!;
  }
}

test("the life of a queue", { skip }, async () => {
  const [a, b] = await Promise.all([Session.open(usual.url), Session.open(usual.url)]);
  const q = await made(a);
  await made(a, q); // renewing is harmless
  const to = await firstSender(q.sender);
  const [id, octets] = [random(16), body(4096)];
  await b.put(to, id, 0, octets);
  await b.put(to, id, 0, octets); // as is repeating
  const l = new Listener();
  await a.subscribe(q.recipient, 8, l.take);
  const d = await l.until(1);
  assert.deepEqual([hex(d.message.id), hex(d.body)], [hex(id), hex(octets)]);
  await d.ack();
  await b.put(to, random(16), 1, body());
  await (await l.until(2)).ack();
  assert.equal(l.got.length, 2);
  await a.unsubscribe(q.recipient);
  await a.delete(q.recipient);
  await assert.rejects(b.put(to, random(16), 0, body()), { refusal: "no" });
  await assert.rejects(b.put(await firstSender(newSeed(random)), random(16), 0, body()), { refusal: "no" });
  await assert.rejects(a.put(to, random(16), 0, new Uint8Array(1537)), { refusal: "no" });
  a.close();
  b.close();
  await assert.rejects(a.ping(), { refusal: "gone" });
});

test("a lease ends with its session, or when it is given back", { skip }, async () => {
  const [first, second, sender] = await Promise.all([1, 2, 3].map(() => Session.open(usual.url))) as [Session, Session, Session];
  const q = await made(first);
  const [one, two] = [new Listener(), new Listener()];
  await first.subscribe(q.recipient, 4, one.take);
  await sender.put(await firstSender(q.sender), random(16), 0, body());
  const d = await one.until(1);
  await second.subscribe(q.recipient, 4, two.take);
  await d.back(600);
  assert.equal((await two.until(1)).message.number, d.message.number);
  second.close(); // the first has said that it does not want it
  const left = await Session.open(usual.url);
  const last = new Listener();
  await left.subscribe(q.recipient, 4, last.take);
  await (await last.until(1)).ack();
  assert.deepEqual([one.got.length, two.got.length, last.got.length], [1, 1, 1]);
  for (const s of [first, sender, left]) s.close();
});

test("a lease ends with its time", { skip }, async () => {
  const hasty = await relay(program!, 'lease = "1s"');
  try {
    const s = await Session.open(hasty.url);
    const q = await made(s);
    const l = new Listener();
    await s.subscribe(q.recipient, 4, l.take);
    await s.put(await firstSender(q.sender), random(16), 0, body());
    assert.equal((await l.until(2)).message.number, l.got[0]?.message.number);
    await l.got[1]?.ack();
    s.close();
  } finally {
    await hasty.end();
  }
});

test("who locks a queue shuts out whoever had its first key", { skip }, async () => {
  const [a, b, c] = await Promise.all([1, 2, 3].map(() => Session.open(usual.url))) as [Session, Session, Session];
  const q = await made(a);
  const first = await firstSender(q.sender);
  await c.put(first, random(16), 0, body());
  const locked = await b.lock(first, newSeed(random));
  await b.put(locked, random(16), 0, body());
  await assert.rejects(c.put(first, random(16), 0, body()), { refusal: "no" });
  await assert.rejects(b.lock(first, newSeed(random)), { refusal: "no" });
  for (const s of [a, b, c]) s.close();
});

test("a queue that is full says when to come back", { skip }, async () => {
  const s = await Session.open(usual.url);
  const to = await firstSender((await made(s)).sender);
  for (let i = 0; i < 4; i++) await s.put(to, random(16), 0, body());
  await assert.rejects(s.put(to, random(16), 0, body()), (e: { refusal?: string; seconds?: number }) => e.refusal === "wait" && (e.seconds ?? 0) > 0);
  s.close();
});

test("subscriptions of Web Push are left and taken away", { skip }, async () => {
  const s = await Session.open(usual.url);
  const q = await made(s);
  assert.equal(s.limits.pushKey?.length, 65);
  const subscription = {
    endpoint: "https://push.example/x", expirationTime: null,
    keys: { p256dh: Buffer.from(s.limits.pushKey!).toString("base64url"), auth: Buffer.from(random(16)).toString("base64url") },
  };
  await s.push(q.recipient, subscription);
  await s.push(q.recipient);
  await assert.rejects(s.push(q.recipient, { endpoint: `https://push.example/${"x".repeat(3000)}` }), { refusal: "no" });
  s.close();
});

test("a relay with another id, and one that wants a token", { skip }, async () => {
  const guarded = await relay(program!, 'token = "sesame"');
  try {
    await assert.rejects(Session.open(guarded.url, { relay: new Uint8Array(32) }), { refusal: "other" });
    const s = await Session.open(guarded.url);
    assert.equal(s.limits.token, true);
    await assert.rejects(made(s), { refusal: "no" });
    await assert.rejects(Session.open(guarded.url, { token: "wrong" }), { refusal: "no" });
    const named = await Session.open(guarded.url, { token: "sesame", relay: s.welcome.relay });
    await made(named);
    s.close();
    named.close();
  } finally {
    await guarded.end();
  }
});

test("nothing waits for a relay that says nothing", { skip }, async () => {
  const sockets = new Set<Socket>();
  const mute = createServer((s) => sockets.add(s)).listen(0, "127.0.0.1");
  await once(mute, "listening");
  const url = `ws://127.0.0.1:${(mute.address() as AddressInfo).port}`;
  await assert.rejects(Session.open(url, { timeout: 50 }), { name: "TimeoutError" });
  const stop = new AbortController();
  const opening = Session.open(url, {}, stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(opening, /enough/);
  const pool = new Pool();
  await assert.rejects(pool.put(url, await firstSender(newSeed(random)), random(16), 0, body(), deadline(50)), { name: "TimeoutError" });
  pool.close();
  await assert.rejects(pool.put(url, await firstSender(newSeed(random)), random(16), 0, body(), deadline()), { refusal: "gone" });
  for (const s of sockets) s.destroy();
  mute.close();
});

test("chunks are put with tickets, fetched where that broke off, and erased", { skip }, async () => {
  const s = await Session.open(usual.url);
  const to = await firstSender((await made(s)).sender);
  const chunks = new Chunks(usual.url);
  const octets = new Uint8Array(1 << 20).map((_, i) => i * 7);
  const ref = newChunkRef(random, usual.url);
  const [ticket, spare] = await s.tickets(to, 3, 2);
  await assert.rejects(chunks.upload(random(32), ref.id, ref.erase, octets, deadline()), { refusal: "no" });
  await assert.rejects(chunks.upload(ticket!, ref.id, ref.erase, octets.subarray(1), deadline()), { kind: "unreachable" });
  await chunks.upload(ticket!, ref.id, ref.erase, octets, deadline());
  await chunks.upload(spare!, ref.id, ref.erase, octets, deadline());
  const part: Part = { octets: new Uint8Array(octets.length), got: 0 };
  await chunks.download(ref.id, part, deadline());
  assert.equal(part.got, octets.length);
  const half: Part = { octets: new Uint8Array(octets.length), got: 300_000 };
  half.octets.set(octets.subarray(0, half.got));
  await chunks.download(ref.id, half, deadline());
  assert.deepEqual([half.got, Buffer.compare(half.octets, octets), Buffer.compare(part.octets, octets)], [octets.length, 0, 0]);
  await assert.rejects(chunks.download(ref.id, { octets: new Uint8Array(1000), got: 0 }, deadline()), { kind: "invalid" });
  await assert.rejects(chunks.erase(ref.id, random(32), deadline()), { refusal: "absent" });
  assert.equal(eraseHash(ref).length, 32);
  await chunks.erase(ref.id, ref.erase, deadline());
  await assert.rejects(chunks.download(ref.id, { octets: new Uint8Array(octets.length), got: 0 }, deadline()), { refusal: "absent" });
  s.close();
});

/** Sends messages through pools until all have come, whatever happens to the relay. */
async function allCome(url: string, from: string, n: number, disturb: (sent: number) => Promise<void>): Promise<Map<string, number>> {
  const network = new EventTarget();
  const options = { least: 20, most: 500, movedWithin: 200, network, session: (): { timeout: number } => ({ timeout: 3000 }) };
  const [sending, receiving] = [new Pool(options), new Pool(options)];
  const q = queue();
  const key = await publicKey(q.sender);
  const come = new Map<string, number>();
  const changed = new Condition();
  const stop = receiving.subscribe(url, q.recipient, 16, (d) => {
    const id = hex(d.message.id);
    come.set(id, (come.get(id) ?? 0) + 1);
    changed.tell();
    void d.ack(deadline()).catch(() => undefined); // else it comes again
  }, (e) => {
    const create = async (): Promise<void> => receiving.receive(url, (s) => s.newQueue(q.recipient, key, 7, deadline()), deadline());
    if ((e as { refusal?: string } | undefined)?.refusal === "no") void create().catch(() => undefined);
  });
  const to = await firstSender(q.sender);
  const ids = Array.from({ length: n }, () => random(16));
  let accepted = 0;
  const put = async (id: Uint8Array): Promise<void> => {
    const octets = body();
    const end = Date.now() + 120_000;
    for (;;) {
      try {
        await sending.put(from, to, id, 0, octets, deadline(10_000));
        return void await disturb(++accepted);
      } catch (e) { // the queue may not be there yet, or be full
        if (Date.now() > end) throw e;
        await new Promise((done) => setTimeout(done, 50));
      }
    }
  };
  try {
    for (let i = 0; i < n; i += 20) await Promise.all(ids.slice(i, i + 20).map(put));
    await changed.until(() => come.size === n, `${come.size} of ${n}`);
    assert.deepEqual([...come.keys()].sort(), ids.map(hex).sort());
    return come;
  } finally {
    stop();
    sending.close();
    receiving.close();
  }
}

test("a relay that is killed again and again loses nothing that it accepted", { skip }, async () => {
  const r = await relay(program!, "put_rate = 1000000");
  let restarted = Promise.resolve();
  let times = 0;
  try {
    await allCome(r.url, r.url, 200, async (sent) => {
      if (sent % 60 === 0) restarted = restarted.then(async () => { times++; await r.end("SIGKILL"); await r.start(); });
      await restarted;
    });
    assert.equal(times, 3);
  } finally {
    await r.end();
  }
});

test("those who listen come back to a relay that moves", { skip }, async () => {
  const r = await relay(program!, "put_rate = 1000000");
  try {
    await allCome(r.url, r.url, 60, async (sent) => {
      if (sent === 30) {
        await r.end("SIGTERM");
        await r.start();
      }
    });
  } finally {
    await r.end();
  }
});

test("a relay that repeats, swaps and cuts loses nothing", { skip }, async () => {
  const r = await relay(program!, 'put_rate = 1000000\nlease = "1s"');
  const random = dice(7);
  const lies = { repeat: 0.1, swap: 0.1, cut: 0.02, lose: 0 };
  const [toRelay, fromRelay] = [new Liar(r.port, lies, random), new Liar(r.port, lies, random)];
  try {
    await allCome(await fromRelay.listen(), await toRelay.listen(), 200, async () => undefined);
    for (const l of [toRelay, fromRelay]) assert.ok(l.told.repeat > 0 && l.told.swap + l.told.cut > 0, JSON.stringify(l.told));
  } finally {
    toRelay.close();
    fromRelay.close();
    await r.end();
  }
});
