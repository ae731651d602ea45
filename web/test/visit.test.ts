// The visitors' runtime, as far as it needs no browser.
import assert from "node:assert/strict";
import test from "node:test";
import { readAnswer, readAsk, readToPage, readToWorker } from "../runtime/protocol.ts";
import { readSettings, takesPart } from "../runtime/settings.ts";
import { nodeOrigin, readSite } from "../runtime/site.ts";
import { Assembly } from "../runtime/worker/adopt.ts";
import { contentType } from "../runtime/worker/ctype.ts";
import { canInject, injectLoader, loaderTag } from "../runtime/worker/inject.ts";
import { limits, patience } from "../runtime/worker/patience.ts";
import { find, findMissing } from "../runtime/worker/paths.ts";
import { matchesTag, readRange } from "../runtime/worker/range.ts";
import { metered } from "../runtime/page/metered.ts";
import { peersShare, readTotals } from "../runtime/page/view.ts";
import { files, pieceSize, siteOf } from "./visit-site.ts";
import { earlierPieces } from "../runtime/worker/earlier.ts";

const info = {
  version: 1, kind: "torrent", address: "wtp://a", label: "wtp-a", name: "A", id: "a-1", swarm: "0".repeat(40),
  index: "/.kith/index/a-1", piece: "/.kith/piece/a-1/", trackers: ["wss://host/.kith/tracker"], ice: "/.kith/ice",
  webtransport: [], peer: "", node: "http://wtp-a.localhost:5484/", badge: true,
};

test("the description of a site is read with care", () => {
  assert.equal(readSite(info).node, "http://wtp-a.localhost:5484");
  assert.equal(readSite({ ...info, peer: undefined }).peer, "", "a host that does not say it");
  for (const wrong of [
    null, [], "x", { ...info, peer: "x" }, { ...info, version: 2 }, { ...info, kind: "x" }, { ...info, id: "../x" }, { ...info, swarm: "0" },
    { ...info, index: "https://elsewhere/" }, { ...info, index: "//elsewhere/" }, { ...info, piece: "/piece/" },
    { ...info, trackers: ["javascript:1"] }, { ...info, trackers: Array(65).fill("wss://x") }, { ...info, name: "x".repeat(3000) },
    { ...info, webtransport: [{ url: "http://x", hashes: [] }] }, { ...info, ice: "//elsewhere" },
  ]) {
    assert.throws(() => readSite(wrong), TypeError);
  }
});

test("a node is on this computer and nowhere else", () => {
  assert.equal(nodeOrigin("http://a.localhost:5484/x?y#z"), "http://a.localhost:5484");
  for (const wrong of [
    "", "javascript:alert(1)", "https://a.localhost/", "http://localhost.example/", "http://alocalhost/", "http://user@a.localhost/",
    "http://localhost:5484/", "data:text/html,x", 5, undefined, "http://a.localhost:5484\\@evil.example/".replace("localhost", "evil"),
  ]) {
    assert.equal(nodeOrigin(wrong), "", String(wrong));
  }
});

test("settings that make no sense are those of a first visit, but never less private", () => {
  assert.deepEqual(readSettings(undefined), readSettings({ privacy: 1, node: "http://evil.example", paused: "yes" }));
  assert.equal(readSettings({ privacy: "relay" }).privacy, "relay");
  assert.equal(takesPart(readSettings({})), true);
  for (const s of [{ privacy: "http" }, { paused: true }, { node: "http://a.localhost:5484" }]) {
    assert.equal(takesPart(readSettings(s)), false);
  }
});

test("ranges (RFC 9110 §14)", () => {
  const cases: [string | null, number, ReturnType<typeof readRange>][] = [
    [null, 10, "whole"], ["bytes=0-", 10, { from: 0, to: 10 }], ["bytes=2-3", 10, { from: 2, to: 4 }],
    ["bytes=8-99", 10, { from: 8, to: 10 }], ["bytes=-4", 10, { from: 6, to: 10 }], ["bytes=-40", 10, { from: 0, to: 10 }],
    ["bytes=10-", 10, "none"], ["bytes=-0", 10, "none"], ["bytes=0-0", 0, "none"], ["bytes=4-2", 10, "whole"],
    ["bytes=1-2,4-5", 10, "whole"], ["lines=1-2", 10, "whole"], ["bytes=-", 10, "whole"], ["bytes=a-b", 10, "whole"],
  ];
  for (const [header, size, wanted] of cases) {
    assert.deepEqual(readRange(header, size), wanted, String(header));
  }
});

