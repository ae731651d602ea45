import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { domainOf, labelOf, linked, nodeAt, pageOf, searched } from "../extension/address.ts";
import { count } from "../extension/badge.ts";
import { readMessage } from "../extension/message.ts";
import { bytes } from "../extension/text.ts";

const hash = "0123456789abcdef0123456789abcdef01234567";

test("links of the peer-to-peer web are told from others", () => {
  assert.equal(linked(` wtp://${hash}/a `), `wtp://${hash}/a`);
  assert.equal(linked("web+wtp://example.org/"), "wtp://example.org/");
  assert.equal(linked("IPFS://bafy"), "IPFS://bafy");
  assert.equal(linked("ipns:name"), "ipns:name");
  for (const other of ["https://example.org/", "javascript:alert(1)", "wtp://", "wtp:", "xipfs://a", "ipfs:// a", "magnet:?xt=a", `wtp://${"a".repeat(3000)}`]) {
    assert.equal(linked(other), undefined, other);
  }
});

test("an address that was typed is found in what is searched for", () => {
  assert.equal(searched(`https://search.example/?q=wtp%3A%2F%2F${hash}%2Fa%3Fb&x=1`), `wtp://${hash}/a?b`);
  assert.equal(searched("https://search.example/web?ie=utf-8&query=ipfs%3A%2F%2Fbafy"), "ipfs://bafy");
  for (const url of [
    "https://search.example/?q=what+is+ipfs%3A%2F%2Fbafy", "https://search.example/?next=ipfs%3A%2F%2Fbafy", "https://example.org/ipfs://bafy",
    "http://localhost:5484/?q=ipfs%3A%2F%2Fbafy", "http://a.localhost:5484/?q=ipfs%3A%2F%2Fbafy", "file:///?q=ipfs%3A%2F%2Fbafy", "nothing",
  ]) {
    assert.equal(searched(url), undefined, url);
  }
});

test("domains are those of the web", () => {
  assert.equal(domainOf("https://example.org/a"), "example.org");
  for (const url of ["http://localhost/", "http://a.localhost:5484/", "https://192.0.2.1/", "https://[::1]/", "https://intranet/", "ftp://example.org/", "https://example.org:8443/"]) {
    assert.equal(domainOf(url), undefined, url);
  }
  assert.equal(pageOf("https://example.org/a/b?c#d"), "example.org/a/b?c#d");
});

test("labels are those of this node's sites", () => {
  const node = "http://localhost:5484";
  assert.equal(labelOf("http://example-org.localhost:5484/a", node), "example-org");
  assert.equal(labelOf("http://localhost:5484/app/wtp-abc/x", node), "wtp-abc");
  for (const url of ["http://example-org.localhost:5485/", "https://example-org.localhost:5484/", "http://localhost:5484/", "http://a.b.localhost:5484/", "http://localhost:5484/application/x", ""]) {
    assert.equal(labelOf(url, node), undefined, url);
  }
});

test("a node is on this computer", () => {
  assert.equal(nodeAt("5500"), "http://localhost:5500");
  assert.equal(nodeAt(" http://localhost:5500/ "), "http://localhost:5500");
  for (const text of ["https://localhost:1", "http://example.org", "http://localhost.example.org", "http://localhost:1/path", "http://u@localhost:1", ""]) {
    assert.equal(nodeAt(text), undefined, text);
  }
});

test("messages are read, and nothing else", () => {
  assert.deepEqual(readMessage({ kith: "link", address: "ipfs://a", fresh: 1, tab: 3 }), { kith: "link", address: "ipfs://a", fresh: false });
  assert.deepEqual(readMessage({ kith: "open", address: "a", tab: 3 }), { kith: "open", address: "a", tab: 3 });
  for (const m of [null, 1, {}, { kith: "link" }, { kith: "plain", domain: "a" }, { kith: "eval", address: "a" }]) {
    assert.equal(readMessage(m), undefined);
  }
});

test("numbers fit", () => {
  assert.equal(count(9999), "9999");
  assert.equal(count(10_000), "9k+");
  assert.equal(bytes(1500, "en"), "1.5 kB");
  assert.equal(bytes(123_456_789, "en"), "123 MB");
});

test("every message is used, and every message that is used exists", async () => {
  const dir = new URL("../../../../extension/", import.meta.url);
  const messages = JSON.parse(await readFile(new URL("_locales/en/messages.json", dir), "utf8")) as Record<string, unknown>;
  const names = ["popup/popup.ts", "popup/popup.html", "open/open.ts", "open/open.html", "background.ts", "text.ts", "manifest.json"];
  const text = (await Promise.all(names.map((n) => readFile(new URL(n, dir), "utf8")))).join("\n");
  for (const key of Object.keys(messages)) {
    assert.ok(text.includes(`"${key}"`) || text.includes(`__MSG_${key}__`), `nothing says ${key}`);
  }
  for (const [, key = ""] of text.matchAll(/\bt\("(\w+)"|data-(?:text|placeholder)="(\w+)"/g)) {
    assert.ok(key === "" || key in messages, `${key} is no message`);
  }
});
