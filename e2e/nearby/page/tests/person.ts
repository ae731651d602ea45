// A person at a device: their browser, their console, and the pages they open.
import { appendFile } from "node:fs/promises";
import { expect, type Browser, type BrowserContext, type Locator, type Page } from "@playwright/test";
import { launch } from "./browser.ts";

function env(name: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set: run the cases by 'go test ./e2e/nearby/page'`);
  }
  return value;
}

/** What the classes of the page look like to the cases. */
declare global {
  // eslint-disable-next-line no-var
  var LP2PReceiver: any, LP2PRequest: any, LP2PQuicTransport: any, LP2PQuicTransportListener: any, lp2p: any, kept: any;
}

export class Person {
  readonly name: string;
  readonly console: string;
  readonly site: string;
  readonly received: string;
  readonly context: BrowserContext;
  /** The console, open at Nearby. */
  readonly desk: Page;

  private constructor(name: string, context: BrowserContext, desk: Page) {
    const key = `KITH_${name.toUpperCase()}`;
    this.name = name;
    this.console = env(key);
    this.site = env(`${key}_SITE`);
    this.received = env(`${key}_DIR`);
    this.context = context;
    this.desk = desk;
  }

  static async sit(name: string, browser: Browser): Promise<Person> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, reducedMotion: "reduce" });
    const person = new Person(name, context, await context.newPage());
    await person.desk.goto(`${person.console}/#/nearby`);
    await expect(person.desk.locator(".pulse.online")).toBeVisible();
    return person;
  }

  /** Opens the site, or another page. */
  async open(url = this.site): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(url);
    await expect(page.locator("h1")).toHaveText("Board");
    return page;
  }

  /** The question on the desk that begins with text. */
  asked(text: string | RegExp): Locator {
    return this.desk.locator("kith-ask").filter({ hasText: text });
  }

  /** Says yes to a question. */
  async allow(text: string | RegExp, o: { device?: string; remember?: boolean } = {}): Promise<void> {
    const ask = this.asked(text).first();
    await ask.waitFor();
    if (o.device) {
      await ask.getByRole("radio", { name: o.device }).check();
    }
    if (o.remember) {
      await ask.getByRole("checkbox").check();
    }
    await ask.getByRole("button", { name: o.device ? "Connect" : "Allow" }).click();
    await expect(ask).toBeHidden();
  }
}

/** The browsers of both people, and how to end them. */
export async function meet(): Promise<{ alice: Person; bob: Person; end: () => Promise<void> }> {
  const browsers = await Promise.all([launch(env("KITH_ALICE_NS")), launch(env("KITH_BOB_NS"))]);
  const [alice, bob] = await Promise.all([Person.sit("alice", browsers[0]!), Person.sit("bob", browsers[1]!)]);
  return {
    alice,
    bob,
    end: async () => {
      await Promise.all(browsers.map((b) => b.close()));
    },
  };
}

/** Keeps a figure for the report. */
export async function measured(line: string): Promise<void> {
  await appendFile(env("KITH_FIGURES"), `${line}\n`);
}

/** The network's own round trip in milliseconds; undefined where it was not measured. */
export const roundTrip = process.env["KITH_RTT"] ? Number(process.env["KITH_RTT"]) : undefined;
