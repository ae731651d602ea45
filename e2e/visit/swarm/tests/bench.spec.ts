// How fast pages exchange, beside webtorrent, in one run. It takes minutes and
// wants a quiet machine: KITH_BENCH_SWARM=1 go test ./e2e/visit/swarm -v
import { randomBytes } from "node:crypto";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { save } from "../../../figure/figure.ts";
import { expect, native, startHost, test } from "./setting.ts";
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

test("between two pages over WebRTC, beside webtorrent", async ({ visitor, webtorrent, shared }) => {
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
  await save({
    group: "swarm", title: "Page to page over WebRTC", unit: "MB/s", more: true,
    goal: { text: "at least what webtorrent reaches", rivals: [{ name: "webtorrent", factor: 1 }] },
    contestants: [{ name: "Kith", samples: ours }, { name: "webtorrent", version: "webtorrent 2.8.5 in the browser", samples: theirs }],
  });
  expect(ours.length).toBe(rounds);
});

test("from a native peer by WebTransport, beside WebRTC", async ({ visitor, shared }) => {
  const folder = await mkdtemp(join(tmpdir(), "kith-site-"));
  await writeFile(join(folder, "data.bin"), randomBytes(size));
  const host = await startHost(folder, shared.tracker, false);
  const slowly = { ...host.site, info: { ...host.site.info, webtransport: [], trackers: [shared.tracker] } };
  const [fast, slow]: [number[], number[]] = [[], []];
  for (let n = 0; n < rounds; n++) {
    for (const [site, rates] of [[native(), fast], [slowly, slow]] as const) {
      const page = await visitor();
      await page.evaluate((t) => kith.visitor.join(t), site);
      const got = await page.evaluate(() => kith.visitor.complete());
      rates.push(got.rate);
      const kind = await page.evaluate(() => kith.visitor.swarm?.stats().peers[0]?.kind);
      console.log(`native to page by ${kind}: ${got.rate.toFixed(2)} MB/s, first octet after ${got.first.toFixed(0)} ms`);
      await page.close();
    }
  }
  await host.stop();
  console.log(`median: WebTransport ${median(fast).toFixed(1)} MB/s, WebRTC ${median(slow).toFixed(2)} MB/s`);
  await save({
    group: "swarm", title: "Native node to page", unit: "MB/s", more: true,
    goal: { text: "by WebTransport at least five times what WebRTC reaches", rivals: [{ name: "Kith, by WebRTC", factor: 5 }] },
    contestants: [{ name: "Kith, by WebTransport", samples: fast }, { name: "Kith, by WebRTC", samples: slow }],
  });
  expect(fast.length).toBe(rounds);
});
