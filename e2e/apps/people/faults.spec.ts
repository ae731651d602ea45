// Two friends, between whom everything breaks in turn. They have no connection of
// their own, so that what is tried here goes by the relay.
import type { Page } from "@playwright/test";
import { Relay } from "./node.ts";
import { befriend, expect, patience, Somebody, test } from "./people.ts";
import { startSite, type Site } from "../page/setting.ts";

test.describe.configure({ mode: "serial" });

let site: Site;
let relay: Relay;
let ada: Somebody;
let bo: Somebody;

test.beforeAll(async () => {
  test.setTimeout(150_000);
  [site, relay] = [await startSite(), await Relay.start()];
  const page = Buffer.from(site.files.get("/") ?? "").toString();
  site.files.set("/", Buffer.from(page.replace("<body>", "<body><script>delete globalThis.RTCPeerConnection;</script>")));
  [ada, bo] = [new Somebody("Ada", site, relay.url, []), new Somebody("Bo", site, relay.url, [])];
  for (const one of [ada, bo]) {
    await one.comes();
    await one.begins();
    await one.connects();
  }
  await befriend(ada, bo);
});

test.afterAll(async () => {
  for (const one of [ada, bo]) await (one as Somebody | undefined)?.ends();
  await (relay as Relay | undefined)?.dies();
  await (site as Site | undefined)?.stop();
});

/** Opens somebody's browser and their app, which was connected before. */
async function returns(who: Somebody): Promise<void> {
  await who.comes();
  await who.starts();
}

interface Heard { friends: { name: string; heard?: string; waiting: number }[] }

/** When a friend was heard of last, and whether everything for them is on its way. */
async function heard(who: Somebody, friend: string): Promise<{ at: number; waiting: number }> {
  const s = await who.app.evaluate(async () => (await (await fetch("/.kith/api/sharing")).json()) as Heard);
  const f = s.friends.find((f) => f.name === friend);
  return { at: Date.parse(f?.heard ?? "") || 0, waiting: f?.waiting ?? 0 };
}

test("friends who are never here at the same time", async () => {
  await ada.puts("turns/1", "by turns");
  await ada.shares("turns/1", "Bo");
  await expect.poll(async () => (await heard(ada, "Bo")).waiting, { timeout: patience }).toBe(0);
  const before = (await heard(ada, "Bo")).at;
  await ada.leaves();
  const { status, text } = await bo.gets("Ada", "turns/1", 1);
  expect(status).toBe(202);
  const { id } = JSON.parse(text) as { id: string };
  await expect.poll(async () => (await heard(bo, "Ada")).waiting, { timeout: patience }).toBe(0);
  await bo.leaves();
  await returns(ada);
  await expect.poll(async () => (await heard(ada, "Bo")).at, { timeout: patience }).toBeGreaterThan(before);
  await expect.poll(async () => (await heard(ada, "Bo")).waiting, { timeout: patience }).toBe(0);
  await ada.leaves();
  await returns(bo);
  const state = async (): Promise<string> => bo.app.evaluate(async (id) => ((await (await fetch(`/.kith/requests/${id}`)).json()) as { state: string }).state, id);
  await expect.poll(state, { timeout: patience }).toBe("arrived");
  const copy = await bo.app.evaluate(async () => {
    const [f] = await window.social.friends.list();
    const a = await fetch(`/.kith/friends/${f?.friend}/turns/1`);
    return [a.status, await a.text()];
  });
  expect(copy).toEqual([200, "by turns"]);
  await returns(ada);
});

test("a relay that is killed, and comes back", async () => {
  await ada.puts("relay/1", "written without a relay");
  await relay.dies();
  await ada.shares("relay/1", "Bo");
  expect((await bo.gets("Ada", "relay/1", 1)).status).toBe(202);
  await relay.comes();
  await bo.comesToGet("Ada", "relay/1", { status: 200, text: "written without a relay" });
});

test("a browser that is killed while it writes", async () => {
  await ada.app.evaluate(async () => {
    const told = window as unknown as { written: number };
    told.written = 0;
    void (async () => {
      for (let i = 0; ; i++) {
        await window.kith.data.put(`killed/${i}`, `${i} `.repeat(2000));
        told.written = i + 1;
      }
    })();
  });
  await expect.poll(() => ada.app.evaluate(() => (window as unknown as { written: number }).written), { timeout: patience }).toBeGreaterThan(5);
  const written = await ada.app.evaluate(() => (window as unknown as { written: number }).written);
  await ada.dies();
  await returns(ada);
  const whole = await ada.app.evaluate(async () => {
    const { items } = await window.kith.data.list("killed/");
    return Promise.all(items.map(async ({ path }) => (await (await window.kith.data.get(path))?.text()) === `${path.slice("killed/".length)} `.repeat(2000)));
  });
  expect(whole.length).toBeGreaterThanOrEqual(written);
  expect(whole).not.toContain(false);
  await ada.shares(`killed/${written - 1}`, "Bo");
  await bo.comesToGet("Ada", `killed/${written - 1}`, { status: 200 });
});

test("two tabs, of which the one that leads is closed", async () => {
  const first = ada.app;
  await ada.opens();
  await ada.starts();
  await ada.puts("tabs/1", "by the second tab");
  expect(await first.evaluate(async () => (await window.kith.data.get("tabs/1"))?.text())).toBe("by the second tab");
  await first.close();
  await ada.shares("tabs/1", "Bo");
  await bo.comesToGet("Ada", "tabs/1", { status: 200, text: "by the second tab" });
  await bo.puts("tabs/2", "to the second tab");
  await bo.shares("tabs/2", "Ada");
  await ada.comesToGet("Bo", "tabs/2", { status: 200, text: "to the second tab" });
});

test("no room for what a friend sends, and then there is", async () => {
  const text = "0123456789abcdef".repeat(256 << 10);
  await ada.puts("room/1", text);
  await ada.shares("room/1", "Bo");
  const limit = async (room?: number): Promise<void> => quota(bo.app, site.origin, room);
  const { usage } = await bo.app.evaluate(() => navigator.storage.estimate());
  await limit((usage ?? 0) + (1 << 20));
  expect((await bo.gets("Ada", "room/1", 10)).status).not.toBe(200);
  expect((await bo.gets("Ada", "tabs/1", 10)).status, "what is small").toBe(200);
  await limit();
  await bo.comesToGet("Ada", "room/1", { status: 200, text });
});

async function quota(page: Page, origin: string, room?: number): Promise<void> {
  const s = await page.context().newCDPSession(page);
  await s.send("Storage.overrideQuotaForOrigin", { origin, ...(room === undefined ? {} : { quotaSize: room }) });
}
