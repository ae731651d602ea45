// What every case stands on: the examples on a plain web server, beside the files of
// the package as examples/README.md says, and two people with a browser each.
import { createServer, type Server } from "node:http";
import { readdir, readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import AxeBuilder from "@axe-core/playwright";
import { expect, test as base, type BrowserContext, type FrameLocator, type Locator, type Page } from "@playwright/test";
import { env, startChromium, stopChromium, type Chromium } from "../../browser/tests/chromium.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png",
  ".webmanifest": "application/manifest+json",
};

const peer = fileURLToPath(new URL("../../../web/dist/peer/", import.meta.url));

/** The folder of an example that is published. */
export const dist = (app: string): string => join(env("KITH_EXAMPLES"), app, "dist");

/** A plain web server with an example. */
export class Site {
  readonly origin: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  }

  static async serve(app: string): Promise<Site> {
    const files = new Map<string, Buffer>();
    for (const folder of [peer, dist(app)]) {
      for (const name of await readdir(folder, { recursive: true })) {
        const data = await readFile(join(folder, name)).catch(() => undefined); // folders
        if (data) files.set(`/${name}`, data);
      }
    }
    const page = files.get("/index.html")?.toString() ?? "";
    files.set("/", Buffer.from(page.replace('name="kith-relays" content=""', `name="kith-relays" content="${env("KITH_RELAY")}"`)));
    const server = createServer((q, r) => {
      const path = new URL(q.url ?? "/", "http://x").pathname;
      const data = files.get(path);
      r.writeHead(data ? 200 : 404, { "Content-Type": types[extname(path) || ".html"] ?? "application/octet-stream", "Cache-Control": "no-cache" });
      r.end(data);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return new Site(server);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}

/** Somebody with a browser of their own. */
export class Somebody {
  readonly name: string;
  readonly context: BrowserContext;
  page!: Page;
  readonly #chromium: Chromium;

  constructor(name: string, chromium: Chromium) {
    const context = chromium.browser.contexts()[0];
    if (!context) throw new Error("Chromium has no profile");
    this.name = name;
    this.#chromium = chromium;
    this.context = context;
  }

  static async sitsDown(name: string): Promise<Somebody> {
    return new Somebody(name, await startChromium());
  }

  async leaves(): Promise<void> {
    await stopChromium(this.#chromium);
  }

  /** The people pages over the app. */
  get people(): FrameLocator {
    return this.page.frameLocator('iframe[title="Kith"]');
  }

  /** Opens an app and lets it begin; the person's name is asked for once an origin. */
  async begins(url: string): Promise<void> {
    this.page = await this.context.newPage();
    await this.page.goto(url);
    await this.page.getByRole("button", { name: "Begin" }).click();
    await this.people.getByLabel("Your name").fill(this.name);
    await this.people.getByRole("button", { name: "Begin" }).click();
    await this.allows();
  }

  /** Says yes to what the app asks. */
  async allows(choose: (card: Locator) => Promise<void> = async () => undefined): Promise<void> {
    const card = this.people.locator("kith-app-ask .ask");
    await expect(card).toBeVisible();
    await choose(card);
    await card.locator("button.primary").click();
    await expect(card).toHaveCount(0);
  }

  async closesPeople(): Promise<void> {
    await this.people.locator(".back-to-app").click();
  }

  /** Becomes the friend of another, by a link; friends is the app's button, manage and choose what it leads to. */
  async befriends(other: Somebody, url: string, doors: { friends: string; choose: string }): Promise<void> {
    await this.page.getByRole("banner").getByRole("button", { name: doors.friends }).click();
    await this.page.getByRole("button", { name: "Invite friends, add devices…" }).click();
    await this.people.getByRole("button", { name: "Invite a friend" }).click();
    await this.people.getByLabel("Who is it for?").fill(other.name);
    await this.people.getByRole("button", { name: "Make the link" }).click();
    const link = (await this.people.locator(".invitation code").getAttribute("title")) ?? "";
    expect(link).toContain(`${url}#kith-join=`);
    await other.begins(link);
    await other.people.getByRole("button", { name: "Become friends" }).click();
    await expect(other.people.locator(".safety")).toBeVisible();
    await expect(this.people.locator(".invitation")).toHaveCount(0);
    await this.people.locator(".people a", { hasText: other.name }).click();
    for (const one of [this, other]) { // all friends are those whose code was compared
      await one.people.getByRole("button", { name: "They are the same" }).click();
      await expect(one.people.locator(".title .badge", { hasText: "Verified" })).toBeVisible();
    }
    await other.closesPeople();
    await this.closesPeople();
    for (const [one, friend] of [[this, other], [other, this]] as const) {
      if (one === other) await one.page.getByRole("banner").getByRole("button", { name: doors.friends }).click();
      await one.page.getByRole("button", { name: doors.choose }).click();
      await one.allows((card) => card.locator("label.check", { hasText: friend.name }).click());
    }
  }
}

/** Two people at their browsers. */
export const test = base.extend<{ site: Site }, { ada: Somebody; bo: Somebody }>({
  ada: [async ({}, use) => sits("Ada", use), { scope: "worker" }],
  bo: [async ({}, use) => sits("Bo", use), { scope: "worker" }],
});

async function sits(name: string, use: (s: Somebody) => Promise<void>): Promise<void> {
  const somebody = await Somebody.sitsDown(name);
  await use(somebody);
  await somebody.leaves();
}

/** Whether browsers offer to install the app whose page this is. */
export async function installs(who: Somebody): Promise<void> {
  const session = await who.context.newCDPSession(who.page);
  expect((await session.send("Page.getAppManifest")).errors).toEqual([]);
  expect((await session.send("Page.getInstallabilityErrors")).installabilityErrors).toEqual([]);
  await session.detach();
}

/** Looks at a page as people with other eyes and other screens do. */
export async function looks(page: Page, name: string, without: string[] = []): Promise<void> {
  for (const [scheme, width, height] of [["light", 1200, 860], ["dark", 360, 760]] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height });
    const { violations } = await new AxeBuilder({ page }).disableRules(without).analyze();
    expect(violations.map((v) => `${name}, ${scheme}: ${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}, ${scheme}: it is too wide`).toBe(true);
    if (process.env["KITH_PICTURES"]) await page.screenshot({ path: `../../test-results/examples/${name}-${scheme}-${width}.png` });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1200, height: 860 });
}

export { expect } from "@playwright/test";
