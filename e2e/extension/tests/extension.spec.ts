// The extension, from the first connection to the last, in one Chromium.
import { createServer, type Server } from "node:http";
import { mkdir } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import AxeBuilder from "@axe-core/playwright";
import { expect, test, type BrowserContext, type Page } from "@playwright/test";
import { env, startChromium, stopChromium, type Chromium } from "../../browser/tests/chromium.ts";

const node = new URL(env("KITH_READER"));
const hash = env("KITH_WTP").replace("wtp://", "");
const domain = env("KITH_DOMAIN");

let chromium: Chromium;
let context: BrowserContext;
let server: Server;
let id: string;

test.describe.configure({ mode: "serial" });

test.beforeAll(async () => {
  // The web, as far as it is needed: one server for every name.
  server = createServer((request, response) => {
    response.setHeader("Content-Type", "text/html");
    const links = `<a id="wtp" href="wtp://${hash}/second.html">wtp</a> <a id="ipfs" target="_blank" href="${env("KITH_IPFS")}/">ipfs</a> <a id="kept" href="wtp://${hash}/">kept</a>
      <script>document.getElementById("kept").addEventListener("click", (e) => e.preventDefault())</script>`;
    response.end(`<!doctype html><title>The web</title><h1>The web at ${request.headers.host}</h1>${links}`);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const extension = env("KITH_EXTENSION");
  chromium = await startChromium([
    `--load-extension=${extension}`,
    `--disable-extensions-except=${extension}`,
    "--disable-features=DisableLoadExtensionCommandLineSwitch",
    `--host-resolver-rules=MAP *.example 127.0.0.1:${port}`,
  ]);
  const [own] = chromium.browser.contexts();
  if (!own) {
    throw new Error("Chromium has no profile");
  }
  context = own;
  const session = await chromium.browser.newBrowserCDPSession();
  await expect.poll(async () => {
    const { targetInfos } = await session.send("Target.getTargets");
    id = /^chrome-extension:\/\/([a-p]{32})\/background\.js$/.exec(targetInfos.find((t) => t.type === "service_worker")?.url ?? "")?.[1] ?? "";
    return id;
  }).not.toBe("");
});

test.afterAll(async () => {
  await stopChromium(chromium);
  await new Promise((done) => server.close(done));
});

/** The popup in a tab of its own, as if over a page. */
async function popup(over: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`chrome-extension://${id}/popup.html?url=${encodeURIComponent(over)}`);
  return page;
}

/** What the extension would say on its button over a tab. */
async function badge(over: string): Promise<string> {
  const page = await popup("about:blank");
  const text = await page.evaluate(async (url) => {
    type Api = { tabs: { query(o: object): Promise<{ id: number; url?: string }[]> }; action: { getBadgeText(o: { tabId: number }): Promise<string> } };
    const { chrome } = globalThis as unknown as { chrome: Api };
    const tab = (await chrome.tabs.query({})).find((t) => t.url === url);
    return tab ? chrome.action.getBadgeText({ tabId: tab.id }) : "no tab";
  }, over);
  await page.close();
  return text;
}

const origin = (label: string): string => `http://${label}.localhost:${node.port}`;

test("without its node it says how to start one", async () => {
  const page = await popup("https://plain.example/");
  await page.evaluate(() => (globalThis as unknown as { chrome: { storage: { local: { set(v: object): Promise<void> } } } }).chrome.storage.local.set({ node: "http://localhost:9", token: "kx_none" }));
  await expect(page.getByRole("heading", { name: "No node answers" })).toBeVisible();
  await expect(page.locator("code", { hasText: "kith up" })).toBeVisible();
  // The next thing a person does: say where it is.
  await page.getByLabel("Address of the node").fill(node.port);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("heading", { name: "Connect to your node" })).toBeVisible(); // that token is nobody's
  await page.close();
});

test("it is connected by consent in the console", async () => {
  const page = await popup("https://plain.example/");
  const opened = context.waitForEvent("page");
  await page.getByRole("button", { name: "Connect" }).click();
  const console = await opened;
  await expect(console.locator("[data-asking]")).toContainText(`chrome-extension://${id}`);
  await page.bringToFront();
  await expect(page.locator("#code")).toHaveText(/^\d{4}$/);
  const code = await page.locator("#code").textContent();
  await expect(console.locator("[data-asking]")).toContainText(`code ${code}`);
  await console.getByRole("button", { name: "Allow" }).click();
  await expect(console.locator("[data-connected]")).toContainText(`chrome-extension://${id}`);
  await expect(page.getByText("This tab shows no peer-to-peer site.")).toBeVisible();
  await console.close();
  await page.close();
});

