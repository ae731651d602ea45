// What every case stands on: a Chromium whose pages may meet on loopback, pages
// with profiles of their own, and a tracker.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createServer, get, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, test as base, type Browser, type Page } from "@playwright/test";
import { build } from "esbuild";
import { env, said } from "../../../browser/tests/chromium.ts";
import type { SiteInfo } from "../../../../web/runtime/types.ts";
import type { Page as Kith, Told } from "../page/kith.ts";

declare global {
  var kith: Kith;
}

const flags = [
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
  "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns",
];

/** A process that ends with the tests. */
export interface Running {
  readonly stop: () => Promise<void>;
}

function running(child: ChildProcess): Running {
  return {
    stop: async () => {
      if (child.exitCode === null) {
        const ended = new Promise((done) => child.once("exit", done));
        child.kill("SIGTERM");
        await ended;
      }
    },
  };
}

/** A tracker that has no limits worth speaking of. */
export async function startTracker(): Promise<Running & { readonly url: string }> {
  const home = await mkdtemp(join(tmpdir(), "kith-relay-"));
  const port = await freePort();
  await writeFile(join(home, "config.toml"), "[relay]\nrate = 10000\nconnections = 10000\n");
  const child = spawn(env("KITH_BIN"), ["relay", "--home", home, "--listen", `127.0.0.1:${port}`, "--udp", "off"], { stdio: ["ignore", "pipe", "pipe"] });
  await said([child.stdout, child.stderr], child, /(127\.0\.0\.1:\d+)/);
  return { ...running(child), url: `ws://127.0.0.1:${port}/` };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** A native peer in this test's own process, that gives noise over WebTransport. */
export function native(): Told {
  const told = JSON.parse(env("KITH_NATIVE")) as { readonly swarm: string; readonly index: string; readonly webtransport: SiteInfo["webtransport"] };
  const info: SiteInfo = {
    version: 1, kind: "torrent", address: `wtp://${told.swarm}`, label: "", name: "noise", id: told.swarm, swarm: told.swarm,
    index: "", piece: "", trackers: [], ice: "", webtransport: told.webtransport, peer: "", node: "", badge: false,
  };
  return { info, index: Buffer.from(told.index, "base64").toString("latin1") };
}

/** A host of one site. */
interface Host extends Running {
  readonly site: Told;
  /** The site on IPFS, by the label of its origin. */
  readonly ipfs: string;
  readonly home: string;
}

/** A host of a folder or an address that talks to this tracker and to its visitors; by WebTransport as well, if so wished. */
export async function startHost(what: string, tracker: string, webtransport: boolean, home?: string): Promise<Host> {
  home ??= await mkdtemp(join(tmpdir(), "kith-host-"));
  const port = await freePort();
  await writeFile(join(home, "config.toml"), `
[gateway]
listen = "127.0.0.1:0"
[bittorrent]
listen = "127.0.0.1:0"
trackers = ["${tracker}"]
dht = false
dht_bootstrap = []
webrtc = true
[ipfs]
listen = ["127.0.0.1:0"]
bootstrap = []
dht = "off"
reach = false
routers = []
gateways = []
[dns]
server = "off"
well_known = false
[webrtc]
stun = []
[nearby]
enabled = false
[webtransport]
enabled = ${String(webtransport)}
listen = "127.0.0.1:0"
address = ["127.0.0.1"]
[host]
names = false
`);
  const args = ["host", "--home", home, "--domain", "host.localhost", "--http", `127.0.0.1:${port}`, `site=${what}`];
  const child = spawn(env("KITH_BIN"), args, { stdio: ["ignore", "pipe", "pipe"] });
  // All origins are in the same lines of what it says, "site" the last but one.
  const ipfs = await said([child.stdout, child.stderr], child, /http:\/\/(k2[a-z0-9]+)\.host\.localhost:\d+[^]*\/\/site\.host/);
  const ask = (path: string): Promise<Buffer> => new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path, headers: { Host: `site.host.localhost:${port}` } }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part)).on("end", () => resolve(Buffer.concat(parts))).on("error", reject);
    }).on("error", reject);
  });
  const info = JSON.parse((await ask("/.kith/site")).toString()) as SiteInfo;
  return { ...running(child), home, ipfs, site: { info, index: (await ask(info.index)).toString("latin1") } };
}

/** Serves the pages, which are empty but for their scripts. */
async function startPages(): Promise<{ readonly url: string; readonly server: Server }> {
  const here = new URL(".", import.meta.url);
  const made = await build({
    entryPoints: [new URL("../page/kith.ts", here).pathname],
    bundle: true, minify: true, format: "esm", target: "es2022", write: false,
  });
  const files: Record<string, [string, string | Uint8Array]> = {
    "/": ["text/html", `<!doctype html><title>A visitor</title><script type="module" src="/kith.js"></script>`],
    "/webtorrent": ["text/html", `<!doctype html><title>webtorrent</title><script type="module">
      import WebTorrent from "/webtorrent.js"; globalThis.WebTorrent = WebTorrent;</script><script type="module" src="/kith.js"></script>`],
    "/kith.js": ["text/javascript", made.outputFiles[0]?.contents ?? ""],
    "/webtorrent.js": ["text/javascript", await readFile(new URL("../../../node_modules/webtorrent/dist/webtorrent.min.js", here))],
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
  /** A page of somebody: of one's own profile each. */
  readonly visitor: () => Promise<Page>;
  /** A page with webtorrent in it. */
  readonly webtorrent: () => Promise<Page>;
}

interface Shared {
  readonly browser: Browser;
  readonly pages: string;
  readonly tracker: string;
}

export const test = base.extend<Fixtures, { shared: Shared }>({
  shared: [async ({}, use) => {
    const [pages, tracker] = [await startPages(), await startTracker()];
    const browser = await chromium.launch({ executablePath: env("KITH_CHROMIUM"), args: flags });
    await use({ browser, pages: pages.url, tracker: tracker.url });
    await browser.close();
    await tracker.stop();
    pages.server.close();
  }, { scope: "worker" }],
  visitor: async ({ shared }, use) => give(shared, "/", "kith", use),
  webtorrent: async ({ shared }, use) => give(shared, "/webtorrent", "WebTorrent", use),
});

async function give(shared: Shared, path: string, global: string, use: (f: () => Promise<Page>) => Promise<void>): Promise<void> {
  const contexts: { close(): Promise<void> }[] = [];
  await use(async () => {
    const context = await shared.browser.newContext();
    contexts.push(context);
    const page = await context.newPage();
    await page.goto(shared.pages + path);
    await page.waitForFunction((name) => name in globalThis && "kith" in globalThis, global);
    return page;
  });
  await Promise.all(contexts.map((c) => c.close()));
}

export { expect } from "@playwright/test";
