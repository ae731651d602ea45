// The extension in the Firefox people have, where there is one, by WebDriver BiDi.
import { spawnSync } from "node:child_process";
import { expect, test } from "@playwright/test";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { env } from "../../browser/tests/chromium.ts";

const firefox = ["firefox", "firefox-esr"].find((name) => spawnSync(name, ["--version"]).status === 0);
const node = new URL(env("KITH_READER"));
const hash = env("KITH_WTP").replace("wtp://", "");

/** The extension's host in this profile, which Firefox makes up otherwise. */
const id = "6b697468-0000-4000-8000-000000005484";

/** A Firefox with the extension that talks to this computer alone. */
async function startFirefox(): Promise<Browser> {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: spawnSync("which", [firefox ?? ""]).stdout.toString().trim(),
    headless: true,
    extraPrefsFirefox: {
      "extensions.webextensions.uuids": JSON.stringify({ "kith@kith-web.github.io": id }),
      "app.normandy.enabled": false,
      "app.update.enabled": false,
      "browser.region.network.url": "",
      "browser.safebrowsing.downloads.remote.enabled": false,
      "browser.safebrowsing.malware.enabled": false,
      "browser.safebrowsing.phishing.enabled": false,
      "datareporting.policy.dataSubmissionEnabled": false,
      "dom.push.connection.enabled": false,
      "extensions.getAddons.cache.enabled": false,
      "extensions.update.enabled": false,
      "media.gmp-manager.updateEnabled": false,
      "network.captive-portal-service.enabled": false,
      "network.connectivity-service.enabled": false,
      "network.trr.mode": 5,
      "services.settings.server": "http://127.0.0.1:1/",
      "toolkit.telemetry.enabled": false,
    },
  });
  await browser.installExtension(env("KITH_EXTENSION"));
  return browser;
}

/** Follows a link to the site's second page from its first. */
async function followLink(page: Page, site: string): Promise<void> {
  await page.goto(site);
  await page.evaluate((to) => {
    document.body.innerHTML = `<a id="to" href="${to}">to</a>`;
  }, `wtp://${hash}/second.html`);
  await page.click("#to");
}

async function text(page: Page, selector: string): Promise<string> {
  return (await page.$eval(selector, (e) => e.textContent)) ?? "";
}

test("Firefox: connected by consent, it tells of a site and follows links", async () => {
  test.skip(firefox === undefined, "there is no Firefox in PATH");
  const browser = await startFirefox();
  try {
    // WebDriver goes to no page of an extension, but the extension does: it explains
    // that it is not connected when a link is followed.
    const site = `http://wtp-${hash}.localhost:${node.port}/`;
    const popup = await browser.newPage();
    await followLink(popup, site);
    await expect.poll(() => popup.evaluate(() => location.href).catch(() => "")).toContain(`moz-extension://${id}/open.html#wtp`);
    await popup.evaluate(async (port) => {
      type Api = { storage: { local: { set(v: object): Promise<void> } } };
      await (globalThis as unknown as { chrome: Api }).chrome.storage.local.set({ node: `http://localhost:${port}` });
    }, node.port);
    // The page goes away under the command that has it go.
    await popup.evaluate((over) => location.assign(`popup.html?url=${encodeURIComponent(over)}`), site).catch(() => undefined);
    await expect.poll(() => popup.evaluate(() => location.pathname).catch(() => "")).toBe("/popup.html");
    await popup.waitForSelector("#connect:not([hidden])");
    await popup.click("#ask");
    await popup.waitForSelector("#pending:not([hidden])");
    const code = await text(popup, "#code");
    expect(code).toMatch(/^\d{4}$/);

    const console = await browser.newPage();
    await console.goto(`${node.origin}/#/node`);
    await console.waitForSelector("[data-asking] .primary");
    expect(await text(console, "[data-asking]")).toContain(`moz-extension://${id}`);
    expect(await text(console, "[data-asking]")).toContain(`code ${code}`);
    await console.click("[data-asking] .primary");
    await console.waitForSelector("[data-connected]");

    await popup.waitForSelector("#site:not([hidden])");
    expect(await text(popup, "#hash")).toBe(hash);
    expect(await text(popup, "#peers")).toContain("Connected to");

    const page = await browser.newPage();
    await followLink(page, site);
    await expect.poll(() => page.evaluate(() => location.pathname).catch(() => "")).toBe("/second.html");
    await expect.poll(() => text(page, "h1").catch(() => "")).toBe("Second");
  } finally {
    await browser.close();
  }
});
