import assert from "node:assert/strict";
import test from "node:test";
import { decode, events, lines } from "../console/api/lines.ts";

async function* chunks(...texts: string[]): AsyncGenerator<string> {
  yield* texts;
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const item of source) {
    out.push(item);
  }
  return out;
}

test("lines end in any of the three ways, wherever chunks are cut", async () => {
  assert.deepEqual(await all(lines(chunks("a\nb", "c\r", "\nd\re"))), ["a", "bc", "d", "e"]);
  assert.deepEqual(await all(lines(chunks("a\n", "\n"))), ["a", ""]);
  assert.deepEqual(await all(lines(chunks(""))), []);
  const text = 'one\r\ntwo\n\nthree\r"four"';
  const want = ["one", "two", "", "three", '"four"'];
  for (let cut = 0; cut <= text.length; cut++) {
    assert.deepEqual(await all(lines(chunks(text.slice(0, cut), text.slice(cut)))), want, `cut at ${cut}`);
  }
});

test("a line without end is refused", async () => {
  const endless = (async function* () {
    for (;;) {
      yield "x".repeat(1 << 20);
    }
  })();
  await assert.rejects(all(lines(endless)), RangeError);
});

test("server-sent events (HTML 9.2.6)", async () => {
  const got = await all(
    events(chunks(': a comment\nevent: sites\ndata: {"a":1,\ndata:"b":2}\nid: 7\n\n', "data\n\nevent: lonely\n\ndata:  two spaces\n\ndata: unfinished")),
  );
  assert.deepEqual(got, [
    { type: "sites", data: '{"a":1,\n"b":2}' },
    { type: "message", data: "" },
    { type: "message", data: " two spaces" },
  ]);
});

test("characters are whole although chunks are not", async () => {
  const bytes = new TextEncoder().encode("Žižka – ☃");
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      bytes.forEach((b) => controller.enqueue(Uint8Array.of(b)));
      controller.close();
    },
  });
  assert.equal((await all(decode(body))).join(""), "Žižka – ☃");
});
