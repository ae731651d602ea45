// Every page in both schemes, wide and narrow: nothing that axe finds fault
// with, nothing cut off, nothing the page's policy refuses. The pictures are
// kept in test-results/look.
import AxeBuilder from "@axe-core/playwright";
import { page as html, wholeSite } from "./fixtures.ts";
import { author, expect, kith, open, publish, test } from "./setting.ts";

const sizes = [
  { name: "wide", width: 1280, height: 860 },
  { name: "narrow", width: 360, height: 780 },
] as const;

let places: Record<string, string>;

test.beforeAll(async () => {
  const site = await publish(await wholeSite("look"));
  const app = await publish({ "index.html": html("App", "<h1>App</h1>"), "app.txt": "look" });
  const { label } = await open(author, site.ipfs);
  const shown = await open(author, app.ipfs, "app");
  await kith(author, "sites");
  const console = `${author.console}/#/`;
  places = {
    open: console,
    publish: `${console}publish`,
    sites: `${console}sites`,
    site: `${console}sites/${label}`,
    privacy: `${console}sites/${shown.label}/privacy`,
    node: `${console}node`,
    shell: shown.url,
  };
});

for (const scheme of ["light", "dark"] as const) {
  for (const { name, width, height } of sizes) {
    test(`every page, ${scheme}, ${name}`, async ({ chromium }) => {
      const context = await chromium.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: "reduce" });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("console", (m) => {
        if (m.type() === "error") {
          complaints.push(m.text());
        }
      });
      for (const [place, url] of Object.entries(places)) {
        await page.goto(url);
        if (place === "shell") {
          await expect(page.frameLocator("iframe#app").locator("h1")).toHaveText("App");
        } else {
          await expect(page.locator(".pulse.online")).toBeVisible();
          await expect(page.locator(`main .page.${place === "privacy" ? "site" : place} h1`)).toBeVisible();
          await expect(page.locator("main [role=status].none")).toHaveCount(0);
        }
        if (place === "publish") {
          await page.locator(".earlier summary").first().click();
          await page.locator(".earlier .dns summary").first().click();
        }
        await page.screenshot({ path: `../test-results/look/${place}-${scheme}-${name}.png`, fullPage: true });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect.soft(overflow, `${place} is wider than the window`).toBeLessThanOrEqual(0);
        const { violations } = await new AxeBuilder({ page }).options({ iframes: false }).analyze();
        expect.soft(violations.map((v) => `${place}: ${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`)).toEqual([]);
      }
      expect(complaints).toEqual([]);
      await context.close();
    });
  }
}

test("every page from right to left", async ({ page }) => {
  await page.setViewportSize({ width: 900, height: 800 });
  for (const [place, url] of Object.entries(places)) {
    await page.goto(url);
    await page.evaluate(() => document.documentElement.setAttribute("dir", "rtl"));
    await expect(page.locator("h1").first()).toBeVisible();
    const out = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect.soft(out, `${place} is wider than the window`).toBeLessThanOrEqual(0);
    await page.screenshot({ path: `../test-results/look/${place}-rtl.png` });
  }
});