test("tags are compared weakly (RFC 9110 §13.1.2)", () => {
  assert.equal(matchesTag('"a", W/"b/c"', '"b/c"'), true);
  assert.equal(matchesTag("*", '"a"'), true);
  assert.equal(matchesTag('"a"', '"b"'), false);
  assert.equal(matchesTag(null, '"b"'), false);
});

test("the type of a file", () => {
  const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);
  assert.equal(contentType("a/b.HTML", bytes("<p>ä")), "text/html; charset=utf-8");
  assert.equal(contentType("a.html", bytes('<meta charset="latin1">')), "text/html");
  assert.equal(contentType("a.css", bytes("a{}")), "text/css; charset=utf-8");
  assert.equal(contentType("a.txt", new Uint8Array([0xe4, 0x20])), "text/plain");
  assert.equal(contentType("a.webm", bytes("")), "video/webm");
  assert.equal(contentType("README", bytes("hello")), "text/plain; charset=utf-8");
  assert.equal(contentType("page", bytes("<!DOCTYPE html><p>")), "text/html; charset=utf-8");
  assert.equal(contentType("blob", new Uint8Array([0, 1, 2])), "application/octet-stream");
  assert.equal(contentType("a.__proto__", bytes("x")), "text/plain; charset=utf-8");
  assert.equal(contentType("a.constructor", bytes("x")), "text/plain; charset=utf-8");
});

test("the loader goes into the head", () => {
  const put = (page: string): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(injectLoader(new TextEncoder().encode(page)));
  const cases: [string, string][] = [
    ["<!doctype html><html lang='a>b'><head class=x><title>T", "<!doctype html><html lang='a>b'><head class=x>|<title>T"],
    ["\ufeff<!doctype html>\n<title>Ü", "\ufeff<!doctype html>\n|<title>Ü"],
    ["<!-- <head> --><p>x", "<!-- <head> -->|<p>x"],
    ["<header>x", "|<header>x"],
    ["plain", "|plain"],
    ["<!-- never closed <head>", "|<!-- never closed <head>"],
    ["", "|"],
  ];
  for (const [page, wanted] of cases) {
    assert.equal(put(page), wanted.replace("|", loaderTag));
  }
  assert.equal(canInject("text/html; charset=utf-16le", new Uint8Array()), false);
  assert.equal(canInject("text/html", new Uint8Array([0xff, 0xfe, 0x3c, 0])), false);
  assert.equal(canInject("application/xhtml+xml", new Uint8Array()), false);
});

test("a path leads to what the gateway would serve", () => {
  const site = siteOf(files({
    "index.html": 10, "a/index.html": 5, "a/b.css": 7, "about.html": 3, "a b/ü.png": 2, "404.html": 4, "a/404.html": 4, "bare/x.txt": 1,
  }));
  const at = (path: string): string => {
    const found = find(site, new URL(path, "http://x.localhost"));
    return found.kind === "file" ? found.file.path : found.kind === "redirect" ? `→${found.to}` : "";
  };
  const cases: [string, string][] = [
    ["/", "index.html"], ["/?q=1", "index.html"], ["/a/", "a/index.html"], ["/a", "→/a/"], ["/a?x=1", "→/a/?x=1"], ["/a/b.css", "a/b.css"],
    ["/a/b.css/", "→/a/b.css"], ["/about", "about.html"], ["/about/", ""], ["/a%20b/%C3%BC.png", "a b/ü.png"], ["/none", ""],
    ["/bare/", ""], ["/bare", "→/bare/"], ["/a%2fb.css", ""], ["//a/b.css", ""], ["/%ff", ""], ["/a/index.html", "a/index.html"],
  ];
  for (const [path, wanted] of cases) {
    assert.equal(at(path), wanted, path);
  }
  assert.equal(findMissing(site, new URL("http://x/a/c/d"))?.path, "a/404.html");
  assert.equal(findMissing(site, new URL("http://x/z"))?.path, "404.html");
});

