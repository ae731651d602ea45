// Pieces on this device: several tabs, little room.
import type { Page } from "@playwright/test";
import { expect, test } from "./setting.ts";

/** Longer values are not counted at once by Chromium. */
const length = 60_000;

/** Puts pieces first..last of a version; resolves to how many were kept. */
const fill = (page: Page, id: string, first: number, last: number): Promise<number> =>
  page.evaluate(async ([id, first, last, length]) => {
    const store = new kith.Store(id, "test");
    await store.note();
    const puts = Array.from({ length: last - first }, (_, n) => store.put(first + n, kith.noise(length, first + n)));
    return (await Promise.allSettled(puts)).filter((p) => p.status === "fulfilled").length;
  }, [id, first, last, length] as const);

const have = (page: Page, id: string): Promise<number[]> =>
  page.evaluate(async (id) => [...(await new kith.Store(id, "test").have())].sort((a, b) => a - b), id);

test("what one tab keeps another finds, and each version has its own", async ({ visitor }) => {
  const page = await visitor();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.waitForFunction(() => "kith" in globalThis);
  expect(await Promise.all([fill(page, "a", 0, 5), fill(other, "a", 3, 8), fill(other, "b", 1, 2)])).toEqual([5, 5, 1]);
  expect(await have(page, "a")).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(await other.evaluate(async (length) => {
    const data = await new kith.Store("a", "test").get(4);
    return data?.length === length && kith.noise(length, 4).every((b, i) => b === data[i]);
  }, length)).toBe(true);
  await page.evaluate(() => new kith.Store("a", "test").clear());
  expect(await have(other, "a")).toEqual([]);
  expect(await have(other, "b")).toEqual([1]);
});

test("without room, what was not used for longest goes; then it is refused", async ({ visitor }) => {
  const page = await visitor();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Storage.overrideQuotaForOrigin", { origin: new URL(page.url()).origin, quotaSize: 3_000_000 });
  expect(await fill(page, "oldest", 0, 20)).toBe(20);
  expect(await fill(page, "older", 0, 20)).toBe(20);
  expect(await fill(page, "now", 0, 20)).toBe(20);
  expect(await have(page, "oldest")).toEqual([]);
  expect(await have(page, "older")).toHaveLength(20);
  const kept = await fill(page, "now", 20, 80);
  expect(await have(page, "older")).toEqual([]);
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThan(60);
  expect(await have(page, "now")).toHaveLength(20 + kept);
});
