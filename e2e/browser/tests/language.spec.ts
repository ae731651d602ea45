// The console in another language than English, on a telephone: in German, and in
// one that no catalogue has, longer than any and written from right to left, in
// which whatever comes from no catalogue stands out. The pictures are kept in
// test-results/language.
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import type { BrowserContext, Page } from "@playwright/test";
import { page as html } from "./fixtures.ts";
import { expect, freshNode, kith, test, writeFiles } from "./setting.ts";

type Message = string | Readonly<Record<string, string>>;
type Messages = Readonly<Record<string, Message>>;

let node: Awaited<ReturnType<typeof freshNode>>;
let places: Record<string, string>;

test.beforeAll(async () => {
  node = await freshNode();
  const folder = join(await mkdtemp(join(tmpdir(), "kith-site-")), "Donaudampfschifffahrt");
  await writeFiles(folder, { "index.html": html("1", "<h1>1</h1>") });
  const published = JSON.parse(await kith(node, "publish", "--json", folder)) as { urls: readonly string[] };
  const label = new URL(published.urls[0] ?? "").hostname.split(".")[0] ?? "";
  const page = `${node.console}/#/`;
  places = {
    you: `${page}you`, devices: `${page}devices`, documents: `${page}documents`, friends: `${page}friends`, accept: `${page}friends/accept`,
    open: page, publish: `${page}publish`, sites: `${page}sites`, site: `${page}sites/${label}`,
    apps: `${page}apps`, nearby: `${page}nearby`, node: `${page}node`, shell: `${node.console}/app/${label}/`,
  };
});

test.afterAll(() => node.stop());

/** Goes to a place and waits until it is drawn; folds are opened. */
async function goTo(page: Page, place: string): Promise<void> {
  await page.goto(places[place] ?? "");
  if (place === "shell") {
    await expect(page.locator("#mode span")).not.toBeEmpty();
    return;
  }
  await expect(page.locator("main .page h1")).toBeVisible();
  await expect(page.locator(".pulse.online")).toBeVisible();
  await expect(page.locator("main [role=status].none")).toHaveCount(0);
  await page.evaluate(() => document.querySelectorAll<HTMLDetailsElement>("main details").forEach((d) => (d.open = true)));
}

/** What the page says; what checks of the node found, the node says. */
function said(): string {
  return document.body.innerText.replace(document.querySelector<HTMLElement>(".checks")?.innerText ?? "", "");
}

/** How far the page is wider than the window. */
function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}

async function narrow(from: { newContext(o: object): Promise<BrowserContext> }, locale: string): Promise<BrowserContext> {
  return from.newContext({ viewport: { width: 360, height: 780 }, locale, reducedMotion: "reduce" });
}

/** The English catalogue of a part of web. */
async function english(part: string): Promise<Messages> {
  return JSON.parse(await readFile(new URL(`../../../web/${part}/messages/en.json`, import.meta.url), "utf8")) as Messages;
}

/** The English texts that are long enough to be nothing else. */
async function unmistakable(): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const part of ["console", "shell"]) {
    texts.push(...Object.values(await english(part)).flatMap((m) => (typeof m === "string" ? [m] : Object.values(m))));
  }
  return texts.flatMap((t) => t.split(/\{\w+\}/)).map((t) => t.trim()).filter((t) => t.split(" ").length > 2);
}

test("the console in German", async ({ chromium }) => {
  const context = await narrow(chromium, "de-AT");
  const page = await context.newPage();
  const foreign = await unmistakable();
  for (const place of Object.keys(places)) {
    await goTo(page, place);
    if (place === "you") { // before there is a person, and after
      await page.locator("#you-name").fill("Ada");
      await page.locator("form:has(#you-name) button").click();
      await expect(page.locator("#phrase-title")).toBeVisible();
    }
    expect(await page.locator("html").getAttribute("lang")).toBe("de");
    expect(await page.locator("html").getAttribute("dir")).toBe("ltr");
    const text = (await page.evaluate(said)).replace(/\s+/g, " ");
    expect.soft(foreign.filter((f) => text.includes(f)), `${place} says something in English`).toEqual([]);
    expect.soft(await overflow(page), `${place} is wider than the window`).toBeLessThanOrEqual(0);
    await page.screenshot({ path: `../test-results/language/de-${place}.png`, fullPage: true });
    const { violations } = await new AxeBuilder({ page }).options({ iframes: false }).analyze();
    expect.soft(violations.map((v) => `${place}: ${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`)).toEqual([]);
  }
  await context.close();
});

