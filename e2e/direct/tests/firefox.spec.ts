// The same with Firefox, an engine of another make, where there is one: its own
// cryptography, and channels that stay in the window. Playwright drives only builds
// of its own; this is the Firefox people have, by WebDriver BiDi.
import { spawnSync } from "node:child_process";
import puppeteer, { type Browser } from "puppeteer-core";
import { expect, test } from "./setting.ts";

const firefox = ["firefox", "firefox-esr"].find((name) => spawnSync(name, ["--version"]).status === 0);

/** A Firefox that talks to this computer alone, by its loopback addresses too. */
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
      "media.peerconnection.ice.loopback": true,
      "media.peerconnection.ice.obfuscate_host_addresses": false,
      "network.captive-portal-service.enabled": false,
      "network.connectivity-service.enabled": false,
      "network.trr.mode": 5,
      "services.settings.server": "http://127.0.0.1:1/",
      "toolkit.telemetry.enabled": false,
    },
  });
}

test("Firefox and Chromium meet", async ({ pages, relay, somebody }) => {
  test.skip(firefox === undefined, "there is no Firefox in PATH");
  const browser = await startFirefox();
  try {
    const a = await browser.newPage();
    await a.goto(`${pages}/`);
    await a.waitForFunction(() => "device" in globalThis);
    const b = await somebody();
    const [mine, theirs] = await a.evaluate((url) => device.call("befriend", url), relay.url);
    const o = { relay: relay.url, servers: false };
    await a.evaluate((k, o) => device.call("start", k, o), mine, o);
    await b.evaluate(([k, o]) => device.call("start", k, o), [theirs, o] as const);
    expect(await a.evaluate(() => device.call("ask", "/first"))).toBe("/first relay");
    await expect.poll(async () => await a.evaluate(() => device.call("direct")) && b.evaluate(() => device.call("direct"))).toBe(true);
    await relay.stop();
    expect(await a.evaluate(() => device.call("ask", "/second"))).toBe("/second direct");
    expect(await b.evaluate(() => device.call("ask", "/third"))).toBe("/third direct");
  } finally {
    await browser.close();
  }
});
