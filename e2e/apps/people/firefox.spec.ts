// A friend with Firefox, an engine of another make, where there is one. Playwright
// drives only builds of its own; this is the Firefox people have, by WebDriver BiDi.
import { spawnSync } from "node:child_process";
import puppeteer, { type Browser, type Frame, type Page } from "puppeteer-core";
import { expect, patience, test } from "./people.ts";

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

/** The people pages over an app. */
async function overlay(page: Page): Promise<Frame> {
  const frame = await page.waitForSelector('iframe[title="Kith"]', { timeout: patience });
  const content = await frame?.contentFrame();
  if (!content) throw new Error("nothing is shown over the app");
  return content;
}

/** Presses a button of the people pages when it can be pressed. */
async function press(frame: Frame, selector: string): Promise<void> {
  await frame.waitForFunction((s) => document.querySelector<HTMLButtonElement>(s)?.disabled === false, { timeout: patience }, selector);
  await frame.$eval(selector, (b) => (b as HTMLElement).click());
}

/** The app asks for friends or to be connected, and a person answers. */
async function asks(page: Page, what: "connect" | "choose", relay: string): Promise<void> {
  await page.evaluate((what, relay) => {
    const told = window as unknown as { asking: Promise<unknown> };
    const connect = async (): Promise<void> => {
      window.kith = await window.connect({ app: "album", title: "Album", wants: ["data", "friends"], relays: [relay] });
      window.social = window.kith as typeof window.social;
    };
    told.asking = what === "connect" ? connect() : window.social.friends.choose();
  }, what, relay);
}

const answered = (page: Page): Promise<void> => page.evaluate(async () => void (await (window as unknown as { asking: Promise<unknown> }).asking));

test("a friend with Firefox", async ({ somebody }) => {
  test.skip(firefox === undefined, "there is no Firefox in PATH");
  const ada = somebody("Ada");
  await ada.comes();
  await ada.begins();
  await ada.connects();
  const link = await ada.invites("Bo");
  const browser = await startFirefox();
  try {
    const bo = await browser.newPage();
    await bo.goto(link);
    await bo.waitForFunction(() => (window as { ready?: boolean }).ready === true);
    await asks(bo, "connect", ada.relay);
    let frame = await overlay(bo);
    await frame.waitForSelector("#welcome-name", { timeout: patience });
    await frame.type("#welcome-name", "Bo");
    await press(frame, "kith-welcome button.primary");
    await press(frame, "kith-app-ask button.primary");
    await answered(bo);
    await bo.waitForFunction(() => document.querySelector<HTMLIFrameElement>('iframe[title="Kith"]')?.contentDocument?.querySelector("#accept-link"), { timeout: patience });
    frame = await overlay(bo);
    await press(frame, ".accept button.primary");
    await frame.waitForSelector(".safety", { timeout: patience });
    const code = await frame.$eval(".safety .visually-hidden", (c) => c.textContent);
    expect(await ada.code("Bo")).toBe(code);
    await press(frame, ".back-to-app");
    await bo.waitForFunction(() => document.querySelector("dialog") === null, { timeout: patience });
    await asks(bo, "choose", ada.relay);
    frame = await overlay(bo);
    await frame.waitForSelector("fieldset.chosen input", { timeout: patience });
    await frame.$eval("fieldset.chosen input", (i) => (i as HTMLElement).click());
    await press(frame, "kith-app-ask button.primary");
    await answered(bo);
    await ada.shows("Bo");

    await ada.puts("fox/1", "to Firefox");
    await ada.shares("fox/1", "Bo");
    const gets = async (): Promise<unknown> => bo.evaluate(async () => {
      const [f] = await window.social.friends.list();
      const a = await fetch(`/.kith/friends/${f?.friend}/fox/1`, { headers: { Prefer: "wait=10", "Cache-Control": "no-cache" } });
      return [a.status, await a.text()];
    });
    await expect.poll(gets, { timeout: patience }).toEqual([200, "to Firefox"]);
    await bo.evaluate(() => window.kith.data.put("fox/2", "from Firefox"));
    expect((await ada.gets("Bo", "fox/2")).status).toBe(404);
    await ada.deletes("fox/1");
    await expect.poll(async () => ((await gets()) as [number])[0], { timeout: patience }).not.toBe(200);
  } finally {
    await browser.close();
  }
});
