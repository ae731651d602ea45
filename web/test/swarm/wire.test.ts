import assert from "node:assert/strict";
import test from "node:test";
import { concat, utf8 } from "../../runtime/swarm/bytes.ts";
import { block, clientOf, extended, handshake, keepAlive, message, readExtended, readHandshake, Splitter } from "../../runtime/swarm/wire.ts";
import * as id from "../../runtime/swarm/kind.ts";
import { dice, noise } from "./setting.ts";

test("BEP 3, 6, 10: the handshake", () => {
  const b = handshake(noise(20, 1), noise(20, 2));
  assert.equal(b.length, 68);
  assert.deepEqual(readHandshake(b, noise(20, 1)), { peer: noise(20, 2), extended: true, fast: true });
  assert.equal(readHandshake(b, noise(20, 3)), undefined);
  assert.equal(readHandshake(noise(68), noise(20, 1)), undefined);
  assert.equal(readHandshake(b.subarray(0, 40), noise(20, 1)), undefined);
});

test("messages come out as they went in, however they are cut", () => {
  const sent = [message(id.request, 1, 2, 3), message(id.choke), block(7, 16384, 16384, noise(40000)), message(id.have, 4), extended("Kith", 9)];
  const stream = concat(handshake(noise(20), noise(20, 2)), ...sent.flatMap((m) => [m, keepAlive()]));
  const next = dice(5);
  for (let n = 0; n < 300; n++) {
    const got: Uint8Array[] = [];
    const splitter = new Splitter(10, (m) => got.push(m.slice()));
    for (let at = 0; at < stream.length; ) {
      const end = at + 1 + Math.floor(next() * (n % 3 === 0 ? 40 : 20_000));
      assert.ok(splitter.push(stream.slice(at, end)));
      at = end;
    }
    assert.deepEqual(got, [stream.subarray(0, 68), ...sent.map((m) => m.subarray(4))]);
  }
});

test("a message that is longer than any ends the connection before it is stored", () => {
  const splitter = new Splitter(10, () => undefined);
  assert.ok(splitter.push(noise(68)));
  assert.ok(!splitter.push(Uint8Array.of(0x7f, 0xff, 0xff, 0xff)));
  const negative = new Splitter(10, () => undefined);
  assert.ok(negative.push(noise(68)));
  assert.ok(!negative.push(Uint8Array.of(0xff, 0, 0, 0)));
});

test("BEP 10: what a client calls itself is made fit to be shown", () => {
  assert.deepEqual(readExtended(extended("Kith", 250).subarray(6)), { client: "Kith", requests: 250 });
  assert.equal(readExtended(extended(`a\u202e\n\u0000${"b".repeat(500)}`, 1).subarray(6)).client.length, 64);
  assert.equal(readExtended(extended("a\u202e\nb", 1).subarray(6)).client, "a b");
  assert.deepEqual(readExtended(noise(30)), { client: "", requests: undefined });
  assert.equal(clientOf(utf8("-WW0285-abcdefghijkl")), "WW0285");
  assert.equal(clientOf(noise(20)), "");
});

test("what is asked for behind a piece's end is zeros", () => {
  const b = block(0, 8, 16, noise(10));
  assert.deepEqual(b.subarray(13), concat(noise(10).subarray(8), new Uint8Array(14)));
});
