// What every case stands on: hosts that are started, killed and started again,
// and Chromiums with profiles of their own, whose pages may meet on loopback.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test as base, type BrowserContext, type Page } from "@playwright/test";
import { env, said, startChromium, stopChromium, type Chromium } from "../../browser/tests/chromium.ts";

/** Files of a site by path. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A host that talks to nobody but its visitors. */
const quiet = (metrics: number, more: string): string => `
[gateway]
listen = "127.0.0.1:0"
[bittorrent]
listen = "127.0.0.1:0"
trackers = []
dht = false
dht_bootstrap = []
webrtc = false
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
[host]
badge = true
names = false
metrics = "127.0.0.1:${metrics}"
${more}
`;

/** A running host of one site. */
export interface Host {
  /** Where visitors find the site. */
  readonly origin: string;
  readonly folder: string;
  readonly metrics: string;
  /** Ends it at once. */
  kill(): Promise<void>;
  /** Starts it again at the same place. */
  start(): Promise<void>;
}

/** Publishes files and serves them to the public. */
export async function startHost(files: Files, more = ""): Promise<Host> {
  const folder = await mkdtemp(join(tmpdir(), "kith-site-"));
  await writeFiles(folder, files);
  const home = await mkdtemp(join(tmpdir(), "kith-host-"));
  const [port, metrics] = [await freePort(), await freePort()];
  await writeFile(join(home, "config.toml"), quiet(metrics, more));
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const args = ["host", "--home", home, "--domain", "host.localhost", "--http", `127.0.0.1:${port}`, "--watch", `site=${folder}`];
    const started = spawn(env("KITH_BIN"), args, { stdio: ["ignore", "pipe", "pipe"] });
    child = started;
    await said([started.stdout, started.stderr], started, /(http:\/\/site\.host\.localhost:\d+)/);
  };
  const kill = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running && running.exitCode === null) {
      const ended = new Promise((done) => running.once("exit", done));
      running.kill("SIGKILL");
      await ended;
    }
  };
  hosts.add(kill);
  await start();
  return { origin: `http://site.host.localhost:${port}`, folder, metrics: `http://127.0.0.1:${metrics}`, kill, start };
}

/** Starts a meeting point of its own and returns its URL. */
export async function startRelay(): Promise<string> {
  return `ws://127.0.0.1:${await relay()}`;
}

/** Starts a relay that carries packets, and returns where pages ask it how. */
export async function startTURN(): Promise<string> {
  return `http://127.0.0.1:${await relay("--turn", "127.0.0.1:0", "--turn-address", "127.0.0.1")}/ice`;
}

/** Starts a relay and returns its port. */
async function relay(...more: string[]): Promise<number> {
  const home = await mkdtemp(join(tmpdir(), "kith-relay-"));
  const port = await freePort();
  const started = spawn(env("KITH_BIN"), ["relay", "--home", home, "--listen", `127.0.0.1:${port}`, "--udp", "off", ...more], { stdio: ["ignore", "pipe", "pipe"] });
  hosts.add(async () => {
    started.kill("SIGKILL");
  });
  await said([started.stdout, started.stderr], started, /(ready)/);
  return port;
}

const hosts = new Set<() => Promise<void>>();

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, data] of Object.entries(files)) {
    const name = join(folder, path);
    await mkdir(dirname(name), { recursive: true });
    await writeFile(name, data);
  }
}

/** A port that was free a moment ago: a host comes back where it was. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address ? address.port : 0;
}

/** What pages need to meet each other on this computer alone. */
const loopback = ["--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns"];

/** A person: a browser with a profile of its own. */
export interface Person {
  readonly context: BrowserContext;
  page(): Promise<Page>;
}

/** A case can have as many people as it needs, and hosts end with it. */
export const test = base.extend<{ person: (...flags: string[]) => Promise<Person> }>({
  person: async ({}, use) => {
    const running: Chromium[] = [];
    await use(async (...flags) => {
      const c = await startChromium([...loopback, ...flags]);
      running.push(c);
      const context = c.browser.contexts()[0];
      if (!context) {
        throw new Error("Chromium has no profile");
      }
      return { context, page: () => context.newPage() };
    });
    await Promise.all(running.map(stopChromium));
    await Promise.all([...hosts].map((kill) => kill()));
    hosts.clear();
  },
});

/** Waits until all pictures of a page are there. */
export async function pictures(page: Page): Promise<void> {
  await page.waitForFunction(() => document.images.length > 0 && [...document.images].every((i) => i.complete && i.naturalWidth > 0));
}

/** Waits until the worker is in charge of a page. */
export async function controlled(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

/** Waits until the worker keeps the runtime's own files, a moment after the first page. */
export async function kept(page: Page): Promise<void> {
  const files = ["/.kith/boot", "/.kith/boot.css", "/.kith/boot.js", "/.kith/runtime.js"];
  const have = (): Promise<boolean[]> => page.evaluate((all) => Promise.all(all.map(async (f) => (await caches.match(f)) !== undefined)), files);
  await expect.poll(have, { timeout: 60_000 }).toEqual(files.map(() => true));
}

/** How a page's leading page does, asked as the runtime's own pages ask. */
export interface View {
  readonly stats: {
    readonly peers: readonly { readonly connected: boolean; readonly kind: string; readonly downloaded: number; readonly uploaded: number }[];
    readonly have: number;
    readonly pieces: number;
    readonly downloaded: number;
    readonly uploaded: number;
    readonly fromHost: number;
  };
}

/** Asks the leading page of this browser how it does; undefined when nobody leads. */
export async function view(page: Page): Promise<View | undefined> {
  return page.evaluate(async () => {
    const channel = new BroadcastChannel("kith-visit");
    const heard = new Promise<View | undefined>((resolve) => {
      channel.onmessage = (e: MessageEvent<{ kith?: string; view?: View }>) => e.data.kith === "view" && resolve(e.data.view);
      setTimeout(() => resolve(undefined), 1000);
    });
    channel.postMessage({ kith: "hello" });
    const said = await heard;
    channel.close();
    return said;
  });
}

export { expect } from "@playwright/test";
