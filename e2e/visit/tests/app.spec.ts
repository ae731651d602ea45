// A public site that is an app: its peer is reached by the service worker that
// visitors have anyway.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { controlled, expect, startHost, test, type Files } from "./setting.ts";

const dist = fileURLToPath(new URL("../../../web/dist/peer/", import.meta.url));

const page = `<!doctype html><html><head><meta charset="utf-8"><title>App</title></head><body><h1>App</h1>
<script type="module">
  import { connect } from "./kith/sdk.js";
  window.kith = connect({ app: "app" });
  window.kith.then((k) => (document.title = k.limits.map((l) => l.code).join(" ") || "Connected"));
</script></body></html>`;

interface Kith {
  readonly data: { put(path: string, what: unknown): Promise<unknown>; json(path: string): Promise<unknown> };
}

async function site(): Promise<Files> {
  const files: Record<string, string | Uint8Array> = { "index.html": page };
  for (const name of await readdir(dist, { recursive: true })) {
    const data = await readFile(join(dist, name)).catch(() => undefined); // folders
    if (data) files[name] = data;
  }
  return files;
}

test("an app of a public site keeps documents, beside the pieces of the site", async ({ person }) => {
  const host = await startHost(await site());
  const who = await person();
  const p = await who.page();
  await p.goto(`${host.origin}/`);
  await expect(p).toHaveTitle("Connected");
  await p.evaluate(async () => (await (globalThis as unknown as { kith: Promise<Kith> }).kith).data.put("a", { n: 1 }));
  await controlled(p);
  const workers = await p.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).map((r) => new URL(r.active?.scriptURL ?? location.href).pathname));
  expect(workers).toEqual(["/.kith/worker.js"]);
  await p.reload();
  await expect(p).toHaveTitle("Connected");
  expect(await p.evaluate(async () => (await (globalThis as unknown as { kith: Promise<Kith> }).kith).data.json("a"))).toEqual({ n: 1 });
  expect(await p.evaluate(async () => (await fetch("/.kith/site")).status)).toBe(200);
});
