// A page of the web, open in the same browser, against the node.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "@playwright/test";
import { page as html } from "./fixtures.ts";
import { author, expect, open, publish, test } from "./setting.ts";

/** Shows a page of another origin, which sends on to `to` whatever asks for /to. */
async function stranger(page: Page, to: string): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    if (request.url?.startsWith("/to")) {
      response.writeHead(307, { Location: to, "Access-Control-Allow-Origin": "*" }).end();
      return;
    }
    response.writeHead(200, { "Content-Type": "text/html" }).end(html("Stranger", "<h1>Stranger</h1>"));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
}

test("a page of the web changes nothing through the API", async ({ page }) => {
  const site = await publish({ "index.html": html("Wanted", "<h1>Wanted</h1>") });
  const close = await stranger(page, `${author.console}/api/v1/open`);
  const statuses: number[] = [];
  page.on("response", (r) => r.url().startsWith(author.console) && statuses.push(r.status()));
  await page.evaluate(
    async ({ api, body }) => {
      const quietly = (p: Promise<unknown>): Promise<unknown> => p.catch(() => undefined);
      const plain = { "Content-Type": "text/plain" };
      await quietly(fetch(`${api}/open`, { method: "POST", mode: "no-cors", headers: plain, body }));
      await quietly(fetch(`${api}/open`, { method: "POST", mode: "no-cors", headers: plain, body, keepalive: true }));
      await quietly(fetch(`${api}/open`, { method: "POST", headers: { Authorization: "Bearer x" }, body }));
      await quietly(fetch("/to", { method: "POST", mode: "no-cors", headers: plain, body }));
      navigator.sendBeacon(`${api}/open`, new Blob([body], { type: "text/plain" }));
      await new Promise((done) => (new WebSocket(`${api.replace("http", "ws")}/events`).onclose = done));
      await new Promise((done) => (new EventSource(`${api}/events`).onerror = done));
    },
    { api: `${author.console}/api/v1`, body: JSON.stringify({ address: site.ipfs, mode: "app" }) },
  );
  await page.evaluate(({ api, body }) => {
    const form = Object.assign(document.createElement("form"), { action: `${api}/open`, method: "post", enctype: "text/plain" });
    form.append(Object.assign(document.createElement("input"), { name: body, value: "" }));
    document.body.append(form);
    form.submit();
  }, { api: `${author.console}/api/v1`, body: JSON.stringify({ address: site.ipfs, mode: "app", x: "" }).slice(0, -2) });
  await page.waitForURL(`${author.console}/**`);
  expect(statuses.length).toBeGreaterThan(0);
  expect(statuses.filter((s) => s < 400)).toEqual([]);
  // Published sites are known; had one request worked, this would be an app.
  expect((await open(author, site.ipfs)).url).not.toContain("/app/");
  await close();
});

test("a page of the web has no hold on console, shell or site", async ({ page, context }) => {
  const site = await publish({ "index.html": html("Site", "<h1>Site</h1>") });
  const app = await publish({ "index.html": html("App", "<h1>App</h1>") });
  const places = [`${author.console}/`, (await open(author, app.ipfs, "app")).url, (await open(author, site.ipfs)).url];
  const close = await stranger(page, "");
  for (const place of places) {
    const opening = context.waitForEvent("page");
    await page.evaluate((to) => void ((window as unknown as { held: unknown }).held = window.open(to)), place);
    const opened = await opening;
    await opened.waitForLoadState();
    await expect(opened.locator("h1").first()).toBeVisible();
    // Cross-Origin-Opener-Policy cuts the two apart: to the opener it is closed.
    await expect.poll(() => page.evaluate(() => (window as unknown as { held: Window }).held.closed)).toBe(true);
    expect(await opened.evaluate(() => opener === null)).toBe(true);
    await opened.close();
  }
  for (const place of places) {
    await page.evaluate((src) => {
      const frame = Object.assign(document.createElement("iframe"), { src });
      document.body.append(frame);
      return new Promise((done) => (frame.onload = done));
    }, place);
  }
  const shown = await Promise.all(page.frames().slice(1).map((f) => f.evaluate(() => document.body.innerText)));
  expect(shown).toHaveLength(places.length);
  expect(shown.filter((text) => /Wanted|^Site$|^App$|Open an address/.test(text.trim()))).toEqual([]);
  await close();
});