test("links and typed addresses open through the node", async () => {
  const page = await context.newPage();
  await page.goto("http://plain.example/");
  await page.locator("#kept").click(); // the page has a use of its own for it
  await expect(page.locator("h1")).toContainText("The web at plain.example");
  await page.locator("#wtp").click();
  await expect(page).toHaveURL(`${origin(`wtp-${hash}`)}/second.html`);
  await expect(page.locator("h1")).toHaveText("Second");
  await page.goto("http://plain.example/");
  const opened = context.waitForEvent("page");
  await page.locator("#ipfs").click();
  const second = await opened;
  await expect(second.locator("h1")).toHaveText("Seen by peers");
  expect(new URL(second.url()).hostname).toMatch(/^k[a-z0-9]+\.localhost$/);
  await second.close();
  // Typed into the address bar, a browser searches for it.
  await page.goto(`http://search.example/?q=${encodeURIComponent(`wtp://${hash}/`)}`).catch(() => undefined);
  await expect(page).toHaveURL(`${origin(`wtp-${hash}`)}/`);
  await expect(page.locator("h1")).toHaveText("Seen by peers");
  await page.goto("http://search.example/?q=what+is+wtp");
  await expect(page.locator("h1")).toContainText("search.example");
  await page.close();
});

test("what cannot be opened is explained", async () => {
  const page = await context.newPage();
  await page.goto("http://search.example/?q=wtp%3A%2F%2Fnot-an-address").catch(() => undefined);
  await expect(page).toHaveURL(new RegExp(`^chrome-extension://${id}/open.html`));
  await expect(page.getByRole("status")).toContainText("could not be opened");
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
  await page.close();
});

test("the badge counts peers, and the popup tells of the site and keeps it", async () => {
  const page = await context.newPage();
  const url = `${origin(`wtp-${hash}`)}/`;
  await page.goto(url);
  await expect.poll(() => badge(url)).toBe("1");
  const over = await popup(url);
  await expect(over.locator("#peers")).toHaveText("Connected to 1 peer");
  await expect(over.locator("#hash")).toHaveText(hash);
  await expect(over.locator("#progress")).toContainText(" of 50.3 MB");
  await expect(over.locator("#downloaded")).toContainText(/[1-9].*B/);
  const seed = over.getByRole("switch", { name: "Keep and seed this site" });
  await expect(seed).not.toBeChecked();
  await seed.check();
  await over.reload();
  await expect(seed).toBeChecked();
  await expect(over.getByRole("link", { name: "All sites" })).toHaveAttribute("href", `${node.origin}/#/sites`);
  await over.close();
  await page.close();
});

test("domains with a site open through the node when asked to", async () => {
  const page = await context.newPage();
  await page.goto(`http://${domain}/second.html`);
  await expect(page.locator("h1")).toContainText("The web at"); // not by itself
  const over = await popup(`http://${domain}/second.html`);
  await expect(over.locator("#domain-text")).toHaveText(`${domain} has a site that peers serve.`);
  await over.getByRole("switch", { name: "Always open this domain through Kith" }).check();
  await page.goto(`http://${domain}/second.html`).catch(() => undefined);
  await expect(page).toHaveURL(`${origin(domain.replace(".", "-"))}/second.html`);
  await expect(page.locator("h1")).toHaveText("Second");
  await over.getByRole("switch", { name: "Always open this domain through Kith" }).uncheck();
  await page.goto(`http://${domain}/second.html`);
  await expect(page.locator("h1")).toContainText("The web at");
  await over.getByRole("switch", { name: "Look up every domain I visit" }).check();
  await page.goto("http://plain.example/"); // has none
  await expect(page.locator("h1")).toContainText("The web at plain.example");
  await page.goto(`http://${domain}/second.html`).catch(() => undefined);
  await expect(page).toHaveURL(`${origin(domain.replace(".", "-"))}/second.html`);
  await over.getByRole("switch", { name: "Look up every domain I visit" }).uncheck();
  await over.close();
  await page.close();
});

test("a page cannot use what the extension may", async () => {
  const page = await context.newPage();
  await page.goto("http://plain.example/");
  const said = await page.evaluate(
    async ({ port, from }) => {
      const ask = await fetch(`http://localhost:${port}/api/v1/extensions/ask`, { method: "POST", body: "{}" }).then((r) => r.status, () => "refused");
      const popup = await fetch(`chrome-extension://${from}/popup.html`).then((r) => r.status, () => "refused");
      const link = document.createElement("a");
      link.href = "wtp://0123456789012345678901234567890123456789/";
      document.body.append(link);
      link.click(); // no person did
      return { ask, popup };
    },
    { port: node.port, from: id },
  );
  expect(said.ask === "refused" || said.ask === 403).toBe(true);
  expect(said.popup).toBe("refused");
  await expect(page).toHaveURL("http://plain.example/");
  await page.close();
});

for (const scheme of ["light", "dark"] as const) {
  test(`it looks well, ${scheme}`, async () => {
    await mkdir("../test-results/extension/look", { recursive: true });
    for (const [name, over] of Object.entries({ site: `${origin(`wtp-${hash}`)}/`, domain: `http://${domain}/`, none: "about:blank" })) {
      const page = await popup(over);
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width: 344, height: 520 });
      await expect(page.locator(name === "site" ? "#site" : name === "domain" ? "#domain" : "#none")).toBeVisible();
      await page.screenshot({ path: `../test-results/extension/look/${name}-${scheme}.png` });
      expect.soft(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `${name} is too wide`).toBeLessThanOrEqual(0);
      const { violations } = await new AxeBuilder({ page }).disableRules(["region", "page-has-heading-one"]).analyze();
      expect.soft(violations, name).toEqual([]);
      await page.close();
    }
  });
}

test("the owner disconnects it", async () => {
  const console = await context.newPage();
  await console.goto(`${node.origin}/#/node`);
  await console.locator("[data-connected]").getByRole("button", { name: "Disconnect" }).click();
  await expect(console.locator("[data-connected]")).toHaveCount(0);
  const page = await popup(`${origin(`wtp-${hash}`)}/`);
  await expect(page.getByRole("heading", { name: "Connect to your node" })).toBeVisible();
  await page.close();
  await console.close();
});
