// Two sites, and the console, are kept apart by the browser itself.
import type { Page } from "@playwright/test";
import { page as html } from "./fixtures.ts";
import { author, expect, open, origin, publish, test } from "./setting.ts";

/** Publishes two sites and returns their origins. */
async function twoSites(name: string): Promise<readonly [string, string]> {
  const made = await Promise.all(
    ["one", "two"].map(async (which) => {
      const site = await publish({ "index.html": html(which, `<h1>${name} ${which}</h1>`), "secret.txt": `secret of ${which}` });
      return origin(author, (await open(author, site.ipfs)).label);
    }),
  );
  return [made[0] ?? "", made[1] ?? ""];
}

async function visit(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await expect(page.locator("h1")).toBeVisible();
}

test("cookies and storage of a site stay its own", async ({ context, page }) => {
  const [one, two] = await twoSites("storage");
  await visit(page, one);
  const cookie = await page.evaluate(() => {
    document.cookie = "wide=1; Domain=localhost; Path=/";
    document.cookie = "own=1; Path=/";
    localStorage.setItem("mine", "1");
    return document.cookie;
  });
  expect(cookie).toBe("own=1");

  await visit(page, two);
  const other = await page.evaluate(async () => ({
    cookie: document.cookie,
    item: localStorage.getItem("mine"),
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
  }));
  expect(other).toEqual({ cookie: "", item: null, databases: 0, caches: 0 });

  await page.goto(author.console);
  expect(await page.evaluate(() => document.cookie)).toBe("");
  expect((await context.cookies()).map((c) => `${c.domain} ${c.name}`)).toEqual([`${new URL(one).hostname} own`]);
});

test("a site cannot read another, nor the console", async ({ page }) => {
  const [one, two] = await twoSites("reading");
  await visit(page, one);
  const outcome = await page.evaluate(
    async ({ two, console }) => {
      const attempt = async (url: string, init?: RequestInit): Promise<string> => {
        try {
          const r = await fetch(url, init);
          return `${r.type}: ${await r.text()}`;
        } catch {
          return "refused";
        }
      };
      return {
        own: await attempt("/secret.txt"),
        cors: await attempt(`${two}/secret.txt`),
        noCors: await attempt(`${two}/secret.txt`, { mode: "no-cors" }),
        api: await attempt(`${console}/api/v1/sites`),
        apiBlind: await attempt(`${console}/api/v1/sites`, { mode: "no-cors" }),
        page: await attempt(`${console}/`),
      };
    },
    { two, console: author.console },
  );
  expect(outcome.own).toBe("basic: secret of one");
  expect(outcome.cors).toBe("refused");
  expect(outcome.api).toBe("refused");
  expect(outcome.page).toBe("refused");
  // An opaque answer has no bytes that a page could read.
  expect(["refused", "opaque: "]).toContain(outcome.noCors);
  expect(["refused", "opaque: "]).toContain(outcome.apiBlind);
});

test("a site runs in a process of its own", async ({ chromium, page }) => {
  const [one, two] = await twoSites("process");
  await visit(page, one);
  expect(await page.evaluate(() => window.originAgentCluster)).toBe(true);
  const domain = await page.evaluate(() => {
    try {
      document.domain = "localhost";
      return document.domain;
    } catch (e) {
      return (e as Error).name;
    }
  });
  expect(domain).not.toBe("localhost");

  const reached = await page.evaluate(
    (two) =>
      new Promise<string>((done) => {
        const frame = document.createElement("iframe");
        frame.onload = () => {
          try {
            done(frame.contentWindow?.document.body.textContent ?? "no document");
          } catch (e) {
            done((e as Error).name);
          }
        };
        frame.src = two;
        document.body.append(frame);
      }),
    two,
  );
  expect(reached).toMatch(/SecurityError|no document/);
  // A frame is a target of its own exactly when it runs in another process.
  const session = await chromium.newBrowserCDPSession();
  const { targetInfos } = await session.send("Target.getTargets");
  const frames = targetInfos.filter((x) => x.type === "iframe").map((x) => x.url);
  expect(frames).toContain(`${two}/`);
});

test("the console cannot be framed", async ({ page }) => {
  const [one] = await twoSites("framing");
  await visit(page, one);
  await page.evaluate((console) => {
    const frame = document.createElement("iframe");
    frame.src = `${console}/`;
    document.body.append(frame);
    return new Promise((done) => (frame.onload = done));
  }, author.console);
  const shown = await page.frames().find((f) => f !== page.mainFrame())?.evaluate(() => ({
    key: document.querySelector("meta[name=kith-token]") !== null,
    console: document.querySelector("kith-console") !== null,
  }));
  expect(shown).toEqual({ key: false, console: false });
});
