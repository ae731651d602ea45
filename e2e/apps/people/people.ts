// The people of these stories: each has a browser with a profile, a tab with the
// app, and one with the people pages.
import { rm } from "node:fs/promises";
import { test as base, type FrameLocator, type Locator, type Page } from "@playwright/test";
import { env, startChromium, stopChromium, type Chromium } from "../../browser/tests/chromium.ts";
import { expect, startSite, type Kith, type Site } from "../page/setting.ts";

/** How long something takes that goes between people, on a machine that does much else. */
export const patience = 60_000;

/** What somebody's app got of a friend. */
export interface Got {
  readonly status: number;
  readonly text: string;
  readonly copy: string | null;
}

/** What these stories use of the SDK's Kith beside documents. */
interface Social extends Kith {
  readonly friends: {
    list(): Promise<readonly { friend: string; name: string }[]>;
    choose(): Promise<readonly { friend: string; name: string }[]>;
  };
  share(path: string, audience: object, o: object): Promise<{ kind: string; others: number }>;
}

declare global {
  interface Window { social: Social }
}

/** Somebody with a browser. */
export class Somebody {
  readonly name: string;
  readonly site: Site;
  readonly relay: string;
  readonly #flags: readonly string[];
  #chromium: Chromium | undefined;
  #profile: string | undefined;
  #people: Page | undefined;
  app!: Page;

  constructor(name: string, site: Site, relay: string, flags: readonly string[]) {
    this.name = name;
    this.site = site;
    this.relay = relay;
    this.#flags = flags;
  }

  /** Where their browser keeps everything. */
  get profile(): string {
    return this.#profile ?? "";
  }

