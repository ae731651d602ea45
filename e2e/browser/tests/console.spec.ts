// The console, as a person uses it.
import { randomBytes } from "node:crypto";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Page } from "@playwright/test";
import { page as html, wholeSite } from "./fixtures.ts";
import { looks } from "./looks.ts";
import { author, expect, freshNode, kith, magnetFromAuthor, open, publish, reader, test, writeFiles, type Node } from "./setting.ts";

/** Makes a folder to publish; its name is its own each time. */
async function folder(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "garden-"));
  await writeFiles(made, files);
  return made;
}

async function visit(page: Page, node: Node, place: string): Promise<void> {
  await page.goto(`${node.console}/#/${place}`);
  await expect(page.locator("main h1")).toBeVisible();
}

test("a chosen folder is published, listed, opened, pinned and removed", async ({ page, context }) => {
  const chosen = await folder(await wholeSite("chosen"));
  await visit(page, author, "publish");
  await page.locator("input[webkitdirectory]").setInputFiles(chosen);
  await expect(page.locator("form.confirm")).toContainText(basename(chosen));
  await expect(page.locator("form.confirm")).toContainText("10 files");
  await page.getByRole("button", { name: "Publish" }).click();

  const result = page.locator("section.result");
  await expect(result.getByRole("heading")).toHaveText(`${basename(chosen)} is published`);
  await expect(result.getByRole("heading")).toBeFocused();
  await expect(result.locator("dl")).toContainText("ipfs://");
  await expect(result.locator("dl")).toContainText("wtp://");
  await expect(result.locator("dl")).toContainText("magnet:?");
  await expect(result.getByRole("img", { name: "QR code" })).toBeVisible();
  const [opened] = await Promise.all([context.waitForEvent("page"), result.getByRole("link", { name: "Visit" }).click()]);
  await expect(opened.locator("h1")).toHaveText("Front chosen");
  await expect(opened.locator("#made")).toHaveText("made by a script");
  expect(new URL(opened.url()).hostname).toMatch(/^[a-z0-9-]+\.localhost$/);

  await page.getByRole("link", { name: "Sites", exact: false }).first().click();
  const row = page.locator("tbody tr").filter({ hasText: basename(chosen) }).first();
  await expect(row).toContainText("Yours");
  await expect(row).toContainText("100%");
  const pin = row.getByRole("switch");
  await expect(pin).toBeChecked(); // what is published is pinned

  const before = await page.locator("tbody tr").filter({ hasText: basename(chosen) }).count();
  await row.getByRole("button", { name: "Remove" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("You published it from here");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(row).toBeVisible();
  await row.getByRole("button", { name: "Remove" }).click();
  await dialog.getByRole("button", { name: "Remove" }).click();
  await expect.poll(() => page.locator("tbody tr").filter({ hasText: basename(chosen) }).count()).toBeLessThan(before);
});

test("a folder is dropped in", async ({ page }) => {
  const dropped = await folder({ "index.html": html("Dropped", "<h1>Dropped</h1>"), "a/b/deep.txt": "deep", ".DS_Store": "litter" });
  await visit(page, author, "publish");
  const box = await page.locator(".drop").boundingBox();
  const [x, y] = [(box?.x ?? 0) + 50, (box?.y ?? 0) + 50];
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [dropped], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", { type, x, y, data });
  }
  await expect(page.locator("form.confirm")).toContainText("2 files");
  await page.getByRole("button", { name: "Publish" }).click();
  await expect(page.locator("section.result")).toContainText("ipfs://");
});

test("a folder is published where it is, under a lasting name", async ({ page }) => {
  const where = await folder({ "index.html": html("In place", "<h1>In place</h1>") });
  await visit(page, author, "publish");
  await page.getByLabel("Folder on this computer").fill(where);
  await page.getByLabel("Lasting name").fill("garden");
  await page.getByRole("button", { name: "Publish" }).click();
  await expect(page.locator("section.result dl").first()).toContainText("Lasting name");
  await expect(page.locator("section.result dl").first()).toContainText("ipns://");

  await page.getByRole("button", { name: "Publish another" }).click();
  await page.getByLabel("Folder on this computer").fill(join(where, "not", "there"));
  await page.getByRole("button", { name: "Publish" }).click();
  await expect(page.getByRole("alert")).toContainText(/not.there/);
});

test("an address is opened from the field", async ({ page, context }) => {
  const site = await publish({ "index.html": html("Typed", "<h1>Typed</h1>") });
  await visit(page, author, "");
  await page.keyboard.press("/");
  await expect(page.getByLabel("Address", { exact: true })).toBeFocused();
  await page.keyboard.type(site.ipfs);
  const [opened] = await Promise.all([context.waitForEvent("page"), page.keyboard.press("Enter")]);
  await expect(opened.locator("h1")).toHaveText("Typed");
  await expect(page.getByText("Opened in a new tab")).toBeVisible();
});

test("what is no address is explained beside the field", async ({ page }) => {
  await visit(page, reader, "");
  const field = page.getByLabel("Address", { exact: true });
  await field.fill("wtp://not-forty-hex");
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("not-forty-hex");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await field.fill("x");
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("a .torrent file that is none is refused with a reason", async ({ page }) => {
  await visit(page, reader, "");
  const bad = join(await folder({}), "bad.torrent");
  await writeFile(bad, "d4:infoi1ee");
  await page.locator('input[accept*=".torrent"]').setInputFiles(bad);
  await expect(page.getByRole("alert")).toBeVisible();
});

test("a site is pinned with a switch, and a removal is taken back", async ({ page }) => {
  const site = await publish({ "index.html": html("Undone", "<h1>Undone</h1>") });
  const { label } = await open(reader, magnetFromAuthor(site));
  await visit(page, reader, "sites");
  const row = page.locator("tbody tr").filter({ has: page.locator(`a[href="#/sites/${label}"]`) });
  await expect(row).toContainText("Until");
  await row.getByRole("switch").click();
  await expect(row.getByRole("switch")).toBeChecked();
  await expect(row).toContainText("Always");
  await expect(row).toContainText("100%"); // what is pinned is fetched whole
  await row.getByRole("switch").click();
  await expect(row).toContainText("Until");

  await row.getByRole("button", { name: "Remove" }).click();
  await expect(row).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(row).toContainText("100%");
  await row.getByRole("button", { name: "Remove" }).click();
  await expect(row).toHaveCount(0);
  // After the time to undo it is gone for good.
  await expect.poll(async () => (await kith(reader, "sites", "--json")).includes(label)).toBe(false);
});

test("a site's page says who served how much of it", async ({ page }) => {
  // Only the page is read: with something left to fetch, the peer stays.
  const site = await publish({ "index.html": html("Served", "<h1>Served</h1>"), "large.bin": randomBytes(32 << 20) });
  const { url, label } = await open(reader, magnetFromAuthor(site));
  await page.goto(url, { waitUntil: "commit" });
  await expect(page.locator("h1")).toHaveText("Served");
  await visit(page, reader, `sites/${label}`);
  const peers = page.getByRole("region", { name: "Who served it" });
  await expect(peers.locator(".legend")).toContainText(/TCP|uTP/);
  await expect(peers.locator(".legend")).toContainText(/[1-9].* verified/);
  await expect(peers.locator("tbody tr").first()).toContainText("127.0.0.1");
  await expect(page.getByRole("region", { name: "Pieces" }).getByRole("img")).toBeVisible();
});

test("the console says that the node stopped, and comes back with it", async ({ page }) => {
  const node = await freshNode();
  try {
    await visit(page, node, "node");
    await expect(page.locator(".pulse.online")).toBeVisible();
    await node.stop();
    await expect(page.getByRole("alert")).toContainText("The node does not answer");
    await looks(page, "look", "lost");
    expect(await page.evaluate(() => document.getAnimations().length), "nothing moves for who wants no motion").toBe(0);
    await node.start();
    await expect(page.locator(".pulse.online")).toBeVisible({ timeout: 20_000 });
    await expect(page.getByRole("alert")).toHaveCount(0);
  } finally {
    await node.stop();
  }
});

test("a page without the key says what to do", async ({ page }) => {
  await page.route(`${reader.console}/`, async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(/(name="kith-token" content=")[^"]+/, "$1wrong");
    await route.fulfill({ response, body });
  });
  await page.goto(`${reader.console}/`);
  await expect(page.getByRole("heading", { name: "no key" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Load again" })).toBeVisible();
  await looks(page, "look", "refused");
});

test("everything is reached by the keyboard", async ({ page }) => {
  const site = await publish({ "index.html": html("Keys", "<h1>Keys</h1>") });
  await open(reader, magnetFromAuthor(site));
  await visit(page, reader, "sites");
  await expect(page.locator("tbody tr").first()).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.getByText("Skip to the page")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("main")).toBeFocused();
  const seen = new Set<string>();
  for (let i = 0; i < 24; i++) {
    await page.keyboard.press("Tab");
    seen.add(
      await page.evaluate(() => {
        const e = document.activeElement;
        const ring = e instanceof Element ? getComputedStyle(e).outlineStyle : "none";
        return `${e?.tagName.toLowerCase()}${e?.getAttribute("role") ?? ""}${ring === "none" ? " without a ring" : ""}`;
      }),
    );
  }
  expect([...seen]).toEqual(expect.arrayContaining(["button", "a", "inputswitch"]));
  expect([...seen].filter((x) => x.includes("without") && !x.startsWith("body"))).toEqual([]);
});
