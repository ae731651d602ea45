// How much of a site its host still has to send when visitors serve each other:
// every visitor is a real page in a context of its own, without shared storage.
import type { BrowserContext } from "@playwright/test";
import { page as html } from "../../browser/tests/fixtures.ts";
import { noise } from "../tests/site.ts";
import { expect, startHost, test, view, type Files } from "../tests/setting.ts";
import { note } from "./figures.ts";

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

for (const { visitors, most } of [{ visitors: 5, most: 0.35 }, { visitors: 20, most: 0.15 }]) {
  test(`${visitors} visitors, one a second, 30 s each`, async ({ person }) => {
    const files = fifty();
    const total = Object.values(files).reduce((n, f) => n + f.length, 0);
    const host = await startHost(files);
    const me = await person();
    const browser = me.context.browser();
    const done: { readonly whole: boolean; readonly ms: number }[] = [];
    const visit = async (): Promise<void> => {
      const context = (await browser?.newContext()) as BrowserContext;
      const page = await context.newPage();
      const began = Date.now();
      await page.goto(`${host.origin}/`, { waitUntil: "commit" });
      const whole = await page
        .waitForFunction(() => document.images.length === 49 && [...document.images].every((i) => i.complete && i.naturalWidth > 0), undefined, { timeout: stay })
        .then(() => true, () => false);
      const ms = Date.now() - began;
      done.push({ whole, ms });
      const direct = await page.evaluate(() => (performance.getEntriesByType("resource") as PerformanceResourceTiming[])
        .filter((e) => e.name.endsWith(".png") && e.workerStart === 0 && e.transferSize > 0).length);
      const v = await view(page);
      const first = await page.evaluate(() => Math.min(...performance.getEntriesByType("resource").filter((e) => e.name.endsWith(".png")).map((e) => e.startTime).sort((a, b) => a - b).slice(1)));
      await note(`visitor: ${ms} ms, ${direct} pictures past the worker, the first asked for after ${first.toFixed(0)} ms; ${v ? `${v.stats.peers.length} peers, ${v.stats.downloaded} octets from peers, ${v.stats.fromHost} from the host` : "no peers met"}`);
      await new Promise((left) => setTimeout(left, Math.max(0, stay - ms)));
      await context.close();
    };
    const all: Promise<void>[] = [];
    for (let i = 0; i < visitors; i++) {
      all.push(visit());
      await new Promise((next) => setTimeout(next, every));
    }
    await Promise.all(all);
    const text = await (await fetch(`${host.metrics}/metrics.json`)).text();
    await note(`metrics: ${text.replace(/\s+/g, " ").slice(0, 1500)}`);
    const sent = bytesSent(JSON.parse(text));
    const share = sent / (visitors * total);
    const times = done.map((d) => d.ms).sort((a, b) => a - b);
    await note(`offload: ${visitors} visitors, ${done.filter((d) => d.whole).length} complete, host sent ${(sent / 2 ** 20).toFixed(2)} MiB of ${((visitors * total) / 2 ** 20).toFixed(1)} MiB: ${(100 * share).toFixed(1)} % (wanted: at most ${100 * most} %); pages complete after ${times[0]}, median ${times[Math.floor(times.length / 2)]}, ${times.at(-1)} ms`);
    expect(done.length).toBe(visitors);
  });
}

/** Octets of everything the host sent for its sites, the runtime's own files among them. */
function bytesSent(metrics: unknown): number {
  const { sites } = metrics as { readonly sites: readonly { readonly bytes: number }[] };
  return sites.reduce((n, s) => n + s.bytes, 0);
}
