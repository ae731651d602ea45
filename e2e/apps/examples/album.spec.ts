// Album on a plain web server: one story, told in order.
import type { Page } from "@playwright/test";
import { picture } from "../../picture/picture.ts";
import { expect, installs, looks, Site, test, type Somebody } from "./setting.ts";

test.describe.configure({ mode: "serial" });

let site: Site;

test.beforeAll(async () => {
  site = await Site.serve("album");
});

test.afterAll(async () => {
  await site.stop();
});

/** A picture from a camera: larger than what is kept. */
async function photograph(page: Page, hue: number, width = 3000, height = 2000): Promise<Buffer> {
  const data = await page.evaluate(([hue, width, height]) => {
    const canvas = Object.assign(document.createElement("canvas"), { width, height });
    const on = canvas.getContext("2d")!;
    const sky = on.createLinearGradient(0, 0, 0, height);
    sky.addColorStop(0, `hsl(${hue} 60% 70%)`);
    sky.addColorStop(1, `hsl(${hue + 40} 70% 40%)`);
    on.fillStyle = sky;
    on.fillRect(0, 0, width, height);
    return canvas.toDataURL("image/jpeg", 0.9).split(",")[1]!;
  }, [hue, width, height] as const);
  return Buffer.from(data, "base64");
}

/** Adds a picture. */
async function posts({ page }: Somebody, caption: string, who: string, hue: number): Promise<void> {
  await page.locator("header").getByRole("button", { name: "Add a picture" }).click();
  await page.getByLabel("The picture").setInputFiles({ name: "p.jpg", mimeType: "image/jpeg", buffer: await photograph(page, hue) });
  await page.getByLabel("What is on it?").fill(caption);
  await page.getByLabel(who).check();
  await page.getByRole("button", { name: "Add it" }).click();
  await expect(page.locator("#compose")).toBeHidden();
}

const card = (s: Somebody, caption: string) => s.page.locator(".feed article", { hasText: caption });

test("two people become friends by the people pages", async ({ ada, bo }) => {
  await ada.begins(`${site.origin}/`);
  await expect(ada.page.getByText("No pictures yet")).toBeVisible();
  await looks(ada.page, "album-empty");
  await installs(ada);
  await ada.befriends(bo, `${site.origin}/`, { friends: "Friends", choose: "Choose who takes part…" });
});

test("a friend sees what is for them, and nothing else", async ({ ada, bo }) => {
  await posts(ada, "At the lake", "Some friends", 200);
  await ada.allows((c) => c.locator(".some label", { hasText: "Bo" }).click());
  await posts(ada, "A draft", "Only me", 20);
  await expect(card(ada, "At the lake").locator(".chip")).toHaveText("1 friend");
  await expect(card(ada, "A draft").locator(".chip")).toHaveText("Only you");
  await expect(card(bo, "At the lake").locator("img")).toBeVisible();
  await expect(card(bo, "At the lake")).toContainText("Ada");
  await expect(bo.page.locator(".feed article")).toHaveCount(1);
  const size = await card(bo, "At the lake").locator("img").evaluate((i: HTMLImageElement) => i.decode().then(() => [i.naturalWidth, i.naturalHeight]));
  expect(size, "the small one").toEqual([720, 480]);
});

test("a comment reaches the owner, and by them whoever sees the post", async ({ ada, bo }) => {
  await card(bo, "At the lake").getByRole("link").click();
  await expect.poll(() => bo.page.locator("figure img").evaluate((i: HTMLImageElement) => i.naturalWidth)).toBe(2400);
  await bo.page.getByLabel("Your comment").fill("I was <b>there</b>");
  await bo.page.getByLabel("Your name under comments").fill("Bo");
  await bo.page.getByRole("button", { name: "Say it" }).click();
  await expect(bo.page.locator(".comments li")).toContainText("I was <b>there</b>");
  await card(ada, "At the lake").getByRole("link").click();
  await expect(ada.page.locator(".comments li")).toContainText("Bo ·");
  await ada.page.getByLabel("Your comment").fill("You were!");
  await ada.page.getByLabel("Your name under comments").fill("Ada");
  await ada.page.getByRole("button", { name: "Say it" }).click();
  await expect(bo.page.locator(".comments li")).toHaveCount(2);
  await expect(bo.page.locator(".comments li").first()).not.toContainText("has not received");
  await looks(bo.page, "album-post");
});

test("without a network it opens, shows what it has, and takes pictures", async ({ ada, bo }) => {
  await bo.page.goto(`${site.origin}/#/`);
  await expect(card(bo, "At the lake").locator("img")).toBeVisible();
  await bo.context.setOffline(true);
  try {
    await bo.page.reload();
    await expect(bo.page.getByText("No network.")).toBeVisible();
    await expect(card(bo, "At the lake").locator("img")).toBeVisible();
    await posts(bo, "On the train", "All my friends", 120);
    await expect(card(bo, "On the train").locator("img")).toBeVisible();
  } finally {
    await bo.context.setOffline(false);
  }
  await bo.page.reload();
  await ada.page.goto(`${site.origin}/#/`);
  await expect(card(ada, "On the train").locator("img")).toBeVisible();
  await looks(ada.page, "album-feed");
  await picture(ada.page, "album", { width: 1000, height: 400 });
});

test("what a friend deletes disappears", async ({ ada, bo }) => {
  await card(ada, "At the lake").getByRole("link").click();
  await ada.page.getByRole("button", { name: "Delete", exact: true }).click();
  await ada.page.getByRole("button", { name: "Delete it" }).click();
  await expect(card(ada, "A draft")).toBeVisible();
  await expect(card(ada, "At the lake")).toHaveCount(0);
  await expect(card(bo, "At the lake")).toHaveCount(0);
  await expect(card(bo, "On the train")).toBeVisible();
});

test("what waits for a friend who is away is said, and comes by itself", async ({ ada, bo }) => {
  await bo.page.goto("about:blank");
  await ada.page.evaluate(async () => { // as if it had never been asked for
    const { items } = (await (await fetch("/.kith/friends/")).json()) as { items: { friend: string }[] };
    for (const f of items) await fetch(`/.kith/friends/${f.friend}/posts/`, { method: "DELETE" });
  });
  await ada.page.reload();
  await expect(ada.page.locator(".away")).toContainText("Bo");
  await bo.page.goto(`${site.origin}/`);
  await expect(ada.page.locator(".away")).toHaveCount(0);
  await expect(card(ada, "On the train").locator("img")).toBeVisible();
});
