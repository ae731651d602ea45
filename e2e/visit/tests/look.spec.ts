// The badge and the runtime's pages in both schemes, wide and narrow: nothing
// that axe finds fault with, nothing cut off, and all of it by keyboard. The
// pictures are kept in test-results/look.
import AxeBuilder from "@axe-core/playwright";
import { picture } from "../../picture/picture.ts";
import { gallery } from "./site.ts";
import { controlled, expect, kept, pictures, startHost, test, view, type Host, type Person } from "./setting.ts";
import type { Page } from "@playwright/test";

const sizes = [
  { name: "wide", width: 1280, height: 860 },
  { name: "narrow", width: 360, height: 780 },
] as const;

async function check(page: Page, name: string): Promise<void> {
  for (const scheme of ["light", "dark"] as const) {
    for (const size of sizes) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await look(page, `${name}-${scheme}-${size.name}`, name !== "badge");
    }
  }
}

async function look(page: Page, name: string, fullPage = true): Promise<void> {
  await page.screenshot({ path: `../test-results/look/visit-${name}.png`, fullPage });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect.soft(over, `${name} is wider than the window`).toBeLessThanOrEqual(0);
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect.soft(violations.map((v) => `${name}: ${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`)).toEqual([]);
}

async function met(host: Host, first: Person, second: Person): Promise<Page> {
  const open = async (p: Person): Promise<Page> => {
    const page = await p.page();
    await page.goto(`${host.origin}/`);
    await pictures(page);
    await controlled(page);
    return page;
  };
  await open(first);
  const page = await open(second);
  await expect.poll(async () => (await view(page))?.stats.peers.filter((p) => p.connected).length ?? 0, { timeout: 60_000 }).toBeGreaterThan(0);
  return page;
}

test("the page who served me, and the badge", async ({ person }) => {
  test.setTimeout(240_000);
  const host = await startHost(await gallery(8, 200_000));
  const me = await person();
  const page = await met(host, await person(), me);
  const served = await me.page();
  const complaints: string[] = [];
  served.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
  await served.goto(`${host.origin}/.kith/served`);
  await expect(served.getByRole("status")).toHaveText(/Connected to/, { timeout: 60_000 });
  await expect(served.getByText(/pieces are here/)).toBeVisible();
  await check(served, "served");
  await served.addInitScript(() => Object.defineProperty(navigator, "languages", { get: () => ["de-AT", "en"] }));
  await served.setViewportSize({ width: 360, height: 780 });
  await served.reload();
  await expect(served.getByRole("status")).toHaveText(/Peers? verbunden/, { timeout: 60_000 });
  await expect(served.locator("html")).toHaveAttribute("lang", "de");
  await look(served, "served-german");
  expect(complaints).toEqual([]);
  await served.close();

  await page.bringToFront();
  await page.getByRole("button", { name: /Served by/ }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("checkbox", { name: "Seed this site" })).toBeVisible();
  await check(page, "badge");
  await picture(page, "badge", { width: 460, height: 620, without: "img" });
  await page.keyboard.press("Escape");
  await expect(page.getByRole("checkbox", { name: "Seed this site" })).toBeHidden();
  await expect(page.getByRole("button", { name: /Served by/ })).toBeFocused();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Hide this badge" }).click();
  await expect(page.locator("kith-badge")).toHaveCount(0);
  await page.reload();
  await pictures(page);
  await page.waitForTimeout(1000); // nothing announces that nothing is shown
  await expect(page.locator("kith-badge")).toHaveCount(0);
});

test("the page that looks for a page", async ({ person }) => {
  const host = await startHost(await gallery(2));
  const me = await person();
  const page = await me.page();
  await page.goto(`${host.origin}/`);
  await pictures(page);
  await controlled(page);
  await kept(page);
  await host.kill();
  await page.goto(`${host.origin}/film.html`);
  await expect(page.locator("h1")).toHaveText(/Looking for this page/);
  await check(page, "boot");
});
