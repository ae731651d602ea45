// What own devices tell one another, against spec/vectors/library.json, which
// internal/library wrote.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { kindOf } from "../../runtime/peer/fault.ts";
import { etag } from "../../runtime/peer/library/answer.ts";
import { tagOfBody } from "../../runtime/peer/library/body.ts";
import { listKey, Lists, memberKey } from "../../runtime/peer/library/lists.ts";
import { encodeReceipt, parseReceipt } from "../../runtime/peer/library/receipts.ts";
import { RangeSet } from "../../runtime/peer/library/reconcile.ts";
import { encodeNote, parseNote } from "../../runtime/peer/library/sync.ts";
import { encodePurge, encodePurged, hex, parsePurge, parsePurged, unhex } from "../../runtime/peer/seal/index.ts";
import { Dice } from "./store-disk.ts";

const file = join(import.meta.dirname, "../../../../../../spec/vectors/library.json");
const vectors = JSON.parse(readFileSync(file, "utf8"));

test("§6.2 messages of own devices are read, and written again", () => {
  for (const [name, text] of Object.entries<string>(vectors.notes)) assert.equal(hex(encodeNote(parseNote(unhex(text)))), text, name);
  const [item, bare, large, grave] = parseNote(unhex(vectors.notes.items)).records;
  assert.deepEqual([item?.app, item?.path, item?.type, item?.size, item?.labels], ["album", "posts/ü", "text/plain", 5, ["a", "b"]]);
  assert.deepEqual(item?.audience, { reach: 1, friends: [`03${"0".repeat(30)}`, `04${"0".repeat(30)}`], lists: [`05${"0".repeat(30)}`] });
  assert.deepEqual([item?.created, item?.modified, item?.by], [1_790_000_000_000, 1_790_000_000_001, "08".repeat(8)]);
  assert.deepEqual([bare?.path, bare?.app, bare?.until], ["x", "", 0]);
  assert.deepEqual([large?.size, large?.inline.length], [2 ** 33, 0]);
  assert.deepEqual([grave?.until, grave?.revision], [1_797_776_000_000, "03".repeat(16)]);
});

test("§6.5 receipts and purges are read, and written again", () => {
  for (const [name, text] of Object.entries<string>(vectors.receipts)) assert.equal(hex(encodeReceipt(parseReceipt(unhex(text)))), text, name);
  assert.deepEqual(parseReceipt(unhex(vectors.receipts.asked)).paths, ["a", ".app/album/ü"]);
  for (const name of ["purge", "all"]) assert.equal(hex(encodePurge(parsePurge(unhex(vectors.purges[name])))), vectors.purges[name]);
  assert.equal(hex(encodePurged(parsePurged(unhex(vectors.purges.purged)))), vectors.purges.purged);
});

test("lists are the records that nodes keep", () => {
  const lists = new Lists();
  for (const [key, value] of Object.entries<string>(vectors.lists)) lists.learn(key, unhex(value));
  const [list] = lists.all();
  assert.deepEqual(list, { handle: "0a".repeat(16), name: "fämily", members: ["0b".repeat(16)] });
  assert.deepEqual(Object.keys(vectors.lists).sort(), [listKey("0a".repeat(16)), memberKey("0a".repeat(16), "0b".repeat(16))]);
});

test("§5.3, §6.1 tags are the same wherever they are made", () => {
  const { key, body, tag } = vectors.tag;
  assert.equal(hex(tagOfBody(unhex(key), new TextEncoder().encode(body))), tag);
  assert.equal(etag(vectors.etag, unhex(vectors.etag.friend)), vectors.etag.etag);
});

test("§6.3 comparisons go as they go between nodes", () => {
  for (const { salt, sets, messages } of vectors.rounds) {
    const both = sets.map((elements: string[]) => {
      const set = new RangeSet();
      for (const e of elements) assert.ok(set.add(unhex(e)) && !set.add(unhex(e)));
      return set;
    });
    let message: Uint8Array = both[0].open();
    for (const [i, m] of messages.entries()) {
      assert.equal(hex(message), m.message);
      const r = both[(i + 1) % 2].answer(unhex(salt), message);
      assert.deepEqual(r.send.map(hex).sort(), [...m.send].sort());
      assert.equal(r.equal, m.equal);
      message = r.message;
    }
    assert.equal(message.length, 0);
    const [a] = both;
    for (const e of sets[0]) assert.ok(a.remove(unhex(e)) && !a.remove(unhex(e)));
    assert.deepEqual(a.open(), new RangeSet().open());
  }
});

test("a comparison that was changed on its way is refused, or answered in bounds", () => {
  const dice = new Dice(11);
  const [, , { salt, sets, messages }] = vectors.rounds;
  const set = new RangeSet();
  for (const e of sets[0]) set.add(unhex(e));
  for (let i = 0; i < 500; i++) {
    const message = unhex(messages[i % messages.length].message);
    for (let n = dice.below(4) + 1; n > 0; n--) message[dice.below(message.length)] = dice.below(256);
    try {
      const r = set.answer(unhex(salt), message.subarray(0, message.length - dice.below(3)), { octets: 8 << 10, elements: 100 });
      assert.ok(r.send.length <= 100 && r.message.length <= 32 << 10);
    } catch (e) {
      assert.equal(kindOf(e), "invalid");
    }
  }
});
