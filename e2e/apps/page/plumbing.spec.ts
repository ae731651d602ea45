// One worker for all pages of an origin: several tabs, the leading one's end, the
// service worker stopped and replaced, storage full, no network.
import type { CDPSession, Page } from "@playwright/test";
import { connected, expect, kill, open, test, type Person } from "./setting.ts";

/** The pages that lead, by their own workers. */
const leads = (p: Page): boolean => p.workers().length > 0;

async function session(who: Person, p: Page): Promise<CDPSession> {
  return who.context.newCDPSession(p);
}

/** Stops the service worker, as browsers do with idle ones. */
async function stopServiceWorkers(who: Person, p: Page): Promise<void> {
  const s = await session(who, p);
  await s.send("ServiceWorker.enable");
  await s.send("ServiceWorker.stopAllWorkers");
  await s.detach();
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

test("two tabs have the same documents, and one worker", async ({ site, person }) => {
  const who = await person();
  const first = await connected(who, `${site.origin}/`);
  await first.evaluate(() => window.kith.data.put("notes/1", { text: "hello" }));
  const second = await connected(who, `${site.origin}/`);
  expect(await second.evaluate(() => window.kith.data.json("notes/1"))).toEqual({ text: "hello" });
  expect([leads(first), leads(second)]).toEqual([true, false]);
  await second.evaluate(() => {
    window.heard = [];
    window.kith.data.watch("notes/", (e) => window.heard.push(e.data["path"] as string));
  });
  await expect.poll(async () => {
    await first.evaluate(() => window.kith.data.put(`notes/${Math.random()}`, "x"));
    return second.evaluate(() => window.heard.length);
  }).toBeGreaterThan(0);
  await first.reload();
  await first.waitForFunction(() => (window as { ready?: boolean }).ready === true);
  expect(await second.evaluate(() => window.kith.data.json("notes/1"))).toEqual({ text: "hello" });
});

for (const end of ["leading tab is closed", "browser is killed"] as const) {
  test(`the ${end} in the middle of writes`, async ({ site, person }) => {
    const who = await person();
    const first = await connected(who, `${site.origin}/`);
    let second = await connected(who, `${site.origin}/`);
    expect(leads(first)).toBe(true);
    // What was answered has to be there afterwards, and whatever is there has to be whole.
    await second.evaluate(() => {
      window.written = [];
      window.done = false;
      const size = 150_000;
      window.writing = (async () => {
        for (let i = 0; !window.done; i++) {
          const body = new Uint8Array(size).fill(i & 255);
          const answer = await fetch(`/.kith/data/w/${i}`, { method: "PUT", body });
          if (answer.ok) window.written.push(i);
          else if (answer.status !== 503) throw new Error(`${answer.status} ${await answer.text()}`);
          else await new Promise((done) => setTimeout(done, 50));
        }
      })();
    });
    await second.waitForFunction(() => window.written.length >= 5);
    if (end === "leading tab is closed") {
      await first.close();
      const before = await second.evaluate(() => window.written.length);
      await second.waitForFunction((n) => window.written.length >= n + 5, before);
      await second.evaluate(() => {
        window.done = true;
        return window.writing;
      });
    } else {
      const written = await second.evaluate(() => window.written);
      second = await connected(await person(await kill(who)), `${site.origin}/`);
      await second.evaluate((w) => (window.written = w), written);
    }
    const wrong = await second.evaluate(async () => {
      const found: string[] = [];
      const { items } = await window.kith.data.list("w/");
      for (const i of window.written) {
        if (!items.some((x) => x.path === `w/${i}`)) found.push(`${i} was answered, and is not there`);
      }
      for (const { path } of items) {
        const body = new Uint8Array(await (await window.kith.data.get(path))!.arrayBuffer());
        const want = Number(path.slice(2)) & 255;
        if (body.length !== 150_000 || body.some((x) => x !== want)) found.push(`${path} is half written`);
      }
      return found;
    });
    expect(wrong).toEqual([]);
    expect(leads(second)).toBe(true);
  });
}

test("a stopped service worker answers again, and soon", async ({ site, person }, info) => {
  const who = await person();
  const p = await connected(who, `${site.origin}/`);
  await p.evaluate(() => window.kith.data.put("small", "x".repeat(1024)));
  const cold: number[] = [];
  for (let i = 0; i < 15; i++) {
    await stopServiceWorkers(who, p);
    cold.push(await p.evaluate(async () => {
      const began = performance.now();
      const answer = await fetch("/.kith/data/small", { cache: "no-store" });
      await answer.arrayBuffer();
      return answer.status === 200 ? performance.now() - began : NaN;
    }));
  }
  expect(cold.every((ms) => !Number.isNaN(ms))).toBe(true);
  const warm = await p.evaluate(async () => {
    const all: number[] = [];
    for (let i = 0; i < 200; i++) {
      const began = performance.now();
      await (await fetch("/.kith/data/small", { cache: "no-store" })).arrayBuffer();
      all.push(performance.now() - began);
    }
    return all;
  });
  const rate = await p.evaluate(async () => {
    const body = new Uint8Array(32 << 20);
    const began = performance.now();
    await fetch("/.kith/data/large", { method: "PUT", body });
    const put = performance.now();
    await (await fetch("/.kith/data/large", { cache: "no-store" })).arrayBuffer();
    return { put: 32 / ((put - began) / 1000), get: 32 / ((performance.now() - put) / 1000) };
  });
  const said = `cold ${median(cold).toFixed(1)} ms, GET of 1 KiB ${median(warm).toFixed(1)} ms, PUT ${rate.put.toFixed(0)} MiB/s, GET ${rate.get.toFixed(0)} MiB/s`;
  info.annotations.push({ type: "figures", description: said });
  console.log(said);
});

test("the service worker is replaced under a running app", async ({ site, person }) => {
  const who = await person();
  const p = await connected(who, `${site.origin}/`);
  await p.evaluate(() => {
    window.failed = [];
    window.written = [];
    window.heard = [];
    window.done = false;
    window.kith.data.watch("u/", (e) => window.heard.push(e.data["path"] as string));
    window.writing = (async () => {
      for (let i = 0; !window.done; i++) {
        try {
          await window.kith.data.put(`u/${i}`, `${i}`);
          const text = await (await window.kith.data.get(`u/${i}`))?.text();
          if (text !== `${i}`) window.failed.push(`u/${i} is ${text}`);
          window.written.push(i);
          await new Promise((done) => setTimeout(done, 30)); // a browser replaces a service worker that has nothing to do
        } catch (e) {
          window.failed.push(`u/${i}: ${String(e)}`);
        }
      }
    })();
  });
  const old = site.files.get("/kith-sw.js") ?? new Uint8Array();
  site.files.set("/kith-sw.js", Buffer.concat([old, Buffer.from("\n// another version\n")]));
  await p.evaluate(async () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => (window.changed = true), { once: true });
    await (await navigator.serviceWorker.ready).update();
  });
  await p.waitForFunction(() => window.written.length > 20);
  await expect.poll(async () => { // one that is never idle is stopped in the end, whatever it does
    if (!(await p.evaluate(() => window.changed))) await stopServiceWorkers(who, p);
    return p.evaluate(() => window.changed);
  }).toBe(true);
  const n = await p.evaluate(() => window.written.length);
  await p.waitForFunction((n) => window.written.length > n + 20, n);
  await p.evaluate(() => {
    window.done = true;
    return window.writing;
  });
  expect(await p.evaluate(() => window.failed)).toEqual([]);
  const last = await p.evaluate(() => `u/${window.written.at(-1)}`);
  await expect.poll(() => p.evaluate(() => window.heard.at(-1))).toBe(last);
});

