// Two people become friends by their consoles, share, and delete; one of them
// falls asleep, gets a second device, and locks it. One story, told in order.
import { readFile } from "node:fs/promises";
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { drop, Room, type Somebody } from "./people.ts";

test.describe.configure({ mode: "serial" });

let room: Room;
let ada: Somebody;
let bo: Somebody;
let phone: Somebody;

test.beforeAll(async () => {
  room = await Room.open();
  [ada, bo, phone] = [await room.enters("ADA"), await room.enters("BO"), await room.enters("PHONE")];
});

test.afterAll(async () => {
  await room.close();
});

/** The rows of a person's own documents. */
const kept = "section:has(#kept) > ul > li";

/** What is on a friend's page for a person. */
const theirs = (s: Somebody) => s.page.locator("section", { has: s.page.locator("#theirs") });

test("an empty console says what to do next", async () => {
  await ada.goes("friends");
  await expect(ada.page.locator(".empty")).toContainText("No friends yet");
  await ada.goes("documents");
  await expect(ada.page.locator("main")).toContainText("Nothing is kept yet");
  for (const [who, name] of [[ada, "Ada"], [bo, "Bo"]] as const) {
    await who.goes("you");
    await who.page.getByLabel("Your name").fill(name);
    await who.page.getByRole("button", { name: "Begin" }).click();
    await expect(who.page.getByText("Write your recovery phrase down")).toBeVisible();
    await expect(who.page.locator("#relays ~ ul .badge")).toHaveText("Connected");
  }
});

test("a recovery phrase is shown until it is written down", async () => {
  await ada.page.getByRole("button", { name: "Show the words" }).click();
  await expect(ada.page.locator(".words li")).toHaveCount(24);
  await ada.page.getByRole("button", { name: "I wrote it down" }).click();
  await ada.isSure();
  await expect(ada.page.locator(".words")).toHaveCount(0);
  await expect(ada.page.getByText("Write your recovery phrase down")).toHaveCount(0);
});

