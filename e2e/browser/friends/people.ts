// The people of these cases: a node and a window each, in one browser.
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Browser, type BrowserContext, type Page } from "@playwright/test";
import { env, startChromium, stopChromium, type Chromium } from "../tests/chromium.ts";

/** Somebody at the console of their node. */
export class Somebody {
  readonly console: string;
  readonly page: Page;
  readonly #pid: number;
  readonly #complaints: string[] = [];

  constructor(name: string, page: Page) {
    this.console = env(`KITH_${name}`);
    this.#pid = Number(env(`KITH_${name}_PID`));
    this.page = page;
    page.on("console", (m) => {
      if (m.type() === "error" && !/Failed to load resource/.test(m.text())) {
        this.#complaints.push(m.text());
      }
    });
    page.on("pageerror", (e) => this.#complaints.push(String(e)));
  }

  async goes(place: string): Promise<void> {
    await this.page.goto(`${this.console}/#/${place}`);
    await expect(this.page.locator(".pulse.online")).toBeVisible();
  }

  /** Presses the button of the dialog that asks whether they are sure. */
  async isSure(): Promise<void> {
    await this.page.locator("dialog[open] .danger").click();
    await expect(this.page.locator("dialog[open]")).toHaveCount(0);
  }

  /** Stops their node as a closed laptop does, and wakes it again. */
  falls(asleep: boolean): void {
    process.kill(this.#pid, asleep ? "SIGSTOP" : "SIGCONT");
  }

  /** What their page complained of, a refusal of its policy among it. */
  complaints(): readonly string[] {
    return this.#complaints;
  }
}

/** A browser with a window for each. */
export class Room {
  readonly #chromium: Chromium;
  readonly #context: BrowserContext;

  private constructor(chromium: Chromium, context: BrowserContext) {
    this.#chromium = chromium;
    this.#context = context;
  }

  static async open(): Promise<Room> {
    const chromium = await startChromium();
    return new Room(chromium, await chromium.browser.newContext({ viewport: { width: 1280, height: 860 }, acceptDownloads: true }));
  }

  get browser(): Browser {
    return this.#chromium.browser;
  }

  async enters(name: string): Promise<Somebody> {
    return new Somebody(name, await this.#context.newPage());
  }

  async close(): Promise<void> {
    await stopChromium(this.#chromium);
  }
}

/** Drops files on the target of a page as a person's hand does. */
export async function drop(page: Page, files: Readonly<Record<string, string>>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kith-drop-"));
  const paths = await Promise.all(Object.entries(files).map(async ([name, text]) => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  }));
  const box = await page.locator(".drop").boundingBox();
  if (!box) {
    throw new Error("there is nothing to drop on");
  }
  const session = await page.context().newCDPSession(page);
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", { type, ...at, data });
  }
}
