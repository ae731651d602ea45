// Figures, taken when KITH_MEASURE is set: ./bench people.
import { appendFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { env } from "../../browser/tests/chromium.ts";
import { quantile, save } from "../../figure/figure.ts";
import { linked } from "./devices.ts";
import { befriend, expect, test, type Somebody } from "./people.ts";

test.skip(!process.env["KITH_MEASURE"], "figures are taken when KITH_MEASURE is set");

/** How many documents a large library has. */
const many = Number(process.env["KITH_MEASURE_DOCUMENTS"] ?? 10_000);

const count = many.toLocaleString("en");

/** How many messages are timed. */
const some = Number(process.env["KITH_MEASURE_MESSAGES"] ?? 100);

/** Milliseconds between two: a queue takes one message a second (spec/mailbox.md). */
const pace = 1100;

/** What a figure has to reach: so many milliseconds, in the middle or by 99 of 100. */
interface Goal {
  readonly most: number;
  readonly q?: number;
  readonly note?: string;
}

/** Notes a figure; one of 99 of 100 is its only sample. */
async function tell(what: string, ms: readonly number[], goal?: Goal): Promise<void> {
  const at = (q: number): string => quantile(ms, q).toFixed(1);
  await appendFile(env("KITH_FIGURES"), `${what}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, n ${ms.length}\n`);
  const p99 = goal?.q === 0.99;
  await save({
    group: "people", title: what, unit: p99 ? "milliseconds, 99 of 100" : "milliseconds",
    ...(goal ? { goal: { text: `at most ${goal.most} ms`, number: goal.most } } : {}),
    contestants: [{ name: "Kith", samples: p99 ? [quantile(ms, 0.99)] : spread(ms) }],
    note: [goal?.note ?? "", `${ms.length} in all; the median is ${at(0.5)} ms, 99 of 100 took at most ${at(0.99)} ms.`].join(" ").trim(),
  });
}

/** Ten of many samples that stand for them: the middles of ten parts. */
function spread(ms: readonly number[]): readonly number[] {
  return ms.length <= 10 ? ms : Array.from({ length: 10 }, (_, i) => quantile(ms, (i + 0.5) / 10));
}

/** Asks a friend again and again, and returns half of each time there and back. */
async function messages(who: Somebody, friend: string, n: number): Promise<number[]> {
  return who.app.evaluate(async ([name, n, pace]) => {
    const f = (await window.social.friends.list()).find((x) => x.name === name);
    const times: number[] = [];
    for (let i = 0; i < n + 10; i++) {
      const before = performance.now();
      const a = await fetch(`/.kith/friends/${f?.friend}/small`, { headers: { Prefer: "wait=30", "Cache-Control": "no-cache" } });
      await a.arrayBuffer();
      if (i >= 10) times.push((performance.now() - before) / 2); // the first ones warm up
      await new Promise((done) => setTimeout(done, pace));
    }
    return times;
  }, [friend, n, pace] as const);
}

for (const way of ["relay", "direct"] as const) {
  test(`messages between two browsers, ${way}`, async ({ site, somebody }) => {
    test.setTimeout(400_000);
    const page = Buffer.from(site.files.get("/") ?? "").toString();
    if (way === "relay") site.files.set("/", Buffer.from(page.replace("<body>", "<body><script>delete globalThis.RTCPeerConnection;</script>")));
    const [ada, bo] = [somebody("Ada"), somebody("Bo")];
    for (const one of [ada, bo]) {
      await one.comes();
      await one.begins();
      await one.connects();
    }
    await befriend(ada, bo);
    await ada.puts("small", "x".repeat(1024));
    await ada.shares("small", "Bo");
    await bo.comesToGet("Ada", "small", { status: 200 });
    const direct = (): Promise<boolean> => bo.app.evaluate(async () =>
      ((await (await fetch("/.kith/api/sharing")).json()) as { friends: { direct: boolean }[] }).friends[0]?.direct === true);
    if (way === "direct") await expect.poll(direct).toBe(true);
    else expect(await direct()).toBe(false);
    await tell(`A message between two browsers, ${way === "relay" ? "by a relay" : "direct"}`, await messages(bo, "Ada", some), { most: way === "relay" ? 100 : 20, q: 0.99 });
  });
}

test("documents of this device", async ({ somebody }) => {
  test.setTimeout(400_000);
  const ada = somebody("Ada");
  await ada.comes();
  await ada.begins();
  await ada.connects();
  await ada.puts("small", "x".repeat(1024));
  await tell("GET of 1 KiB by the service worker", await ada.app.evaluate(async () => {
    const times: number[] = [];
    for (let i = 0; i < 520; i++) {
      const before = performance.now();
      await (await fetch("/.kith/data/small")).arrayBuffer();
      if (i >= 20) times.push(performance.now() - before);
    }
    return times;
  }), { most: 6 });
  const cold: number[] = [];
  for (let i = 0; i < 30; i++) {
    await stopServiceWorkers(ada.app);
    cold.push(await ada.app.evaluate(async () => {
      const before = performance.now();
      await (await fetch("/.kith/data/small")).arrayBuffer();
      return performance.now() - before;
    }));
  }
  await tell("First answer of a service worker that was stopped", cold, { most: 50 });
});

async function stopServiceWorkers(page: Page): Promise<void> {
  const s = await page.context().newCDPSession(page);
  await s.send("ServiceWorker.enable");
  await s.send("ServiceWorker.stopAllWorkers");
  await s.detach();
}

test("many documents", async ({ somebody }) => {
  test.setTimeout(1_500_000);
  const [ada, phone] = [somebody("Ada"), somebody("Ada")];
  await ada.comes();
  await ada.begins();
  await ada.connects();
  const writing = await ada.app.evaluate(async (many) => {
    const before = performance.now();
    let next = 0;
    const writer = async (): Promise<void> => {
      while (next < many) {
        const i = next++;
        await window.kith.data.put(`many/${i}`, `document ${i} `.repeat(20));
      }
    };
    await Promise.all(Array.from({ length: 8 }, writer));
    return performance.now() - before;
  }, many);
  await tell(`Writing one of ${count} documents`, [writing / many]);

  const listing = async (): Promise<number> => ada.app.evaluate(async () => {
    const before = performance.now();
    await window.kith.data.list("many/");
    return performance.now() - before;
  });
  const [starts, first]: [number[], number[]] = [[], []];
  for (let i = 0; i < 5; i++) {
    await ada.leaves();
    await ada.comes(undefined, false);
    const before = Date.now();
    await ada.opens();
    await ada.starts();
    starts.push(Date.now() - before);
    first.push(await listing());
  }
  await tell(`From opening the app to connected, ${count} documents`, starts, { most: 1000 });
  await tell(`First page of the first listing, ${count} documents`, first, { most: 200 });

  await phone.comes();
  await linked(ada, phone);
  const before = Date.now();
  await phone.connects();
  await expect.poll(() => phone.app.evaluate(async () => {
    const s = (await (await fetch("/.kith/api/sharing")).json()) as { person: { documents: number } };
    return s.person.documents;
  }), { timeout: 1_200_000, intervals: [250] }).toBe(many);
  await tell(`${count} documents to a browser that was just linked`, [Date.now() - before]);
});