  get chromium(): Chromium {
    if (!this.#chromium) throw new Error(`${this.name}'s browser is closed`);
    return this.#chromium;
  }

  /** Starts the browser, with the profile it had, and opens the app. */
  async comes(url = `${this.site.origin}/`, app = true): Promise<void> {
    this.#chromium = await startChromium(this.#flags, this.#profile);
    this.#profile = this.#chromium.profile;
    if (app) await this.opens(url);
  }

  /** Opens the app in a tab. */
  async opens(url = `${this.site.origin}/`): Promise<Page> {
    this.app = await this.tab(url);
    await this.app.waitForFunction(() => (window as { ready?: boolean }).ready === true);
    if (!url.includes("#")) await this.app.evaluate(() => window.attach());
    return this.app;
  }

  async tab(url: string): Promise<Page> {
    const [context] = this.chromium.browser.contexts();
    if (!context) throw new Error("the browser has no profile");
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }

  /** Closes the browser as people do. */
  async leaves(): Promise<void> {
    const c = this.chromium;
    const ended = new Promise((done) => c.process.once("exit", done));
    const session = await c.browser.newBrowserCDPSession();
    await session.send("Browser.close").catch(() => undefined);
    await ended;
    this.#chromium = this.#people = undefined;
  }

  /** The browser ends without being asked. */
  async dies(): Promise<void> {
    const c = this.chromium;
    const ended = new Promise((done) => c.process.once("exit", done));
    c.process.kill("SIGKILL");
    await ended;
    this.#chromium = this.#people = undefined;
  }

  /** Closes what is open and forgets the profile. */
  async ends(): Promise<void> {
    if (this.#chromium?.process.signalCode === null && this.#chromium.process.exitCode === null) await stopChromium(this.#chromium);
    if (this.#profile) await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Goes to one of the people pages, in a tab of their own. */
  async goes(place: string): Promise<Page> {
    const url = `${this.site.origin}/.kith/people/#/${place}`;
    if (this.#people?.isClosed() === false) {
      await this.#people.goto(url);
    } else {
      this.#people = await this.tab(url);
    }
    await expect(this.#people.locator(".page h1")).toBeVisible();
    await this.#people.bringToFront();
    return this.#people;
  }

  /** Begins on the people pages: a name, and a relay. */
  async begins(): Promise<void> {
    const p = await this.goes("you");
    await p.getByLabel("Your name").fill(this.name);
    await p.getByRole("button", { name: "Begin" }).click();
    await expect(p.getByText("Write your recovery phrase down")).toBeVisible();
    await this.chooses();
  }

  /** Says which relay keeps the mailboxes; somebody who is nobody yet has none to connect to. */
  async chooses(connects = true): Promise<void> {
    const p = await this.goes("you");
    await p.locator("#you-relays").fill(this.relay);
    await p.locator("form:has(#you-relays) button").click();
    await expect(p.locator("#relays ~ ul .badge")).toHaveText(connects ? "Connected" : /./);
  }

  /** Takes the words of the recovery phrase. */
  async words(): Promise<string> {
    const p = await this.goes("you");
    await p.getByRole("button", { name: "Show the words" }).click();
    await expect(p.locator(".words li")).toHaveCount(24);
    return (await p.locator(".words li").allInnerTexts()).map((w) => w.trim()).join(" ");
  }

  /** What the people pages show over the app. */
  get overlay(): FrameLocator {
    return this.app.frameLocator('iframe[title="Kith"]');
  }

  /** The question that stands over the app. */
  get ask(): Locator {
    return this.overlay.locator("kith-app-ask .ask");
  }

  /** Connects the app; the person allows what it wants. */
  async connects(): Promise<void> {
    await this.answering(this.starts(), () => this.allows());
  }

  /** The app asks to be connected. */
  async starts(): Promise<void> {
    await this.app.bringToFront();
    await this.app.evaluate(async (relay) => {
      const o = { app: "album", title: "Album", wants: ["data", "friends"], relays: [relay] };
      window.kith = await window.connect(o);
      window.social = window.kith as Social;
    }, this.relay);
  }

  async allows(): Promise<void> {
    await this.ask.locator("button.primary").click();
  }

  /** Does what a person does while their app waits for it. */
  async answering<T>(waits: Promise<T>, does: () => Promise<void>): Promise<T> {
    const [result] = await Promise.all([waits, does()]);
    return result;
  }

  /** The person chooses whom the app sees. */
  async shows(...friends: readonly string[]): Promise<void> {
    await this.app.bringToFront();
    const chosen = await this.answering(this.app.evaluate(() => window.social.friends.choose()), async () => {
      for (const f of friends) await this.ask.locator("fieldset.chosen label.check", { hasText: f }).locator("input").check();
      await this.allows();
    });
    expect(chosen.map((f) => f.name).sort()).toEqual([...friends].sort());
  }

  /** The person chooses who sees a document of the app. */
  async shares(path: string, ...friends: readonly string[]): Promise<void> {
    await this.app.bringToFront();
    const asked = this.app.evaluate((path) => window.social.share(path, { kind: "nobody" }, { pick: true }), path);
    const audience = await this.answering(asked, async () => {
      await this.ask.getByRole("radio", { name: friends.length > 0 ? "Some friends" : "Only you" }).check();
      for (const box of await this.ask.locator(".some label.check").all()) {
        await box.locator("input").setChecked(friends.includes((await box.innerText()).trim()));
      }
      await this.allows();
    });
    expect(audience.kind).toBe(friends.length > 0 ? "some" : "nobody");
  }

  async puts(path: string, text: string): Promise<void> {
    await this.app.evaluate(([p, t]) => window.kith.data.put(p, t), [path, text] as const);
  }

  async deletes(path: string): Promise<void> {
    expect(await this.app.evaluate((p) => window.kith.data.delete(p), path)).toBe(true);
  }

  /** A document of their own; undefined where there is none. */
  async reads(path: string): Promise<string | undefined> {
    return this.app.evaluate(async (p) => (await window.kith.data.get(p))?.text(), path);
  }

  async lists(folder = ""): Promise<readonly string[]> {
    return this.app.evaluate(async (f) => (await window.kith.data.list(f)).items.map((i) => i.path), folder);
  }

  /** Asks a friend for a document, or for a folder. */
  async gets(friend: string, path: string, wait = 30): Promise<Got> {
    return this.app.evaluate(async ([name, path, wait]) => {
      const f = (await window.social.friends.list()).find((x) => x.name === name);
      const a = await fetch(`/.kith/friends/${f?.friend}/${path}`, { headers: { Prefer: `wait=${wait}`, "Cache-Control": "no-cache" } });
      return { status: a.status, text: await a.text(), copy: a.headers.get("Kith-Copy") };
    }, [friend, path, wait] as const);
  }

  /** Asks until the answer is this one. */
  async comesToGet(friend: string, path: string, want: Partial<Got>): Promise<void> {
    await expect(async () => expect(await this.gets(friend, path, 10)).toMatchObject(want)).toPass({ timeout: patience, intervals: [200] });
  }

  /** Makes a link for somebody. */
  async invites(whom: string): Promise<string> {
    const p = await this.goes("friends");
    await p.getByRole("button", { name: "Invite a friend" }).click();
    await p.getByLabel("Who is it for?").fill(whom);
    await p.getByRole("button", { name: "Make the link" }).click();
    const link = await p.locator(".invitation", { hasText: whom }).locator("code").getAttribute("title");
    expect(link).toContain(`${this.site.origin}/#kith-join=`);
    return link ?? "";
  }

  /** Says yes to the invitation that stands over the app. */
  async joins(): Promise<void> {
    await expect(this.overlay.getByRole("heading", { name: "Become friends" })).toBeVisible();
    expect(new URL(this.app.url()).hash).toBe("");
    await this.overlay.getByRole("button", { name: "Become friends" }).click();
    await expect(this.overlay.locator(".safety")).toBeVisible({ timeout: patience });
    await this.overlay.locator(".back-to-app").click();
    await expect(this.app.locator("dialog")).toHaveCount(0);
  }

  /** Follows a link to the app, which connects, and becomes the friend of whoever made it. */
  async follows(link: string): Promise<void> {
    await this.app.close();
    await this.opens(link);
    await this.starts();
    await this.joins();
  }

  /** The code that is compared with a friend. */
  async code(friend: string): Promise<string> {
    const p = await this.goes("friends");
    await p.locator(".people a", { hasText: friend }).click();
    await expect(p.locator("h1")).toHaveText(friend);
    return (await p.locator(".safety .visually-hidden").first().textContent({ timeout: patience })) ?? "";
  }

  /** Presses the button that asks whether they are sure. */
  async isSure(p: Page): Promise<void> {
    await p.locator("dialog[open] .danger").click();
    await expect(p.locator("dialog[open]")).toHaveCount(0);
  }
}

/** Makes two people friends who are somebody already, and shows each to the other's app. */
export async function befriend(ada: Somebody, bo: Somebody): Promise<void> {
  const link = await ada.invites(bo.name);
  await bo.follows(link.replace(ada.site.origin, bo.site.origin));
  expect(await ada.code(bo.name)).toEqual(await bo.code(ada.name));
  await ada.shows(bo.name);
  await bo.shows(ada.name);
}

/** The stories' setting. */
export const test = base.extend<{ site: Site; somebody: (name: string, o?: { relay?: string; flags?: readonly string[] }) => Somebody }>({
  site: async ({}, use) => {
    const site = await startSite();
    await use(site);
    await site.stop();
  },
  somebody: async ({ site }, use) => {
    const all: Somebody[] = [];
    await use((name, o = {}) => {
      const one = new Somebody(name, site, o.relay ?? env("KITH_RELAY"), o.flags ?? []);
      all.push(one);
      return one;
    });
    for (const one of all) await one.ends();
  },
});

export { expect };
