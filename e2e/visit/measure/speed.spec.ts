// How fast a page shows and loads, beside a plain HTTP server with the same
// files: the same host with the runtime left out. The two take turns, so that
// what else the machine does is the same for both.
import type { BrowserContext, Page } from "@playwright/test";
import { page as html } from "../../browser/tests/fixtures.ts";
import { noise } from "../tests/site.ts";
import { controlled, expect, startHost, test, view, type Files, type Host, type Person } from "../tests/setting.ts";
import { save } from "../../figure/figure.ts";
import { median, note } from "./figures.ts";

const rounds = process.env["KITH_BENCH_SMALL"] ? 1 : 9;

const plainName = "the same host without the runtime";

/** 50 files, 1.8 MB together, as facts about other programs were measured with. */
function fifty(): Files {
  const names = Array.from({ length: 46 }, (_, i) => `${i}.png`);
  return {
    "index.html": html("Fifty", `<link rel="stylesheet" href="/a.css"><link rel="stylesheet" href="/b.css"><script src="/c.js" defer></script>
      <h1>Fifty</h1>${names.map((n) => `<img src="/${n}" alt="" width="20" height="20">`).join("")}`),
    "a.css": "h1 { color: green; }", "b.css": "body { margin: 1rem; }", "c.js": "document.title += '!';",
    ...Object.fromEntries(names.map((n) => [n, noise(1_750_000 / 46)])),
  };
}

interface Times {
  readonly paint: number;
  readonly load: number;
  /** Octets that peers gave. */
  readonly fromPeers: number;
  readonly fromHost: number;
}

/** Milliseconds until the first contentful paint, and until all pictures are there. */
async function measure(page: Page, url: string): Promise<Pick<Times, "paint" | "load">> {
  await page.goto(url, { waitUntil: "commit" });
  return page.evaluate(async () => {
    const paint = new Promise<number>((done) => {
      new PerformanceObserver((list) => {
        const found = list.getEntriesByName("first-contentful-paint")[0];
        if (found) {
          done(found.startTime);
        }
      }).observe({ type: "paint", buffered: true });
    });
    await new Promise<void>((done) => {
      const look = (): void => {
        const whole = document.images.length === 46 && [...document.images].every((i) => i.complete && i.naturalWidth > 0);
        if (whole) {
          done();
        } else {
          setTimeout(look, 5);
        }
      };
      look();
    });
    return { load: performance.now(), paint: await paint };
  });
}

/** How a visit is made in a fresh context. */
type Kind = (page: Page, host: Host) => Promise<Pick<Times, "paint" | "load">>;

const first: Kind = (page, host) => measure(page, `${host.origin}/`);

const repeat: Kind = async (page, host) => {
  await measure(page, `${host.origin}/`);
  if (await page.evaluate(() => document.querySelector('script[src="/.kith/loader.js"]') !== null)) {
    await controlled(page);
  }
  await measure(page, `${host.origin}/`); // all of it is kept from here on
  await page.goto("about:blank");
  return measure(page, `${host.origin}/`);
};

async function visit(me: Person, host: Host, kind: Kind): Promise<Times> {
  const context = (await me.context.browser()?.newContext()) as BrowserContext;
  const page = await context.newPage();
  const times = await kind(page, host);
  const stats = (await view(page))?.stats;
  await context.close();
  return { ...times, fromPeers: stats?.downloaded ?? 0, fromHost: stats?.fromHost ?? 0 };
}

/** How much longer than at a plain server it may take. */
interface Goals {
  readonly paint?: number;
  readonly load?: number;
}

/** Lets two hosts take turns and notes the medians. */
async function beside(name: string, goals: Goals, me: Person, plain: Host, host: Host, kind: Kind): Promise<void> {
  const [a, b]: [Times[], Times[]] = [[], []];
  for (let i = 0; i < rounds; i++) {
    a.push(await visit(me, plain, kind));
    b.push(await visit(me, host, kind));
  }
  const of = (all: readonly Times[], what: keyof Times): number => median(all.map((t) => t[what]));
  const ratio = (what: keyof Times): string => `${of(b, what).toFixed(0)} against ${of(a, what).toFixed(0)} ms, ${(of(b, what) / of(a, what)).toFixed(2)} times`;
  await note(`speed: ${name}, medians of ${rounds}: first contentful paint ${ratio("paint")}; all pictures ${ratio("load")}; octets from peers ${of(b, "fromPeers")}, from the host by pieces ${of(b, "fromHost")}`);
  await note(`  all pictures, each: plain ${a.map((t) => t.load.toFixed(0)).join(" ")}; runtime ${b.map((t) => t.load.toFixed(0)).join(" ")}`);
  for (const [what, title] of [["paint", "First paint"], ["load", "All pictures"]] as const) {
    const times = goals[what];
    await save({
      group: "speed", title: `${title}, ${name}`, unit: "milliseconds",
      ...(times === undefined ? {} : { goal: { text: times === 1 ? "as fast as a plain server" : `at most ${times} times a plain server's time`, rivals: [{ name: plainName, factor: times }] } }),
      contestants: [{ name: "Kith", samples: b.map((t) => t[what]) }, { name: plainName, samples: a.map((t) => t[what]) }],
    });
  }
  expect(a.length + b.length).toBe(2 * rounds);
}

test("first and repeat visits beside a plain server", async ({ person }) => {
  const files = fifty();
  const plain = await startHost(files, "plain = true");
  const host = await startHost(files);
  const me = await person();
  await visit(me, plain, first); // the browser warms up
  await beside("first visit with nobody else there", { paint: 1.3 }, me, plain, host, first);
  await beside("repeat visit", { paint: 1, load: 1 }, me, plain, host, repeat);
});

test("a cold visit from peers alone, beside a plain server", async ({ person }) => {
  const files = fifty();
  const plain = await startHost(files, "plain = true");
  const host = await startHost(files);
  const giver = await (await person()).page();
  await giver.goto(`${host.origin}/`);
  await controlled(giver);
  await giver.evaluate(async (paths) => Promise.all(paths.map(async (p) => (await fetch(p)).arrayBuffer())), Object.keys(files).map((f) => `/${f}`));
  await expect.poll(async () => {
    const v = await view(giver);
    return v !== undefined && v.stats.have === v.stats.pieces;
  }, { timeout: 60_000 }).toBe(true);
  const me = await person();
  await visit(me, plain, first);
  await beside("cold visit, every piece from one visitor", { load: 2 }, me, plain, host, first);
});