test("a front answers exactly what its manifest names", () => {
  const site = siteOf(files({ "": 3, "a.png?v=2": 4, "dir/page": 5 }), "front");
  const at = (path: string): string | undefined => {
    const found = find(site, new URL(path, "http://x.localhost"));
    return found.kind === "file" ? found.file.path : undefined;
  };
  assert.equal(at("/a.png?v=2"), "a.png?v=2");
  assert.equal(at("/a.png"), undefined);
  assert.equal(at("/dir/page"), "dir/page");
  assert.equal(at("/dir/"), undefined);
  assert.equal(findMissing(site, new URL("http://x/dir/")), undefined);
});

test("peers are waited for as long as it is worth it", () => {
  const wait = { paint: false, waited: 0, ahead: 100_000, fromHost: 0 };
  const chance = { peers: 1, met: 60_000, available: true, before: 0, joining: 0, idle: 0, rate: 1_000_000 };
  assert.equal(patience(undefined, wait), 0, "no page meets peers");
  const alone = { ...chance, peers: 0, met: 0, available: false };
  assert.equal(patience(alone, wait), 0, "nobody is there");
  assert.ok(patience({ ...alone, joining: 900 }, wait) > 0, "somebody may come");
  assert.equal(patience({ ...alone, joining: 900 }, { ...wait, paint: true }), limits.joinPaint, "a page to paint waits less");
  assert.ok(patience(chance, wait) >= limits.least, "a peer has it");
  assert.equal(patience({ ...chance, idle: 9999 }, { ...wait, waited: 5000 }), 0, "peers went silent");
  assert.ok(patience({ ...chance, idle: 9999, met: 10 }, { ...wait, waited: 5000 }) > 0, "nobody is late who just came");
  assert.ok(patience(chance, { ...wait, waited: 3000 }) > 0, "bytes still come");
  assert.ok(patience(chance, { ...wait, waited: limits.rest }) > 0, "and many of them");
  assert.equal(patience({ ...chance, rate: 1000 }, { ...wait, waited: limits.rest }), 0, "long enough for a trickle");
  assert.equal(patience(chance, { ...wait, waited: limits.brisk }), 0, "long enough");
  assert.equal(patience(chance, { ...wait, paint: true, waited: limits.paint }), 0, "long enough to paint");
});

test("of those who all lack a piece, one asks the host after the other", () => {
  const wait = { paint: false, waited: 0, ahead: 100_000, fromHost: 0 };
  const unseen = { peers: 3, met: 60_000, available: false, before: 0, joining: 0, idle: 60_000, rate: 0 };
  assert.equal(patience(unseen, wait), 0, "whose turn it is asks at once");
  assert.ok(patience({ ...unseen, before: 1 }, wait) > 0, "the next waits");
  assert.equal(patience({ ...unseen, before: 1 }, { ...wait, waited: limits.turn[0] }), 0, "but not for longer than a turn");
  assert.ok(patience({ ...unseen, before: 2 }, { ...wait, waited: limits.turn[0] }) > 0, "and the one after it another");
  assert.ok(patience({ ...unseen, before: 1 }, { ...wait, waited: limits.turn[0], fromHost: 1000 }) > 0, "and longer where the host takes long");
  assert.equal(patience({ ...unseen, before: 99 }, { ...wait, waited: limits.turns * limits.turn[0] }), 0, "and nobody for longer than this");
  assert.ok(patience({ ...unseen, idle: 0 }, wait) > 0, "who is given other pieces may wait for this one");
  assert.equal(patience({ ...unseen, before: 99, idle: 0 }, { ...wait, paint: true }), 0, "a page to paint does not wait");
});

