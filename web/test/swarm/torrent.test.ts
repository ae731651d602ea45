import assert from "node:assert/strict";
import test from "node:test";
import { BadIndex, digest, hex, utf8 } from "../../runtime/swarm/bytes.ts";
import { openIndex } from "../../runtime/swarm/open.ts";
import type { Index } from "../../runtime/types.ts";
import { dice, mutate, noise, torrent, type FileOfTorrent } from "./setting.ts";

const open = async (files: readonly FileOfTorrent[], pieceLength = 16, more = {}): Promise<Index> => {
  const t = await torrent(files, pieceLength, more);
  return openIndex(t.info, t.index);
};

const paths = (index: Index): string[] => [...index.files()].map((f) => f.path);

test("BEP 3: files lie one behind the other in pieces of one length", async () => {
  const t = await torrent([{ path: "index.html", data: noise(10) }, { path: "a/b.js", data: noise(30, 2) }, { path: "a/empty", data: new Uint8Array(0) }], 16);
  const index = await openIndex(t.info, t.index);
  assert.equal(index.pieces, 3);
  assert.equal(index.bytes, 40);
  assert.deepEqual([0, 1, 2].map((i) => index.length(i)), [16, 16, 8]);
  assert.deepEqual([...(index.file("a/b.js")?.spans(0, 30) ?? [])], [
    { piece: 0, begin: 10, end: 16 }, { piece: 1, begin: 0, end: 16 }, { piece: 2, begin: 0, end: 8 },
  ]);
  assert.deepEqual([...(index.file("a/b.js")?.spans(7, 9) ?? [])], [{ piece: 1, begin: 1, end: 3 }]);
  assert.deepEqual([...(index.file("a/empty")?.spans(0, 9) ?? [])], []);
  assert.equal(index.file("")?.path, "index.html");
  assert.equal(index.file("a"), undefined);
  assert.ok(index.folder("a") && index.folder("") && !index.folder("a/b.js"));
  for (const [i, piece] of t.pieces.entries()) {
    assert.ok(await index.verify(i, piece));
    assert.ok(!(await index.verify(i, piece.map((b) => b ^ 1))));
    assert.ok(!(await index.verify((i + 1) % 3, piece)));
  }
  assert.ok(!(await index.verify(3, new Uint8Array(0))));
});

test("BEP 3: a single file is a site of that file", async () => {
  const t = await torrent([], 16, {});
  await assert.rejects(openIndex(t.info, t.index), BadIndex);
  const index = await (async () => {
    const { encode } = await import("../../runtime/swarm/bencode.ts");
    const { dict } = await import("./setting.ts");
    const data = noise(20);
    const pieces = new Uint8Array(40);
    pieces.set(await digest("SHA-1", data.subarray(0, 16)));
    pieces.set(await digest("SHA-1", data.subarray(16)), 20);
    const info = encode(dict({ length: 20, name: utf8("a/film.webm"), "piece length": 16, pieces }));
    return openIndex({ ...t.info, swarm: hex(await digest("SHA-1", info)) }, info);
  })();
  assert.deepEqual(paths(index), ["a_film.webm"]);
});

test("a folder that everything lies in is the site, unless the torrent says otherwise", async () => {
  const files = [{ path: "top/index.html", data: noise(5) }, { path: "top/a/b", data: noise(5) }];
  assert.deepEqual(paths(await open(files)), ["index.html", "a/b"]);
  assert.deepEqual(paths(await open([...files, { path: "other", data: noise(1) }])), ["top/index.html", "top/a/b", "other"]);
  assert.deepEqual(paths(await open([...files, { path: ".pad/root", pad: 1 }])), ["top/index.html", "top/a/b"]);
  assert.deepEqual(paths(await open(files, 16, { "meta version": 2 })), ["top/index.html", "top/a/b"]);
});

test("BEP 47: padding is no file, and links are what they lead to", async () => {
  const index = await open([
    { path: "a", data: noise(5) }, { path: ".pad/11", pad: 11 }, { path: "b", data: noise(20, 3) },
    { path: "c", link: "d" }, { path: "d", link: "b" }, { path: "e", link: "e" }, { path: "f", link: "../g" },
  ]);
  assert.deepEqual(paths(index), ["a", "b", "c", "d"]);
  assert.deepEqual([...(index.file("c")?.spans(0, 20) ?? [])], [...(index.file("b")?.spans(0, 20) ?? [])]);
  assert.equal(index.length(0), 16);
  assert.deepEqual([0, 1, 2].map((i) => index.filled(i)), [5, 16, 4]);
  const among = await open([{ path: "a", data: noise(5) }, { path: ".pad/3", pad: 3 }, { path: "b", data: noise(20, 3) }]);
  assert.deepEqual([0, 1].map((i) => among.filled(i)), [16, 12], "padding in the middle of a piece travels");
});

test("BEP 52: the padding of hybrids does not travel", async () => {
  const t = await torrent([{ path: "a", data: noise(5) }, { path: ".pad/11", pad: 11 }, { path: "b", data: noise(20, 3) }], 16, { "meta version": 2 });
  const index = await openIndex(t.info, t.index);
  assert.deepEqual([0, 1, 2].map((i) => index.length(i)), [5, 16, 4]);
  assert.deepEqual([0, 1, 2].map((i) => index.filled(i)), [5, 16, 4]);
  assert.equal(index.bytes, 25);
  assert.ok(await index.verify(0, noise(5)));
  assert.ok(!(await index.verify(0, t.pieces[0] ?? noise(1))));
});

test("paths that lead outside, names that are twice, and other people's indices are refused", async () => {
  for (const files of [
    ["../a"], ["a", "a"], ["a", "a/b"], ["a/b", "a"], ["a/./b"], ["a//b"], ["a\0b"], [Array(200).fill("d").join("/")],
  ]) {
    await assert.rejects(open(files.map((path) => ({ path, data: noise(3) }))), BadIndex, files.join());
  }
  const t = await torrent([{ path: "a", data: noise(5) }], 16);
  await assert.rejects(openIndex({ ...t.info, swarm: "00".repeat(20) }, t.index), BadIndex);
  await assert.rejects(open([{ path: "a", data: noise(5) }], 16, { pieces: new Uint8Array(40) }), BadIndex);
  await assert.rejects(open([{ path: "a", data: noise(5) }], 16, { "piece length": 2 ** 40 }), BadIndex);
});

test("a damaged info dictionary is refused by name, or read", async () => {
  const t = await torrent(
    [{ path: "top/a", data: noise(50) }, { path: "top/.pad/1", pad: 14 }, { path: "top/b/c", data: noise(9) }, { path: "top/d", link: "top/a" }], 16);
  const next = dice(7);
  let read = 0;
  for (let n = 0; n < 1000; n++) {
    const data = mutate(t.index, next);
    const info = { ...t.info, swarm: hex(await digest("SHA-1", data)) };
    try {
      const index = await openIndex(info, data);
      for (const f of index.files()) {
        const last = [...f.spans(0, Math.min(f.size, 4096))].at(-1);
        assert.ok(!last || (last.piece < index.pieces && last.end <= 2 ** 26));
      }
      read++;
    } catch (error) {
      assert.ok(error instanceof BadIndex, String(error));
      assert.doesNotMatch(error.message, /cannot be read/, "an error nobody thought of");
    }
  }
  assert.ok(read > 0 && read < 1000);
});
