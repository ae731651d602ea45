// The console for somebody who sees it at twice its size, who has no mouse, or whose
// system chooses the colours; and its pictures.
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { picture } from "../../picture/picture.ts";
import { page as html } from "../tests/fixtures.ts";
import { hiddenFocus, overflow, tabTo } from "../tests/looks.ts";
import { author, expect, reader, test, writeFiles } from "../tests/setting.ts";
import { settle } from "./world.ts";

test.describe.configure({ mode: "serial" });

let places: Record<string, string>;

test.beforeAll(async () => {
  test.setTimeout(180_000);
  const { label, friend } = await settle();
  const [ada, bo] = [`${author.console}/#/`, `${reader.console}/#/`];
  places = {
    open: ada, tour: `${ada}tour`, publish: `${ada}publish`, apps: `${ada}apps`, nearby: `${ada}nearby`, friends: `${ada}friends`, accept: `${ada}friends/accept`,
    friend: `${ada}friends/${friend}`, documents: `${ada}documents`, devices: `${ada}devices`, you: `${ada}you`, node: `${ada}node`,
    sites: `${bo}sites`, site: `${bo}sites/${label}`,
  };
});

/** Goes to a place and waits until it is drawn. */
async function goTo(page: Page, place: string): Promise<void> {
  await page.goto(places[place] ?? "");
  await expect(page.locator("main .page h1")).toBeVisible();
  await expect(page.locator(".pulse.online")).toBeVisible();
  await expect(page.locator("main [role=status].none")).toHaveCount(0);
}

test("at twice the size nothing is cut off, and where the focus is can be seen", async ({ chromium }) => {
  const context = await chromium.newContext({ viewport: { width: 640, height: 400 }, deviceScaleFactor: 2, reducedMotion: "reduce" });
  const page = await context.newPage();
  for (const place of Object.keys(places)) {
    await goTo(page, place);
    expect.soft(await overflow(page), `${place} is wider than the window`).toBeLessThanOrEqual(0);
    if (place !== "nearby") expect.soft(await hiddenFocus(page), `the focus on ${place}`).toEqual([]); // it is switched off here
    await page.screenshot({ path: `../test-results/eyes/${place}-large.png` });
  }
  await context.close();
});

test("colours of the system, and no motion", async ({ chromium }) => {
  const context = await chromium.newContext({ viewport: { width: 1000, height: 800 }, forcedColors: "active", reducedMotion: "reduce" });
  const page = await context.newPage();
  for (const place of ["open", "sites", "documents"]) {
    await goTo(page, place);
    expect.soft(await hiddenFocus(page), `the focus on ${place}`).toEqual([]);
    expect.soft(await page.evaluate(() => document.getAnimations().length), `${place} moves`).toBe(0);
    await page.screenshot({ path: `../test-results/eyes/${place}-forced.png` });
  }
  await context.close();
});

test("publishing and inviting, without a mouse", async ({ page }) => {
  const folder = join(await mkdtemp(join(tmpdir(), "kith-site-")), "Summer concert");
  await writeFiles(folder, { "index.html": html("Concert", "<h1>Concert</h1>") });
  await goTo(page, "publish");
  await page.keyboard.press("Tab");
  await expect(page.locator(".skip")).toBeFocused();
  await page.keyboard.press("Enter");
  await tabTo(page, "#path");
  await page.keyboard.type(folder);
  await page.keyboard.press("Enter");
  await expect(page.locator("#result-title")).toBeFocused();

  await goTo(page, "friends");
  await tabTo(page, "#invite");
  await page.keyboard.press("Enter");
  await expect(page.locator("#invite-for")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.locator("#invite")).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.type("Cleo");
  await page.keyboard.press("Enter");
  await expect(page.locator(".invitation svg.qr")).toBeVisible();
  await expect(page.locator("#invite")).toBeFocused();
});

test("sharing and deleting, without a mouse", async ({ page }) => {
  await goTo(page, "documents");
  const row = page.locator("section:has(#kept) > ul > li", { hasText: "plum cake" });
  const others = page.locator("section:has(#kept) > ul > li");
  await expect(others).toHaveCount(4);
  const opener = row.locator("[aria-expanded]");
  await opener.evaluate((e) => (e.id = "opener"));
  await tabTo(page, "#opener");
  await page.keyboard.press("Enter");
  await expect(row.locator("input:checked").first()).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(opener).toBeFocused();
  await expect(row.locator("form")).toHaveCount(0);
  await page.keyboard.press("Enter");
  await expect(row.locator("input:checked").first()).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await tabTo(page, "form.sharing .primary");
  await page.keyboard.press("Enter");
  await expect(row.locator("form")).toHaveCount(0);
  await expect(opener).toBeFocused();
  await expect(row).not.toContainText("Seen by: Bo");

  await row.locator("button", { hasText: "Delete" }).evaluate((e) => (e.id = "deleter"));
  await tabTo(page, "#deleter");
  await page.keyboard.press("Enter");
  await expect(page.locator("dialog[open] button").first()).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.locator("#deleter")).toBeFocused();
  await page.keyboard.press("Enter");
  await tabTo(page, "dialog[open] .danger");
  await page.keyboard.press("Enter");
  await expect(row).toHaveCount(0);
  await expect(page.locator("#kept")).toBeFocused();
});

test("the pictures of the documents can be taken", async ({ page }) => {
  await goTo(page, "sites");
  await expect(page.locator("tbody tr")).toHaveCount(4);
  await picture(page, "console", { width: 1280, height: 620, scale: 1.4 });
  await goTo(page, "friends");
  const card = page.locator(".invitation");
  await expect(card.locator("svg.qr")).toBeVisible();
  await expect(page.locator(".people a")).toContainText("Bo");
  await picture(page, "friends", { height: 720 });
  await goTo(page, "documents");
  await page.locator("li", { hasText: "harbour" }).getByRole("button", { name: /^Share/ }).click();
  await expect(page.locator("form.sharing")).toBeVisible();
  await picture(page, "documents", { height: 680, at: "#kept" });
});
