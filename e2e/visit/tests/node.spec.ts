// "Open with my node": offered, never forced, never probed for.
import { gallery } from "./site.ts";
import { controlled, expect, pictures, startHost, test, type Person } from "./setting.ts";
import type { Page } from "@playwright/test";

/** Plays the visitor's node, and counts what it is asked. */
async function playNode(person: Person): Promise<string[]> {
  const asked: string[] = [];
  await person.context.route(/^http:\/\/[^/]+\.localhost:5484\//, async (route) => {
    asked.push(route.request().url());
    await route.fulfill({ contentType: "text/html", body: "<!doctype html><title>My node</title><h1>My node</h1>" });
  });
  return asked;
}

async function open(person: Person, url: string): Promise<Page> {
  const page = await person.page();
  await page.goto(url);
  await pictures(page);
  await controlled(page);
  return page;
}

test("the node is opened when the visitor says so, and again only if they said always", async ({ person }) => {
  const host = await startHost(await gallery(2));
  const me = await person();
  const asked = await playNode(me);
  const page = await open(me, `${host.origin}/second/?a=1#b`);
  const pill = page.getByRole("button", { name: /Served by/ });
  await pill.click();
  expect(asked).toEqual([]); // offered, not probed for
  await page.getByRole("button", { name: "Open with my node" }).click();
  await expect(page.locator("h1")).toHaveText("My node");
  expect(page.url()).toMatch(/^http:\/\/[a-z0-9-]+\.localhost:5484\/second\/\?a=1#b$/);

  await page.goto(`${host.origin}/`);
  await expect(page.locator("h1")).toHaveText("Front"); // once was once
  await page.getByRole("button", { name: /Served by/ }).click();
  await page.getByRole("checkbox", { name: /Always/ }).check();
  await page.getByRole("button", { name: "Open with my node" }).click();
  await expect(page.locator("h1")).toHaveText("My node");

  await page.goto(`${host.origin}/second/`);
  await expect(page.locator("h1")).toHaveText("My node"); // always
  expect(new URL(page.url()).pathname).toBe("/second/");

  const served = await me.page();
  await served.goto(`${host.origin}/.kith/served`);
  await expect(served.getByRole("status")).toHaveText(/Your own node/);
  await served.getByRole("button", { name: "Use this browser again" }).click();
  await page.goto(`${host.origin}/second/`);
  await expect(page.locator("h1")).toHaveText("Second");
});

test("the way back from a node is not barred, nor is loading anew", async ({ person }) => {
  const host = await startHost(await gallery(2));
  const me = await person();
  await playNode(me);
  const page = await open(me, `${host.origin}/`);
  await page.getByRole("button", { name: /Served by/ }).click();
  await page.getByRole("checkbox", { name: /Always/ }).check();
  await page.getByRole("button", { name: "Open with my node" }).click();
  await expect(page.locator("h1")).toHaveText("My node");
  await page.goBack({ waitUntil: "commit" }); // the browser may have kept the page, which then does not load
  await expect(page.getByRole("button", { name: /Served by/ })).toBeVisible(); // the runtime went past the choice
  await page.reload();
  await expect(page.getByRole("button", { name: /Served by/ })).toBeVisible();
  await expect(page.locator("h1")).toHaveText("Front");
});
