/** Sending through another relay (spec/mailbox.md §4): a real one, and what is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { firstSender, Session } from "../../runtime/peer/mailbox/index.ts";
import { Oblivious } from "../../runtime/peer/mailbox/oblivious.ts";
import { parseAnswer, parseKeys, postOf, sealRequest } from "../../runtime/peer/mailbox/ohttp.ts";
import { MalformedError } from "../../runtime/peer/mailbox/record.ts";
import { concat, hex, newSeed, publicKey, unhex, utf8 } from "../../runtime/peer/seal/index.ts";
import { Condition, dice, hasWebSocket, kith, relay } from "./relay.ts";

const random = (n: number): Uint8Array => crypto.getRandomValues(new Uint8Array(n));
const program = hasWebSocket(import.meta.url) ? kith() : undefined;
const skip = program ? false : "there is no Go to build a relay with, or a process of its own ran this";

test("messages go to a relay through another", { skip }, async (t) => {
  const to = await relay(program!, "messages = 2");
  const through = await relay(program!, `forward = true\nprivate = true\nforward_to = ["http://127.0.0.1:${to.port}"]`);
  t.after(() => Promise.all([to.end(), through.end()]));
  const s = await Session.open(to.url);
  const [recipient, sender] = [newSeed(random), newSeed(random)];
  await s.newQueue(recipient, await publicKey(sender), 7);
  const got = new Map<string, string>();
  const changed = new Condition();
  const hop = new Oblivious(through.url, to.url, s.welcome.relay, random);
  const queue = await firstSender(sender);
  const deadline = (): AbortSignal => AbortSignal.timeout(60_000);
  const bodies = new Map([1, 2].map(() => [hex(random(16)), random(4096)] as const));
  for (const [id, body] of bodies) await hop.put(queue, unhex(id), 0, body, deadline());
  await assert.rejects(hop.put(queue, random(16), 0, random(1536), deadline()), { refusal: "wait" });
  await assert.rejects(hop.put(await firstSender(newSeed(random)), random(16), 0, random(1536), deadline()), { refusal: "no" });
  await s.subscribe(recipient, 4, (d) => {
    got.set(hex(d.message.id), hex(d.body));
    changed.tell();
  });
  await changed.until(() => got.size === 2, "both messages");
  assert.deepEqual(got, new Map([...bodies].map(([id, b]) => [id, hex(b)])));
  const other = new Oblivious(through.url, to.url, random(32), random);
  await assert.rejects(other.put(queue, random(16), 0, random(1536), deadline()), { refusal: "other" });
  s.close();
});

const keys = unhex(`0029` + `010020${"ab".repeat(32)}000400010001`);

test("keys, requests and answers are read or refused", async () => {
  assert.throws(() => parseKeys(unhex("0029")), MalformedError);
  assert.throws(() => parseKeys(unhex(`0029010020${"ab".repeat(32)}000400010003`)), MalformedError);
  const config = unhex(`0029010021${"ab".repeat(32)}000400010001`);
  const two = concat(config, keys); // another key encapsulation comes first
  assert.deepEqual([parseKeys(two).id, hex(parseKeys(two).key)], [1, "ab".repeat(32)]);
  assert.equal(hex(postOf("/x", utf8("hi"))), "00" + "04504f5354" + "056874747073" + "0572656c6179" + "022f78" + "00" + "026869" + "00");
  const retry = unhex("01" + "41ad" + "10" + "0b" + hex(utf8("retry-after")) + "03" + hex(utf8("120")) + "0000" + "00000000");
  assert.deepEqual(parseAnswer(retry), { status: 429, retryAfter: 120 });
  for (const wrong of ["", "00", "0140c7", "0140cc", "0140cc0100", "0140cc000001", "0140cc0000000001", "01c0"]) {
    assert.throws(() => parseAnswer(unhex(wrong)), MalformedError, wrong);
  }
  const sealed = await sealRequest(keys, utf8("x"), random(32));
  await assert.rejects(sealed.open(random(80)), MalformedError);
  await assert.rejects(sealed.open(random(8)), MalformedError);
});

test("whatever is flipped in keys and answers is read as something or refused", () => {
  const roll = dice(5);
  const answers = [unhex("0140cc0000" + "00".repeat(50)), unhex("0141ad100b" + hex(utf8("retry-after")) + "03" + hex(utf8("120")) + "0000" + "00".repeat(8))];
  let refused = 0;
  for (let i = 0; i < 10_000; i++) {
    const from = [...answers, keys][i % 3]!;
    const b = from.slice(0, roll() < 0.2 ? Math.floor(roll() * from.length) : from.length);
    if (b.length > 0) b[Math.floor(roll() * Math.min(b.length, 24))]! ^= 1 << Math.floor(roll() * 8);
    try {
      if (from === keys) parseKeys(b);
      else parseAnswer(b);
    } catch (e) {
      assert.ok(e instanceof MalformedError, String(e));
      refused++;
    }
  }
  assert.ok(refused > 3000, `${refused} were refused`);
});
