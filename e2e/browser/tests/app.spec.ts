// An app in the shell can talk to no server. Each way out is first proved to
// lead somewhere, from the same pages opened as an ordinary site.
import type { Frame, Page } from "@playwright/test";
import { page as html } from "./fixtures.ts";
import { author, expect, open, origin, publish, test } from "./setting.ts";
import { sink, type Sink } from "./sink.ts";

const app = {
  "index.html": html("App", `<h1>App</h1><p id="said"></p>`),
  "inner/page.html": html("Inner", "<h1>Inner</h1>"),
  "worker.js": `onmessage = (e) => fetch(e.data, { mode: "no-cors" }).then(() => postMessage("sent"), () => postMessage("refused"));`,
  "sw.js": `self.addEventListener("install", () => self.skipWaiting());
    self.addEventListener("activate", (e) => e.waitUntil(clients.claim()));
    self.addEventListener("message", (e) => e.waitUntil(fetch(e.data, { mode: "no-cors" }).then(() => e.source.postMessage("sent"), () => e.source.postMessage("refused"))));`,
};

/** The ways out that leave the page where it is; each asks the sink for its own name. */
async function tryAll(where: Page | Frame, to: Sink): Promise<void> {
  await where.evaluate(
    async ({ url, port }) => {
      const quietly = (f: () => unknown): Promise<unknown> =>
        Promise.race([Promise.resolve().then(f).catch(() => undefined), new Promise((done) => setTimeout(done, 3000))]);
      const loaded = (e: HTMLElement): Promise<unknown> => {
        const done = new Promise((resolve) => (e.onload = e.onerror = resolve));
        document.body.append(e);
        return done;
      };
      const make = <K extends keyof HTMLElementTagNameMap>(tag: K, set: Record<string, string>): HTMLElementTagNameMap[K] =>
        Object.assign(document.createElement(tag), set);
      await Promise.all([
        quietly(() => fetch(`${url}/fetch`)),
        quietly(() => fetch(`${url}/blind`, { mode: "no-cors" })),
        quietly(() => navigator.sendBeacon(`${url}/beacon`, "x")),
        quietly(() => loaded(make("img", { src: `${url}/img` }))),
        quietly(() => loaded(make("script", { src: `${url}/script` }))),
        quietly(() => loaded(make("link", { rel: "stylesheet", href: `${url}/style` }))),
        quietly(() => loaded(make("iframe", { src: `${url}/frame` }))),
        quietly(() => loaded(make("object", { data: `${url}/object` }))),
        quietly(() => loaded(make("link", { rel: "prefetch", href: `${url}/prefetch` }))),
        quietly(() => loaded(make("video", { src: `${url}/video` }))),
        quietly(() => new Promise((done) => (new WebSocket(`ws://127.0.0.1:${port}/socket`).onclose = done))),
        quietly(() => new Promise((done) => (new EventSource(`${url}/events`).onerror = done))),
        quietly(() => new Promise((done) => {
          const worker = new Worker("worker.js");
          worker.onmessage = worker.onerror = done;
          worker.postMessage(`${url}/worker`);
        })),
        quietly(async () => {
          await navigator.serviceWorker.register("sw.js");
          const { active } = await navigator.serviceWorker.ready;
          await new Promise((done) => {
            navigator.serviceWorker.onmessage = done;
            active?.postMessage(`${url}/sw`);
          });
        }),
        quietly(async () => {
          const peer = new RTCPeerConnection({ iceServers: [{ urls: `stun:127.0.0.1:${port}` }] });
          peer.createDataChannel("x");
          await peer.setLocalDescription();
          await new Promise((done) => setTimeout(done, 1500));
          peer.close();
        }),
        quietly(() => window.open(`${url}/popup`)),
        quietly(() => {
          const style = make("div", {});
          style.style.backgroundImage = `url(${url}/background)`;
          style.textContent = "x";
          document.body.append(style);
        }),
      ]);
      document.head.append(make("link", { rel: "preconnect", href: url }));
      await new Promise((done) => setTimeout(done, 500));
    },
    { url: to.url, port: to.port },
  );
}

const proved = ["fetch", "blind", "beacon", "img", "script", "style", "frame", "socket", "events", "worker", "sw", "video", "background", "object", "prefetch", "popup", "udp", "tcp"];

