// The suite against a node: apps in the shell, consent in the console.
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { expect, test, type BrowserContext, type Frame, type Page } from "@playwright/test";
import { build } from "esbuild";
import { startChromium, stopChromium, type Chromium } from "../../browser/tests/chromium.ts";
import type { Setting, Suite } from "../suite/index.ts";
import type { Loot } from "../suite/stranger.ts";
import type { Decision, Result } from "../suite/world.ts";
import { decide, Somebody } from "./people.ts";

declare const kithSuite: Suite;

test.describe.configure({ mode: "serial" });

const setting: Setting = { host: "node", app: "suite", other: "other", friend: "Bo", hidden: "Cy", offers: ["friend", "picker", "other"] };

let ada: Somebody;
let bo: Somebody;
let cy: Somebody;
let chromium: Chromium;
let context: BrowserContext;
let console: Page;
let script: string;

test.beforeAll(async () => {
  [ada, bo, cy] = [new Somebody("Ada"), new Somebody("Bo"), new Somebody("Cy")];
  await ada.befriends(bo);
  await ada.befriends(cy);
  const bundle = await build({ entryPoints: [new URL("../suite/index.ts", import.meta.url).pathname], bundle: true, write: false, format: "iife", target: "es2022" });
  script = bundle.outputFiles[0]?.text ?? "";
  chromium = await startChromium();
  context = await chromium.browser.newContext({ viewport: { width: 1280, height: 900 } });
  context.setDefaultTimeout(30_000);
  await context.exposeFunction("kithWorld", does);
  console = await context.newPage();
  await console.goto(`${ada.console}/#/apps`);
  await expect(console.locator(".pulse.online")).toBeVisible();
});

test.afterAll(async () => {
  await stopChromium(chromium);
});

/** What the suite wants done in the world. */
async function does(call: string, ...given: unknown[]): Promise<unknown> {
  const [a, b, c, d] = given as string[];
  switch (call) {
    case "decide":
      return decide(console, given[0] as Decision);
    case "writes":
      return ada.puts(a!, b!, c!, d!);
    case "friendPuts":
      return bo.puts(setting.app, a!, b!, c!, "Ada");
    case "friendDeletes":
      await bo.calls("DELETE", `/data/${a!}?app=${setting.app}`);
      return undefined;
    case "friendSleeps":
      return bo.falls(given[0] as boolean);
    case "friendSees":
      return bo.sees("Ada", `.app/${setting.app}/${a!}`);
  }
  throw new Error(`the suite wants ${call}`);
}

interface Site {
  readonly label: string;
  readonly origin: string;
  readonly address: string;
}

/** Publishes a page with the suite and opens it on Ada's node. */
async function site(name: string, mode: "app" | "site"): Promise<Site> {
  const folder = join(await mkdtemp(join(tmpdir(), "kith-app-")), name);
  await mkdir(folder);
  await writeFile(join(folder, "index.html"), `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title><h1>${name}</h1><script src="suite.js"></script></html>`);
  await writeFile(join(folder, "suite.js"), script);
  const { ipfs } = JSON.parse(await ada.kith("publish", "--json", folder)) as { ipfs: string };
  const { label } = await ada.json<{ label: string }>("POST", "/open", mode === "app" ? { address: ipfs, mode } : { address: ipfs });
  return { label, address: ipfs, origin: ada.console.replace("//localhost", `//${label}.localhost`) };
}

/** Opens an app in the shell, in a tab of its own. */
async function inShell(s: Site): Promise<{ page: Page; frame: Frame }> {
  const page = await context.newPage();
  await page.goto(`${ada.console}/app/${s.label}/`);
  const frame = await (await page.locator("iframe#app").elementHandle())?.contentFrame();
  if (!frame) {
    throw new Error("the shell shows no frame");
  }
  await expect(frame.locator("h1")).toBeVisible();
  return { page, frame };
}

async function runs(frame: Frame, name: string): Promise<void> {
  const result: Result = await frame.evaluate(([n, s]) => kithSuite.run(n, s), [name, setting] as const);
  expect(result, result.said).toEqual({ name, ok: true });
}

let loot: Loot;
let first: Site;

test("a plain site gets nothing, and is told how to become an app", async () => {
  const plain = await site("plain", "site");
  const page = await context.newPage();
  await page.goto(`${plain.origin}/`);
  const [hello, refused] = await page.evaluate(async () => [
    await (await fetch("/.kith/")).json() as Record<string, unknown>,
    await (await fetch("/.kith/connect", { method: "POST", body: JSON.stringify({ app: "suite", wants: ["data"] }) })).json() as Record<string, unknown>,
  ] as const);
  expect([hello["kith"], hello["host"], hello["app"], hello["ready"]]).toEqual([1, "node", "", false]);
  expect([refused["status"], refused["code"]]).toEqual([403, "not-an-app"]);
  expect(refused["hint"]).toContain(`/#/sites/${plain.label}/privacy`);
  await page.close();
});

