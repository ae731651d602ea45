import type { Page } from "@playwright/test";
import { save } from "../../figure/figure.ts";
import { expect, test, type Relay } from "./setting.ts";

/** Two friends, who run; nothing was said yet. */
async function friends(a: Page, b: Page, relay: Relay, o: { servers?: boolean; alone?: boolean } = {}): Promise<void> {
  const [mine, theirs] = await a.evaluate((url) => device.call("befriend", url), relay.url);
  for (const [page, kept] of [[a, mine], [b, theirs]] as const) {
    await page.evaluate(([k, options]) => device.call("start", k, options), [kept, { relay: relay.url, servers: false, ...o }] as const);
  }
}

const ask = (page: Page, path: string): Promise<string> => page.evaluate((p) => device.call("ask", p), path);
const direct = (page: Page): Promise<boolean> => page.evaluate(() => device.call("direct"));
const came = (page: Page): Promise<number> => page.evaluate(() => device.call("came"));

/** Both sides have a channel. */
async function met(a: Page, b: Page): Promise<void> {
  await expect.poll(async () => await direct(a) && await direct(b)).toBe(true);
}

test("two pages meet through a relay, and talk without it", async ({ relay, somebody }) => {
  const [a, b] = [await somebody(), await somebody()];
  await friends(a, b, relay);
  expect(await ask(a, "/first")).toBe("/first relay");
  await met(a, b);
  const before = await came(b);
  await relay.stop();
  expect(await ask(a, "/second")).toBe("/second direct");
  expect(await ask(b, "/third")).toBe("/third direct");
  expect(await came(b)).toBeGreaterThan(before);
  expect(await came(a)).toBeGreaterThan(0);
});

test("a channel that stays in the window, and servers of the relay", async ({ relay, somebody }) => {
  const [a, b] = [await somebody("#stay"), await somebody()];
  await friends(a, b, relay, { servers: true });
  await ask(b, "/first");
  await met(a, b);
  await relay.stop();
  expect(await ask(a, "/second")).toBe("/second direct");
  expect(await ask(b, "/third")).toBe("/third direct");
});

test("when a page goes, messages go by the relay again", async ({ relay, somebody }) => {
  const [a, b] = [await somebody(), await somebody()];
  const [mine, theirs] = await a.evaluate((url) => device.call("befriend", url), relay.url);
  const start = (page: Page, kept: string): Promise<void> =>
    page.evaluate(([k, url]) => device.call("start", k, { relay: url, servers: false }), [kept, relay.url] as const);
  await start(a, mine);
  await start(b, theirs);
  await ask(a, "/first");
  await met(a, b);
  await b.context().close();
  const again = await somebody();
  await start(again, theirs);
  expect(await ask(a, "/second")).toMatch(/^\/second /);
  await ask(again, "/third");
  await met(a, again);
});

test("figures", async ({ relay, somebody }) => {
  test.skip(!process.env["KITH_BENCH_DIRECT"], "figures are taken when KITH_BENCH_DIRECT is set");
  test.setTimeout(240_000);
  const [a, b] = [await somebody(), await somebody()];
  const rounds: { readonly seal: number; readonly open: number }[] = [];
  for (let i = 0; i < 5; i++) rounds.push(await a.evaluate(() => device.call("seal", 200)));
  await save({
    group: "sealing", title: "Chunks of 1 MiB in a page", unit: "MB/s", more: true, goal: { text: "at least 300 MB/s", number: 300 },
    contestants: [{ name: "Kith, sealing", samples: rounds.map((r) => r.seal) }, { name: "Kith, opening", samples: rounds.map((r) => r.open) }],
  });
  await friends(a, b, relay);
  await ask(a, "/first");
  await met(a, b);
  const near = await a.evaluate(() => device.call("measure", 200));
  const [c, d] = [await somebody(), await somebody()];
  await friends(c, d, relay, { alone: true });
  await ask(c, "/first");
  const far = await c.evaluate(() => device.call("measure", 50));
  await save({
    group: "sealing", title: "A question and its answer between two pages", unit: "milliseconds there and back, median",
    contestants: [{ name: "Kith, direct", samples: [near.median] }, { name: "Kith, by a relay", samples: [far.median] }],
  });
  expect(await direct(c)).toBe(false);
});
