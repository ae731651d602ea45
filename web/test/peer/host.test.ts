// The app API on a page's own peer (spec/app-api.md), over documents in memory.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contentRange, lists, rangeOf } from "../../runtime/peer/host/http.ts";
import { Host, MemoryKeep, MemoryStore } from "../../runtime/peer/host/index.ts";
import { mergePatch } from "../../runtime/peer/host/patch.ts";
import { byOctets, checked, readLabels, writeLabels } from "../../runtime/peer/host/path.ts";
import type { Answered, Octets } from "../../runtime/peer/service/wire.ts";

/** A generator of numbers below n, the same in every run. */
function seeded(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** A host, asked as pages of one scope ask it. */
class World {
  readonly store = new MemoryStore(() => 1_800_000_000_000, 1 << 20);
  readonly host = new Host({ store: this.store, keep: new MemoryKeep(), now: () => 1_800_000_000_000 });
  /** What the person was asked. */
  readonly asked: string[] = [];
  scope = "/";

  async ask(method: string, path: string, init: { body?: string | Octets | ReadableStream<Uint8Array>; headers?: Record<string, string>; signal?: AbortSignal } = {}): Promise<Answered & { text: string; header: (name: string) => string | undefined }> {
    const body = typeof init.body === "string" ? new TextEncoder().encode(init.body) : (init.body ?? null);
    const answer = await this.host.handle({
      method, url: `/.kith/${path}`, headers: Object.entries(init.headers ?? {}), from: { scope: this.scope, client: "" }, body,
      signal: init.signal ?? new AbortController().signal, person: (id) => void (id !== "" && this.asked.push(id)),
    });
    const stream = answer.body instanceof ReadableStream && answer.headers.some(([n, v]) => n === "Content-Type" && v === "text/event-stream");
    const text = stream || answer.body === null ? "" : await new Response(answer.body).text();
    const headers = new Headers(answer.headers);
    return { ...answer, text, header: (name) => headers.get(name) ?? undefined };
  }

  async connect(wants: string[] = ["data"]): Promise<void> {
    const done = this.ask("POST", "connect", { body: JSON.stringify({ app: "test", wants }) });
    if (wants.some((w) => w !== "data")) await this.decide({ allow: true });
    assert.equal((await done).status, 200);
  }

  async decide(decision: unknown): Promise<void> {
    while (this.asked.length === 0) await new Promise(setImmediate);
    const id = this.asked.shift() ?? "";
    assert.equal((await this.ask("POST", `api/asks/${id}`, { body: JSON.stringify(decision) })).status, 204);
  }
}

test("RFC 7396 appendix A", () => {
  const cases: [string, string, string][] = [
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'], ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'], ['{"a":"b"}', '{"a":null}', "{}"],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'], ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'], ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'], ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'], ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'], ['{"a":"foo"}', "null", "null"], ['{"a":"foo"}', '"bar"', '"bar"'], ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ["[1,2]", '{"a":"b","c":null}', '{"a":"b"}'], ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ];
  for (const [target, patch, want] of cases) assert.equal(mergePatch(target, patch), want, `${target} and ${patch}`);
});

type Value = null | boolean | number | string | Value[] | { [name: string]: Value };

/** The function of RFC 7396 §2, as it stands there. */
function reference(target: Value | undefined, patch: Value): Value {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const out: { [name: string]: Value } = typeof target === "object" && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete out[name];
    else out[name] = reference(out[name], value);
  }
  return out;
}

test("a merge is what RFC 7396 §2 says, whatever is merged", () => {
  const next = seeded(7396);
  const names = ["a", "b", "ü", '"', "\\", "{", "a b", ",", ""];
  const value = (depth: number): Value => {
    switch (next(depth > 4 ? 5 : 8)) {
      case 0: return null;
      case 1: return next(2) === 0;
      case 2: return next(1000) / 8 - 20;
      case 3: return names[next(names.length)] ?? "";
      case 4: return "[]{},:\"\\\n\u2028"[next(10)] ?? "";
      case 5: return Array.from({ length: next(4) }, () => value(depth + 1));
      default: return Object.fromEntries(Array.from({ length: next(5) }, () => [names[next(names.length)] ?? "", value(depth + 1)]));
    }
  };
  for (let i = 0; i < 2000; i++) {
    const [target, patch] = [value(0), value(0)];
    const indent = next(2);
    const got = mergePatch(JSON.stringify(target, null, indent), JSON.stringify(patch, null, indent));
    assert.deepEqual(JSON.parse(got), reference(target, patch), `${JSON.stringify(target)} and ${JSON.stringify(patch)}`);
  }
});

