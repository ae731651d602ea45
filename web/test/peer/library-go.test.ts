// The browser's library and that of a node are devices of one person: whatever both
// do, and whatever is lost, they end with the same. The node's is the program
// e2e/library, driven over its standard input.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { type Outgoing, PartyKind } from "../../runtime/peer/contract.ts";
import { Reach } from "../../runtime/peer/library/index.ts";
import { encodePurged, parsePurge } from "../../runtime/peer/seal/index.ts";
import { Clock, day, device, friends, messageOf, minute, Node, relation, text, utf8 } from "./library-world.ts";
import { Dice } from "./store-disk.ts";

const link = relation(99);
const root = join(import.meta.dirname, "../../../../../..");
const folder = mkdtempSync(join(tmpdir(), "library-go-"));
const program = join(folder, "library");
let built = false;

before(() => {
  const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=mod" };
  const go = spawnSync("go", ["build", "-o", program, "./e2e/library"], { cwd: root, env, encoding: "utf8" });
  built = go.status === 0;
  if (!built && go.error === undefined) throw new Error(go.stderr);
});
after(() => rmSync(folder, { recursive: true }));

type Answer = Record<string, any>;

/** The other device. */
class Go {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #clock: Clock;
  other: Node | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async do(request: Answer): Promise<Answer> {
    this.#say({ at: this.#clock.time, ...request });
    for (;;) {
      const line = await this.#lines.next();
      if (line.done) throw new Error("the program ended");
      const answer = JSON.parse(line.value) as Answer;
      if (answer["error"]) throw new Error(answer["error"]);
      if (!answer["ask"]) return answer;
      const { path, header } = answer["ask"];
      const reply = await this.other!.library.answer(link, PartyKind.ownDevice, { method: "GET", path, header });
      const body = reply.body ? await reply.body.read(0, reply.size) : new Uint8Array();
      this.#say({ kind: reply.status, header: reply.header, body: Buffer.from(body).toString("base64") });
    }
  }

  #say(request: Answer): void {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
  }

  /** What it says to whom. */
  async said(request: Answer): Promise<Outgoing[]> {
    const { out } = await this.do(request);
    return (out as Answer[]).map((m) => ({ to: m["to"], kind: m["kind"], body: new Uint8Array(Buffer.from(m["body"] ?? "", "base64")) }));
  }

  end(): void {
    this.#child.stdin!.end();
  }
}

interface Pair {
  clock: Clock;
  ts: Node;
  go: Go;
}

async function pair(t: { after(f: () => void): void; skip(why: string): void }): Promise<Pair | undefined> {
  if (!built) {
    console.error("SKIPPED: the library of a node is not tried, since there is no go");
    t.skip("there is no go");
    return undefined;
  }
  const clock = new Clock();
  const go = new Go(clock);
  t.after(() => go.end());
  const ts = await Node.open(1, clock);
  go.other = ts;
  ts.know({ friends: friends(1, 2, 3), devices: [{ relation: link, id: device(2) }] });
  await go.do({ do: "start", from: link, who: [1, 2, 3].map(relation) });
  return { clock, ts, go };
}

type Said = { go: boolean; o: Outgoing };

/** Carries what own devices say; what friends are sent is returned. */
async function carry(p: Pair, first: Said[], drop: () => boolean = () => false): Promise<{ friends: Said[]; messages: number; octets: number }> {
  const waiting = [...first];
  const carried = { friends: [] as Said[], messages: 0, octets: 0 };
  for (let s = waiting.shift(); s; s = waiting.shift()) {
    if (s.o.to !== link) {
      carried.friends.push(s);
      continue;
    }
    if (drop()) continue;
    carried.messages++;
    carried.octets += s.o.body?.length ?? 0;
    assert.ok(carried.messages < 5000, "they never stop talking");
    const m = messageOf(s.o);
    const out = s.go
      ? await p.ts.library.handle(link, m)
      : await p.go.said({ do: "handle", from: link, kind: m.kind, body: Buffer.from(m.body ?? "").toString("base64") });
    waiting.push(...out.map((o) => ({ go: !s.go, o })));
  }
  return carried;
}

const said = (go: boolean, out: Outgoing[]): Said[] => out.map((o) => ({ go, o }));

/** Begins a comparison on one of both. */
async function compare(p: Pair, byGo: boolean): Promise<{ messages: number; octets: number }> {
  return carry(p, said(byGo, byGo ? await p.go.said({ do: "sync", from: link }) : p.ts.library.sync(link)));
}

/** All that a person can see on the browser's device, as the program tells it of its own. */
function seen(n: Node): Answer {
  const items = ["", "album"].flatMap((app) => n.library.list({ app }).items).map((i) => ({
    path: i.path, app: i.app, handle: i.handle, revision: i.revision, type: i.type, size: i.size, labels: i.labels,
    reach: i.audience.reach, friends: i.audience.friends, created: i.created, modified: i.modified,
  }));
  const records = Object.fromEntries([...n.library.records.each("")].map(([k, v]) => [k, Buffer.from(v).toString("base64")]));
  const deletions = n.library.deletions().map(({ receipts, ...d }) => d);
  return { items, records, lists: byHandle(n.library.lists().map((l) => ({ ...l }))), deletions };
}

