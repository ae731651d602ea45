// A visit: painted from the host, then served by peers, and there without them.
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { gallery, noise } from "./site.ts";
import { controlled, expect, kept, pictures, startHost, test, view, writeFiles } from "./setting.ts";
import { page as html } from "../../browser/tests/fixtures.ts";

test("a first visit paints, gets its pictures, and puts the worker in charge", async ({ person }) => {
  const host = await startHost(await gallery());
  const me = await person();
  const page = await me.page();
  const complaints: string[] = [];
  page.on("pageerror", (e) => complaints.push(e.message));
  await page.goto(`${host.origin}/`);
  await expect(page.locator("h1")).toHaveCSS("color", "rgb(1, 100, 2)");
  await pictures(page);
  await controlled(page);
  expect(await page.locator("[data-kith-src], noscript[data-kith]").count()).toBe(0);
  expect(complaints).toEqual([]);
});

test("a visited site opens without its host: pages, pictures, what is lost", async ({ person }) => {
  const host = await startHost(await gallery());
  const me = await person();
  const page = await me.page();
  await page.goto(`${host.origin}/`);
  await pictures(page);
  await controlled(page);
  await page.goto(`${host.origin}/second/`);
  await pictures(page);
  await page.goto(`${host.origin}/404.html`);
  await page.goto(`${host.origin}/`); // by the worker, which keeps all of it
  await pictures(page);
  await host.kill();
  await page.goto(`${host.origin}/second`);
  await expect(page).toHaveURL(`${host.origin}/second/`);
  await pictures(page);
  await page.getByRole("link", { name: "Back" }).click();
  await expect(page.locator("h1")).toHaveText("Front");
  await pictures(page);
  const lost = await page.evaluate(async () => {
    const r = await fetch("/not/there");
    return { status: r.status, text: await r.text() };
  });
  expect(lost.status).toBe(404);
  expect(lost.text).toContain("Nothing here");
});

test("what the browser had before the worker was in charge is kept for others too", async ({ person }) => {
  const files = await gallery();
  const host = await startHost(files);
  const me = await person();
  const page = await me.page();
  await page.goto(`${host.origin}/`);
  await pictures(page);
  await controlled(page);
  const past = await page.evaluate(() => (performance.getEntriesByType("resource") as PerformanceResourceTiming[])
    .filter((e) => e.workerStart === 0 && e.name.includes("/pictures/")).map((e) => new URL(e.name).pathname));
  expect(past).toEqual(["/pictures/0.png"]); // what is to be seen first is not deferred
  await host.kill();
  const size = (path: string): Promise<number> => page.evaluate(
    async (p) => fetch(p, { signal: AbortSignal.timeout(2000) }).then(async (r) => (await r.arrayBuffer()).byteLength, () => 0), path);
  await expect.poll(() => size("/pictures/0.png"), { timeout: 60_000 }).toBe((files["pictures/0.png"] as Uint8Array).length);
});

test("a worker that comes when the page leads already keeps what the site needs without its host", async ({ person }) => {
  const host = await startHost(await gallery(2));
  const page = await (await person()).page();
  await page.addInitScript(() => {
    const service = navigator.serviceWorker;
    const register = service.register.bind(service);
    // The loader goes on as when the registration was quick and the worker's start slow.
    service.register = (...all) => {
      const waiting = setInterval(async () => {
        const { held } = await navigator.locks.query();
        if (held?.some((l) => l.name === "kith-visit")) {
          clearInterval(waiting);
          void register(...all);
        }
      }, 100);
      return Promise.resolve({ installing: null, waiting: null, active: null } as unknown as ServiceWorkerRegistration);
    };
  });
  await page.goto(`${host.origin}/`);
  await controlled(page);
  await kept(page);
});

