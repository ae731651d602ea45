// The same visit in Firefox, an engine of another make, where there is one.
// Playwright drives only builds of its own; this is the Firefox people have, by
// WebDriver BiDi.
import { spawnSync } from "node:child_process";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { gallery } from "./site.ts";
import { expect, startHost, test } from "./setting.ts";

const firefox = ["firefox", "firefox-esr"].find((name) => spawnSync(name, ["--version"]).status === 0);

/** A Firefox that talks to this computer alone. */
async function startFirefox(): Promise<Browser> {
  return puppeteer.launch({
    browser: "firefox",
    executablePath: spawnSync("which", [firefox ?? ""]).stdout.toString().trim(),
    headless: true,
    extraPrefsFirefox: {
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
}

/** Waits until all pictures of a page are there. */
async function pictures(page: Page): Promise<void> {
  await page.waitForFunction(() => document.images.length > 0 && [...document.images].every((i) => i.complete && i.naturalWidth > 0));
}

test("Firefox: a visit, and the site again without its host", async ({ person }) => {
  test.skip(firefox === undefined, "there is no Firefox in PATH");
  void person; // ends the hosts
  const host = await startHost(await gallery());
  const browser = await startFirefox();
  try {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (e) => complaints.push(String(e)));
    await page.goto(`${host.origin}/`);
    await pictures(page);
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    expect(await page.$$("[data-kith-src]")).toHaveLength(0);
    await page.goto(`${host.origin}/second/`);
    await pictures(page);
    await page.goto(`${host.origin}/`); // by the worker, which keeps all of it
    await pictures(page);
    expect(complaints).toEqual([]);
    await host.kill();
    await page.goto(`${host.origin}/second/`);
    await pictures(page);
    await page.goto(`${host.origin}/`);
    await pictures(page);
    expect(await page.$eval("h1", (h) => h.textContent)).toBe("Front");
  } finally {
    await browser.close();
  }
});
