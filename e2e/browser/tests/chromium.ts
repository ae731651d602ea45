// A Chromium as people have it, and processes that say when they are ready.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { chromium, type Browser } from "@playwright/test";

/** A variable that the Go test sets. */
export function env(name: string): string {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is not set: run the cases by 'go test'`);
  }
  return value;
}

/** A running Chromium with a profile of its own. */
export interface Chromium {
  readonly browser: Browser;
  readonly process: ChildProcess;
  readonly profile: string;
}

/** Waits until a process says what pattern looks for, and returns its first group. */
export async function said(streams: readonly (Readable | null)[], child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    for (const stream of streams) {
      stream?.setEncoding("utf8").on("data", (more: string) => {
        text += more;
        const found = pattern.exec(text)?.[1];
        if (found) {
          resolve(found);
        }
      });
    }
    child.once("exit", (code) => reject(new Error(`the process ended with ${code}:\n${text}`)));
    child.once("error", reject);
  });
}

const flags = [
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
  "--headless=new",
  "--disable-quic",
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--mute-audio",
];

/**
 * Starts Chromium by itself and attaches to it. Playwright's own launch turns
 * off what people's browsers have on, the partitioning of storage among it. It has a
 * profile of its own, or that of one that ended before.
 */
export async function startChromium(more: readonly string[] = [], before?: string): Promise<Chromium> {
  const profile = before ?? (await mkdtemp(join(tmpdir(), "kith-chromium-")));
  const child = spawn(
    env("KITH_CHROMIUM"),
    [...flags, ...more, "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const endpoint = await said([child.stderr], child, /DevTools listening on (ws:\/\/\S+)/);
  return { browser: await chromium.connectOverCDP(endpoint), process: child, profile };
}

/** Ends a Chromium and forgets its profile. */
export async function stopChromium(c: Chromium): Promise<void> {
  const ended = new Promise((done) => c.process.once("exit", done));
  const session = await c.browser.newBrowserCDPSession();
  await session.send("Browser.close").catch(() => undefined);
  await ended;
  await rm(c.profile, { recursive: true, force: true, maxRetries: 5 });
}