test("the worker answers ranges, HEAD and conditions as a server does", async ({ person }) => {
  const files = await gallery();
  const host = await startHost(files);
  const me = await person();
  const page = await me.page();
  await page.goto(`${host.origin}/`);
  await controlled(page);
  await page.evaluate(async () => (await fetch("/last.png")).arrayBuffer());
  await host.kill();
  const size = (files["last.png"] as Uint8Array).length;
  const said = await page.evaluate(async () => {
    const ask = async (headers: Record<string, string>, method = "GET") => {
      const r = await fetch("/last.png", { headers, method });
      const body = new Uint8Array(await r.arrayBuffer());
      return { status: r.status, range: r.headers.get("Content-Range"), type: r.headers.get("Content-Type"), length: r.headers.get("Content-Length"), body: [...body.slice(0, 4)], got: body.length, etag: r.headers.get("ETag") };
    };
    const whole = await ask({});
    return {
      whole,
      part: await ask({ Range: "bytes=1-4" }),
      end: await ask({ Range: "bytes=-3" }),
      outside: await ask({ Range: "bytes=99999999-" }),
      head: await ask({}, "HEAD"),
      same: await ask({ "If-None-Match": whole.etag ?? "" }),
      stale: await ask({ Range: "bytes=1-4", "If-Range": '"another"' }),
    };
  });
  expect(said.whole).toMatchObject({ status: 200, got: size, type: "image/png", length: String(size) });
  expect(said.part).toMatchObject({ status: 206, range: `bytes 1-4/${size}`, body: [0x50, 0x4e, 0x47, 0x0d], got: 4 });
  expect(said.end).toMatchObject({ status: 206, range: `bytes ${size - 3}-${size - 1}/${size}`, got: 3 });
  expect(said.outside).toMatchObject({ status: 416, range: `bytes */${size}` });
  expect(said.head).toMatchObject({ status: 200, got: 0, length: String(size) });
  expect(said.same.status).toBe(304);
  expect(said.stale).toMatchObject({ status: 200, got: size });
});

test("a film seeks, its host gone", async ({ person }) => {
  const host = await startHost(await gallery());
  const me = await person();
  const page = await me.page();
  await page.goto(`${host.origin}/`);
  await controlled(page);
  await page.evaluate(async () => {
    await (await fetch("/film.html")).arrayBuffer();
    await (await fetch("/clip.webm")).arrayBuffer();
  });
  await host.kill();
  await page.goto(`${host.origin}/film.html`);
  const film = page.locator("video");
  const at = await film.evaluate(async (v: HTMLVideoElement) => {
    if (v.readyState < 1) {
      await new Promise((done) => v.addEventListener("loadedmetadata", done, { once: true }));
    }
    const sought = new Promise((done) => v.addEventListener("seeked", done, { once: true }));
    v.currentTime = 15;
    await sought;
    return v.currentTime;
  });
  expect(at).toBe(15);
  // Ten seconds of red, then ten of blue; the picture follows the event.
  await expect.poll(() => film.evaluate((v: HTMLVideoElement) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 1;
    const pen = canvas.getContext("2d");
    pen?.drawImage(v, 0, 0, 1, 1);
    const [red = 0, , blue = 0] = pen?.getImageData(0, 0, 1, 1).data ?? [];
    return blue > 2 * red;
  })).toBe(true);
});

test("a new version is shown to the next page, and the pieces that stayed are not fetched again", async ({ person }) => {
  const files = await gallery();
  const host = await startHost(files);
  const me = await person();
  const page = await me.page();
  await page.goto(`${host.origin}/`);
  await pictures(page);
  await controlled(page);
  await page.goto(`${host.origin}/`);
  await pictures(page);
  const first = await page.evaluate(async () => ((await (await fetch("/.kith/site")).json()) as { id: string }).id);
  await writeFiles(host.folder, { "index.html": String(files["index.html"]).replaceAll("Front", "Newer") });
  await expect(async () => {
    await page.goto(`${host.origin}/`);
    await expect(page.locator("h1")).toHaveText("Newer", { timeout: 1000 });
  }).toPass({ timeout: 60_000 });
  await pictures(page);
  const second = await page.evaluate(async () => ((await (await fetch("/.kith/site")).json()) as { id: string }).id);
  expect(second).not.toBe(first);
});

test("a browser without service workers gets the site, plainly", async ({ person }) => {
  const host = await startHost(await gallery());
  const me = await person();
  const page = await me.page();
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "serviceWorker", { value: undefined }));
  await page.goto(`${host.origin}/`);
  await pictures(page);
  const asked = await page.evaluate(() => performance.getEntriesByType("resource").map((e) => new URL(e.name).pathname).filter((p) => p.startsWith("/.kith/")));
  expect(asked).toEqual(["/.kith/loader.js"]);
});

