// How long many documents take to a browser that has none, beside other programs: see
// ./bench sync. They come from e2e/apps/sync/peers.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { save, type Contestant } from "../../figure/figure.ts";
import { startChromium, stopChromium } from "../../browser/tests/chromium.ts";
import { linked } from "../people/devices.ts";
import { expect, test, type Somebody } from "../people/people.ts";

const many = Number(process.env["KITH_MEASURE_DOCUMENTS"] ?? 10_000);
const rounds = Number(process.env["KITH_BENCH_RUNS"] ?? 3);
const peers = new URL("peers/", import.meta.url);

interface Filled {
  readonly took: number;
  readonly have: number;
}

declare global {
  var fill: Record<string, (url: string, many: number) => Promise<Filled>>;
}

/** The version that is installed. */
async function version(name: string): Promise<string> {
  const { version } = JSON.parse(await readFile(new URL(`node_modules/${name}/package.json`, peers), "utf8")) as { version: string };
  return `${name} ${version}`;
}

/** Starts another program's server, which has all documents. */
async function serve(kind: string): Promise<{ url: string; stop(): void }> {
  const child = spawn(process.execPath, ["server.mjs", kind, `${many}`], { cwd: peers, stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('{"url"')) return { url: (JSON.parse(line) as { url: string }).url, stop: () => void child.kill() };
  }
  throw new Error(`the server of ${kind} ended`);
}

/** Serves a page with all of the others' programs in it. */
async function page(): Promise<{ url: string; stop(): void }> {
  const script = await build({ entryPoints: [new URL("page.mjs", peers).pathname], bundle: true, write: false, minify: true, format: "iife", define: { global: "globalThis", "process.env.NODE_ENV": '"production"' } });
  const text = script.outputFiles[0]?.text ?? "";
  const server = createServer((request, answer) => {
    const js = request.url === "/page.js";
    answer.setHeader("Content-Type", js ? "text/javascript" : "text/html").end(js ? text : "<!doctype html><script src=/page.js></script>");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, stop: () => void server.close() };
}

/** Fills an empty browser by another program. */
async function others(kind: string, url: string, from: string): Promise<number> {
  const chromium = await startChromium([]);
  try {
    const [context] = chromium.browser.contexts();
    const tab = await context!.newPage();
    await tab.goto(from);
    const filled = await tab.evaluate(async ([kind, url, many]) => globalThis.fill[kind]!(url, many), [kind, url, many] as const);
    expect(filled.have).toBe(many);
    return filled.took;
  } finally {
    await stopChromium(chromium);
  }
}

/** Fills a browser that was just linked, from another one of the same person. */
async function ours(ada: Somebody, phone: Somebody): Promise<number> {
  await ada.comes();
  await ada.begins();
  await ada.connects();
  await ada.app.evaluate(async (many) => {
    let next = 0;
    const writer = async (): Promise<void> => {
      while (next < many) {
        const i = next++;
        await window.kith.data.put(`many/${i}`, `document ${i} `.repeat(20));
      }
    };
    await Promise.all(Array.from({ length: 8 }, writer));
  }, many);
  await phone.comes();
  await linked(ada, phone);
  const before = Date.now();
  await phone.connects();
  await expect.poll(() => phone.app.evaluate(async () => {
    const s = (await (await fetch("/.kith/api/sharing")).json()) as { person: { documents: number } };
    return s.person.documents;
  }), { timeout: 1_000_000, intervals: [100] }).toBe(many);
  const took = Date.now() - before;
  await Promise.all([ada.leaves(), phone.leaves()]);
  return took;
}

test("documents to a browser that has none", async ({ somebody }) => {
  const samples: Record<string, number[]> = { kith: [], pouchdb: [], rxdb: [], yjs: [] };
  const site = await page();
  const servers = [];
  for (const kind of ["pouchdb", "rxdb", "yjs"]) servers.push({ kind, ...(await serve(kind)) });
  for (let i = 0; i < rounds; i++) {
    for (const s of servers) samples[s.kind]?.push(await others(s.kind, s.url, site.url));
    samples["kith"]?.push(await ours(somebody(`Ada ${i}`), somebody(`Ada ${i}`)));
  }
  for (const s of [...servers, site]) s.stop();
  const name = { pouchdb: "PouchDB", rxdb: "RxDB", yjs: "Yjs" };
  const contestants: Contestant[] = [{ name: "Kith, sealed, from another browser by a relay", samples: samples["kith"] ?? [] }];
  for (const [kind, title] of Object.entries(name)) contestants.push({ name: title, version: await version(kind), samples: samples[kind] ?? [] });
  await save({
    group: "sync", title: `${many.toLocaleString("en")} documents to a fresh browser, beside others`, unit: "milliseconds",
    goal: { text: "ahead of PouchDB, RxDB and Yjs", rivals: Object.values(name).map((n) => ({ name: n, factor: 1 })) }, contestants,
  });
  expect(contestants.every((c) => c.samples?.length === rounds)).toBe(true);
});
