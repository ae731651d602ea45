// What a paired device serves, opened in the browser of another: a folder and a
// web application, at secure origins, and for nobody else.
import { execSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Browser, type BrowserContext, type Page } from "@playwright/test";
import { launch } from "../../page/tests/browser.ts";

test.describe.configure({ mode: "serial" });

function env(name: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set: run the cases by 'go test ./e2e/nearby'`);
  }
  return value;
}

const folder = env("KITH_FOLDER");
const web = env("KITH_WEB");
const looks = "../../test-results/nearby";

let browser: Browser;
let bob: BrowserContext;

test.beforeAll(async () => {
  await mkdir(looks, { recursive: true });
  browser = await launch(env("KITH_BOB_NS"));
  bob = await browser.newContext({ reducedMotion: "reduce" });
});

test.afterAll(() => browser.close());

async function open(url: string): Promise<Page> {
  const page = await bob.newPage();
  await page.goto(url);
  return page;
}

/** A picture of a page, light and dark, wide and narrow, with nothing that axe finds fault with. */
async function look(page: Page, name: string): Promise<void> {
  for (const [scheme, width] of [["light", 1280], ["light", 360], ["dark", 1280]] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 640 });
    await page.screenshot({ path: `${looks}/local-${name}-${scheme}-${width}.png`, fullPage: true });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect.soft(over, `${name} is wider than the window (${width})`).toBeLessThanOrEqual(0);
  }
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect.soft(violations.map((v) => `${name}: ${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`)).toEqual([]);
}

test("a folder is listed, and a page in it is a secure context", async () => {
  const page = await open(folder);
  expect(page.url()).toBe(folder);
  for (const name of ["album/", "film.bin", "sub/", "summer.png", "Ünïcode & <b>.txt"]) {
    await expect(page.getByRole("link", { name, exact: true })).toBeVisible();
  }
  await expect(page.getByText(".secret")).toHaveCount(0);
  await look(page, "listing");
  await page.getByRole("link", { name: "album/" }).click();
  await expect(page.locator("#said")).toHaveText("secure");
  const can = await page.evaluate(async () => ({
    secure: isSecureContext,
    shown: document.querySelector("img")!.naturalWidth,
    digest: (await crypto.subtle.digest("SHA-256", new Uint8Array(1))).byteLength,
    workers: "serviceWorker" in navigator,
  }));
  expect(can).toEqual({ secure: true, shown: 320, digest: 32, workers: true });
  await look(page, "album");
  await page.close();
});

test("files are read whole and in ranges", async () => {
  const page = await open(`${folder}album/`);
  const got = await page.evaluate(async () => {
    const cache = "no-store"; // the browser would cut ranges out of what it kept
    const whole = new Uint8Array(await (await fetch("../film.bin", { cache })).arrayBuffer());
    const part = await fetch("../film.bin", { cache, headers: { range: "bytes=1048570-1048585" } });
    const bytes = new Uint8Array(await part.arrayBuffer());
    const beyond = await fetch("../film.bin", { cache, headers: { range: "bytes=99999999-" } });
    const hidden = await fetch("../.secret");
    const put = await fetch("../film.bin", { method: "PUT", body: "x" });
    return {
      length: whole.length, status: part.status, range: part.headers.get("content-range"),
      same: bytes.every((x, i) => x === whole[1048570 + i]), beyond: beyond.status, hidden: hidden.status, put: put.status,
    };
  });
  expect(got).toEqual({
    length: 3 << 20, status: 206, range: `bytes 1048570-1048585/${3 << 20}`, same: true, beyond: 416, hidden: 404, put: 405,
  });
  await page.close();
});

test("a web application works as on its own computer", async () => {
  const page = await open(web);
  await expect(page.getByRole("heading", { name: "Lights" })).toBeVisible();
  await look(page, "application");
  const got = await page.evaluate(async () => {
    const posted = await fetch("/echo", { method: "POST", body: "x".repeat(200_000) });
    const part = await fetch("/bytes", { headers: { range: "bytes=5-14" } });
    const deleted = await fetch("/echo", { method: "DELETE" });
    return {
      secure: isSecureContext, posted: (await posted.text()).length, method: posted.headers.get("x-method"),
      deleted: deleted.headers.get("x-method"), part: [part.status, await part.text()],
    };
  });
  expect(got).toEqual({ secure: true, posted: 200_000, method: "POST", deleted: "DELETE", part: [206, "5678901234"] });
  await page.getByRole("button", { name: "On" }).click();
  await expect(page.getByText("lamp on, session of-bob")).toBeVisible();
  expect(page.url()).toBe(`${web}lit?lamp=on`);
  await page.close();
});

test("its events and WebSockets pass through", async () => {
  const page = await open(web);
  const got = await page.evaluate(async () => {
    const events = new EventSource("/events");
    const first = await new Promise((done) => (events.onmessage = (e) => done(e.data)));
    events.close();
    const socket = new WebSocket(`ws://${location.host}/socket`);
    socket.binaryType = "arraybuffer";
    await new Promise((done, fail) => ((socket.onopen = done), (socket.onerror = fail)));
    const next = (): Promise<unknown> => new Promise((done) => (socket.onmessage = (e) => done(e.data)));
    let answer = next();
    socket.send("grüße");
    const text = await answer;
    answer = next();
    socket.send(new Uint8Array(20_000).fill(7));
    const bytes = new Uint8Array((await answer) as ArrayBuffer);
    const closed = new Promise<boolean>((done) => (socket.onclose = (e) => done(e.wasClean)));
    socket.close(1000, "bye");
    return { first, text, bytes: bytes.length, seven: bytes.every((x) => x === 7), clean: await closed };
  });
  expect(got).toEqual({ first: "first", text: "grüße", bytes: 20_000, seven: true, clean: true });
  await page.close();
});