const byHandle = (lists: Answer[]): Answer[] => [...lists].sort((a, b) => (a["handle"] < b["handle"] ? -1 : 1));

async function same(p: Pair, why: string): Promise<Answer> {
  const { seen: s } = await p.go.do({ do: "seen" });
  const { items, records, lists, deletions } = s as Answer;
  assert.deepEqual(seen(p.ts), { items: items ?? [], records, lists: byHandle(lists), deletions }, why);
  return s as Answer;
}

test("§6.3 a browser and a node end with the same, whatever is lost", async (t) => {
  for (let seed = 1; seed <= 6; seed++) {
    const p = await pair(t);
    if (!p) return;
    const dice = new Dice(seed);
    const deleted = new Set<string>();
    for (let i = 0; i < 80; i++) {
      p.clock.time += dice.below(3) * minute;
      const go = dice.below(2) === 0;
      await carry(p, said(go, await step(p, dice, go, deleted)), () => dice.below(3) === 0);
      if (dice.below(12) === 0) await carry(p, said(!go, go ? p.ts.library.sync(link) : await p.go.said({ do: "sync", from: link })), () => dice.below(6) === 0);
    }
    for (let round = 0; round < 2; round++) {
      await compare(p, true);
      await compare(p, false);
    }
    const s = await same(p, `seed ${seed}`);
    for (const i of s["items"] ?? []) assert.ok(!deleted.has(i.handle), `${i.path} came back, seed ${seed}`);
    const idle = await compare(p, true);
    assert.equal(idle.messages, 2, "both agree");
    p.go.end();
  }
});

/** One random change on one of both. */
async function step(p: Pair, dice: Dice, go: boolean, deleted: Set<string>): Promise<Outgoing[]> {
  const app = dice.below(2) ? "album" : "";
  const path = `f${dice.below(2)}/ü${dice.below(5)}.txt`;
  const friend = relation(1 + dice.below(3));
  const reach = dice.below(3) as 0 | 1 | 2;
  const audience = { reach, friends: reach === Reach.some ? [friend] : [], lists: [] };
  const body = dice.octets(dice.below(300));
  switch (dice.below(8)) {
    case 0: {
      const items = p.ts.library.list({ app }).items;
      const item = items[dice.below(Math.max(1, items.length))];
      if (!item) return [];
      try {
        if (!go) return (await p.ts.library.remove(app, item.path)).out;
        return await p.go.said({ do: "remove", app, path: item.path });
      } catch {
        return []; // the other does not know it
      } finally {
        if (!go) deleted.add(item.handle);
      }
    }
    case 1: {
      const [put, drop] = [`k${dice.below(4)}`, `k${4 + dice.below(4)}`];
      if (!go) return p.ts.library.records.put(new Map([[put, body]]), [drop]);
      return p.go.said({ do: "records", puts: { [put]: Buffer.from(body).toString("base64") }, drops: [drop] });
    }
    case 2: {
      const ask = { path: `/${encodeURI(app ? `.app/album/${path}` : path)}`, header: {} };
      if (!go) await p.ts.library.answer(friend, PartyKind.friend, { method: "GET", ...ask });
      else await p.go.do({ do: "answer", from: friend, kind: PartyKind.friend, ...ask });
      return [];
    }
    case 3:
      if (dice.below(3) === 0) await (go ? p.go.do({ do: "restart" }) : p.ts.restart());
      return [];
    case 4:
      if (dice.below(4) > 0) return [];
      if (!go) return (await p.ts.library.setList("", `list ${dice.below(100)}`, [friend])).out;
      return p.go.said({ do: "list", path: `list ${dice.below(100)}`, who: [friend] });
    default:
      if (!go) return (await p.ts.library.put(path, body, { app, labels: ["l"], audience, type: "text/plain; charset=utf-8" })).out;
      return p.go.said({ do: "put", path, app, labels: ["l"], reach, who: audience.friends, body: Buffer.from(body).toString("base64") });
  }
}

