// Notes on a plain web server: tabs, own devices, a friend.
import type { Page } from "@playwright/test";
import { picture } from "../../picture/picture.ts";
import { expect, installs, looks, Site, test } from "./setting.ts";

test.describe.configure({ mode: "serial" });

let site: Site;

test.beforeAll(async () => {
  site = await Site.serve("notes");
});

test.afterAll(async () => {
  await site.stop();
});

const text = (p: Page) => p.getByLabel("Text", { exact: true });
const saved = (p: Page) => expect(p.locator(".editor [role=status]")).toContainText(/^Saved/);

test("two tabs write one note together", async ({ ada }) => {
  await ada.begins(`${site.origin}/`);
  await expect(ada.page.getByText("No notes yet")).toBeVisible();
  await looks(ada.page, "notes-empty");
  await installs(ada);
  await ada.page.getByRole("button", { name: "New note" }).click();
  await ada.page.getByLabel("Title").fill("Shopping");
  await ada.page.getByLabel("Folder", { exact: true }).fill("Home");
  await ada.page.getByLabel("Labels").fill("today, market");
  await text(ada.page).fill("milk\nbread\neggs");
  await saved(ada.page);
  const second = await ada.context.newPage();
  await second.goto(ada.page.url());
  await expect(text(second)).toHaveValue("milk\nbread\neggs");
  // Both at once: different lines are put together.
  await Promise.all([text(ada.page).fill("oat milk\nbread\neggs"), text(second).fill("milk\nbread\neggs\ntea")]);
  for (const p of [ada.page, second]) await expect(text(p)).toHaveValue("oat milk\nbread\neggs\ntea");
  // The same line: both stay, and it is said.
  await Promise.all([text(ada.page).fill("soy milk\nbread\neggs\ntea"), text(second).fill("goat milk\nbread\neggs\ntea")]);
  for (const p of [ada.page, second]) await expect(p.getByRole("heading", { name: "Another version of this note" })).toBeVisible();
  const words = `${await text(second).inputValue()}\n${await second.locator(".version pre").innerText()}`;
  expect(words).toContain("soy milk");
  expect(words).toContain("goat milk");
  await looks(second, "notes-versions");
  await second.getByRole("button", { name: "Make it a note of its own" }).click();
  await expect(ada.page.locator(".list li")).toHaveCount(2);
  await expect(ada.page.locator(".version")).toHaveCount(0);
  await second.close();
});

test("search, folders and labels", async ({ ada }) => {
  const { page } = ada;
  await page.getByRole("button", { name: "New note" }).click();
  await expect(page.getByLabel("Title")).toHaveValue("");
  await page.getByLabel("Title").fill("A poem");
  await text(page).fill("The rain in spring");
  await saved(page);
  await page.getByLabel("Search", { exact: true }).fill("rain spring");
  await expect(page.locator(".list li")).toHaveCount(1);
  await page.getByLabel("Search", { exact: true }).fill("");
  await page.getByLabel("Folder or label").selectOption("Folder: Home");
  await expect(page.locator(".list li")).toHaveCount(2);
  await page.getByLabel("Folder or label").selectOption("All notes");
  await looks(page, "notes-editor");
  await picture(page, "notes", { width: 1000, height: 640 });
});

test("two devices write without a network, and nothing is lost", async ({ ada, bo }) => {
  // Bo's browser becomes Ada's second device.
  bo.page = await bo.context.newPage();
  await bo.page.goto(`${site.origin}/`);
  await bo.page.getByRole("button", { name: "Begin" }).click();
  const [phone] = await Promise.all([bo.context.waitForEvent("page"), bo.people.getByRole("link", { name: /device/i }).click()]);
  await phone.getByRole("button", { name: "Show a link" }).click();
  const link = (await phone.locator(".invitation code").getAttribute("title")) ?? "";
  await ada.page.getByRole("button", { name: "Friends and devices" }).click();
  await ada.page.getByRole("button", { name: "Invite friends, add devices…" }).click();
  await ada.people.locator('nav a[href="#/devices"]').click();
  await ada.people.locator("#device-link").fill(link);
  await ada.people.getByRole("button", { name: "Take the link" }).click();
  await expect(ada.people.locator(".safety")).toBeVisible();
  await ada.people.getByRole("button", { name: "They are the same" }).click();
  await phone.getByRole("button", { name: "They are the same" }).click();
  await expect(phone.locator("#others ~ ul > li")).toHaveCount(1);
  await phone.close();
  await ada.closesPeople();
  await ada.page.getByRole("button", { name: "Close" }).click();
  await bo.allows();
  await expect(bo.page.locator(".list li")).toHaveCount(3); // rows move while notes come
  await bo.page.getByRole("link", { name: /A poem/ }).click();
  await expect(text(bo.page)).toHaveValue("The rain in spring");

  await text(bo.page).fill("The rain in spring\nfalls");
  await expect(text(ada.page)).toHaveValue("The rain in spring\nfalls");

  for (const who of [ada, bo]) await who.context.setOffline(true);
  await text(ada.page).fill("The rain in autumn\nfalls");
  await text(bo.page).fill("The rain in spring\nfalls softly");
  for (const who of [ada, bo]) await saved(who.page);
  for (const who of [ada, bo]) await who.context.setOffline(false);
  for (const who of [ada, bo]) await expect(text(who.page)).toHaveValue("The rain in autumn\nfalls softly", { timeout: 60_000 });
});

test("a friend reads a note, and cannot write it", async ({ ada, bo }) => {
  const other = await Site.serve("notes"); // where they are nobody yet
  try {
    await ada.begins(`${other.origin}/`);
    await ada.befriends(bo, `${other.origin}/`, { friends: "Friends and devices", choose: "Choose friends…" });
    await ada.page.getByRole("button", { name: "New note" }).click();
    await ada.page.getByLabel("Title").fill("The plan");
    await text(ada.page).fill("Meet at six");
    await saved(ada.page);
    await ada.page.getByRole("button", { name: "Who reads it…" }).click();
    await ada.allows(async (c) => {
      await c.getByRole("radio", { name: "Some friends" }).check();
      await c.locator(".some label", { hasText: "Bo" }).click();
    });
    await expect(ada.page.locator(".list .chip", { hasText: "1 friend" })).toBeVisible();
    await bo.page.getByRole("link", { name: /The plan/ }).click();
    await expect(bo.page.locator(".text")).toHaveText("Meet at six");
    await expect(bo.page.locator(".editor")).toHaveCount(0);
    await text(ada.page).fill("Meet at seven");
    await expect(bo.page.locator(".text")).toHaveText("Meet at seven");
  } finally {
    await other.stop();
  }
});
