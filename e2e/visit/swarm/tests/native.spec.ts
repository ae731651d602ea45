// Pages and native peers.
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, native, startHost, test } from "./setting.ts";

test("a native peer gives by WebTransport", async ({ visitor }) => {
  const page = await visitor();
  await page.evaluate((t) => kith.visitor.join(t), native());
  expect(await page.evaluate(() => kith.visitor.want(20))).toBe(true);
  await page.evaluate(() => kith.visitor.complete());
  const stats = await page.evaluate(() => kith.visitor.swarm?.stats());
  expect(stats?.have).toBe(stats?.pieces);
  expect(stats?.peers).toMatchObject([{ kind: "webtransport", client: "Kith" }]);
  await expect.poll(() => page.evaluate(() => kith.visitor.kept())).toBe(stats?.pieces);
});

test("an endpoint that does not answer, or shows another certificate, keeps nobody from others", async ({ visitor, shared }) => {
  const [giver, reader] = [await visitor(), await visitor()];
  const t = native();
  const [good] = t.info.webtransport;
  const there = { ...t, info: { ...t.info, trackers: [shared.tracker] } };
  await giver.evaluate((t) => kith.visitor.join(t), there);
  await giver.evaluate(() => kith.visitor.complete());
  const bad = { ...there, info: { ...there.info, webtransport: [
    { url: "https://127.0.0.1:1/bittorrent", hashes: good?.hashes ?? [] },
    { url: good?.url ?? "", hashes: [Buffer.alloc(32).toString("base64")] },
  ] } };
  await reader.evaluate((t) => kith.visitor.join(t), bad);
  expect(await reader.evaluate(() => kith.visitor.want(3))).toBe(true);
  expect(await reader.evaluate(() => kith.visitor.swarm?.stats().peers.map((p) => p.kind))).toEqual(["webrtc"]);
});

async function folder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kith-site-"));
  await writeFile(join(folder, "index.html"), "<h1>A site</h1>");
  await writeFile(join(folder, "data.bin"), Buffer.alloc(1_500_000, "not very random. "));
  return folder;
}

test("a host's engine gives by WebRTC, and its own tracker brings visitors together", async ({ visitor, shared }) => {
  const host = await startHost(await folder(), shared.tracker, false);
  try {
    const { site } = host;
    const [first, second] = [await visitor(), await visitor()];
    await first.evaluate((t) => kith.visitor.join(t), { ...site, info: { ...site.info, trackers: [shared.tracker] } });
    await first.evaluate(() => kith.visitor.complete());
    expect(await first.evaluate(() => kith.visitor.swarm?.stats().peers[0]?.kind)).toBe("webrtc");
    await first.evaluate((t) => { kith.visitor.leave(); return kith.visitor.join(t); }, site);
    await second.evaluate((t) => kith.visitor.join(t), site);
    await second.evaluate(() => kith.visitor.complete());
  } finally {
    await host.stop();
  }
});

test("a host's engine gives by WebTransport: to whom the host tells, and to whom a tracker brings its offer", async ({ visitor, shared }) => {
  const host = await startHost(await folder(), shared.tracker, true);
  try {
    const { site } = host;
    expect(site.info.webtransport.length).toBeGreaterThan(0);
    for (const info of [{ ...site.info, trackers: [] }, { ...site.info, trackers: [shared.tracker], webtransport: [] }]) {
      const page = await visitor();
      await page.evaluate((t) => kith.visitor.join(t), { ...site, info });
      await page.evaluate(() => kith.visitor.complete());
      const peers = await page.evaluate(() => kith.visitor.swarm?.stats().peers.filter((p) => p.downloaded > 0));
      expect(peers?.map((p) => p.kind)).toEqual(["webtransport"]);
    }
  } finally {
    await host.stop();
  }
});

test("who spares the host takes from visitors alone", async ({ visitor, shared }) => {
  const host = await startHost(await folder(), shared.tracker, true);
  try {
    const { info } = host.site;
    expect(info.peer).toMatch(/^[0-9a-f]{40}$/);
    const [first, second] = [await visitor(), await visitor()];
    await first.evaluate((t) => kith.visitor.join(t), host.site);
    await first.evaluate(() => kith.visitor.complete());
    expect((await first.evaluate(() => kith.visitor.swarm?.stats().peers))?.map((p) => p.id)).toContain(info.peer);
    await second.evaluate((t) => kith.visitor.join(t, { spareHost: true }), host.site);
    await second.evaluate(() => kith.visitor.complete());
    const peers = await second.evaluate(() => kith.visitor.swarm?.stats().peers);
    expect(peers?.map((p) => p.kind)).toEqual(["webrtc"]);
    expect(peers?.map((p) => p.id)).not.toContain(info.peer);
  } finally {
    await host.stop();
  }
});

test("an IPFS site comes block by block from a host, and every file is what was published", async ({ visitor, shared }) => {
  const at = await mkdtemp(join(tmpdir(), "kith-site-"));
  const files: Record<string, Buffer> = { "index.html": Buffer.from("<h1>IPFS</h1>"), empty: Buffer.alloc(0), "large.bin": randomBytes(3_300_000) };
  await mkdir(join(at, "many"));
  for (let i = 0; i < 40; i++) {
    files[`many/file ${i}`] = randomBytes(i * 100);
  }
  for (const [path, data] of Object.entries(files)) {
    await writeFile(join(at, path), data);
  }
  const publisher = await startHost(at, shared.tracker, true);
  await publisher.stop();
  const host = await startHost(`ipfs://${publisher.ipfs}`, shared.tracker, true, publisher.home);
  try {
    expect(host.site.info.kind).toBe("ipfs");
    const page = await visitor();
    await page.evaluate((t) => kith.visitor.join(t), host.site);
    const listed = await page.evaluate(() => [...(kith.visitor.index?.files() ?? [])].map((f) => f.path));
    expect(listed.sort()).toEqual(Object.keys(files).sort());
    for (const [path, data] of Object.entries(files)) {
      expect(await page.evaluate((path) => kith.visitor.read256(path), path), path).toBe(createHash("sha256").update(data).digest("hex"));
    }
    await page.evaluate(() => kith.visitor.complete());
    expect((await page.evaluate(() => kith.visitor.swarm?.stats().peers))?.map((p) => p.kind)).toEqual(["webtransport"]);
  } finally {
    await host.stop();
  }
});
