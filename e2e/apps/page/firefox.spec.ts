// The same peer in Firefox, an engine of another make, where there is one. Playwright
// drives only builds of its own; this is the Firefox people have, by WebDriver BiDi.
import { spawnSync } from "node:child_process";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { expect, startSite, test } from "./setting.ts";

const firefox = ["firefox", "firefox-esr"].find((name) => spawnSync(name, ["--version"]).status === 0);

/** A Firefox that talks to this computer alone. */
async function startFirefox(): Promise<Browser> {
  return puppeteer.launch({
    browser: "firefox",
    executablePath: spawnSync("which", [firefox ?? ""]).stdout.toString().trim(),
    headless: true,
    protocolTimeout: 110_000,
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

async function connects(browser: Browser, url: string): Promise<Page> {
  const p = await browser.newPage();
  await p.goto(url);
  await p.waitForFunction(() => (window as { ready?: boolean }).ready === true, { timeout: 60_000 });
  await p.evaluate(() => window.connect({ app: "app" }).then((k) => void (window.kith = k)));
  return p;
}

test("Firefox: two tabs, one worker, and the next one's turn", async () => {
  test.skip(firefox === undefined, "there is no Firefox in PATH");
  const site = await startSite();
  const browser = await startFirefox();
  try {
    const first = await connects(browser, `${site.origin}/`);
    expect(await first.evaluate(() => window.kith.limits.length)).toBe(0);
    await first.evaluate(() => window.kith.data.put("a", { n: 1 }).then(() => undefined));
    await first.evaluate(() => window.kith.data.put("large", new Blob([new Uint8Array(6 << 20).fill(7)])).then(() => undefined));
    const second = await connects(browser, `${site.origin}/`);
    expect(await second.evaluate(() => window.kith.data.json("a"))).toEqual({ n: 1 });
    await second.evaluate(() => {
      window.heard = [];
      window.kith.data.watch("", (e) => void window.heard.push(e.data["path"] as string));
    });
    await expect.poll(async () => {
      await first.evaluate(() => window.kith.data.put(`told/${Math.random()}`, "x").then(() => undefined));
      return second.evaluate(() => window.heard.length);
    }, { timeout: 60_000 }).toBeGreaterThan(0);
    await first.close();
    const body = await second.evaluate(async () => {
      const octets = new Uint8Array(await (await window.kith.data.get("large"))!.arrayBuffer());
      return [octets.length, octets.every((x) => x === 7)];
    });
    expect(body).toEqual([6 << 20, true]);
    expect(await second.evaluate(() => window.kith.data.delete("a"))).toBe(true);
  } finally {
    await browser.close();
    await site.stop();
  }
});
