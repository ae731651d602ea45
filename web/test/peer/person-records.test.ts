import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { kindOf } from "../../runtime/peer/fault.ts";
import { pack, unpack, type Shape } from "../../runtime/peer/person/codec.ts";
import { noticeShape } from "../../runtime/peer/person/house.ts";
import { noteShape } from "../../runtime/peer/person/link.ts";
import { cleanName } from "../../runtime/peer/person/name.ts";
import { phraseOf, seedOf } from "../../runtime/peer/person/phrase.ts";
import * as rec from "../../runtime/peer/person/record.ts";
import { encodeSigned, first, idOf, parse, rosterOf, rosterShape } from "../../runtime/peer/person/roster.ts";
import { words } from "../../runtime/peer/person/words.ts";
import { hash, hex, unhex } from "../../runtime/peer/seal/index.ts";
import { refused } from "./person-world.ts";

const path = new URL("../../../../../../spec/vectors/person-records.json", import.meta.url);
const { records } = JSON.parse(readFileSync(path, "utf8")) as { records: Record<string, string> };

const shapes: Record<string, Shape<never>> = {
  profile: rec.profile, relays: rec.relays, backup: rec.backup, due: rec.due, friend: rec.friend, name: rec.name,
  verified: rec.verified, blocked: rec.since, leaving: rec.since, relation: rec.relation, pending: rec.pending, in: rec.queue,
  out: rec.out, epoch: rec.epoch, peer: rec.peer, invite: rec.invite, accept: rec.accept, rekey: rec.rekey,
  note: noteShape, notice: noticeShape,
} as unknown as Record<string, Shape<never>>;

test("records are those that Go nodes write (§6.1)", () => {
  let checked = 0;
  for (const [name, octets] of Object.entries(records)) {
    if (name === "roster") continue;
    const shape = shapes[name.split(" ")[0] ?? ""];
    assert(shape, `nothing reads ${name}`);
    assert.equal(hex(pack(shape, unpack(shape, unhex(octets)))), octets, name);
    checked++;
  }
  assert(checked >= 24);
});

test("what a record says is read (§6.1)", () => {
  const read = unpack(rec.relation, unhex(records["relation"] ?? ""));
  assert.equal(read.side, 2);
  assert.equal(read.follows, "16".repeat(16));
  assert(read.first);
  const { own, contact, name } = unpack(rec.accept, unhex(records["accept"] ?? ""));
  assert.equal(own.name, "alice");
  assert.equal(contact[0]?.lock?.[0], 5);
  assert.equal(name, "");
});

test("a roster that a Go node signed is believed (§2)", async () => {
  const octets = unhex(records["roster"] ?? "");
  const signed = parse(octets);
  const r = rosterOf(signed);
  assert.deepEqual(r.devices.map((d) => d.name), ["laptop", "phone"]);
  assert.equal(hex(signed.signer), idOf(r.devices[0] ?? assert.fail()));
  assert.equal(hex(encodeSigned(signed)), hex(octets));
  assert.equal(hex(pack(rosterShape, r)), hex(signed.octets));
  await first(r.issued, signed);
  const changed = { ...signed, octets: signed.octets.slice() };
  changed.octets[changed.octets.length - 1] = 0xff ^ (changed.octets.at(-1) ?? 0);
  await refused("a changed roster", () => first(r.issued, changed), "corrupt");
  await refused("an old roster", () => first(r.expires + 3 * 24 * 3600_000, signed), "conflict");
});

test("damaged records are refused, and nothing else happens", () => {
  let state = 7;
  const random = (n: number): number => {
    state = (state * 48271) % 2147483647;
    return state % n;
  };
  for (const [name, octets] of Object.entries(records)) {
    const whole = unhex(octets);
    const shape = shapes[name.split(" ")[0] ?? ""];
    for (let n = 0; n < 60; n++) {
      const b = random(4) === 0 ? whole.slice(0, random(whole.length)) : whole.slice();
      const at = random(Math.max(1, b.length));
      if (at < b.length) b[at] = random(256);
      try {
        if (shape) unpack(shape, b);
        else parse(b);
      } catch (error) {
        assert.notEqual(kindOf(error), "internal", `${name}: ${String(error)}`);
      }
    }
  }
});

test("recovery phrases are those of BIP 39", async () => {
  assert.equal(hex(hash(`${words.join("\n")}\n`)), "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
  assert.equal(await phraseOf(new Uint8Array(32)), `${"abandon ".repeat(23)}art`);
  assert.equal(await phraseOf(new Uint8Array(32).fill(255)), `${"zoo ".repeat(23)}vote`);
  const seed = hash("seed");
  const phrase = await phraseOf(seed);
  assert.deepEqual(await seedOf(`  ${phrase.toUpperCase().replaceAll(" ", "\n")} `), seed);
  const list = phrase.split(" ");
  await refused("23 words", () => seedOf(list.slice(1).join(" ")), "invalid");
  await refused("another word", () => seedOf([...list.slice(1), "kith"].join(" ")), "invalid");
  await refused("the words in another order", () => seedOf([...list.slice(1), list[0]].join(" ")), "invalid");
});

test("names are cleaned", () => {
  for (const [said, want] of [
    [" a  b ", "a b"], ["a\nb", "a b"], ["a/b\\c", "a-b-c"], ["\u202ea\u200bb", "ab"], ["..", "x"], ["", "x"],
    ["é".repeat(60), "é".repeat(48)], ["語".repeat(60), "語".repeat(32)],
  ] as const) assert.equal(cleanName(said, "x"), want);
});
