// Computers whose clocks are wrong.
import { env } from "../../browser/tests/chromium.ts";
import { startSite, type Site } from "../page/setting.ts";
import { befriend, expect, patience, Somebody, test } from "./people.ts";

const day = 86_400_000;

/** An app whose peer has the time wrong. Its worker has the clock of the browser, and a page cannot change it there: the site does. */
async function startWrong(by: number): Promise<Site> {
  const site = await startSite();
  const shift = `{ const real = Date; globalThis.Date = class extends real { constructor(...a) { a.length === 0 ? super(real.now() + ${by}) : super(...a); } static now() { return real.now() + ${by}; } }; }\n`;
  site.files.set("/kith/worker.js", Buffer.concat([Buffer.from(shift), site.files.get("/kith/worker.js") ?? Buffer.alloc(0)]));
  return site;
}

test("two friends, of whom one's clock is a day early and the other's a day late", async () => {
  const sites = [await startWrong(-day), await startWrong(day)] as const;
  const [ada, bo] = [new Somebody("Ada", sites[0], env("KITH_RELAY"), []), new Somebody("Bo", sites[1], env("KITH_RELAY"), [])];
  try {
    for (const one of [ada, bo]) {
      await one.comes();
      await one.begins();
      await one.connects();
    }
    await befriend(ada, bo);
    await ada.puts("clock/1", "a day early");
    await ada.shares("clock/1", "Bo");
    await bo.comesToGet("Ada", "clock/1", { status: 200, text: "a day early" });
    await bo.puts("clock/2", "a day late");
    await bo.shares("clock/2", "Ada");
    await ada.comesToGet("Bo", "clock/2", { status: 200, text: "a day late" });
    await ada.deletes("clock/1");
    await expect.poll(async () => (await bo.gets("Ada", "clock/1")).status, { timeout: patience }).not.toBe(200);
  } finally {
    for (const one of [ada, bo]) await one.ends();
    for (const s of sites) await s.stop();
  }
});