test("a merge keeps what it does not name as it was written, and a name like others", () => {
  assert.equal(mergePatch('{"n":12345678901234567890,"e":1e400}', '{"a":0.10}'), '{"n":12345678901234567890,"e":1e400,"a":0.10}');
  const text = mergePatch('{"a":1}', '{"__proto__":{"polluted":true}}');
  assert.equal(text, '{"a":1,"__proto__":{"polluted":true}}');
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  assert.throws(() => mergePatch("[".repeat(5000) + "]".repeat(5000), "{}"), RangeError);
});

test("text that is no JSON is refused by merges, whatever was changed", () => {
  const next = seeded(8259);
  const whole = '{"a":[1,2.5e3,"x\\"y",{"b":null}],"c":{"d":true}}';
  for (let i = 0; i < 3000; i++) {
    const at = next(whole.length);
    const flipped = whole.slice(0, at) + String.fromCharCode(next(128)) + whole.slice(at + 1);
    let is: unknown;
    try {
      is = JSON.parse(flipped);
    } catch {
      assert.throws(() => mergePatch(flipped, "{}"), SyntaxError);
      assert.throws(() => mergePatch("{}", flipped), SyntaxError);
      continue;
    }
    assert.deepEqual(JSON.parse(mergePatch(flipped, "{}")), is);
  }
});

test("RFC 9110 §14.1.2 ranges, against the octets themselves", () => {
  const next = seeded(9110);
  for (let i = 0; i < 3000; i++) {
    const size = next(12);
    const [a, b] = [next(14), next(14)];
    const first = rangeOf(`bytes=${a}-${b}`, size);
    if (b < a) assert.equal(first, undefined);
    else if (a >= size) assert.equal(first, null);
    else assert.deepEqual(first, { from: a, to: Math.min(b + 1, size) });
    const suffix = rangeOf(`bytes=-${a}`, size);
    if (a === 0 || size === 0) assert.equal(suffix, null);
    else assert.deepEqual(suffix, { from: Math.max(0, size - a), to: size });
  }
  for (const odd of [null, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "items=0-1", "bytes=0-1,3-4", "bytes=1", "bytes=0x1-2"]) {
    assert.equal(rangeOf(odd, 10), undefined, String(odd));
  }
});

test("RFC 9110 §14.4 Content-Range of requests", () => {
  assert.deepEqual(contentRange("bytes 0-3/10"), { from: 0, to: 4, total: 10 });
  assert.deepEqual(contentRange("bytes */10"), { from: -1, to: -1, total: 10 });
  for (const odd of ["bytes 0-1/*", "bytes 2-1/8", "bytes 0-8/8", "items 0-1/8", "0-1/8", "bytes 0-1/99999999999999999999", "bytes 0-1", ""]) {
    assert.throws(() => contentRange(odd), { status: 400 }, odd);
  }
});

test("RFC 9110 §8.8.3 lists of entity tags", () => {
  assert.equal(lists('"a", "b"', "b", false), true);
  assert.equal(lists('W/"b"', "b", false), false);
  assert.equal(lists('W/"b"', "b", true), true);
  assert.equal(lists("*", undefined, false), false);
  assert.equal(lists("*", "x", false), true);
  assert.equal(lists('"a,b"', "a", false), false);
});

test("§2 what can be a path", () => {
  for (const good of ["", "a", "a/", "a/b.txt", "ü/日本", "a b", "a/..b", "%"]) assert.equal(checked(good), good);
  for (const odd of ["/", "/a", "a//b", "a//", ".", "..", "a/../b", "a/./b", "a\nb", "a\0", "x".repeat(256), "ü".repeat(128), `${"y/".repeat(512)}z`]) {
    assert.throws(() => checked(odd), { kind: "invalid" }, odd);
  }
});

