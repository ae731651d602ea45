// What every case stands on: a relay, and pages of two people, each in a Chromium with
// a profile of its own.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, test as base, type Browser, type Page } from "@playwright/test";
import { build } from "esbuild";
import { env, said } from "../../browser/tests/chromium.ts";
import type { Page as Device } from "../page/calls.ts";

declare global {
  var device: Device;
}

// Loopback has no address that browsers would tell one another otherwise.
const flags = [
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
  "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns",
];

/** A relay that keeps mailboxes. */
export interface Relay {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startRelay(): Promise<Relay> {
  const home = await mkdtemp(join(tmpdir(), "kith-relay-"));
  const child = spawn(env("KITH_BIN"), ["relay", "--home", home, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"] });
  const at = await said([child.stdout, child.stderr], child, /(127\.0\.0\.1:\d+)/);
  return { url: `ws://${at}`, stop: () => ended(child) };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const over = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await over;
}

/** Serves the pages, which are empty but for their scripts. */
async function startPages(): Promise<{ readonly url: string; readonly server: Server }> {
  const here = new URL(".", import.meta.url);
  const script = async (name: string): Promise<Uint8Array> => {
    const made = await build({
      entryPoints: [new URL(`../page/${name}.ts`, here).pathname], bundle: true, minify: true, format: "esm", target: "es2022", write: false,
    });
    return made.outputFiles[0]?.contents ?? new Uint8Array();
  };
  const files: Record<string, [string, string | Uint8Array]> = {
    "/": ["text/html", `<!doctype html><title>A peer</title><script type="module" src="/window.js"></script>`],
    "/window.js": ["text/javascript", await script("window")],
    "/worker.js": ["text/javascript", await script("worker")],
  };
  const server = createServer((request, response) => {
    const [type, body] = files[request.url ?? ""] ?? ["text/plain", ""];
    response.setHeader("Content-Type", type);
    response.end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

interface Fixtures {
  readonly relay: Relay;
  /** A page of somebody, in a browser of its own; with "#stay" of one whose channels stay in the window. */
  readonly somebody: (hash?: string) => Promise<Page>;
}

export const test = base.extend<Fixtures, { pages: string }>({
  pages: [async ({}, use) => {
    const pages = await startPages();
    await use(pages.url);
    pages.server.close();
  }, { scope: "worker" }],
  relay: async ({}, use) => {
    const relay = await startRelay();
    await use(relay);
    await relay.stop();
  },
  somebody: async ({ pages }, use) => {
    const browsers: Browser[] = [];
    await use(async (hash = "") => {
      const browser = await chromium.launch({ executablePath: env("KITH_CHROMIUM"), args: flags });
      browsers.push(browser);
      const page = await browser.newPage();
      await page.goto(`${pages}/${hash}`);
      await page.waitForFunction(() => "device" in globalThis);
      return page;
    });
    await Promise.all(browsers.map((b) => b.close()));
  },
});

export { expect } from "@playwright/test";
