/** The wire of mailboxes against spec/vectors/mailbox.json, and against what is none. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import {
  join, MalformedError, maxMessage, parseMsg, parseTickets, parseWait, parseWelcome, record, records, u16, u64, u8,
} from "../../runtime/peer/mailbox/record.ts";
import { target } from "../../runtime/peer/mailbox/address.ts";
import { decode, hex, unhex } from "../../runtime/peer/seal/index.ts";
import { dice } from "./relay.ts";

const root = import.meta.url.slice(0, import.meta.url.lastIndexOf("/web/"));
const file = JSON.parse(await readFile(new URL(`${root}/spec/vectors/mailbox.json`), "utf8"));

/** The octets of a vector, whose long ones end in " … × n". */
const whole = (wire: string): Uint8Array | undefined => /^[0-9a-f]*$/.test(wire) ? unhex(wire) : undefined;

test("records of the vectors are read and written again", () => {
  let read = 0;
  for (const v of file.records as { name: string; wire: string }[]) {
    const wire = whole(v.wire);
    if (!wire) continue;
    const again = [...records(wire)].map((r) => record(r.type, r.tag, r.payload));
    assert.equal(hex(join(...again)), v.wire, v.name);
    read++;
  }
  assert.ok(read > 10, `${read} were read`);
});

test("what is malformed in the vectors is refused", () => {
  for (const wire of file.malformed as string[]) assert.throws(() => [...records(unhex(wire))], MalformedError, wire);
});

test("WELCOME of the vectors", () => {
  const [r] = records(unhex(file.welcome.wire));
  const w = parseWelcome(r!.payload, decode);
  assert.equal(hex(w.relay), file.relay);
  assert.equal(hex(w.nonce), file.nonce);
  const l = file.welcome.limits;
  assert.deepEqual(w.limits, {
    messages: l.Messages, octets: l.Octets, lease: l.LeaseSeconds, proofs: l.Proofs, chunkOctets: l.ChunkOctets,
    chunkHours: l.ChunkHours, token: false, forwards: true,
  });
});

test("payloads of other lengths are refused", () => {
  for (const n of [0, 1, 47, 48, 49, 48 + 1535, 48 + 1537, 48 + 65537]) assert.throws(() => parseMsg(new Uint8Array(n)), MalformedError);
  for (const n of [0, 1, 3]) assert.throws(() => parseWait(new Uint8Array(n)), MalformedError);
  for (const n of [1, 31, 33, 3 * 32]) assert.throws(() => parseTickets(new Uint8Array(n), 2), MalformedError);
  assert.throws(() => [...records(new Uint8Array(maxMessage + 1))], MalformedError);
  assert.equal(parseMsg(join(new Uint8Array(24), u64(7n), new Uint8Array(16 + 1536))).number, 7n);
  assert.equal(parseWait(u16(258)), 258);
});

test("whatever is flipped in what a relay says is read as something or refused", () => {
  const random = dice(4);
  const wire = join(unhex(file.welcome.wire), record(133, 0, new Uint8Array(48 + 1536)), record(132, 9, u16(3)), record(130, 4, new Uint8Array(64)));
  let refused = 0;
  for (let i = 0; i < 20_000; i++) {
    const b = wire.slice(0, random() < 0.2 ? Math.floor(random() * wire.length) : wire.length);
    for (let n = Math.floor(random() * 4); n >= 0 && b.length > 0; n--) {
      // mostly where heads are: bodies are random octets anyway
      const at = Math.floor(random() * (random() < 0.5 ? Math.min(110, b.length) : b.length));
      b[at]! ^= 1 << Math.floor(random() * 8);
    }
    try {
      for (const r of records(b)) {
        if (r.type === 129) parseWelcome(r.payload, decode);
        if (r.type === 133) parseMsg(r.payload);
        if (r.type === 132) parseWait(r.payload);
        if (r.type === 130) parseTickets(r.payload);
      }
    } catch (e) {
      assert.ok(e instanceof MalformedError, String(e));
      refused++;
    }
  }
  assert.ok(refused > 5_000, `${refused} were refused`);
});

test("addresses of relays", () => {
  assert.equal(target("wss://relay.example", "http", "/x"), "https://relay.example/x");
  assert.equal(target("http://[::1]:8/", "ws", "/x"), "ws://[::1]:8/x");
  for (const wrong of ["", "relay.example", "ftp://a", "wss://a/b", "wss://a?b", "wss://a#b", "wss://u@a", "wss://"]) {
    assert.throws(() => target(wrong, "ws", ""), { kind: "invalid" }, wrong);
  }
  assert.equal(hex(record(13, 7, u8())), "0d0000000700000000");
});