test("§2 paths are in the order of their octets", () => {
  const next = seeded(3629);
  const units = ["a", "b", "/", "\u00e9", "\u07ff", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}"];
  const word = (): string => Array.from({ length: next(4) }, () => units[next(units.length)] ?? "").join("");
  for (let i = 0; i < 3000; i++) {
    const [a, b] = [word(), word()];
    assert.equal(Math.sign(byOctets(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)), JSON.stringify([a, b]));
  }
});

test("§2 labels come back as they were set", () => {
  const next = seeded(1);
  for (let i = 0; i < 1000; i++) {
    const labels = [...new Set(Array.from({ length: next(16) }, () => String.fromCharCode(33 + next(0xd000)) + ["", ",", " ", "%", "é"][next(5)]))].map((l) => l.trim());
    assert.deepEqual(readLabels(writeLabels(labels) ?? ""), [...new Set(labels)]);
  }
  assert.throws(() => readLabels("%ff"), { kind: "invalid" });
});

test("hostile requests are answered, and by no 500", async () => {
  const w = new World();
  await w.connect();
  const next = seeded(5);
  const paths = ["data/a", "data/", "share", "mounts", "friends/", "friends/0123456789abcdef/x", "requests/1", "connect", "events", "api/asks", "api/asks/1", "", "x", "data/%00", "data/%ff", "data/a%2fb", "data/?limit=-1", "data/?after=%00&depth=7"];
  const methods = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "BREW"];
  const bodies = ["", "{}", "[]", "null", '{"path":7}', '{"at":"../x"}', '{"app":"A"}', "\u0000", '{"path":"a","audience":{"kind":"some","friends":7}}'];
  const headers = ["If-Match", "If-None-Match", "Range", "Content-Range", "If-Range", "Prefer", "Kith-Labels", "Content-Type", "Last-Event-ID", "Accept", "Cache-Control"];
  const values = ["", "*", '"a"', "bytes=0-", "bytes 0-0/1", "bytes */1", "text/event-stream", "application/merge-patch+json", "wait=0", "wait=99999999999", "%zz", "only-if-cached"];
  for (let i = 0; i < 1500; i++) {
    const pick = <T>(list: readonly T[]): T => list[next(list.length)] as T;
    const stop = new AbortController();
    const asked = w.ask(pick(methods), pick(paths), { body: pick(bodies), headers: Object.fromEntries(Array.from({ length: next(4) }, () => [pick(headers), pick(values)])), signal: stop.signal });
    await new Promise(setImmediate);
    stop.abort(); // what waits for the person
    const { status } = await asked;
    assert.ok(status >= 200 && status !== 500, `${status}`);
  }
});

test("§1.1 the person is asked for friends, and not for what is the origin's own", async () => {
  const w = new World();
  assert.deepEqual(JSON.parse((await w.ask("GET", "")).text), { kith: 1, host: "page", app: "", ready: false, granted: [], people: "/.kith/people/" });
  await w.connect(["data", "nearby", "friends"]);
  assert.deepEqual(JSON.parse((await w.ask("GET", "")).text).granted, ["data", "nearby", "friends"]);
  const refused = w.ask("POST", "connect", { body: JSON.stringify({ app: "test", wants: ["share"] }) });
  await w.decide({ allow: false });
  assert.equal((await refused).status, 403);
  assert.deepEqual(JSON.parse((await w.ask("GET", "api/asks")).text), { items: [] });
  assert.equal((await w.ask("POST", "api/asks/none", { body: "{}" })).status, 404);
});

test("§1.1 an app proposes relays", async () => {
  const w = new World();
  const offered: (readonly string[])[] = [];
  w.store.offerRelays = (relays) => Promise.resolve(void offered.push(relays));
  const connect = async (relays: unknown): Promise<number> =>
    (await w.ask("POST", "connect", { body: JSON.stringify({ app: "test", wants: ["data"], relays }) })).status;
  for (const bad of [["relay.example"], ["https://relay.example/path"], ["javascript:alert(1)"], ["wss://user@relay.example"], Array.from({ length: 9 }, (_, i) => `wss://relay${i}.example`)]) {
    assert.equal(await connect(bad), 400, JSON.stringify(bad));
  }
  assert.deepEqual(offered, []);
  for (const good of [undefined, ["wss://relay.example", "https://relay.example:8443"]]) assert.equal(await connect(good), 200);
  assert.deepEqual(offered, [[], ["wss://relay.example", "https://relay.example:8443"]]);
});

