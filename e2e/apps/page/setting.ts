// What every case stands on: a web server that knows nothing of Kith, with an app
// and the package beside it, and Chromiums with profiles of their own.
import { createServer, type Server } from "node:http";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test as base, type BrowserContext, type Page } from "@playwright/test";
import { build } from "esbuild";
import { startChromium, stopChromium, type Chromium } from "../../browser/tests/chromium.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css", svg: "image/svg+xml",
};

/** A plain web server. */
export interface Site {
  readonly origin: string;
  /** Its files by path; change them as it runs. */
  readonly files: Map<string, Uint8Array>;
  stop(): Promise<void>;
}

const page = (title: string): string => `<!doctype html><meta charset="utf-8"><title>${title}</title><link rel="icon" href="data:,"><body>
<script type="module">
  import { attach, connect } from "/kith/sdk.js";
  Object.assign(window, { attach, connect });
  window.ready = true;
</script>
`;

/** Serves an app at /, another at /other/, and the package. */
export async function startSite(): Promise<Site> {
  const files = new Map<string, Uint8Array>();
  const dist = join(root, "web/dist/peer");
  for (const name of await readdir(dist, { recursive: true })) {
    const data = await readFile(join(dist, name)).catch(() => undefined); // folders
    if (data) files.set(`/${name}`, data);
  }
  const worker = files.get("/kith-sw.js") ?? new Uint8Array();
  files.set("/other/kith-sw.js", worker);
  files.set("/", Buffer.from(page("App")));
  files.set("/other/", Buffer.from(page("Other")));
  files.set("/suite.js", await suite());
  const server = createServer((q, r) => {
    const path = new URL(q.url ?? "/", "http://x").pathname;
    const data = files.get(path);
    const type = path.endsWith("/") ? "html" : (/\.(\w+)$/.exec(path)?.[1] ?? "");
    r.writeHead(data ? 200 : 404, { "Content-Type": types[type] ?? "application/octet-stream", "Cache-Control": "no-cache" });
    r.end(data ?? "nothing here\n");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { origin: `http://localhost:${port(server)}`, files, stop: () => stop(server) };
}

async function suite(): Promise<Uint8Array> {
  const made = await build({ entryPoints: [join(root, "e2e/apps/suite/index.ts")], bundle: true, format: "iife", target: "es2022", write: false, logLevel: "silent" });
  return made.outputFiles[0]?.contents ?? new Uint8Array();
}

function port(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
}

/** A person: a browser with a profile of its own. */
export interface Person {
  readonly context: BrowserContext;
  readonly chromium: Chromium;
}

/** A case has a site and as many people as it needs. */
export const test = base.extend<{ site: Site; person: (profile?: string) => Promise<Person> }>({
  site: async ({}, use) => {
    const site = await startSite();
    await use(site);
    await site.stop();
  },
  person: async ({}, use) => {
    const running: Chromium[] = [];
    await use(async (profile) => {
      const chromium = await startChromium([], profile);
      running.push(chromium);
      const context = chromium.browser.contexts()[0];
      if (!context) throw new Error("Chromium has no profile");
      return { context, chromium };
    });
    await Promise.all(running.filter((c) => c.process.signalCode === null).map(stopChromium));
  },
});

/** Ends a browser at once, and returns its profile. */
export async function kill(who: Person): Promise<string> {
  const ended = new Promise((done) => who.chromium.process.once("exit", done));
  who.chromium.process.kill("SIGKILL");
  await ended;
  return who.chromium.profile;
}

/** Opens a page of an app that is ready to connect. */
export async function open(who: Person, url: string): Promise<Page> {
  const p = await who.context.newPage();
  await p.goto(url);
  await p.waitForFunction(() => (window as { ready?: boolean }).ready === true);
  return p;
}

/** Opens a page of an app that has its documents. */
export async function connected(who: Person, url: string): Promise<Page> {
  const p = await open(who, url);
  await p.evaluate(() => window.connect({ app: "app", title: "App", wants: ["data"] }).then((k) => (window.kith = k)));
  return p;
}

/** What tests use of the SDK's Kith. */
export interface Kith {
  readonly host: string;
  readonly limits: readonly { code: string }[];
  readonly data: {
    put(path: string, content: unknown, o?: object): Promise<{ etag: string }>;
    get(path: string): Promise<Response | undefined>;
    json(path: string): Promise<unknown>;
    list(folder?: string): Promise<{ items: readonly { path: string; size: number }[] }>;
    delete(path: string): Promise<boolean>;
    watch(folder: string, tell: (e: { event: string; data: Record<string, unknown> }) => void): () => void;
  };
}

declare global {
  interface Window {
    attach: (o?: object) => Promise<{ host: string; limits: readonly { code: string }[] }>;
    connect: (o: object) => Promise<Kith>;
    kith: Kith;
  }
}

export { expect } from "@playwright/test";
