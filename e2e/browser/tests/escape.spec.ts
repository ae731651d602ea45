// What an app may try beside the plain ways out of app.spec.ts: workers that
// make pages, rules of its own site, pages it makes itself, and things that
// browsers send on the side.
import type { Frame, Page } from "@playwright/test";
import { page as html } from "./fixtures.ts";
import { author, expect, open, publish, test } from "./setting.ts";
import { sink, type Sink } from "./sink.ts";

/** How long a request that a page made takes at most to arrive here. */
const settle = 1500;

/** Publishes files as an app and shows it in the shell. */
async function app(page: Page, files: Readonly<Record<string, string>>): Promise<Frame> {
  const site = await publish({ "index.html": html("App", "<h1>App</h1>"), ...files });
  const { url } = await open(author, site.ipfs, "app");
  await page.goto(url);
  const frame = await (await page.locator("iframe#app").elementHandle())?.contentFrame();
  if (!frame) {
    throw new Error("the shell shows no frame");
  }
  await expect(frame.locator("h1")).toHaveText("App");
  return frame;
}

/** A page that asks a server for something as soon as it is shown. */
function asking(to: Sink, what: string): string {
  return `<!doctype html><h1>Made</h1><script>fetch("${to.url}/${what}", {mode: "no-cors"}).catch(() => 0); new Image().src = "${to.url}/${what}-img"</script>`;
}

/** The worker makes pages below /made/ that no server gave a policy. */
function maker(to: Sink): string {
  return `oninstall = () => skipWaiting(); onactivate = (e) => e.waitUntil(clients.claim());
    onfetch = (e) => { if (new URL(e.request.url).pathname.startsWith("/made/"))
      e.respondWith(new Response(${JSON.stringify(asking(to, "made"))}, {headers: {"content-type": "text/html"}})); };`;
}

test("an app has no service worker that makes pages without a policy", async ({ page }) => {
  const out = await sink();
  const frame = await app(page, { "sw.js": maker(out) });
  // Not serviceWorker.ready: a worker that takes itself away may be gone
  // before anybody saw it active, and that promise then stays open.
  const end = await frame.evaluate(async () => {
    const made = await navigator.serviceWorker.register("/sw.js");
    const worker = made.installing ?? made.waiting ?? made.active;
    return new Promise<string>((done) => {
      const look = (): void => {
        if (!worker || worker.state === "activated" || worker.state === "redundant") {
          done(worker?.state ?? "gone");
        }
      };
      worker?.addEventListener("statechange", look);
      look();
    });
  });
  expect(["activated", "redundant", "gone"]).toContain(end);
  await expect.poll(() => frame.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);
  await frame.evaluate(() => {
    const inner = document.createElement("iframe");
    inner.src = "/made/inner";
    document.body.append(inner);
    return new Promise((done) => (inner.onload = done));
  });
  await frame.evaluate(() => void (location.href = "/made/own"));
  await expect(frame.locator("h1")).toHaveText("There is nothing here");
  await page.waitForTimeout(settle);
  await out.close();
  expect([...out.hits]).toEqual([]);
});

test("the rules of an app lead to no server", async ({ page }) => {
  const out = await sink();
  const frame = await app(page, { "_redirects": `/out/* ${out.url}/:splat 302\n/kept/* ${out.url}/:splat 307\n` });
  await frame.evaluate(async () => {
    await fetch("/out/fetch", { mode: "no-cors" }).catch(() => undefined);
    navigator.sendBeacon("/kept/beacon", "x");
    new EventSource("/out/events");
    const add = <K extends keyof HTMLElementTagNameMap>(tag: K, set: object): HTMLElementTagNameMap[K] => {
      const e = Object.assign(document.createElement(tag), set);
      document.body.append(e);
      return e;
    };
    add("img", { src: "/out/img" });
    add("iframe", { src: "/out/inner" });
    add("a", { href: "/out/saved?x", download: "x" }).click();
    const rules = JSON.stringify({ prefetch: [{ source: "list", urls: ["/out/rule"], eagerness: "immediate" }] });
    add("script", { type: "speculationrules", textContent: rules });
    await new Promise((done) => setTimeout(done, 500));
    add("form", { action: "/kept/form", method: "post" }).submit();
  });
  await page.waitForTimeout(settle);
  await frame.evaluate(() => void (location.href = "/out/gone?secret")).catch(() => undefined);
  await page.waitForTimeout(settle);
  await out.close();
  expect([...out.hits]).toEqual([]);
});