test("§1 another scope is another app", async () => {
  const w = new World();
  await w.connect();
  assert.equal((await w.ask("PUT", "data/a", { body: "x" })).status, 201);
  w.scope = "/other/";
  assert.equal((await w.ask("GET", "data/a")).status, 403);
});

test("§2 a full store answers 507 and keeps what it had", async () => {
  const w = new World();
  await w.connect();
  assert.equal((await w.ask("PUT", "data/a", { body: "kept" })).status, 201);
  const large = new ReadableStream<Uint8Array>({ pull: (c) => c.enqueue(new Uint8Array(64 << 10)) });
  const full = await w.ask("PUT", "data/a", { body: large });
  assert.equal(full.status, 507);
  assert.equal(JSON.parse(full.text).code, "no-space");
  assert.equal((await w.ask("GET", "data/a")).text, "kept");
});

test("§2 PATCH of a document that is large, or none", async () => {
  const w = new World();
  await w.connect();
  const type = { "Content-Type": "application/merge-patch+json" };
  await w.ask("PUT", "data/a.json", { body: `"${"x".repeat(900_000)}"` });
  assert.equal((await w.ask("PATCH", "data/a.json", { body: '{"a":1}', headers: type })).status, 204);
  assert.equal((await w.ask("GET", "data/a.json")).text, '{"a":1}');
  await w.ask("PUT", "data/deep.json", { body: "[".repeat(1000) + "]".repeat(1000) });
  assert.equal((await w.ask("PATCH", "data/deep.json", { body: "{}", headers: type })).status, 400);
});

test("§2.2 a mount leads elsewhere, and hides what is there", async () => {
  const w = new World();
  await w.connect();
  await w.ask("PUT", "data/pictures/own", { body: "own" });
  const put = (path: string): Promise<unknown> => w.store.put("camera", path, { size: 1, body: (async function* () { yield new Uint8Array([65]); })() });
  await put("2026/a.jpg");
  await put("private");
  const asked = w.ask("POST", "mounts", { body: '{"at":"pictures/"}' });
  await w.decide({ allow: true, app: "camera", path: "2026/", writable: false });
  const { id } = JSON.parse((await asked).text) as { id: string };
  const paths = async (folder: string): Promise<string[]> => (JSON.parse((await w.ask("GET", folder)).text) as { items: { path: string }[] }).items.map((i) => i.path);
  assert.deepEqual(await paths("data/"), ["pictures/a.jpg"]);
  assert.deepEqual(await paths("data/pictures/"), ["pictures/a.jpg"]);
  assert.equal((await w.ask("GET", "data/pictures/a.jpg")).header("Content-Type"), "image/jpeg");
  assert.equal((await w.ask("GET", "data/pictures/own")).status, 404);
  assert.equal(JSON.parse((await w.ask("PUT", "data/pictures/b", { body: "x" })).text).code, "read-only");
  assert.equal((await w.ask("DELETE", `mounts/${id}`)).status, 204);
  assert.equal((await w.ask("GET", "data/pictures/own")).text, "own");
});

test("§5 who comes back is told what was missed, or to begin anew", async () => {
  const w = new World();
  await w.connect();
  let ends = 0;
  const read = async (last?: string): Promise<string> => {
    const stop = new AbortController();
    const { body } = await w.ask("GET", "events", { headers: last === undefined ? {} : { "Last-Event-ID": last }, signal: stop.signal });
    assert.ok(body instanceof ReadableStream);
    const reader = body.getReader();
    const end = `end-${ends++}`;
    await w.ask("PUT", `data/${end}`, { body: "x" });
    let text = "";
    for (;;) {
      const { value } = await reader.read();
      text += new TextDecoder().decode(value);
      if (text.includes(`"${end}"`)) break;
    }
    await reader.cancel();
    stop.abort();
    return text;
  };
  const first = await read();
  const id = /^id: (\d+)$/m.exec(first)?.[1] ?? "";
  await w.ask("PUT", "data/missed", { body: "x" });
  const again = await read(id);
  assert.match(again, /"missed"/);
  assert.doesNotMatch(again, /resync/);
  for (const odd of ["1", "x", "99999999999999999", "-1", ""]) assert.match(await read(odd), /event: resync/, odd);
});