test("full storage is 507, and what was there stays", async ({ site, person }) => {
  const who = await person();
  const p = await connected(who, `${site.origin}/`);
  await p.evaluate(() => window.kith.data.put("kept", "kept"));
  const s = await session(who, p);
  await s.send("Storage.overrideQuotaForOrigin", { origin: site.origin, quotaSize: 3 << 20 });
  const full = await p.evaluate(async () => {
    for (let i = 0; i < 20; i++) {
      const answer = await fetch(`/.kith/data/big/${i}`, { method: "PUT", body: new Uint8Array(1 << 20).fill(i) });
      if (!answer.ok) return { status: answer.status, type: answer.headers.get("Content-Type"), problem: (await answer.json()) as { code: string } };
    }
    return undefined;
  });
  expect(full).toMatchObject({ status: 507, type: "application/problem+json", problem: { code: "no-space" } });
  expect(await p.evaluate(async () => (await window.kith.data.get("kept"))?.text())).toBe("kept");
  await s.send("Storage.overrideQuotaForOrigin", { origin: site.origin });
  await p.evaluate(() => window.kith.data.put("after", "room again"));
  await p.reload();
  await p.waitForFunction(() => (window as { ready?: boolean }).ready === true);
  await p.evaluate(() => window.connect({ app: "app" }).then((k) => (window.kith = k)));
  expect(await p.evaluate(async () => [await (await window.kith.data.get("kept"))?.text(), await (await window.kith.data.get("after"))?.text()])).toEqual(["kept", "room again"]);
  const whole = await p.evaluate(async () => {
    const { items } = await window.kith.data.list("big/");
    const bodies = await Promise.all(items.map(async (i) => (await (await window.kith.data.get(i.path))!.arrayBuffer()).byteLength));
    return bodies.every((n) => n === 1 << 20);
  });
  expect(whole).toBe(true);
});