/** Opens the published app in the shell and returns its frame. */
async function inShell(page: Page, address: string): Promise<{ frame: Frame; label: string; url: string }> {
  const { url, label } = await open(author, address, "app");
  expect(url).toBe(`${author.console}/app/${label}/`);
  await page.goto(url);
  const element = await page.locator("iframe#app").elementHandle();
  const frame = await element?.contentFrame();
  if (!frame) {
    throw new Error("the shell shows no frame");
  }
  await expect(frame.locator("h1")).toHaveText("App");
  return { frame, label, url };
}

test("the ways out lead somewhere when a site is only a site", async ({ page }) => {
  const out = await sink();
  const site = await publish({ ...app, "kind.txt": "site" });
  await page.goto((await open(author, site.ipfs)).url);
  await expect(page.locator("h1")).toHaveText("App");
  await tryAll(page, out);
  await out.close();
  expect(proved.filter((way) => !out.hits.has(way))).toEqual([]);
});

test("an app reaches no server", async ({ page }) => {
  const out = await sink();
  const site = await publish({ ...app, "kind.txt": "app" });
  const { frame } = await inShell(page, site.ipfs);
  await tryAll(frame, out);
  expect([...out.hits]).toEqual([]);

  // What it may: its own files, and what a page needs to work.
  const own = await frame.evaluate(async () => ({
    file: await (await fetch("kind.txt")).text(),
    secure: isSecureContext,
    storage: (localStorage.setItem("a", "1"), localStorage.getItem("a")),
    worker: (await navigator.serviceWorker.getRegistrations()).length,
  }));
  expect(own).toEqual({ file: "app", secure: true, storage: "1", worker: 0 });
  await out.close();
});

const exits: readonly (readonly [string, (url: string) => void])[] = [
  ["a link", (url) => { const a = document.createElement("a"); a.href = url; document.body.append(a); a.click(); }],
  ["a link to save", (url) => { const a = document.createElement("a"); [a.href, a.download] = [url, "x"]; document.body.append(a); a.click(); }],
  ["location", (url) => { location.href = url; }],
  ["a form", (url) => {
    const form = document.createElement("form");
    [form.action, form.method] = [url, "post"];
    document.body.append(form);
    form.submit();
  }],
  ["a refresh", (url) => {
    const meta = document.createElement("meta");
    [meta.httpEquiv, meta.content] = ["refresh", `0; url=${url}`];
    document.head.append(meta);
  }],
  ["the shell's own window", (url) => { window.top!.location.href = url; }],
];

for (const [name, leave] of exits) {
  test(`an app cannot leave by ${name}`, async ({ page }) => {
    const out = await sink();
    const site = await publish({ ...app, "exit.txt": name });
    const { frame, url } = await inShell(page, site.ipfs);
    const refused = page.waitForEvent("console", (m) => /Content Security Policy|sandboxed|Unsafe attempt/.test(m.text()));
    await frame.evaluate(leave, `${out.url}/gone?secret`).catch(() => undefined);
    await refused;
    await out.close();
    expect([...out.hits]).toEqual([]);
    expect(page.url()).toBe(url);
  });
}

test("an app's address opened by itself leads to the shell", async ({ page }) => {
  const site = await publish({ ...app, "kind.txt": "address" });
  const { label } = await inShell(page, site.ipfs);
  await page.goto(`${origin(author, label)}/inner/page.html`);
  expect(page.url()).toBe(`${author.console}/app/${label}/inner/page.html`);
  await expect(page.frameLocator("iframe#app").locator("h1")).toHaveText("Inner");
  await expect(page.locator("#mode")).toContainText("Cannot talk to servers");
  // The page of the shell has no key to the node.
  expect(await page.content()).not.toContain("kith-token");
});

test("a server that was allowed can be reached, and no other", async ({ page }) => {
  const [allowed, other] = [await sink(), await sink()];
  const site = await publish({ ...app, "kind.txt": "allowed" });
  const { label } = await inShell(page, site.ipfs);
  await page.goto(`${author.console}/#/sites/${label}/privacy`);
  await page.getByLabel("Servers it may talk to").fill(allowed.url);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved.")).toBeVisible();

  await page.goto(`${author.console}/app/${label}/`);
  const element = await page.locator("iframe#app").elementHandle();
  const frame = (await element?.contentFrame())!;
  await expect(frame.locator("h1")).toHaveText("App");
  const asked = await frame.evaluate(
    (urls) => Promise.all(urls.map((u) => fetch(u).then((r) => r.status, () => 0))),
    [`${allowed.url}/fetch`, `${other.url}/fetch`],
  );
  expect(asked).toEqual([200, 0]);
  expect([...other.hits]).toEqual([]);
  await allowed.close();
  await other.close();
});
