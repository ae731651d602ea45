import assert from "node:assert/strict";
import test from "node:test";
import type { Peer, Site, Stats } from "../console/api/types.ts";
import { browserOf } from "../console/leaks.ts";
import { hash } from "../console/parts/hash.ts";
import {
  byKind, filterSites, remember, share, shortAddress, shorten, siteName, siteURL, sortSites,
} from "../console/sites.ts";

const none: Stats = {
  total: 0, stored: 0, disk: 0, downloaded: 0, uploaded: 0, downRate: 0, upRate: 0, pieces: 0, have: 0, files: 0, peers: [], known: 0,
};

function site(name: string, more: Partial<Site> = {}, stats: Partial<Stats> = {}): Site {
  return { address: `ipfs://${name}`, label: name, name, pinned: false, state: "open", ...more, stats: { ...none, ...stats } };
}

test("long identifiers keep both ends", () => {
  assert.equal(shorten("abcdef", 2, 2), "abcdef");
  assert.equal(shorten("abcdefghij", 2, 2), "ab…ij");
  assert.equal(shortAddress("wtp://2b7f0c0d9e6a51f3b8a4c1d2e3f405162738495a/a/b"), "wtp://2b7f0c0d9e6a…38495a/a/b");
  assert.equal(shortAddress("example.com/"), "example.com");
});

test("a site without a name goes by its address", () => {
  assert.equal(siteName({ address: "ipfs://example.org/", name: "" }), "example.org");
  assert.equal(siteName({ address: "ipfs://x", name: "Notes" }), "Notes");
});

test("the share is unknown while the size is", () => {
  assert.equal(share(site("a")), undefined);
  assert.equal(share(site("a", {}, { total: 10, stored: 4 })), 0.4);
  assert.equal(share(site("a", {}, { total: 10, stored: 12 })), 1);
});

test("sites open at their own origin, apps in the shell", () => {
  const at = { protocol: "http:", host: "localhost:5484", port: "5484" };
  assert.equal(siteURL("example-com", "site", at), "http://example-com.localhost:5484/");
  assert.equal(siteURL("example-com", "app", at), "/app/example-com/");
});

test("sorting is steady and both ways", () => {
  const list = [site("b", {}, { uploaded: 5 }), site("a", {}, { uploaded: 5 }), site("c", { pinned: true }, { uploaded: 9 })];
  const names = (by: Parameters<typeof sortSites>[1], down: boolean): string => sortSites(list, by, down).map((s) => s.name).join("");
  assert.equal(names("name", false), "abc");
  assert.equal(names("name", true), "cba");
  assert.equal(names("up", true), "cab");
  assert.equal(names("up", false), "abc");
  assert.equal(names("kept", true), "cab");
});

test("every word of the filter must be found", () => {
  const list = [site("Field notes"), site("Field maps")];
  assert.equal(filterSites(list, " field  MAPS ").length, 1);
  assert.equal(filterSites(list, "").length, 2);
  assert.equal(filterSites(list, "sea").length, 0);
});

test("peers are added up by kind", () => {
  const peer = (kind: Peer["kind"], downloaded: number): Peer => ({ id: "x", kind, downloaded, uploaded: 1, progress: -1 });
  assert.deepEqual(byKind([peer("http", 1), peer("tcp", 2), peer("http", 3)]), [
    { kind: "tcp", peers: 1, downloaded: 2, uploaded: 1 },
    { kind: "http", peers: 2, downloaded: 4, uploaded: 2 },
  ]);
});

test("peers that left are remembered, as long as they gave or took something", () => {
  const peer = (id: string, downloaded: number): Peer => ({ id, kind: "tcp", downloaded, uploaded: 0, progress: 1 });
  const first = remember([], [peer("a", 1), peer("b", 0)]);
  assert.deepEqual(first.map((p) => `${p.id}${p.gone ? " gone" : ""}`), ["a", "b"]);
  const second = remember(first, [peer("c", 0)]);
  assert.deepEqual(second.map((p) => `${p.id}${p.gone ? " gone" : ""}`), ["c", "a gone"]);
  assert.deepEqual(remember(second, [peer("a", 5)]).map((p) => [p.id, p.downloaded, p.gone]), [["a", 5, undefined]]);
  const told = remember(second, [peer("c", 0)], [peer("a", 7), peer("d", 2)]);
  assert.deepEqual(told.map((p) => `${p.id} ${p.downloaded}${p.gone ? " gone" : ""}`), ["c 0", "a 7 gone", "d 2 gone"]);
  assert.equal(remember(second, [], [], 0).length, 0);
});

test("browsers are told apart as far as their promises differ", () => {
  const chrome = (v: number): string => `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${v}.0.0.0 Safari/537.36`;
  assert.equal(browserOf(chrome(152)), "chromium");
  assert.equal(browserOf(chrome(151)), "oldChromium");
  assert.equal(browserOf("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"), "firefox");
  assert.equal(browserOf("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15"), "other");
});

test("marks differ between labels that differ by one character", () => {
  const seen = new Set(Array.from({ length: 200 }, (_, i) => hash(`wtp-${i}`)));
  assert.equal(seen.size, 200);
});
