// How fast a page shows and loads, beside a plain HTTP server with the same
// files: the same host with the runtime left out.
import type { Page } from "@playwright/test";
import { page as html } from "../../browser/tests/fixtures.ts";
import { noise } from "../tests/site.ts";
import { controlled, expect, startHost, test, view, type Files, type Host, type Person } from "../tests/setting.ts";
import { median, note } from "./figures.ts";

const rounds = 7;

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
}

/** Milliseconds until the first contentful paint, and until all pictures are there. */
async function measure(page: Page, url: string): Promise<Times> {
  await page.goto(url, { waitUntil: "commit" });
  return page.evaluate(async () => {
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
    const load = performance.now();
    const paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN;
    return { paint, load };
  });
}

/** Visits in a fresh context each time; again says whether the second visit is what counts. */
async function visits(me: Person, host: Host, again: boolean): Promise<Times> {
  const all: Times[] = [];
  for (let i = 0; i < rounds; i++) {
    const context = await me.context.browser()?.newContext();
    const page = await context?.newPage();
    if (!context || !page) {
      throw new Error("no context");
    }
    let times = await measure(page, `${host.origin}/`);
    if (again) {
      if (host.origin.includes("site.")) {
        await page.waitForTimeout(500);
      }
      await measure(page, `${host.origin}/`); // all of it is kept from here on
      await page.goto("about:blank");
      times = await measure(page, `${host.origin}/`);
    }
    all.push(times);
    await context.close();
  }
  return { paint: median(all.map((t) => t.paint)), load: median(all.map((t) => t.load)) };
}

test("first and repeat visits beside a plain server", async ({ person }) => {
  const files = fifty();
  const plain = await startHost(files, "plain = true");
  const host = await startHost(files);
  const me = await person();
  await visits(me, plain, false); // the browser warms up
  const lines: [string, Times][] = [
    ["plain, first", await visits(me, plain, false)],
    ["runtime, first, alone", await visits(me, host, false)],
    ["plain, repeat", await visits(me, plain, true)],
    ["runtime, repeat", await visits(me, host, true)],
  ];
  for (const [name, t] of lines) {
    await note(`speed: ${name}: first contentful paint ${t.paint.toFixed(0)} ms, all pictures ${t.load.toFixed(0)} ms`);
  }
  expect(lines.every(([, t]) => t.load > 0)).toBe(true);
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
  const beside = await visits(me, plain, false);
  const cold = await visits(me, host, false);
  await note(`speed: cold from one visitor by WebRTC: first contentful paint ${cold.paint.toFixed(0)} ms, all pictures ${cold.load.toFixed(0)} ms; plain ${beside.paint.toFixed(0)} and ${beside.load.toFixed(0)} ms; ${(cold.load / beside.load).toFixed(1)} times (wanted: at most 2)`);
});