test("the suite, in an app", async () => {
  test.setTimeout(420_000);
  first = await site("first", "app");
  const { page, frame } = await inShell(first);
  const names = await frame.evaluate((s) => kithSuite.names(s), setting);
  const wrong: string[] = [];
  for (const name of names) {
    await test.step(name, async () => {
      await runs(frame, name).catch((e: unknown) => {
        wrong.push(`${name}: ${e instanceof Error ? e.message.split("\n")[0] ?? "" : String(e)}`);
      });
    });
  }
  expect(wrong).toEqual([]);
  loot = await frame.evaluate(() => kithSuite.loot());
  await page.close();
});

test("another app finds nothing of the first", async () => {
  const { page, frame } = await inShell(await site("second", "app"));
  const names = await frame.evaluate(([l, s]) => kithSuite.strangers(l, s), [loot, setting] as const);
  for (const name of names) {
    const result: Result = await frame.evaluate(([l, n, s]) => kithSuite.runStranger(l, n, s), [loot, name, setting] as const);
    expect(result, result.said).toEqual({ name, ok: true });
  }
  await page.close();
});

test("pages of other origins neither learn nor change anything", async () => {
  for (const from of [await site("foreign", "site"), { origin: ada.console.replace("//localhost", "//127.0.0.1") }]) {
    const page = await context.newPage();
    if ("label" in from) {
      await page.goto(`${from.origin}/`);
    } else {
      await page.route(`${from.origin}/**`, (r) => r.fulfill({ contentType: "text/html", body: `<h1>elsewhere</h1><script>${script}</script>` }));
      await page.goto(`${from.origin}/`);
    }
    const learnt = await page.evaluate((o) => kithSuite.attempts(o), first.origin);
    expect(learnt.filter((a) => a.learnt !== "")).toEqual([]);
    const [answer] = await Promise.all([page.waitForResponse(`${first.origin}/.kith/data/treasure`), page.goto(`${first.origin}/.kith/data/treasure`)]);
    expect(answer.status()).toBe(403);
    expect(await page.content()).not.toContain("gold");
    await page.close();
  }
  expect(await console.locator("kith-app-ask").count()).toBe(0);
  const { page, frame } = await inShell(first);
  const left = await frame.evaluate(async () => [
    await (await fetch("/.kith/data/treasure")).text(), (await (await fetch("/.kith/data/foreign/")).json() as { items: unknown[] }).items.length,
  ]);
  expect(left).toEqual(["gold", 0]);
  await page.close();
});

test("the shell says that the person is asked, and leads to friends", async () => {
  const { page, frame } = await inShell(await site("asking", "app"));
  void frame.evaluate(() => {
    void fetch("/.kith/connect", { method: "POST", body: JSON.stringify({ app: "suite", title: "\u202eAsking", wants: ["data", "friends", "share"] }) });
    parent.postMessage({ kith: "asking" }, "*");
    parent.postMessage({ kith: "people" }, "*");
  });
  await expect(page.getByRole("link", { name: "Kith is asking you" })).toHaveAttribute("href", "/#/apps");
  await expect(page.getByRole("link", { name: "Friends and devices" })).toHaveAttribute("href", "/#/friends");
  const card = console.locator("kith-app-ask .ask");
  await expect(card).toContainText("Another address acts as “suite” already");
  await expect(card.locator("h2")).toHaveText("Asking wants to keep documents here");
  for (const scheme of ["light", "dark"] as const) {
    for (const width of [1280, 340]) {
      await console.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await console.setViewportSize({ width, height: 900 });
      // Colours that are on their way are those of neither scheme.
      await console.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finished.catch(() => undefined))));
      const { violations } = await new AxeBuilder({ page: console }).analyze();
      expect(violations.map((v) => `${scheme} ${width}: ${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`)).toEqual([]);
      expect(await console.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${scheme} ${width}: it is too wide`).toBe(true);
    }
  }
  await console.setViewportSize({ width: 1280, height: 900 });
  // By the keyboard alone.
  await card.getByRole("button", { name: "No" }).focus();
  await console.keyboard.press("Enter");
  await expect(card).toHaveCount(0);
  await page.close();
});

test("the console shows what apps may, and takes it back", async () => {
  await console.goto(`${ada.console}/#/apps`);
  const row = console.locator(".documents > li", { hasText: "acts as “suite”" });
  await expect(row).toHaveCount(1);
  await row.locator("summary").click();
  await expect(row).toContainText("treasure");
  await expect(row).toContainText("may change it");
  const { violations } = await new AxeBuilder({ page: console }).analyze();
  expect(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`)).toEqual([]);
  const { page, frame } = await inShell(first);
  await row.getByLabel("May see friends").uncheck();
  await expect.poll(() => frame.evaluate(async () => (await (await fetch("/.kith/friends/")).json() as { items: unknown[] }).items.length)).toBe(0);
  expect(await ada.kith("app", "ls")).toMatch(/^suite +data,share +/m);
  await row.getByRole("button", { name: "Take everything back" }).click();
  await console.locator("dialog[open] .danger").click();
  await expect(row).toHaveCount(0);
  expect(await frame.evaluate(async () => (await fetch("/.kith/data/treasure")).status)).toBe(403);
  expect(await ada.calls("GET", "/data/treasure?app=suite"), "its documents stay").toBe("gold");
  expect(await ada.kith("app", "revoke", "other")).toContain("its documents stay");
  expect(await ada.kith("app", "ls")).toMatch(/^other +- +0 +[1-9]/m);
  await page.close();
});
