// Notes and the pages of friends in German, on a telephone, for somebody who
// installed nothing.
import { looks, Site, expect, test } from "./setting.ts";

let site: Site;

test.beforeAll(async () => {
  site = await Site.serve("notes");
});

test.afterAll(async () => {
  await site.stop();
});

test("an app, the pages of friends, and what goes wrong there, in German", async ({ ada }) => {
  const page = await ada.context.newPage();
  // What a person chose on one page holds on all of this origin.
  await page.addInitScript(() => localStorage.setItem("kith-language", "de"));
  await page.setViewportSize({ width: 360, height: 760 });
  await page.goto(`${site.origin}/`);
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  await page.getByRole("button", { name: "Beginnen" }).click();
  const people = page.frameLocator('iframe[title="Kith"]');
  await expect(people.locator("html")).toHaveAttribute("lang", "de");
  await people.getByLabel("Ihr Name").fill("Ada");
  await people.getByRole("button", { name: "Beginnen" }).click();
  await people.locator("kith-app-ask button.primary", { hasText: "Erlauben" }).click();
  await expect(page.getByText("Noch keine Notizen")).toBeVisible();
  await page.getByRole("button", { name: "Neue Notiz" }).click();
  await page.getByLabel("Titel").fill("Einkauf");
  await expect(page.locator(".editor [role=status]")).toHaveText(/^Gespeichert gerade eben/);
  await looks(page, "notes-german");

  // The peer, which a page of the app keeps running, speaks English; these pages do not.
  const you = await ada.context.newPage();
  await you.setViewportSize({ width: 360, height: 760 });
  await you.goto(`${site.origin}/.kith/people/#/you`);
  await you.getByLabel("Relays, eines je Zeile").fill("http://relay.example");
  await you.locator("form:has(#you-relays) button").click();
  await expect(you.getByRole("alert")).toContainText("„http://relay.example“ ist keine Adresse eines Relays.");
  await looks(you, "you-german");
  await you.close();
  await page.close();
});
