// The first run: somebody with a new home takes the tour from its beginning to its
// end, in every scheme and width, and leaves nothing behind but a note.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { picture } from "../../picture/picture.ts";
import { looks } from "./looks.ts";
import { expect, freshNode, kith, test } from "./setting.ts";

/** A step of the tour, by its heading. */
const step = (page: Page, name: string): Locator => page.locator(".steps > li", { has: page.getByRole("heading", { name }) });

test("the first run, from its beginning to its end", async ({ context, page }) => {
  test.slow(); // it looks at much
  const node = await freshNode();
  try {
    await page.goto(node.console);
    await page.getByRole("link", { name: "Take the tour" }).click();
    await expect(page.getByRole("heading", { name: "The tour" })).toBeVisible();
    await looks(page, "first", "tour");
    await page.getByRole("button", { name: "Begin" }).click();
    await expect(step(page, "What this is")).toHaveClass("done");

    // The example is published for real: another origin, and no network.
    await page.getByRole("button", { name: "Publish the example" }).click();
    await expect(step(page, "A site of your own")).toHaveClass("done");
    await looks(page, "first", "published");
    await picture(page, "tour");
    const opening = context.waitForEvent("page");
    await page.getByRole("link", { name: "Open the site" }).click();
    const site = await opening;
    await expect(site.getByRole("heading", { name: "A harbour without a master" })).toBeVisible();
    expect(new URL(site.url()).hostname).toMatch(/^[a-z0-9]+\.localhost$/);
    await site.waitForFunction(() => (document.querySelector("img")?.naturalWidth ?? 0) > 0);
    await looks(site, "first", "site");
    for (const name of ["How it got here", "Deutsch", "Das Bild"]) {
      await site.getByRole("navigation").getByRole("link", { name }).click();
    }
    await expect(site.locator("html")).toHaveAttribute("lang", "de");
    await site.close();

    // The app asks, is allowed, and keeps a note here.
    await page.getByRole("button", { name: "Next: An app that keeps to you" }).click();
    await page.getByRole("button", { name: "Put the app here" }).click();
    const starting = context.waitForEvent("page");
    await page.getByRole("link", { name: "Open the app" }).click();
    const app = await starting;
    const notes = app.frameLocator("iframe#app");
    await notes.getByRole("button", { name: "Begin" }).click();
    const ask = page.locator("kith-app-ask");
    await expect(ask).toContainText("Notes");
    await looks(page, "first", "asked", false);
    await ask.getByRole("button", { name: "Allow" }).click();
    await notes.getByRole("button", { name: "New note" }).click();
    await notes.getByLabel("Title").fill("The first");
    await expect(notes.locator(".editor [role=status]")).toContainText(/^Saved/);
    await expect(step(page, "An app that keeps to you")).toHaveClass("done");
    await expect(page.getByText("The app keeps its first document here.")).toBeVisible();
    await app.close();

    // What has no other device is skipped; the examples go, and the note stays.
    await page.getByRole("button", { name: "Next: A friend, or your phone" }).click();
    for (const name of ["A friend, or your phone", "Something across the room"]) {
      await expect(step(page, name).getByRole("heading").getByRole("button")).toHaveAttribute("aria-expanded", "true");
      await page.getByRole("button", { name: "Skip this" }).click();
      await expect(step(page, name)).toHaveClass("skipped");
    }
    await expect(page.getByText("That was all.")).toBeVisible();
    for (const [heading, remove] of [[/A site of your own/, "Remove the example"], [/An app that keeps to you/, "Remove the app"]] as const) {
      await page.getByRole("button", { name: heading }).click();
      await page.getByRole("button", { name: remove }).click();
      await expect(page.getByRole("button", { name: remove })).toHaveCount(0);
    }
    for (const name of ["welcome", "notes"]) {
      expect(existsSync(join(node.home, "examples", name))).toBe(false);
    }
    expect(await kith(node, "sites")).toBe("");
    await page.getByRole("button", { name: "Finish" }).click();
    await expect(page.getByRole("heading", { name: "Open a site" })).toBeVisible();
    await page.getByRole("link", { name: "Apps" }).click();
    await expect(page.getByText("Documents of apps that are not connected")).toBeVisible();
  } finally {
    await node.stop();
  }
});
