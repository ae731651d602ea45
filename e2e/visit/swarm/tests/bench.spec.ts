// How fast pages exchange, beside webtorrent, in one run. It takes minutes and
// wants a quiet machine: KITH_BENCH_SWARM=1 go test ./e2e/visit/swarm -v
import { expect, native, test } from "./setting.ts";
import { wtFetch, wtSeed } from "./webtorrent.ts";

const megabytes = Number(process.env["KITH_BENCH_SWARM"]) > 1 ? Number(process.env["KITH_BENCH_SWARM"]) : 24;
const size = megabytes * 1_000_000;
const pieceLength = 256 * 1024;
const rounds = 3;

test.skip(!process.env["KITH_BENCH_SWARM"], "figures are taken when KITH_BENCH_SWARM is set");
test.setTimeout(300_000);

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? NaN;
}

test("between two pages over WebRTC: at least what webtorrent reaches", async ({ visitor, webtorrent, shared }) => {
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let n = 0; n < rounds; n++) {
    const [a, b] = [await visitor(), await visitor()];
    const t = await a.evaluate(async ([size, pieceLength, n, tracker]) => {
      const t = await kith.visitor.make(size, pieceLength, n, [tracker]);
      await kith.visitor.join(t, {}, n);
      return t;
    }, [size, pieceLength, 100 + n, shared.tracker] as const);
    await b.evaluate((t) => kith.visitor.join(t), t);
    const got = await b.evaluate(() => kith.visitor.complete());
    ours.push(got.rate);
    await Promise.all([a.close(), b.close()]);

    const [c, d] = [await webtorrent(), await webtorrent()];
    const torrent = await wtSeed(c, shared.tracker, size, pieceLength, 200 + n);
    const wt = await wtFetch(d, torrent, shared.tracker);
    theirs.push(wt.rate);
    await Promise.all([c.close(), d.close()]);
    console.log(`${size / 1e6} MB: kith ${got.rate.toFixed(2)} MB/s, first octet after ${got.first.toFixed(0)} ms; webtorrent ${wt.rate.toFixed(2)} MB/s`);
  }
  console.log(`WebRTC, median: kith ${median(ours).toFixed(2)} MB/s, webtorrent ${median(theirs).toFixed(2)} MB/s`);
  expect(median(ours)).toBeGreaterThanOrEqual(median(theirs));
});

test("from a native peer by WebTransport: at least five times WebRTC", async ({ visitor, shared }) => {
  const [fast, slow]: [number[], number[]] = [[], []];
  for (let n = 0; n < rounds; n++) {
    const page = await visitor();
    await page.evaluate((t) => kith.visitor.join(t), native());
    const got = await page.evaluate(() => kith.visitor.complete());
    fast.push(got.rate);
    await page.close();

    const [a, b] = [await visitor(), await visitor()];
    const t = await a.evaluate(async ([size, pieceLength, n, tracker]) => {
      const t = await kith.visitor.make(size, pieceLength, n, [tracker]);
      await kith.visitor.join(t, {}, n);
      return t;
    }, [size, pieceLength, 300 + n, shared.tracker] as const);
    await b.evaluate((t) => kith.visitor.join(t), t);
    const rtc = await b.evaluate(() => kith.visitor.complete());
    slow.push(rtc.rate);
    await Promise.all([a.close(), b.close()]);
    console.log(`WebTransport ${got.rate.toFixed(1)} MB/s, first octet after ${got.first.toFixed(0)} ms; WebRTC ${rtc.rate.toFixed(2)} MB/s`);
  }
  console.log(`median: WebTransport ${median(fast).toFixed(1)} MB/s, WebRTC ${median(slow).toFixed(2)} MB/s`);
  expect(median(fast)).toBeGreaterThanOrEqual(5 * median(slow));
});