test("§6.2 bodies go both ways, and §5.3 both answer a friend alike", async (t) => {
  const p = await pair(t);
  if (!p) return;
  const [mine, theirs] = [new Dice(1).octets(200_000), new Dice(2).octets(70_000)];
  const audience = { reach: Reach.all, friends: [], lists: [] };
  await carry(p, said(false, (await p.ts.library.put("a/mine.bin", mine, { audience })).out));
  await carry(p, said(true, await p.go.said({ do: "put", path: "a/theirs.bin", reach: Reach.all, body: Buffer.from(theirs).toString("base64") })));
  await p.go.do({ do: "fetch" });
  const asker = {
    ask: async (_: string, ask: { path: string; header: Record<string, string> }) => {
      const a = await p.go.do({ do: "answer", from: link, kind: PartyKind.ownDevice, path: ask.path, header: ask.header });
      const octets = new Uint8Array(Buffer.from(a["body"] ?? "", "base64"));
      const body = { size: octets.length, read: async (x: number, y: number) => octets.subarray(x, y), close: () => {} };
      return { status: a["status"], header: a["header"] ?? {}, size: octets.length, body };
    },
  };
  for (const item of p.ts.library.wanted(9)) await p.ts.library.fetch(asker, item.handle, AbortSignal.timeout(60_000));
  for (const [path, body] of [["/a/mine.bin", mine], ["/a/theirs.bin", theirs]] as const) {
    for (const header of [{}, { range: "bytes=65530-65545" }, { range: "bytes=-3" }] as Record<string, string>[]) {
      const ts = await p.ts.ask(2, path, header);
      const go = await p.go.do({ do: "answer", from: relation(2), kind: PartyKind.friend, path, header });
      assert.deepEqual([ts.reply.status, ts.reply.header], [go["status"], go["header"]]);
      const reply = await p.ts.library.answer(relation(2), PartyKind.friend, { method: "GET", path, header });
      const octets = Buffer.from((await reply.body?.read(0, reply.size)) ?? "");
      reply.body?.close();
      assert.ok(octets.equals(Buffer.from(go["body"], "base64")));
      if (!header["range"]) assert.ok(octets.equals(Buffer.from(body)));
    }
  }
  const listing = async (path: string) => {
    const ts = JSON.parse((await p.ts.ask(2, path)).body);
    const go = await p.go.do({ do: "answer", from: relation(2), kind: PartyKind.friend, path });
    return [ts, JSON.parse(Buffer.from(go["body"], "base64").toString())];
  };
  const [ts, go] = await listing("/a/");
  assert.equal(ts.items.length, 2);
  assert.deepEqual(ts.items, go.items);
  const [ts2, go2] = await listing("/a/?after=a/mine.bin");
  assert.deepEqual([ts2.items.length, ts2.items], [1, go2.items]);
});

test("§6.5 what one deleted, the other's friends are asked to purge, and both see the receipts", async (t) => {
  const p = await pair(t);
  if (!p) return;
  for (const byGo of [false, true]) {
    const path = `x${byGo}`;
    await carry(p, said(false, (await p.ts.library.put(path, utf8("hello"), { audience: { reach: Reach.all, friends: [], lists: [] } })).out));
    await p.ts.ask(1, `/${path}`);
    await p.go.do({ do: "answer", from: relation(2), kind: PartyKind.friend, path: `/${path}` });
    const out = byGo ? await p.go.said({ do: "remove", path }) : (await p.ts.library.remove("", path)).out;
    const { friends } = await carry(p, said(byGo, out));
    const purges = friends.filter((s) => s.o.kind === 6);
    assert.deepEqual(purges.map((s) => [s.go, s.o.to]).sort(), [[false, relation(1)], [true, relation(2)]]);
    await same(p, "before the receipts");
    for (const s of purges) {
      const { id, paths } = parsePurge(s.o.body ?? utf8(""));
      assert.deepEqual(paths, [path]);
      const body = encodePurged({ id, nothing: false });
      const m = { kind: 7, body };
      // It comes to the other device, which knows the receipt as well.
      const more = s.go
        ? await p.ts.library.handle(s.o.to, messageOf({ to: s.o.to, ...m }))
        : await p.go.said({ do: "handle", from: s.o.to, kind: 7, body: Buffer.from(body).toString("base64") });
      await carry(p, said(!s.go, more));
    }
    const { deletions } = await same(p, "after the receipts");
    assert.equal((deletions as Answer[]).reduce((n, d) => n + d["confirmed"], 0), byGo ? 4 : 2);
  }
});

test("§6.5 a browser that was set back to a backup after a year brings nothing back", async (t) => {
  const p = await pair(t);
  if (!p) return;
  for (let i = 0; i < 12; i++) await carry(p, said(false, (await p.ts.library.put(`d${i}`, utf8(text(utf8(String(i)))))).out));
  await compare(p, true);
  const backup = new Map([...p.ts.disk.octets].map(([n, o]) => [n, o.slice()]));
  for (let i = 0; i < 6; i++) await carry(p, said(true, await p.go.said({ do: "remove", path: `d${i}` })));
  await carry(p, said(true, await p.go.said({ do: "put", path: "later", body: "" })));
  await compare(p, false);
  p.clock.time += 100 * day;
  for (let again = 0; again < 2; again++) {
    await p.ts.library.tick();
    await p.go.do({ do: "tick" });
    await compare(p, true);
    await compare(p, false);
  }
  assert.equal((await same(p, "before"))["graves"], 0);
  p.ts.disk.octets.clear();
  for (const [n, o] of backup) p.ts.disk.octets.set(n, o);
  await p.ts.start();
  assert.equal(p.ts.library.list().items.length, 12);
  await p.ts.put("after the backup", "mine");
  for (let round = 0; round < 3; round++) {
    await compare(p, round % 2 === 0);
    p.clock.time += minute;
  }
  const s = await same(p, "after");
  assert.deepEqual((s["items"] as Answer[]).map((i) => i["path"]), ["after the backup", "d10", "d11", "d6", "d7", "d8", "d9", "later"]);
  assert.equal(s["doubtful"], false);
  assert.equal(p.ts.library.stats().doubtful, false);
});