test("two people become friends by a link, and compare codes", async () => {
  await ada.goes("friends");
  await ada.page.getByRole("button", { name: "Invite a friend" }).click();
  await ada.page.getByLabel("Who is it for?").fill("Bo");
  await ada.page.getByRole("button", { name: "Make the link" }).click();
  const card = ada.page.locator(".invitation");
  await expect(card.locator("svg.qr")).toBeVisible();
  const link = new URL((await card.locator("code").getAttribute("title")) ?? "");

  const asked: string[] = [];
  bo.page.on("request", (r) => asked.push(`${r.method()} ${r.url()} ${r.postData() ?? ""}`));
  await bo.page.goto(`${bo.console}${link.pathname}${link.hash}`);
  await expect(bo.page.getByRole("heading", { name: "Become friends" })).toBeVisible();
  await expect(bo.page.locator("#accept-link")).toHaveValue(new RegExp(link.hash));
  await expect(bo.page).toHaveURL(/#\/friends\/accept$/);
  const secret = link.hash.slice(1);
  expect(asked.slice(1).filter((r) => r.includes(secret)), "before Bo says yes").toEqual([]);
  await bo.page.getByRole("button", { name: "Become friends" }).click();
  await expect(bo.page.locator(".safety")).toBeVisible();

  await expect(card).toHaveCount(0);
  await ada.page.locator(".people a").click();
  const code = (s: Somebody) => s.page.locator(".safety .visually-hidden").textContent();
  expect(await code(ada)).toEqual(await code(bo));
  for (const who of [ada, bo]) {
    await who.page.getByRole("button", { name: "They are the same" }).click();
    await expect(who.page.locator(".title .badge", { hasText: "Verified" })).toBeVisible();
  }
  await expect(bo.page.locator("h1")).toHaveText("Ada");
  await expect(theirs(bo)).toContainText("lets you see nothing");
});

test("what is dropped and shared reaches the friend, who saves it", async () => {
  await ada.goes("documents");
  await ada.page.locator("label", { hasText: "Some friends" }).click();
  await ada.page.locator(".keep .some label", { hasText: "Bo" }).click();
  await drop(ada.page, { "letter.txt": "see you there", "<img src=x onerror=alert(1)>.txt": "markup" });
  await expect(ada.page.locator(kept)).toHaveCount(2);
  await expect(ada.page.locator("li", { hasText: "letter.txt" })).toContainText("Seen by: Bo");

  await bo.page.getByRole("button", { name: "Ask again" }).click();
  await expect(theirs(bo).locator("li")).toHaveCount(2);
  await expect(theirs(bo)).toContainText("<img src=x onerror=alert(1)>.txt");
  await expect(bo.page.locator("main img")).toHaveCount(0);
  const [saved] = await Promise.all([bo.page.waitForEvent("download"), bo.page.getByRole("button", { name: "Save letter.txt" }).click()]);
  expect(saved.suggestedFilename()).toBe("letter.txt");
  expect(await readFile(await saved.path(), "utf8")).toBe("see you there");
});

test("a friend who sleeps answers later", async () => {
  ada.falls(true);
  try {
    await bo.page.getByRole("button", { name: "Ask again" }).click();
    await bo.page.getByRole("button", { name: /^Save .*onerror/ }).click();
    await expect(theirs(bo)).toContainText("Ada does not answer now: this is what they said last.");
    await expect(bo.page.locator(".notice")).toContainText("The question waits");
    await expect(bo.page.locator("section", { has: bo.page.locator("#questions") })).toContainText("onerror");
  } finally {
    ada.falls(false);
  }
  await expect(theirs(bo)).not.toContainText("does not answer now");
  const arrived = bo.page.locator("section", { has: bo.page.locator("#questions") });
  await expect(arrived).toContainText("The answer is here");
  const [saved] = await Promise.all([bo.page.waitForEvent("download"), arrived.getByRole("button").click()]);
  expect(await readFile(await saved.path(), "utf8")).toBe("markup");
  await expect(arrived).toHaveCount(0);
});

test("a list, a new audience, and what was deleted", async () => {
  await ada.page.locator("summary", { hasText: "Make a list" }).click();
  await ada.page.locator("#list-name").fill("family");
  await ada.page.locator("kith-lists form label", { hasText: "Bo" }).click();
  await ada.page.locator("kith-lists form").getByRole("button", { name: "Make a list" }).click();
  await expect(ada.page.locator("kith-lists li")).toContainText("family");

  const row = ada.page.locator("li", { hasText: "onerror" });
  await row.getByRole("button", { name: /^Share/ }).click();
  await row.locator("label", { hasText: "family" }).click();
  await row.locator("label.check", { hasText: "Bo" }).click();
  await row.getByRole("button", { name: "Save", exact: true }).click();
  await expect(row).toContainText("Seen by: family");

  await ada.page.locator("li", { hasText: "letter.txt" }).getByRole("button", { name: "Delete" }).click();
  await ada.isSure();
  await expect(ada.page.locator("li.receipt").last()).toContainText("Confirmed");
  await bo.page.getByRole("button", { name: "Ask again" }).click();
  await expect(theirs(bo).locator("li")).toHaveCount(1);
});

test("a second device comes in by a code on both", async () => {
  await phone.goes("devices");
  await phone.page.getByRole("button", { name: "Show a link" }).click();
  const link = await phone.page.locator(".invitation code").getAttribute("title");
  await ada.goes("devices");
  await ada.page.locator("#device-link").fill(link ?? "");
  await ada.page.getByRole("button", { name: "Take the link" }).click();
  for (const who of [ada, phone]) {
    await expect(who.page.locator(".safety")).toBeVisible();
  }
  const code = (s: Somebody) => s.page.locator(".safety .visually-hidden").textContent();
  expect(await code(ada)).toEqual(await code(phone));
  for (const who of [ada, phone]) {
    await who.page.getByRole("button", { name: "They are the same" }).click();
  }
  await expect(ada.page.locator("#others ~ ul > li")).toHaveCount(1);
  await expect(phone.page.locator("#others ~ ul > li")).toHaveCount(1);
  await phone.goes("documents");
  await expect(phone.page.locator(kept)).toContainText("onerror");
});

// Colours and widths have nothing to do with each other: two looks see all of both.
for (const [scheme, name, width, height] of [["light", "wide", 1280, 860], ["dark", "narrow", 360, 780]] as const) {
  test(`every page, ${scheme}, ${name}`, async () => {
    const context = await room.browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: "reduce" });
    const page = await context.newPage();
    await ada.goes("friends");
    const friend = await ada.page.locator(".people a").getAttribute("href");
    const { console } = ada;
    const places: Record<string, string> = {
      friends: `${console}/#/friends`, accept: `${console}/#/friends/accept`, friend: `${console}${friend?.replace(/^#/, "/#")}`,
      documents: `${console}/#/documents`, devices: `${console}/#/devices`, you: `${bo.console}/#/you`,
    };
    for (const [place, url] of Object.entries(places)) {
      await page.goto(url);
      await expect(page.locator(".pulse.online")).toBeVisible();
      await expect(page.locator(".page h1")).toBeVisible();
      await expect(page.locator("main [role=status].none")).toHaveCount(0);
      if (place === "friends") {
        await page.getByRole("button", { name: "Invite a friend" }).click();
      } else if (place === "documents") {
        await page.locator("li", { hasText: "onerror" }).getByRole("button", { name: /^Share/ }).click();
      } else if (place === "you") {
        await page.getByRole("button", { name: "Show the words" }).click();
        await expect(page.locator(".words li")).toHaveCount(24);
      } else if (place === "devices" || place === "friend") {
        await page.locator("details summary").first().click();
      }
      await page.screenshot({ path: `../test-results/friends-look/${place}-${scheme}-${name}.png`, fullPage: true });
      expect.soft(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${place} is wider than the window`).toBeLessThanOrEqual(0);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect.soft(violations.map((v) => `${place}: ${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`)).toEqual([]);
    }
    await context.close();
  });
}

test("a passphrase closes everything, and opens it", async () => {
  await bo.goes("you");
  await bo.page.locator("summary", { hasText: "Set a passphrase" }).click();
  await bo.page.getByLabel("New passphrase").fill("a long passphrase of Bo's");
  await bo.page.getByLabel("The same again").fill("a long passphrase of Bo's");
  await bo.page.locator("#guard ~ details button").click();
  await bo.page.getByRole("button", { name: "Lock now" }).click();
  await bo.goes("friends");
  await bo.page.getByLabel("Passphrase").fill("wrong");
  await bo.page.getByRole("button", { name: "Unlock" }).click();
  await expect(bo.page.locator("#unlock-error")).toBeVisible();
  await bo.page.getByLabel("Passphrase").fill("a long passphrase of Bo's");
  await bo.page.getByRole("button", { name: "Unlock" }).click();
  await expect(bo.page.locator(".people a")).toContainText("Ada");
});

test("a friendship ends", async () => {
  await bo.page.locator(".people a").click();
  await bo.page.getByRole("button", { name: "End the friendship" }).click();
  await bo.isSure();
  await expect(bo.page.locator(".empty")).toContainText("No friends yet");
  await ada.goes("friends");
  await expect(ada.page.locator(".empty")).toContainText("No friends yet");
  for (const who of [ada, bo, phone]) {
    expect(who.complaints()).toEqual([]);
  }
});
