// Visitors who serve each other: two browsers, and a host that goes away.
import { gallery, noise } from "./site.ts";
import { controlled, expect, kept, pictures, startHost, startRelay, test, view, type Person } from "./setting.ts";
import type { Page } from "@playwright/test";

/** Opens a page and waits until the worker is in charge and the pictures are there. */
async function visit(person: Person, url: string): Promise<Page> {
  const page = await person.page();
  await page.goto(url);
  await pictures(page);
  await controlled(page);
  return page;
}

/** Waits until this browser's leading page has a peer. */
async function connected(page: Page): Promise<void> {
  await expect.poll(async () => (await view(page))?.stats.peers.filter((p) => p.connected).length ?? 0, { timeout: 60_000 }).toBeGreaterThan(0);
}

/** Makes this browser hold all of the site. */
async function holdAll(page: Page, files: readonly string[]): Promise<void> {
  await page.evaluate(async (paths) => {
    for (const path of paths) {
      await (await fetch(path)).arrayBuffer();
    }
  }, files);
  await expect.poll(async () => {
    const v = await view(page);
    return v !== undefined && v.stats.have === v.stats.pieces;
  }, { timeout: 60_000 }).toBe(true);
}

test("the host killed half way: the second visitor gets the rest from the first", async ({ person }) => {
  const files = await gallery(8, 120_000);
  const host = await startHost(files);
  const first = await visit(await person(), `${host.origin}/`);
  await holdAll(first, Object.keys(files).map((f) => `/${f}`));
  const second = await visit(await person(), `${host.origin}/`);
  await connected(second);
  await host.kill();
  // Whose leading page stays, keeps the peers: a tab beside it has them too.
  const beside = await second.context().newPage();
  await beside.goto(`${host.origin}/second/`);
  await expect(beside.locator("h1")).toHaveText("Second");
  await pictures(beside);
  const got = await second.evaluate(async () => (await (await fetch("/clip.webm")).arrayBuffer()).byteLength);
  expect(got).toBe((files["clip.webm"] as Uint8Array).length);
  expect((await view(first))?.stats.uploaded).toBeGreaterThan(0);
});

test("a tab closed while it serves: another tab of the same person goes on", async ({ person }) => {
  const files = await gallery(4, 400_000);
  const host = await startHost(files);
  const giver = await person();
  const leading = await visit(giver, `${host.origin}/`);
  await holdAll(leading, Object.keys(files).map((f) => `/${f}`));
  const other = await giver.page();
  await other.goto(`${host.origin}/second/`);
  const taker = await visit(await person(), `${host.origin}/second/`);
  await connected(taker);
  await leading.close();
  await expect.poll(async () => (await view(other)) !== undefined, { timeout: 10_000 }).toBe(true);
  await connected(other);
  await taker.evaluate(async () => (await fetch("/pictures/3.png")).arrayBuffer());
  await expect.poll(async () => (await view(other))?.stats.uploaded ?? 0).toBeGreaterThan(0);
});

test("a person's choices: HTTP only meets nobody, stop stops, metered sends nothing", async ({ person }) => {
  const host = await startHost({ ...(await gallery(3)), "extra.png": noise(50_000) });
  const me = await person();
  const page = await visit(me, `${host.origin}/`);
  const served = await me.page();
  await served.goto(`${host.origin}/.kith/served`);
  await expect.poll(async () => (await view(page)) !== undefined).toBe(true);
  await served.getByRole("radio", { name: /HTTP only/ }).check();
  await expect(served.getByRole("status")).toHaveText(/Peers are off/);
  await expect.poll(async () => (await view(page)) !== undefined).toBe(false);
  await page.goto(`${host.origin}/`);
  await pictures(page);
  expect(await page.evaluate(async () => (await (await fetch("/extra.png")).arrayBuffer()).byteLength)).toBeGreaterThan(1000);
  expect(await view(page)).toBeUndefined();
  await served.getByRole("radio", { name: /Direct/ }).check();
  await expect.poll(async () => (await view(page)) !== undefined).toBe(true);
  await served.getByRole("button", { name: "Stop" }).click();
  await expect(served.getByRole("status")).toHaveText(/Stopped/);
  await expect.poll(async () => (await view(page)) !== undefined).toBe(false);
  await served.getByRole("button", { name: "Resume" }).click();
  await expect.poll(async () => (await view(page)) !== undefined).toBe(true);
});

test("what is stored can be cleared", async ({ person }) => {
  const host = await startHost(await gallery(3));
  const me = await person();
  await visit(me, `${host.origin}/`);
  const served = await me.page();
  await served.goto(`${host.origin}/.kith/served`);
  await expect(served.getByText(/[1-9]\d* of \d+ pieces are here/)).toBeVisible();
  await served.getByRole("button", { name: "Clear" }).click();
  await served.getByRole("button", { name: "Forget them" }).click();
  await expect(served.getByText(/^0 of \d+ pieces are here/)).toBeVisible();
});

test("a page that nobody here has, its host gone, comes from those who have it", async ({ person }) => {
  const meeting = await startRelay(); // a meeting point outlives the host
  const files = await gallery(3);
  const host = await startHost(files, `trackers = ["${meeting}"]`);
  const first = await visit(await person(), `${host.origin}/`);
  await holdAll(first, Object.keys(files).map((f) => `/${f}`));
  const page = await visit(await person(), `${host.origin}/`);
  await kept(page);
  await page.goto("about:blank");
  await host.kill();
  await page.goto(`${host.origin}/second/`);
  await expect(page.locator("h1")).toHaveText("Second", { timeout: 60_000 });
  await pictures(page);
});
