import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { BadIndex, concat, digest, hex, latin1, swarmName, utf8 } from "../../runtime/swarm/bytes.ts";
import { openFront } from "../../runtime/swarm/front.ts";
import { openIndex } from "../../runtime/swarm/open.ts";
import type { SiteInfo } from "../../runtime/types.ts";
import { dice, mutate, noise, siteInfo } from "./setting.ts";

const base64 = (b: Uint8Array): string => btoa(latin1(b));
const keys = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
const key = base64(new Uint8Array(await crypto.subtle.exportKey("raw", keys.publicKey)));
const pieceLength = 16 * 1024;

async function file(path: string, data: Uint8Array, more = {}): Promise<object> {
  const hashes: string[] = [];
  for (let at = 0; at < data.length; at += pieceLength) {
    hashes.push(base64(await digest("SHA-256", data.subarray(at, at + pieceLength))));
  }
  return { path, size: data.length, hashes, ...more };
}

async function document(payload: Uint8Array): Promise<{ info: SiteInfo; data: Uint8Array }> {
  const signed = concat(utf8("kith front manifest 1\0"), payload) as Uint8Array<ArrayBuffer>;
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", keys.privateKey, signed));
  const data = concat(utf8(`kith-front-1\n${base64(signature)}\n`), payload);
  return { info: siteInfo({ kind: "front", address: "https://my.site", key, swarm: hex(await swarmName("front", data)) }), data };
}

const manifest = async (more = {}): Promise<object> => ({
  site: "https://my.site", key, sequence: 1, created: 1, expires: 4e9, pieceLength,
  files: [await file("/", noise(10)), await file("/a?b=c", noise(pieceLength + 5, 2), { type: "text/css", headers: { link: "x" } }), await file("/a", noise(0))],
  ...more,
});

const open = async (more = {}) => {
  const d = await document(utf8(JSON.stringify(await manifest(more))));
  return openIndex(d.info, d.data);
};

test("§2: pieces are numbered through the files", async () => {
  const index = await open();
  assert.equal(index.pieces, 3);
  assert.deepEqual([0, 1, 2].map((i) => index.length(i)), [10, pieceLength, 5]);
  const f = index.file("a?b=c");
  assert.deepEqual([...(f?.spans(pieceLength - 1, pieceLength + 3) ?? [])], [
    { piece: 1, begin: pieceLength - 1, end: pieceLength }, { piece: 2, begin: 0, end: 3 },
  ]);
  assert.equal(f?.type, "text/css");
  assert.deepEqual(f?.headers, { link: "x" });
  assert.equal(index.file("")?.size, 10);
  assert.equal(index.file("a")?.size, 0);
  assert.equal(index.file("b"), undefined);
  assert.ok(await index.verify(0, noise(10)));
  assert.ok(!(await index.verify(0, noise(10, 2))));
  assert.ok(!(await index.verify(2, noise(10))));
});

test("§3: what is not the site's, or contradicts itself, is refused", async () => {
  const d = await document(utf8(JSON.stringify(await manifest())));
  await assert.rejects(openIndex({ ...d.info, key: base64(noise(32)) }, d.data), BadIndex);
  await assert.rejects(openIndex({ ...d.info, address: "https://other.site" }, d.data), BadIndex);
  await assert.rejects(openIndex({ ...d.info, swarm: "11".repeat(20) }, d.data), BadIndex);
  await assert.rejects(openFront(d.info, d.data, 4e9 * 1000), BadIndex);
  const forged = d.data.slice();
  forged[forged.length - 20] = (forged[forged.length - 20] ?? 0) ^ 1;
  await assert.rejects(openIndex({ ...d.info, swarm: hex(await swarmName("front", forged)) }, forged), BadIndex);
  for (const more of [
    { sequence: 0 }, { sequence: 2 ** 53 }, { expires: 1 }, { pieceLength: 16_385 }, { pieceLength: 8192 }, { files: {} },
    { files: [await file("/.kith/a", noise(1))] }, { files: [await file("a", noise(1))] }, { files: [await file("/a b", noise(1))] },
    { files: [await file("/a", noise(1)), await file("/a", noise(1))] }, { files: [await file("/a", noise(1), { size: pieceLength + 1 })] },
    { files: [await file("/a", noise(1), { hashes: ["AAAA"] })] }, { files: [await file("/a", noise(1), { headers: { "a\n": "b" } })] },
    { files: [await file("/a#b", noise(1))] }, { files: [await file("/a", noise(1), { type: "t".repeat(257) })] },
  ]) {
    await assert.rejects(open(more), BadIndex, JSON.stringify(more));
  }
});

test("§3: a damaged manifest is refused by name, or read", async () => {
  const payload = utf8(JSON.stringify(await manifest()));
  const next = dice(3);
  let read = 0;
  for (let n = 0; n < 600; n++) {
    const d = await document(mutate(payload, next));
    const data = n % 5 === 0 ? mutate(d.data, next) : d.data;
    try {
      await openIndex({ ...d.info, swarm: hex(await swarmName("front", data)) }, data);
      read++;
    } catch (error) {
      assert.ok(error instanceof BadIndex, String(error));
      assert.doesNotMatch(error.message, /cannot be read/, "an error nobody thought of");
    }
  }
  assert.ok(read > 0 && read < 600);
});

interface Vector {
  readonly name: string;
  readonly document: string;
  readonly refused?: string;
  readonly swarm?: string;
  readonly bytes?: number;
  readonly files?: readonly { readonly path: string; readonly size: number; readonly type?: string; readonly first: number; readonly count: number }[];
}

test("§6: the vectors", async () => {
  // From where the tests are compiled to, or from where they are written.
  const root = import.meta.url.slice(0, import.meta.url.lastIndexOf("/web/"));
  const all = JSON.parse(await readFile(new URL(`${root}/spec/vectors/front.json`), "utf8")) as { now: number; key: string; documents: Vector[] };
  assert.ok(all.documents.length > 20);
  for (const v of all.documents) {
    const data = Uint8Array.from(atob(v.document), (c) => c.charCodeAt(0));
    const info = siteInfo({ kind: "front", address: "https://www.my.site", key: all.key, swarm: hex(await swarmName("front", data)) });
    if (v.refused) {
      await assert.rejects(openFront(info, data, all.now * 1000), BadIndex, v.name);
      continue;
    }
    const index = await openFront(info, data, all.now * 1000);
    assert.equal(info.swarm, v.swarm);
    assert.equal(index.bytes, v.bytes ?? 0);
    assert.equal([...index.files()].length, v.files?.length ?? 0);
    for (const f of v.files ?? []) {
      const file = index.file(f.path.slice(1));
      assert.equal(file?.size, f.size);
      assert.equal(file?.type ?? "", f.type ?? "");
      assert.deepEqual([...(file?.spans(0, f.size) ?? [])].map((s) => s.piece), Array.from({ length: f.count }, (_, n) => f.first + n));
    }
  }
});
