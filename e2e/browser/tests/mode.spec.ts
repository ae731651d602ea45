// A site that becomes an app, and back: neither finds what the other left.
import type { Frame, Page } from "@playwright/test";
import { page as html } from "./fixtures.ts";
import { author, expect, open, origin, publish, setMode, test } from "./setting.ts";
import { sink } from "./sink.ts";

async function inShell(page: Page, label: string): Promise<Frame> {
  await page.goto(`${author.console}/app/${label}/`);
  const frame = await (await page.locator("iframe#app").elementHandle())?.contentFrame();
  if (!frame) {
    throw new Error("the shell shows no frame");
  }
  await expect(frame.locator("h1")).toHaveText("Both");
  return frame;
}

/** Leaves something in everything that keeps. */
async function leave(where: Page | Frame, what: string): Promise<void> {
  await where.evaluate(async (what) => {
    localStorage.setItem(what, "left");
    document.cookie = `${what}=left; SameSite=None; Secure`;
    await (await caches.open(what)).put("/left", new Response("left"));
    await new Promise((done) => (indexedDB.open(what).onsuccess = done));
  }, what);
}

/** What is found there. */
async function find(where: Page | Frame): Promise<readonly string[]> {
  return where.evaluate(async () => [
    ...Object.keys(localStorage),
    ...(document.cookie === "" ? [] : [document.cookie]),
    ...(await caches.keys()),
    ...(await indexedDB.databases()).map((d) => d.name ?? ""),
  ]);
}

const both = {
  "index.html": html("Both", "<h1>Both</h1>"),
  "sw.js": `oninstall = () => skipWaiting(); onactivate = (e) => e.waitUntil(clients.claim());
    onfetch = (e) => { if (e.request.mode === "navigate") e.respondWith(new Response("<h1>From a worker</h1>", {headers: {"content-type": "text/html"}})); };`,
};

test("an app finds nothing of when it was a site, and the other way round", async ({ page, context }) => {
  const { label } = await open(author, (await publish({ ...both, "kind.txt": "left" })).ipfs);
  await page.goto(origin(author, label));
  await leave(page, "site");
  await setMode(author, label, "app");
  const frame = await inShell(page, label);
  expect(await find(frame)).toEqual([]);
  await leave(frame, "app");

  await setMode(author, label, "site");
  // The app is still on show, and asks for something first.
  await frame.evaluate(() => fetch("/kind.txt").then((r) => r.text()));
  const tab = await context.newPage();
  await tab.goto(origin(author, label));
  await expect(tab.locator("h1")).toHaveText("Both");
  expect(await find(tab)).toEqual([]);
});

test("a worker of a site ends when the site becomes an app", async ({ page }) => {
  const { label } = await open(author, (await publish({ ...both, "kind.txt": "worker" })).ipfs);
  await setMode(author, label, "site"); // also when it is tried again
  const own = origin(author, label);
  await page.goto(own);
  await page.evaluate(async () => {
    await navigator.serviceWorker.register("/sw.js");
    await navigator.serviceWorker.ready;
  });
  await page.goto(`${own}/x`);
  await expect(page.locator("h1")).toHaveText("From a worker");
  await setMode(author, label, "app");
  // The worker answers once more; then the browser looks for a newer one, and the tab is shown anew.
  await page.goto(`${own}/kind.txt`);
  await expect(page).toHaveURL(`${author.console}/app/${label}/kind.txt`, { timeout: 60_000 });
});

test("an app keeps what it stored when its address is opened in a tab", async ({ page }) => {
  const { label, url } = await open(author, (await publish({ ...both, "kind.txt": "kept" })).ipfs, "app");
  await leave(await inShell(page, label), "app");
  await page.goto(origin(author, label));
  expect(page.url()).toBe(url);
  expect(await find(await inShell(page, label))).toEqual(expect.arrayContaining(["app"]));
});

test("a server that is not allowed any more is not reached from what the browser kept", async ({ page }) => {
  const out = await sink();
  const { label } = await open(author, (await publish({ ...both, "kind.txt": "revoked" })).ipfs, "app");
  const ask = (where: Frame): Promise<number> => where.evaluate((url) => fetch(`${url}/x`).then((r) => r.status, () => 0), out.url);
  await setMode(author, label, "app", [out.url]);
  expect(await ask(await inShell(page, label))).toBe(200);
  await page.goto("about:blank");
  await setMode(author, label, "app", []);
  expect(await ask(await inShell(page, label))).toBe(0);
  await out.close();
});