test("the language that the person chose is the page's, the node's and the shell's", async ({ chromium }) => {
  const context = await narrow(chromium, "en-GB");
  const page = await context.newPage();
  await goTo(page, "node");
  const asked = page.waitForRequest((r) => r.url().includes("/api/v1/") && r.headers()["accept-language"] === "de");
  await page.locator("#language-choice").selectOption("de");
  await asked;
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  await expect(page.locator("#language-choice")).toHaveValue("de");
  await goTo(page, "shell");
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  await goTo(page, "node");
  await page.locator("#language-choice").selectOption("");
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  await context.close();
});

/** A text as the language says it that nobody speaks. */
function strange(text: string): string {
  return `⟦${text.replace(/(\{\w+\})|([aeiou])/g, (_, hole?: string, vowel = "") => hole ?? vowel + vowel)}⟧`;
}

/** Texts and names of the page that are of no catalogue. What is code, somebody's own or the node's is not asked for. */
function strangers(): string[] {
  const own = "code, pre, bdi, svg, script, style, noscript, select option[lang], [dir=ltr], [dir=auto], .checks, section[aria-labelledby=guard] > .hint, .brand, #name, iframe";
  const latin = (s: string): boolean => /\p{Script=Latin}{3}/u.test(s.replace(/⟦[^⟧]*⟧|Kith|BitTorrent|IPFS|DHT|TXT|development(?:-\w+)?|Donaudampfschifffahrt|Ada/g, ""));
  const found: string[] = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const around = n.parentElement;
    const whole = around?.closest("p, h1, h2, h3, dd, dt, span, button, a, li, label")?.textContent ?? n.textContent ?? "";
    if (around && !around.closest(own) && latin(n.textContent ?? "") && latin(whole)) found.push(`${around.tagName}: ${n.textContent?.trim() ?? ""}`);
  }
  for (const e of document.body.querySelectorAll("[aria-label], [title], [placeholder]")) {
    for (const a of ["aria-label", "title", "placeholder"]) {
      const said = e.getAttribute(a) ?? "";
      if (!e.closest(own) && !/^(?:\w+:\/\/|\/)/.test(said) && latin(said)) found.push(`${e.tagName} ${a}: ${said}`);
    }
  }
  return found;
}

test("a language that no catalogue has", async ({ chromium }) => {
  const context = await narrow(chromium, "en-US");
  await context.route(/\/assets\/\w+-en\.js$/, async (route) => {
    const [, part = ""] = /(\w+)-en\.js$/.exec(route.request().url()) ?? [];
    const messages = Object.entries(await english(part)).map(([key, m]) => [
      key, typeof m === "string" ? strange(m) : Object.fromEntries(Object.entries(m).map(([form, text]) => [form, strange(text)])),
    ]);
    const made = { ...Object.fromEntries(messages) as Messages, language: "ar-XB" };
    await route.fulfill({ contentType: "text/javascript", body: `export default ${JSON.stringify(made)}` });
  });
  const page = await context.newPage();
  for (const place of Object.keys(places)) {
    await goTo(page, place);
    await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
    expect.soft(await page.evaluate(strangers), `${place} has texts of no catalogue`).toEqual([]);
    expect.soft(await overflow(page), `${place} is wider than the window`).toBeLessThanOrEqual(0);
    await page.screenshot({ path: `../test-results/language/strange-${place}.png`, fullPage: true });
  }
  await context.close();
});