/** Everything that a page may try with another origin. */
async function trespass(page: Page, at: string): Promise<Record<string, string>> {
  return page.evaluate(async (at) => {
    const said = async (p: Promise<unknown>): Promise<string> => p.then((x) => String(x), (e: Error) => e.name);
    const embed = async (e: HTMLElement): Promise<string> =>
      new Promise((done) => {
        e.onload = () => done("loaded");
        e.onerror = () => done("error");
        document.body.append(e);
      });
    const frame = document.createElement("iframe");
    frame.src = at;
    await embed(frame);
    let framed = "";
    try {
      framed = frame.contentDocument?.body.textContent ?? "nothing";
    } catch (e) {
      framed = (e as Error).name;
    }
    const socket = new WebSocket(`${at.replace("http:", "ws:")}socket`);
    const spoken = new Promise<string>((done) => {
      socket.onopen = () => done("open");
      socket.onerror = () => done("error");
    });
    return {
      cors: await said(fetch(at, { credentials: "include" }).then((r) => r.text())),
      opaque: await said(fetch(at, { mode: "no-cors", credentials: "include" }).then((r) => r.type)),
      post: await said(fetch(`${at}echo`, { method: "POST", mode: "no-cors", body: "x" }).then((r) => r.type)),
      image: await embed(Object.assign(new Image(), { src: `${at}summer.png` })),
      script: await embed(Object.assign(document.createElement("script"), { src: `${at}album/album.js` })),
      socket: await spoken,
      framed,
    };
  }, at);
}

const refused = {
  cors: "TypeError", opaque: "TypeError", post: "TypeError", image: "error", script: "error", socket: "error",
};

test("a page of another origin reads nothing", async () => {
  for (const [from, at] of [[env("KITH_STRANGER"), folder], [env("KITH_STRANGER"), web], [web, folder]] as const) {
    const page = await open(from);
    const { framed, ...got } = await trespass(page, at);
    expect(got, `${from} at ${at}`).toEqual(refused);
    expect(framed).not.toMatch(/Lights|summer|Album/);
    await page.close();
  }
});

test("a page of another origin cannot press a button, nor hold the window it opens", async () => {
  const pressing = await open(env("KITH_STRANGER"));
  const post = pressing.waitForResponse((r) => r.url() === `${web}lights`);
  await pressing.evaluate((to) => {
    const form = Object.assign(document.createElement("form"), { method: "post", action: `${to}lights` });
    document.body.append(form);
    form.submit();
  }, web);
  expect((await post).status()).toBe(403);
  const page = await open(env("KITH_STRANGER"));
  const opened = bob.waitForEvent("page");
  const held = page.evaluate(async (to) => {
    const w = globalThis.open(to)!;
    await new Promise((done) => setInterval(() => w.closed && done(true), 50)); // severed looks like closed
    return w.closed;
  }, web);
  const other = await opened;
  await expect(other.getByRole("heading", { name: "Lights" })).toBeVisible();
  expect(await other.evaluate(() => opener === null)).toBe(true);
  expect(await held).toBe(true);
  await Promise.all([pressing.close(), page.close(), other.close()]);
});

test("a device that is not paired gets a clear no", async () => {
  const theirs = await launch(env("KITH_EVE_NS"));
  try {
    const page = await (await theirs.newContext()).newPage();
    const answer = await page.goto(folder);
    expect(answer?.status()).toBe(404);
    await expect(page.getByText("No device is paired")).toBeVisible();
    await look(page, "unpaired");
  } finally {
    await theirs.close();
  }
});

test("what is not served any more is said", async () => {
  execSync(env("KITH_STOP_WEB"));
  const page = await bob.newPage();
  await expect(async () => {
    const answer = await page.goto(web);
    expect(answer?.status()).toBe(404);
  }).toPass({ timeout: 20_000 });
  await expect(page.getByText("The device serves nothing here.")).toBeVisible();
  await look(page, "ended");
  await page.close();
});

test("a device that went away is said, and found again when it is back", async () => {
  const page = await open(folder);
  await expect(page.getByRole("link", { name: "summer.png" })).toBeVisible();
  execSync(env("KITH_UNPLUG"));
  // The connection of before is still there, as far as anybody can tell.
  const answer = await page.goto(`${folder}album/`, { timeout: 80_000 });
  expect(answer?.status()).toBe(504);
  await expect(page.getByText("nas does not answer.")).toBeVisible();
  await look(page, "gone");
  execSync(env("KITH_PLUG"));
  await expect(async () => {
    await page.goto(`${folder}album/`);
    await expect(page.locator("#said")).toHaveText("secure", { timeout: 2_000 });
  }).toPass({ timeout: 60_000 });
  await page.close();
});