test("in a frame the runtime takes no part", async ({ person }) => {
  const host = await startHost({
    ...(await gallery()),
    "around.html": html("Around", `<iframe src="/second/" title="inner"></iframe>`),
  });
  const me = await person("--disable-features=ServiceWorker,WebRtcHideLocalIpsWithMdns");
  const page = await me.page();
  await page.goto(`${host.origin}/around.html`);
  const frame = page.frameLocator("iframe");
  await expect(frame.locator("h1")).toHaveText("Second");
  const inner = page.frames()[1];
  await inner?.waitForFunction(() => [...document.images].every((i) => i.naturalWidth > 0));
  const asked = await inner?.evaluate(() => performance.getEntriesByType("resource").map((e) => new URL(e.name).pathname));
  expect(asked).not.toContain("/.kith/runtime.js");
});

test("a worker that is stopped, and one that is replaced, in the middle of a session", async ({ person }) => {
  const host = await startHost(await gallery());
  // A proxy that serves another build of the worker when it is told to.
  let build = "";
  const proxy = createServer((q, r) => {
    const inner = httpRequest({ host: "127.0.0.1", port: new URL(host.origin).port, path: q.url, method: q.method, headers: { ...q.headers, "accept-encoding": "identity", ...(q.url === "/.kith/worker.js" ? { "if-none-match": "" } : {}) } }, (a) => {
      const headers = { ...a.headers };
      if (q.url === "/.kith/worker.js") {
        delete headers["content-length"];
        delete headers["etag"];
      }
      r.writeHead(a.statusCode ?? 502, headers);
      a.pipe(r, { end: q.url !== "/.kith/worker.js" });
      if (q.url === "/.kith/worker.js") {
        a.on("end", () => r.end(build));
      }
    });
    inner.on("error", () => r.destroy());
    q.pipe(inner);
  });
  await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
  const origin = `http://site.host.localhost:${(proxy.address() as AddressInfo).port}`;
  const me = await person();
  const page = await me.page();
  await page.goto(`${origin}/`);
  await pictures(page);
  await controlled(page);

  const cdp = await me.context.newCDPSession(page);
  await cdp.send("ServiceWorker.enable");
  await cdp.send("ServiceWorker.stopAllWorkers");
  expect(await page.evaluate(async () => (await (await fetch("/last.png")).arrayBuffer()).byteLength)).toBeGreaterThan(1000);

  build = "\n// another build";
  const replaced = await page.evaluate(async () => {
    const changed = new Promise((done) => navigator.serviceWorker.addEventListener("controllerchange", done, { once: true }));
    const pictures = Array.from({ length: 8 }, async (_, i) => (await (await fetch(`/pictures/${i}.png`, { cache: "reload" })).arrayBuffer()).byteLength);
    const registration = await navigator.serviceWorker.getRegistration();
    await registration?.update();
    await changed;
    return { during: await Promise.all(pictures), after: (await (await fetch("/second/")).text()).includes("Second") };
  });
  expect(replaced.after).toBe(true);
  expect(replaced.during.every((n) => n > 1000)).toBe(true);
  await page.goto(`${origin}/second/`);
  await pictures(page);
  expect(await view(page)).toBeDefined();
  proxy.closeAllConnections();
  proxy.close();
});

test("what the runtime asks a visitor to load before the first paint is small", async ({ person }) => {
  const host = await startHost({ "index.html": html("Small", "<h1>Small</h1>"), "a.png": noise(1000) });
  const me = await person();
  const page = await me.page();
  await page.goto(`${host.origin}/`);
  const early = await page.evaluate(async () => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity;
    await navigator.serviceWorker.ready;
    const all = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
    return all.filter((e) => e.startTime < paint).map((e) => ({ path: new URL(e.name).pathname, size: e.encodedBodySize }));
  });
  const runtime = early.filter((e) => e.path.startsWith("/.kith/"));
  expect(runtime.map((e) => e.path)).toEqual(["/.kith/loader.js"]);
  expect(runtime.reduce((n, e) => n + e.size, 0)).toBeLessThan(15 * 1024);
});
