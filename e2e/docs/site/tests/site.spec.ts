// The documents as a website, published by one node and opened through another.
// With KITH_PICTURES=1 the pictures of what was looked at are in test-results/site.
import AxeBuilder from "@axe-core/playwright";
import { expect, test, type BrowserContextOptions, type Page } from "@playwright/test";
import { join } from "node:path";
import { env, startChromium, stopChromium, type Chromium } from "../../../browser/tests/chromium.ts";

const site = env("KITH_SITE");
const pictures = process.env["KITH_PICTURES"] ? "../../test-results/site" : undefined;
let chromium: Chromium;

test.beforeAll(async () => {
  chromium = await startChromium(["--disable-gpu"]);
});
test.afterAll(() => stopChromium(chromium));

/** A page at a path of the site, in a window of its own, and what went wrong in it. */
async function at(path: string, options: BrowserContextOptions = {}): Promise<{ page: Page; wrong: string[] }> {
  const context = await chromium.browser.newContext({ viewport: { width: 1400, height: 900 }, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on("console", (m) => void (m.type() === "error" && wrong.push(m.text())));
  page.on("pageerror", (e) => void wrong.push(e.message));
  page.on("request", (r) => void (r.url().startsWith(site) || wrong.push(`asked ${r.url()}`)));
  await page.goto(site + path);
  return { page, wrong };
}

test("one gets from page to page", async () => {
  const { page, wrong } = await at("index.html");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Kith");
  const pages = page.getByRole("navigation", { name: "Pages" });
  await pages.getByRole("link", { name: "Ten minutes with Kith" }).click();
  await expect(page).toHaveTitle("Ten minutes with Kith · Kith");
  await expect(pages.getByRole("link", { name: "Ten minutes with Kith" })).toHaveAttribute("aria-current", "page");
  await page.getByRole("navigation", { name: "On this page" }).getByRole("link", { name: /Publish a site/ }).click();
  await expect(page.getByRole("heading", { name: /Publish a site/ })).toBeInViewport();
  await page.getByRole("link", { name: /^Next/ }).click();
  await expect(page).toHaveTitle("How Kith works · Kith");
  await expect(page.locator("article img").first()).toHaveJSProperty("complete", true);
  expect(await page.locator("article img").first().evaluate((i: HTMLImageElement) => i.naturalWidth)).toBeGreaterThan(100);
  await pages.getByText("Decisions", { exact: true }).click();
  await pages.getByRole("link", { name: /Direct dependencies/ }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Direct dependencies");
  expect(wrong).toEqual([]);
  await page.context().close();
});

test("the search finds, by keyboard alone", async () => {
  const { page, wrong } = await at("spec/mailbox.html");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("relay xyzzy");
  await expect(page.getByRole("status")).toHaveText("Nothing has all these words in it.");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("status")).toBeHidden();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("what deletion cannot do");
  const first = page.locator(".found a").first();
  await expect(first).toContainText("What deletion cannot do");
  await page.keyboard.press("ArrowDown");
  await expect(first).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveTitle("What deletion cannot do · Kith");
  expect(wrong).toEqual([]);
  await page.context().close();
});

test("it can be read without JavaScript", async () => {
  const { page } = await at("guide/ten-minutes.html", { javaScriptEnabled: false, viewport: { width: 360, height: 740 } });
  await expect(page.getByText("kith --home alice publish my-site")).toBeVisible();
  await expect(page.getByRole("searchbox")).toBeHidden();
  await page.getByRole("button", { name: "Pages" }).click();
  await page.getByText("Guide", { exact: true }).click();
  await page.getByRole("link", { name: "Use cases", exact: true }).click();
  await expect(page).toHaveTitle("Use cases · Kith");
  await page.context().close();
});

const looks = [
  { name: "light", colorScheme: "light", width: 1400 },
  { name: "dark and narrow", colorScheme: "dark", width: 360 },
] as const;
const looked = ["index.html", "guide/how-it-works.html", "guide/comparison.html"];
const wide = ["reference/sdk.html", "spec/private-sharing.html", "measurements.html"]; // long lines and large tables

for (const { name, colorScheme, width } of looks) {
  test(`pages look right: ${name}`, async () => {
    const { page, wrong } = await at("contents.html", { colorScheme, viewport: { width, height: 900 } });
    for (const path of [...looked, ...wide]) {
      await page.goto(site + path);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), path).toBeLessThanOrEqual(0);
      if (pictures) await page.screenshot({ path: join(pictures, `${colorScheme}-${path.replace(/\W/g, "-")}.png`) });
      if (!looked.includes(path)) continue;
      const faults = (await new AxeBuilder({ page }).options({ resultTypes: ["violations"] }).analyze()).violations;
      expect(faults.map((v) => `${path}: ${v.id}: ${v.nodes[0]?.html}`)).toEqual([]);
    }
    expect(wrong).toEqual([]);
    await page.context().close();
  });
}
