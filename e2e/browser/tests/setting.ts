// What every case stands on: the two nodes that browser_test.go started, a
// browser as people have it, and a way to publish a site from code.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { copyFile, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { test as base, type Browser, type BrowserContext, type Page } from "@playwright/test";
import { env, said, startChromium, stopChromium } from "./chromium.ts";

const run = promisify(execFile);

/** A running node. */
export interface Node {
  /** http://localhost:PORT */
  readonly console: string;
  readonly home: string;
}

export const reader: Node = { console: env("KITH_READER"), home: env("KITH_READER_HOME") };
export const author: Node = { console: env("KITH_AUTHOR"), home: env("KITH_AUTHOR_HOME") };
/** Where the author's node takes BitTorrent peers. */
export const authorPeer = env("KITH_AUTHOR_PEER");

/** Runs a command of kith against a node and returns what it prints. */
export async function kith(node: Node, ...args: string[]): Promise<string> {
  const { stdout } = await run(env("KITH_BIN"), [...args, "--home", node.home]);
  return stdout;
}

/** What kith publish --json prints, as far as it is used here. */
export interface Published {
  readonly ipfs: string;
  readonly wtp: string;
  readonly magnet: string;
  readonly urls: readonly string[];
}

/** Publishes files from the author's node. */
export async function publish(files: Readonly<Record<string, string | Uint8Array>>): Promise<Published> {
  const folder = await mkdtemp(join(tmpdir(), "kith-site-"));
  await writeFiles(folder, files);
  return JSON.parse(await kith(author, "publish", "--json", folder)) as Published;
}

/** Writes files below a folder. */
export async function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, data] of Object.entries(files)) {
    const name = join(folder, path);
    await mkdir(dirname(name), { recursive: true });
    await writeFile(name, data);
  }
}

/** The magnet link of a publication with the author's node as a peer to ask. */
export function magnetFromAuthor(p: Published): string {
  return `${p.magnet}&x.pe=${authorPeer}`;
}

/** Opens an address on a node without a browser and returns its URL. */
export async function open(node: Node, address: string, mode?: "app"): Promise<{ url: string; label: string }> {
  const answer = await fetch(`${node.console}/api/v1/open`, {
    method: "POST",
    headers: { Authorization: `Bearer ${await token(node)}`, "Content-Type": "application/json" },
    body: JSON.stringify(mode ? { address, mode } : { address }),
  });
  if (!answer.ok) {
    throw new Error(`open ${address}: ${answer.status} ${await answer.text()}`);
  }
  return (await answer.json()) as { url: string; label: string };
}

/** Changes how a node shows a site, and what the app may talk to. */
export async function setMode(node: Node, label: string, mode: "site" | "app", allow: readonly string[] = []): Promise<void> {
  const answer = await fetch(`${node.console}/api/v1/sites/${label}`, {
    method: "PATCH",
    headers: { Authorization: `Bearer ${await token(node)}`, "Content-Type": "application/json" },
    body: JSON.stringify({ mode, allow }),
  });
  if (!answer.ok) {
    throw new Error(`change ${label}: ${answer.status} ${await answer.text()}`);
  }
}

async function token(node: Node): Promise<string> {
  const page = await (await fetch(`${node.console}/`)).text();
  const found = /name="kith-token" content="([^"]+)"/.exec(page)?.[1];
  if (!found) {
    throw new Error("the console's page carries no token");
  }
  return found;
}

/** The origin of a label at a node. */
export function origin(node: Node, label: string): string {
  return node.console.replace("//localhost", `//${label}.localhost`);
}

/** A node of one case's own, that can be stopped and started again at its port. */
export async function freshNode(): Promise<Node & { start(): Promise<void>; stop(): Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), "kith-home-"));
  await copyFile(join(author.home, "config.toml"), join(home, "config.toml"));
  let child: ChildProcess | undefined;
  const begin = async (listen: string): Promise<string> => {
    const started = spawn(env("KITH_BIN"), ["up", "--home", home, "--listen", listen], { stdio: ["ignore", "pipe", "pipe"] });
    child = started;
    return said([started.stdout, started.stderr], started, /\bready\b.*(http:\/\/localhost:\d+)/);
  };
  const console = await begin("127.0.0.1:0");
  return {
    console,
    home,
    start: async () => {
      await begin(`127.0.0.1:${new URL(console).port}`);
    },
    stop: async () => {
      const running = child;
      child = undefined;
      if (running && running.exitCode === null) {
        const ended = new Promise((done) => running.once("exit", done));
        running.kill("SIGTERM");
        await ended;
      }
    },
  };
}

/** A test with a Chromium of its own, shared by the cases of a file. */
export const test = base.extend<{ context: BrowserContext; page: Page }, { chromium: Browser }>({
  chromium: [
    async ({}, use) => {
      const c = await startChromium();
      await use(c.browser);
      await stopChromium(c);
    },
    { scope: "worker" },
  ],
  context: async ({ chromium }, use) => {
    const context = await chromium.newContext({ viewport: { width: 1280, height: 860 } });
    await use(context);
    await context.close();
  },
  page: async ({ context }, use) => {
    await use(await context.newPage());
  },
});

export { expect } from "@playwright/test";
