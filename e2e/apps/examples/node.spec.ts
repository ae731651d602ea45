// The same folders, published and opened as apps on a node.
import { expect, test, type BrowserContext, type Frame, type Page } from "@playwright/test";
import { startChromium, stopChromium, type Chromium } from "../../browser/tests/chromium.ts";
import { decide, Somebody } from "../node/people.ts";
import { dist, looks } from "./setting.ts";

let chromium: Chromium;
let context: BrowserContext;
let ada: Somebody;
let console: Page;

test.beforeAll(async () => {
  ada = new Somebody("Ada");
  chromium = await startChromium();
  context = await chromium.browser.newContext({ viewport: { width: 1200, height: 860 } });
  console = await context.newPage();
  await console.goto(`${ada.console}/#/apps`);
  await expect(console.locator(".pulse.online")).toBeVisible();
});

test.afterAll(async () => {
  await stopChromium(chromium);
});

async function opens(app: string): Promise<{ page: Page; frame: Frame }> {
  const { ipfs } = JSON.parse(await ada.kith("publish", "--json", dist(app))) as { ipfs: string };
  const { label } = await ada.json<{ label: string }>("POST", "/open", { address: ipfs, mode: "app" });
  const page = await context.newPage();
  await page.goto(`${ada.console}/app/${label}/`);
  const frame = await (await page.locator("iframe#app").elementHandle())?.contentFrame();
  if (!frame) throw new Error("the shell shows no frame");
  await frame.getByRole("button", { name: "Begin" }).click();
  await expect(page.getByRole("link", { name: "Kith is asking you" })).toBeVisible();
  await decide(console, { to: "connect", yes: true });
  return { page, frame };
}

test("Album", async () => {
  const { page, frame } = await opens("album");
  await frame.locator("header").getByRole("button", { name: "Add a picture" }).click();
  const picture = await page.screenshot();
  await frame.getByLabel("The picture").setInputFiles({ name: "p.png", mimeType: "image/png", buffer: picture });
  await frame.getByLabel("What is on it?").fill("A screen");
  await frame.getByLabel("Some friends").check();
  await frame.getByRole("button", { name: "Add it" }).click();
  await decide(console, { to: "share", yes: true, kind: "all" });
  await expect(frame.locator(".feed article", { hasText: "A screen" }).locator("img")).toBeVisible();
  await expect(frame.locator(".feed .chip")).toHaveText("All friends");
  await looks(page, "album-node", ["landmark-unique"]); // the shell around it has landmarks of its own
  await page.close();
});

test("Notes", async () => {
  const { page, frame } = await opens("notes");
  await frame.getByRole("button", { name: "New note" }).click();
  await frame.getByLabel("Title").fill("On a node");
  await frame.getByLabel("Text", { exact: true }).fill("as well");
  await expect(frame.locator(".editor [role=status]")).toContainText(/^Saved/);
  await page.reload();
  await expect(page.frameLocator("iframe#app").getByRole("link", { name: /On a node/ })).toContainText("as well");
  await page.close();
});