test("pages and workers that an app makes itself are kept in too", async ({ page }) => {
  const out = await sink();
  const frame = await app(page, { "inner.html": html("Inner", "<h1>Inner</h1>") });
  await frame.evaluate(
    async ({ url, made }) => {
      const inner = (set: object): HTMLIFrameElement => {
        const f = Object.assign(document.createElement("iframe"), set);
        document.body.append(f);
        return f;
      };
      const blob = (text: string, type: string): string => URL.createObjectURL(new Blob([text], { type }));
      inner({ srcdoc: `<base href="${url}/"><img src="based">${made}` });
      inner({ src: blob(made, "text/html") });
      inner({ src: `data:text/html,${encodeURIComponent(made)}` });
      const empty = inner({}).contentWindow as (Window & typeof globalThis) | null;
      void empty?.fetch(`${url}/empty`, { mode: "no-cors" }).catch(() => undefined);
      const leaving = inner({ src: "/inner.html" });
      await new Promise((done) => (leaving.onload = done));
      leaving.onload = null;
      leaving.contentWindow?.location.replace(`${url}/left`);
      const script = `fetch("${url}/worker", {mode: "no-cors"}).catch(() => 0); try { importScripts("${url}/import") } catch {}`;
      for (const source of [blob(script, "text/javascript"), `data:text/javascript,${encodeURIComponent(script)}`]) {
        try { new Worker(source); } catch { /* refused */ }
        try { new SharedWorker(source); } catch { /* refused */ }
      }
      await import(`${url}/module`).catch(() => undefined);
    },
    { url: out.url, made: asking(out, "page") },
  );
  await page.waitForTimeout(settle);
  await frame.evaluate((made) => void (location.href = URL.createObjectURL(new Blob([made], { type: "text/html" }))), asking(out, "self"));
  await page.waitForTimeout(settle);
  await out.close();
  expect([...out.hits]).toEqual([]);
});

test("nothing leaves on the side", async ({ page }) => {
  const out = await sink();
  const frame = await app(page, { "next.html": html("Next", "<h1>Next</h1>") });
  await frame.evaluate((url) => {
    const add = <K extends keyof HTMLElementTagNameMap>(tag: K, set: object): HTMLElementTagNameMap[K] => {
      const e = Object.assign(document.createElement(tag), set);
      document.body.append(e);
      return e;
    };
    add("a", { href: "#x", ping: `${url}/ping` }).click();
    const urls = [`${url}/rule`];
    const rules = { prefetch: [{ source: "list", urls, eagerness: "immediate" }], prerender: [{ source: "list", urls, eagerness: "immediate" }] };
    add("script", { type: "speculationrules", textContent: JSON.stringify(rules) });
    add("style", { textContent: `@import "${url}/import"; @font-face { font-family: f; src: url(${url}/font) } body { font-family: f; cursor: url(${url}/cursor), auto }` });
    add("div", { innerHTML: `<svg><image href="${url}/svg"/><use href="${url}/use#a"/></svg><input type="image" src="${url}/input"><embed src="${url}/embed"><video poster="${url}/poster"></video><img srcset="${url}/set"><table background="${url}/table"><td>x</table>` });
    for (const rel of ["preload", "modulepreload", "prerender", "preconnect", "dns-prefetch", "icon", "manifest", "compression-dictionary"]) {
      add("link", { rel, href: `${url}/${rel}`, as: rel === "preload" ? "script" : "" });
    }
    add("meta", { httpEquiv: "Content-Security-Policy", content: `img-src 'none'; report-uri ${url}/report` });
    add("img", { src: "/x.png" });
    window.open(`${url}/alone`, "_blank", "noopener");
    window.open(`${url}/top`, "_top");
    addEventListener("pagehide", () => {
      navigator.sendBeacon(`${url}/last`, "x");
      void fetch(`${url}/later`, { keepalive: true, mode: "no-cors" }).catch(() => undefined);
    });
    return new Promise((done) => setTimeout(done, 500));
  }, out.url);
  await frame.evaluate(() => void (location.href = "/next.html"));
  await expect(frame.locator("h1")).toHaveText("Next");
  await page.waitForTimeout(settle);
  await out.close();
  expect([...out.hits]).toEqual([]);
});