test("documents are there without a network, and when no page leads it is said", async ({ site, person }) => {
  const who = await person();
  const p = await connected(who, `${site.origin}/`);
  await p.evaluate(() => window.kith.data.put("a", "here"));
  site.files.set("/bare", Buffer.from("")); // a page of the app without the SDK
  site.files.set("/bare/", Buffer.from("<!doctype html><title>Bare</title><link rel=icon href=data:,>"));
  await site.stop();
  expect(await p.evaluate(async () => (await window.kith.data.get("a"))?.text())).toBe("here");
});

test("a page without the SDK is told to wait, and a stranger's link is refused", async ({ site, person }) => {
  const who = await person();
  const p = await connected(who, `${site.origin}/`);
  await p.evaluate(() => window.kith.data.put("a", "here"));
  site.files.set("/bare/", Buffer.from("<!doctype html><title>Bare</title><link rel=icon href=data:,>"));
  const bare = await who.context.newPage();
  await bare.goto(`${site.origin}/bare/`);
  expect(await bare.evaluate(async () => (await fetch("/.kith/data/a")).text())).toBe("here"); // by the page that leads
  await p.close();
  const alone = await bare.evaluate(async () => {
    const answer = await fetch("/.kith/data/a");
    return [answer.status, answer.headers.get("Retry-After"), answer.headers.get("Kith-Host")];
  });
  expect(alone).toEqual([503, "1", "page"]);
  const linked = await who.context.newPage();
  expect((await linked.goto(`${site.origin}/.kith/data/a`))?.status()).toBe(403);
});

test("without a service worker pages speak to the worker, and to that of another page", async ({ site, person }) => {
  const who = await person();
  site.files.delete("/kith-sw.js");
  const first = await open(who, `${site.origin}/`);
  await first.evaluate(() => window.connect({ app: "app" }).then((k) => (window.kith = k)));
  expect(await first.evaluate(() => window.kith.limits.map((l) => l.code))).toEqual(["no-service-worker"]);
  await first.evaluate(() => window.kith.data.put("a", "x".repeat(1_000_000)));
  const second = await open(who, `${site.origin}/`);
  await second.evaluate(() => window.connect({ app: "app" }).then((k) => (window.kith = k)));
  expect(await second.evaluate(async () => (await (await window.kith.data.get("a"))!.text()).length)).toBe(1_000_000);
  await second.evaluate(() => window.kith.data.put("b", "from the other"));
  await first.close();
  expect(await second.evaluate(async () => (await (await window.kith.data.get("b"))!.text()))).toBe("from the other");
});

test("a page from a file has documents in memory, and says so", async ({ site, person }, info) => {
  const { writeFile, mkdir } = await import("node:fs/promises");
  const folder = info.outputPath("app");
  await mkdir(`${folder}/kith`, { recursive: true });
  await writeFile(`${folder}/kith/kith.js`, site.files.get("/kith/kith.js") ?? "");
  await writeFile(`${folder}/index.html`, "<!doctype html><title>File</title><script src=kith/kith.js></script><script>Object.assign(window, kith, { ready: true })</script>");
  const p = await open(await person(), `file://${folder}/index.html`);
  await p.evaluate(() => window.connect({ app: "app" }).then((k) => (window.kith = k)));
  expect(await p.evaluate(() => window.kith.limits.map((l) => l.code))).toContain("memory");
  await p.evaluate(() => window.kith.data.put("a", { n: 1 }));
  expect(await p.evaluate(() => window.kith.data.json("a"))).toEqual({ n: 1 });
});

declare global {
  interface Window {
    heard: string[];
    failed: string[];
    changed?: boolean;
    written: number[];
    done: boolean;
    writing: Promise<void>;
  }
}
