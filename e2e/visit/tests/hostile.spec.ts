// A page that means ill: of another site, and of the visitor's own.
import { gallery } from "./site.ts";
import { controlled, expect, pictures, startHost, test } from "./setting.ts";
import { page as html } from "../../browser/tests/fixtures.ts";

test("another site reaches neither storage, caches, worker nor peers of this one", async ({ person }) => {
  const mine = await startHost(await gallery(2));
  const evil = await startHost({ "index.html": html("Evil", "<h1>Evil</h1>") });
  const me = await person();
  const page = await me.page();
  await page.goto(`${mine.origin}/`);
  await pictures(page);
  await controlled(page);
  await page.evaluate(async () => {
    await caches.open("secret");
    await new Promise((done) => {
      indexedDB.open("secret").onsuccess = done;
    });
    const channel = new BroadcastChannel("kith-visit");
    channel.onmessage = () => channel.postMessage("secret");
  });
  const other = await me.page();
  await other.goto(`${evil.origin}/`);
  await controlled(other);
  const found = await other.evaluate(async (victim) => {
    const tried = async (what: () => Promise<unknown>): Promise<unknown> => what().catch((e: unknown) => `refused: ${String((e as Error).name)}`);
    const channel = new BroadcastChannel("kith-visit");
    const heard: string[] = [];
    channel.onmessage = (e) => heard.push(JSON.stringify(e.data));
    channel.postMessage({ kith: "hello" });
    const clients = navigator.serviceWorker.controller?.scriptURL ?? "";
    const result = {
      site: await tried(async () => (await fetch(`${victim}/.kith/site`)).text()),
      piece: await tried(async () => (await fetch(`${victim}/.kith/piece/x/0`)).text()),
      register: await tried(async () => navigator.serviceWorker.register(`${victim}/.kith/worker.js`)),
      databases: (await indexedDB.databases()).map((d) => d.name).sort(),
      caches: await caches.keys(),
      cached: await tried(async () => (await caches.match(`${victim}/`))?.text()),
      worker: clients.startsWith(victim),
    };
    await new Promise((done) => setTimeout(done, 500)); // nothing announces that nothing was heard
    return { ...result, heard };
  }, mine.origin);
  expect(found.site).toMatch(/^refused/);
  expect(found.piece).toMatch(/^refused/);
  expect(found.register).toMatch(/^refused/);
  expect(found.cached).toBeUndefined();
  expect(found.worker).toBe(false);
  expect(found.databases).not.toContain("secret");
  expect(found.caches).not.toContain("secret");
  expect(found.heard.join()).not.toContain("secret");
});

test("another site cannot put the runtime's pages into a frame", async ({ person }) => {
  const mine = await startHost(await gallery(1));
  const me = await person();
  const page = await me.page();
  await page.goto("about:blank");
  await page.setContent(`<iframe src="${mine.origin}/.kith/served"></iframe>`);
  await expect.poll(() => page.frames()[1]?.url() ?? "").toMatch(/^chrome-error:/);
});

test("a site's own script that claims to lead harms nothing: pieces are verified", async ({ person }) => {
  const host = await startHost(await gallery(4));
  const me = await person();
  const page = await me.page();
  await page.goto(`${host.origin}/second/`);
  await pictures(page);
  await controlled(page);
  const sizes = await page.evaluate(async () => {
    const { id } = (await (await fetch("/.kith/site")).json()) as { id: string };
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (e: MessageEvent<{ ask: string; n: number }>) => {
      if (e.data.ask === "want") {
        port1.postMessage({ answer: "piece", n: e.data.n, data: new Uint8Array(32768).fill(7) });
        port1.postMessage({ answer: "piece", n: e.data.n, data: "nonsense" });
      } else if (e.data.ask === "chance") {
        port1.postMessage({ answer: "chance", n: e.data.n, chance: { peers: 5, available: true, joining: 0, idle: Infinity, rate: 1e9 } });
      }
    };
    const worker = navigator.serviceWorker.controller;
    worker?.postMessage({ kith: "lead", id }, [port2]);
    for (const junk of [null, 5, "x", { kith: "lead" }, { kith: "version" }, { kith: { kith: 1 } }]) {
      worker?.postMessage(junk);
    }
    return Promise.all([0, 1, 2, 3].map(async (i) => {
      const bytes = new Uint8Array(await (await fetch(`/pictures/${i}.png`)).arrayBuffer());
      return { length: bytes.length, png: bytes[1] === 0x50 && bytes[2] === 0x4e };
    }));
  });
  expect(sizes.every((s) => s.png && s.length > 10_000)).toBe(true);
});