test("messages are read with care", () => {
  assert.deepEqual(readToWorker({ kith: "lead", id: "x" }), { kith: "lead", id: "x" });
  assert.deepEqual(readToPage({ kith: "version", id: "x" }), { kith: "version", id: "x" });
  assert.deepEqual(readAsk({ ask: "want", n: 1, piece: 2, urgent: 1 }), { ask: "want", n: 1, piece: 2, urgent: false });
  const data = new Uint8Array(3);
  assert.deepEqual(readAnswer({ answer: "piece", n: 1, data }), { answer: "piece", n: 1, data });
  assert.deepEqual(readToWorker({ kith: "past", urls: ["http://x/a", 5, "no URL"] }), { kith: "past", urls: ["http://x/a"] });
  for (const wrong of [null, 5, "x", {}, { kith: "lead" }, { kith: "past" }, { ask: "want", n: -1, piece: 0 }, { ask: "want", n: 1.5, piece: 0 },
    { ask: "got", piece: 1 }, { answer: "piece", n: 1, data: "x" }, { answer: "chance", n: 1, chance: {} }, { answer: "piece", data }]) {
    assert.equal(readToWorker(wrong), undefined);
    assert.equal(readToPage(wrong), undefined);
    assert.equal(readAsk(wrong), undefined);
    assert.equal(readAnswer(wrong), undefined);
  }
});

test("who pays for what they send does not send", () => {
  const none = new EventTarget();
  assert.equal(metered(undefined), false);
  assert.equal(metered(Object.assign(none, { saveData: false, type: "wifi", effectiveType: "4g" })), false);
  for (const c of [{ saveData: true }, { type: "cellular" }, { effectiveType: "slow-2g" }, { effectiveType: "2g" }]) {
    assert.equal(metered(Object.assign(new EventTarget(), c)), true);
  }
});

test("totals", () => {
  assert.equal(peersShare(readTotals({ fromPeers: 3, fromHost: 1 })), 0.75);
  assert.equal(peersShare(readTotals({})), undefined);
  assert.equal(readTotals({ fromPeers: -1, toPeers: "x", fromHost: Infinity }).fromPeers, 0);
});

test("pieces are made of files that the browser had", async () => {
  const site = siteOf(files({ "a.bin": pieceSize + 100, "b.bin": pieceSize - 100, "c.bin": 50, "d.bin": 50 }));
  const assembly = new Assembly(site);
  const bytes = (path: string): Uint8Array => files({ [path]: site.file(path)?.size ?? 0 }).get(path) ?? new Uint8Array();
  const made: number[] = [];
  const add = async (path: string, wanted = (_: number) => true): Promise<void> => {
    const file = site.file(path);
    for (const { piece, data } of file ? assembly.add(file, bytes(path), wanted) : []) {
      made.push(piece);
      assert.ok(await site.verify(piece, data), `piece ${piece}`);
    }
  };
  await add("a.bin");
  assert.deepEqual(made, [0], "the second piece lacks another file");
  await add("b.bin");
  assert.deepEqual(made, [0, 1]);
  await add("c.bin", () => false);
  await add("d.bin");
  assert.deepEqual(made, [0, 1], "what is not wanted is not made, nor what lacks it");
});

test("pieces of a new version are built of the one before", async () => {
  const before = siteOf(files({ "a.bin": 2 * pieceSize, "b.bin": pieceSize / 2, "gone.bin": 10 }));
  const next = siteOf(files({ "a.bin": 2 * pieceSize, "b.bin": pieceSize / 2, "aa-new.bin": 100 }));
  const build = earlierPieces(next, before, (i) => Promise.resolve(before.data.subarray(i * pieceSize, (i + 1) * pieceSize)));
  let built = 0;
  for (let i = 0; i < next.pieces; i++) {
    const piece = await build(i);
    if (piece && (await next.verify(i, piece))) {
      built++;
    }
  }
  // a.bin begins at 0 in both; the new file shifts b.bin, so that the third piece is partly new.
  assert.equal(built, 2);
  const lost = earlierPieces(next, before, () => Promise.resolve(undefined));
  assert.equal(await lost(0), undefined);
});
