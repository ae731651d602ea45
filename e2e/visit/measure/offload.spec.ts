// How much of a site its host still has to send when visitors serve each other.
// As many visitors as the machine carries are real pages, each in a context of
// its own, without shared storage; libwebrtc without a browser stands in for the
// rest, which arrive with nothing and leave as the pages do.
import { test as plain, type Browser, type BrowserContext } from "@playwright/test";
import { page as html } from "../../browser/tests/fixtures.ts";
import { noise } from "../tests/site.ts";
import { expect, startHost, test, view, type Files } from "../tests/setting.ts";
import { save } from "../../figure/figure.ts";
import { median, note } from "./figures.ts";
import { haveNatives, startNatives } from "./natives.ts";

/** 50 files of 5 MiB together. */
function fifty(): Files {
  const names = Array.from({ length: 49 }, (_, i) => `${i}.png`);
  return {
    "index.html": html("Fifty", `<h1>Fifty</h1>${names.map((n) => `<img src="/${n}" alt="" width="20" height="20">`).join("")}`),
    ...Object.fromEntries(names.map((n) => [n, noise((5 * 1024 * 1024) / 49)])),
  };
}

const stay = 30_000;
const every = 1000;
/** How many visitors are real pages. */
const pages = Number(process.env["KITH_MEASURE_PAGES"] ?? 5);
const rounds = Number(process.env["KITH_MEASURE_ROUNDS"] ?? 1);

interface Left {
  readonly who: string;
  readonly whole: boolean;
  readonly ms: number;
  readonly fromPeers: number;
  readonly fromHost: number;
  readonly more: string;
}

/** A real page: opened, looked at for as long as a visitor stays, closed. */
async function open(browser: Browser | null | undefined, url: string): Promise<Left> {
  const context = (await browser?.newContext()) as BrowserContext;
  const page = await context.newPage();
  const began = Date.now();
  await page.goto(url, { waitUntil: "commit" });
  const whole = await page
    .waitForFunction(() => document.images.length === 49 && [...document.images].every((i) => i.complete && i.naturalWidth > 0), undefined, { timeout: stay, polling: 100 })
    .then(() => true, () => false);
  const ms = Date.now() - began;
  const past = await page.evaluate(() => (performance.getEntriesByType("resource") as PerformanceResourceTiming[])
    .filter((e) => e.name.endsWith(".png") && e.workerStart === 0 && e.transferSize > 0).length);
  await new Promise((left) => setTimeout(left, Math.max(0, stay - (Date.now() - began))));
  const stats = (await view(page))?.stats;
  await context.close();
  return { who: "page", whole, ms, fromPeers: stats?.downloaded ?? 0, fromHost: stats?.fromHost ?? 0, more: `${past} pictures past the worker, ${stats?.uploaded} octets to others` };
}

/** What the host sent of all, in percent, in each round so far. */
const shares = new Map<number, number[]>();

for (const { visitors, most } of [{ visitors: 5, most: 0.35 }, { visitors: 20, most: 0.15 }]) {
  for (let round = 1; round <= rounds; round++) {
    test(`${visitors} visitors, one a second, 30 s each, round ${round}`, async ({ person }) => {
      plain.skip(visitors > pages && !haveNatives(), "SKIPPED: run 'npm ci --prefix e2e/peers' first");
      const files = fifty();
      const total = Object.values(files).reduce((n, f) => n + f.length, 0);
      const host = await startHost(files);
      const browser = (await person()).context.browser();
      const natives = visitors > pages ? await startNatives(host.origin, stay) : undefined;
      const all: Promise<Left>[] = [];
      const real = Math.ceil(visitors / Math.min(pages, visitors));
      for (let i = 0; i < visitors; i++) {
        all.push(i % real === 0 || !natives
          ? open(browser, `${host.origin}/`)
          : natives.visit().then((v) => ({ ...v, who: "native", more: `${v.peers} peers, ${v.toPeers} octets to others` })));
        await new Promise((next) => setTimeout(next, every));
      }
      const left = await Promise.all(all);
      natives?.stop();
      for (const [i, l] of left.entries()) {
        await note(`  ${i}: ${l.who} ${l.whole ? "whole" : "NOT WHOLE"} after ${l.ms} ms, ${l.fromPeers} octets from peers, ${l.fromHost} from the host; ${l.more}`);
      }
      const text = await (await fetch(`${host.metrics}/metrics.json`)).text();
      await note(`  metrics: ${text.replace(/\s+/g, " ").slice(0, 600)}`);
      const sent = bytesSent(JSON.parse(text));
      const share = sent / (visitors * total);
      const times = left.map((l) => l.ms);
      await note(`offload: ${visitors} visitors, ${left.filter((l) => l.who === "page").length} of them pages, ${left.filter((l) => l.whole).length} complete: host sent ${(sent / 2 ** 20).toFixed(2)} MiB of ${((visitors * total) / 2 ** 20).toFixed(1)} MiB: ${(100 * share).toFixed(1)} % (wanted: at most ${100 * most} %); pages complete after ${Math.min(...times)}, median ${median(times)}, ${Math.max(...times)} ms`);
      shares.set(visitors, [...(shares.get(visitors) ?? []), 100 * share]);
      await save({
        group: "offload", title: `What the host still sends to ${visitors} visitors`, unit: "percent of all that they load", place: visitors,
        goal: { text: `at most ${100 * most} percent`, number: 100 * most },
        contestants: [{ name: "Kith", samples: shares.get(visitors) ?? [] }, { name: "a plain server", samples: [100] }],
        note: `${left.filter((l) => l.who === "page").length} of the visitors were Chromium pages.`,
      });
      expect(left.length).toBe(visitors);
    });
  }
}

/** Octets of everything the host sent for its sites, the runtime's own files among them. */
function bytesSent(metrics: unknown): number {
  const { sites } = metrics as { readonly sites: readonly { readonly bytes: number }[] };
  return sites.reduce((n, s) => n + s.bytes, 0);
}
