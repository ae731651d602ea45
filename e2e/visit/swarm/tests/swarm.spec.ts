// Visitors who meet in pages of Chromium.
import type { Page } from "@playwright/test";
import type { Told } from "../page/kith.ts";
import { expect, startTracker, test } from "./setting.ts";
import { wtFetch, wtSeed } from "./webtorrent.ts";

const size = 2_000_000;
const pieceLength = 64 * 1024;

/** A page that has all of a torrent of noise. */
async function seed(page: Page, tracker: string, n: number): Promise<Told> {
  return page.evaluate(async ([size, pieceLength, n, tracker]) => {
    const t = await kith.visitor.make(size, pieceLength, n, [tracker]);
    await kith.visitor.join(t, {}, n);
    return t;
  }, [size, pieceLength, n, tracker] as const);
}

const join = (page: Page, t: Told): Promise<void> => page.evaluate((t) => kith.visitor.join(t), t);

test("two visitors exchange a site, and the second serves the third when the first is gone", async ({ visitor, shared }) => {
  const [first, second, third] = [await visitor(), await visitor(), await visitor()];
  const t = await seed(first, shared.tracker, 1);
  await join(second, t);
  expect(await second.evaluate(() => kith.visitor.want(17))).toBe(true);
  await second.evaluate(() => kith.visitor.complete());
  const stats = await second.evaluate(() => kith.visitor.swarm?.stats());
  expect(stats?.downloaded).toBeGreaterThanOrEqual(size);
  expect(stats?.peers).toMatchObject([{ kind: "webrtc", client: "Kith visitor" }]);
  await first.close();
  await join(third, t);
  await third.evaluate(() => kith.visitor.complete());
  expect(await second.evaluate(() => kith.visitor.swarm?.stats().uploaded)).toBeGreaterThanOrEqual(size);
});

test("what was fetched is there after a reload, and needs nobody", async ({ visitor, shared }) => {
  const [first, second] = [await visitor(), await visitor()];
  const t = await seed(first, shared.tracker, 2);
  await join(second, t);
  await second.evaluate(() => kith.visitor.complete());
  await first.close();
  await second.reload();
  await second.waitForFunction(() => "kith" in globalThis);
  await join(second, t);
  expect(await second.evaluate(() => kith.visitor.have)).toBe(Math.ceil(size / pieceLength));
  expect(await second.evaluate(() => kith.visitor.want(5))).toBe(true);
  expect(await second.evaluate(() => kith.visitor.swarm?.stats().downloaded)).toBe(0);
});

test("whoever has wrong pieces gives none of them on", async ({ visitor, shared }) => {
  const [liar, honest, reader] = [await visitor(), await visitor(), await visitor()];
  const t = await seed(honest, shared.tracker, 3);
  // The liar claims to have all, and sends something else.
  await liar.evaluate(async (t) => {
    await kith.visitor.join(t, {}, 3);
    const send = RTCDataChannel.prototype.send as (this: RTCDataChannel, data: Uint8Array) => void;
    RTCDataChannel.prototype.send = function (this: RTCDataChannel, data: unknown): void {
      const copy = (data as Uint8Array).slice();
      send.call(this, copy.length > 10_000 ? copy.map((b, i) => (i > 5000 && i < 5010 ? b ^ 1 : b)) : copy);
    };
  }, t);
  await join(reader, t);
  await expect.poll(() => reader.evaluate(() => kith.visitor.swarm?.stats().peers.length)).toBe(2);
  await reader.evaluate(() => kith.visitor.complete());
  const stats = await reader.evaluate(() => kith.visitor.swarm?.stats());
  expect(stats?.have).toBe(stats?.pieces);
  await expect.poll(() => reader.evaluate(() => kith.visitor.kept())).toBe(Math.ceil(size / pieceLength));
});

test("who wants no direct connections meets nobody without a relay, and who wants none leaves", async ({ visitor, shared }) => {
  const [first, second] = [await visitor(), await visitor()];
  const t = await seed(first, shared.tracker, 4);
  await second.evaluate((t) => kith.visitor.join(t, { privacy: "relay" }), t);
  await expect.poll(() => second.evaluate(() => kith.visitor.swarm?.stats().trackers[0]?.others)).toBe(1);
  expect(await second.evaluate(() => kith.visitor.swarm?.stats().peers)).toEqual([]);
  await second.evaluate(() => kith.visitor.swarm?.setPrivacy("direct"));
  await second.evaluate(() => kith.visitor.complete());
  await second.evaluate(() => kith.visitor.swarm?.setPrivacy("http"));
  const stats = await second.evaluate(() => kith.visitor.swarm?.stats());
  expect(stats?.trackers).toEqual([]);
  expect(stats?.peers.filter((p) => p.connected)).toEqual([]);
});

test("a tracker that is gone is found again when it is back, and others do meanwhile", async ({ visitor, shared }) => {
  const other = await startTracker();
  const [first, second] = [await visitor(), await visitor()];
  const t = await seed(first, shared.tracker, 5);
  await other.stop();
  await second.evaluate(([t, gone]) => kith.visitor.join({ ...t, info: { ...t.info, trackers: [gone, ...t.info.trackers] } }), [t, other.url] as const);
  await second.evaluate(() => kith.visitor.complete());
  const trackers = await second.evaluate(() => kith.visitor.swarm?.stats().trackers);
  expect(trackers?.map((x) => x.error !== "")).toEqual([true, false]);
});

test("webtorrent gives to us", async ({ visitor, webtorrent, shared }) => {
  const [seeder, reader] = [await webtorrent(), await visitor()];
  const torrent = await wtSeed(seeder, shared.tracker, size, pieceLength, 6);
  const t = await reader.evaluate(([torrent, tracker]) => kith.visitor.read(torrent, [tracker]), [torrent, shared.tracker] as const);
  await join(reader, t);
  await reader.evaluate(() => kith.visitor.complete());
  const [peer] = (await reader.evaluate(() => kith.visitor.swarm?.stats().peers)) ?? [];
  expect(peer?.client).toMatch(/WW|WebTorrent/);
});

test("we give to webtorrent", async ({ visitor, webtorrent, shared }) => {
  const [seeder, reader] = [await visitor(), await webtorrent()];
  const t = await seed(seeder, shared.tracker, 7);
  const torrent = await seeder.evaluate((t) => kith.visitor.file(t), t);
  await wtFetch(reader, torrent, shared.tracker);
  expect(await seeder.evaluate(() => kith.visitor.swarm?.stats().uploaded)).toBeGreaterThanOrEqual(size);
});
