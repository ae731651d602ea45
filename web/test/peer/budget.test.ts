// What the peer weighs on its way to a browser, as a web server sends it.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

// From the compiled test in node_modules/.cache/kith-test/test/peer.
const dist = fileURLToPath(new URL("../../../../../dist/peer/", import.meta.url));

async function sizes(): Promise<Map<string, { raw: number; sent: number }>> {
  const found = new Map<string, { raw: number; sent: number }>();
  for (const name of await readdir(dist, { recursive: true })) {
    if (!/\.(?:js|css|html)$/.test(name)) continue;
    const data = await readFile(dist + name);
    found.set(name, { raw: data.length, sent: brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length });
  }
  return found;
}

test("the peer keeps its budget", async (t) => {
  const all = await sizes();
  const sent = (...names: string[]): number => names.reduce((sum, n) => sum + (all.get(n)?.sent ?? Infinity), 0);
  for (const [name, { raw, sent }] of all) t.diagnostic(`${name}: ${sent} octets, ${raw} unpacked`);
  const first = sent("kith-sw.js", "kith/sdk.js");
  const rest = [...all.keys()].filter((n) => /^kith\/[\w-]+\.js$/.test(n) && !/\/(?:sdk|kith|memory|lp2p|words)[\w-]*\.js$/.test(n));
  const whole = first + sent(...rest);
  t.diagnostic(`before first use: ${first}; all: ${whole} (${rest.join(", ")})`);
  assert.ok(first <= 30_000, `${first} octets before first use`);
  assert.ok(whole <= 108_000, `${whole} octets in all`);
  assert.ok((all.get("kith-sw.js")?.raw ?? Infinity) < 8192, "the service worker has 8 KiB or more");
});
