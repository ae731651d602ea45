// What the peer says to people is said in every language: an error with a hint is
// for a person, one without may be said by its kind.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";
import { translate, type Faults } from "../../runtime/people/faults/faults.ts";

// From the compiled test in node_modules/.cache/kith-test/test/peer.
const peer = new URL("../../../../../runtime/peer/", import.meta.url);
const german = JSON.parse(await readFile(new URL("../people/faults/faults-de.json", peer), "utf8")) as Faults;

/** The rooms whose errors people meet; what host answers is for developers. */
const rooms = ["person", "sharing", "library", "store", "mailbox", "exchange", "seal", "direct"];

const literal = String.raw`("(?:[^"\\]|\\.)*"|${"`"}(?:[^${"`"}\\]|\\.)*${"`"})`;
const fault = new RegExp(String.raw`new \w*Fault\(\s*"([a-z_]+)",\s*${literal}(?:,\s*${literal})?`, "g");

/** A literal's text, with {} for what is filled in. */
function words(text: string): string {
  return text.slice(1, -1).replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "{}").replaceAll('\\"', '"');
}

const found: { kind: string; message: string; hint: string }[] = [];
for (const room of rooms) {
  for (const name of (await readdir(new URL(`${room}/`, peer))).filter((n) => n.endsWith(".ts"))) {
    for (const [, kind = "", message = "", hint = '""'] of (await readFile(new URL(`${room}/${name}`, peer), "utf8")).matchAll(fault)) {
      found.push({ kind, message: words(message), hint: words(hint) });
    }
  }
}

test("every error with a hint is said in German, and so is its hint", () => {
  const forPeople = found.filter((f) => f.hint !== "");
  assert.ok(forPeople.length > 50, `only ${forPeople.length} were found`);
  assert.deepEqual(forPeople.flatMap((f) => [f.message, f.hint]).filter((text) => !(text in german)), []);
});

test("every kind of error is said in German", () => {
  assert.deepEqual([...new Set(found.map((f) => f.kind))].filter((kind) => !(kind in german)), []);
});

test("nothing is said that the peer does not say, and nothing that it fills in is lost", () => {
  const said = new Set(found.flatMap((f) => [f.message, f.hint]));
  for (const [own, text] of Object.entries(german)) {
    const kind = /^[a-z_]+$/.test(own);
    assert.ok(kind || said.has(own), `the peer never says ${own}`);
    const holes = own.split("{}").length - 1;
    for (const [, n] of text.matchAll(/\{(\d)\}/g)) assert.ok(Number(n) <= holes, own);
    assert.doesNotMatch(text, /"|'|\b(?:du|dich|dir|dein\w*)\b/i, own);
  }
});

test("what was filled in is found again", () => {
  const e = { kind: "invalid", message: 'the path "a/b" has a part ".."', hint: "check its spelling" };
  assert.deepEqual(translate(german, e), { message: "Der Pfad „a/b“ hat einen Teil „..“", hint: "Prüfen Sie, wie es geschrieben ist" });
  assert.deepEqual(translate(german, { kind: "corrupt", message: "CBOR: odd", hint: "" }), { message: german["corrupt"], hint: "" });
});
