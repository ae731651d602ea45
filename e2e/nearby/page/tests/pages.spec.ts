// Two people, two nodes, two browsers: pairing by a code, and pages that talk to
// one another after both said yes in their consoles.
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";
import { picture } from "../../../picture/picture.ts";
import { measured, meet, roundTrip, type Person } from "./person.ts";

test.describe.configure({ mode: "serial" });

let alice: Person, bob: Person;
let end: () => Promise<void> = async () => undefined;
const looks = "../../test-results/nearby";

test.beforeAll(async () => {
  await mkdir(looks, { recursive: true });
  ({ alice, bob, end } = await meet());
});

test.afterAll(() => end());

/** A picture of the console, and nothing that axe finds fault with. */
async function look(person: Person, name: string): Promise<void> {
  await check(person.desk, name);
}

async function check(page: Page, name: string): Promise<void> {
  for (const scheme of ["light", "dark"] as const) {
    for (const [size, width] of [["wide", 1280], ["narrow", 360]] as const) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 860 });
      await page.screenshot({ path: `${looks}/${name}-${scheme}-${size}.png`, fullPage: true });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect.soft(over, `${name} is wider than the window (${size})`).toBeLessThanOrEqual(0);
      if ((scheme === "light") !== (size === "wide")) {
        continue; // both schemes and both sizes are looked at, in half the time
      }
      const { violations } = await new AxeBuilder({ page }).options({ iframes: false }).analyze();
      expect.soft(violations.map((v) => `${name} ${scheme} ${size}: ${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`)).toEqual([]);
    }
  }
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.setViewportSize({ width: 1280, height: 860 });
}

test("two devices find each other and are paired by a code", async () => {
  const card = alice.desk.locator("kith-device", { hasText: "bob" });
  await expect(card).toBeVisible({ timeout: 30_000 });
  await expect(bob.desk.locator("kith-device", { hasText: "alice" })).toBeVisible({ timeout: 30_000 });
  await look(alice, "strangers");
  await card.getByRole("button", { name: "Pair bob" }).click();
  const shows = await Promise.race(
    [alice, bob].map((p) => p.desk.locator(".ask.code p.digits").waitFor().then(() => p)),
  );
  const types = shows === alice ? bob : alice;
  await types.desk.locator(".ask.code input").waitFor();
  await look(shows, "code-shown");
  await look(types, "code-asked");
  const code = (await shows.desk.locator(".ask.code p.digits .visually-hidden").textContent()) ?? "";
  await types.desk.locator(".ask.code input").fill(code);
  await types.desk.locator(".ask.code").getByRole("button", { name: "Pair" }).click();
  await expect(card.getByText("Send files")).toBeVisible();
  await expect(bob.desk.locator("kith-device", { hasText: "alice" }).getByText("Send files")).toBeVisible();
  await expect(alice.desk.locator(".ask.code")).toHaveCount(0);
  await look(alice, "paired");
});

test("before a yes, a page learns nothing", async () => {
  const page = await alice.open();
  const frames: string[] = [];
  const socket = page.waitForEvent("websocket");
  await page.evaluate(() => {
    globalThis.kept = { settled: [] as string[] };
    const settle = (what: string, p: Promise<unknown>): void => void p.then(() => globalThis.kept.settled.push(what), () => globalThis.kept.settled.push(what));
    settle("request", new LP2PRequest({ nickname: "Alice" }).start());
    settle("receiver", new LP2PReceiver({ nickname: "Alice" }).start());
    settle("transport", lp2p.connect().ready);
  });
  (await socket).on("framereceived", (f) => frames.push(String(f.payload)));
  await expect(alice.asked("wants to")).toHaveCount(3);
  await look(alice, "asked");
  const known = await page.evaluate(() => lp2p.kith.devices());
  expect(known).toEqual([]);
  // Dismissed or not looked at: it is the same to the page.
  await alice.asked("wants to be found").getByRole("button", { name: "Not now" }).click();
  await expect(alice.asked("wants to")).toHaveCount(2);
  expect(await page.evaluate(() => lp2p.kith.devices())).toEqual([]);
  expect(await page.evaluate(() => globalThis.kept.settled)).toEqual([]);
  expect(frames.map((f) => JSON.parse(f).op).filter((op) => op !== "welcome")).toEqual(["devices", "devices"]);
  expect(frames.join()).not.toMatch(/bob/i);
  await page.close();
  await expect(alice.asked("wants to")).toHaveCount(0);
});

/** A receiver on Bob's page and a request on Alice's, with consent; their connections are kept. */
async function connect(a: Page, b: Page, remember: boolean): Promise<void> {
  await b.evaluate(() => {
    globalThis.kept = {};
    const receiver = new LP2PReceiver({ nickname: "Bob’s board" });
    globalThis.kept.connection = new Promise((resolve) => (receiver.onconnection = (e: any) => resolve((globalThis.kept.conn = e.connection))));
    globalThis.kept.receiver = receiver;
    void receiver.start();
  });
  await bob.allow("wants to be found", { remember });
  await a.evaluate(() => {
    globalThis.kept = {};
    const request = new LP2PRequest({ nickname: "Alice’s board" });
    globalThis.kept.connection = request.start().then((c: any) => (globalThis.kept.conn = c));
  });
  await alice.allow("wants to connect to a device", { device: "bob", remember });
  const incoming = bob.asked("alice wants to connect");
  await incoming.waitFor();
  await expect(incoming).toContainText("Alice’s board");
  if (remember) {
    await look(bob, "incoming");
  }
  await bob.allow("alice wants to connect", { remember });
  await Promise.all([a, b].map((p) => p.evaluate(async () => void (await globalThis.kept.connection))));
}

test("messages go both ways: strings, blobs, buffers", async () => {
  const [a, b] = [await alice.open(), await bob.open()];
  await connect(a, b, true);
  await b.evaluate(() => {
    globalThis.kept.conn.ondatachannel = (e: any) => {
      const channel = e.channel;
      channel.send(`${channel.label}/${channel.protocol}/${channel.readyState}`);
      channel.onmessage = (m: MessageEvent) => channel.send(m.data);
      channel.onclose = () => (globalThis.kept.closed = true);
    };
  });
  const heard = await a.evaluate(async () => {
    const { conn } = globalThis.kept;
    const channel = conn.createDataChannel("chat ☃", { protocol: "p1" });
    const queue: unknown[] = [];
    let wake: () => void = () => undefined;
    channel.onmessage = (m: MessageEvent) => {
      queue.push(m.data);
      wake();
    };
    const next = async (): Promise<unknown> => {
      while (queue.length === 0) {
        await new Promise<void>((done, fail) => {
          wake = done;
          channel.onclose = () => fail(new Error(`the channel closed after ${out.length} answers`));
          setTimeout(() => fail(new Error(`nothing came after ${out.length} answers`)), 15_000);
        });
      }
      return queue.shift();
    };
    const out: unknown[] = [];
    await new Promise((done) => (channel.onopen = done));
    out.push(channel.id !== null, conn.nickname, await next());
    channel.send("grüße \u0000 ☃");
    out.push(await next());
    channel.send("");
    out.push(await next());
    channel.send(new Uint8Array([1, 2, 3]).buffer);
    out.push([...new Uint8Array((await next()) as ArrayBuffer)]);
    channel.send(new Uint16Array([1, 2, 3]).subarray(1, 2));
    out.push([...new Uint8Array((await next()) as ArrayBuffer)]);
    channel.binaryType = "blob";
    channel.send(new Blob(["a blob of text"]));
    out.push(await ((await next()) as Blob).text());
    const large = new Uint8Array(3_000_000).map((_, i) => i * 7);
    channel.send(large);
    const buffered = channel.bufferedAmount;
    const back = new Uint8Array(await ((await next()) as Blob).arrayBuffer());
    out.push(back.length === large.length && back.every((x, i) => x === large[i]), buffered > 0);
    let tooLarge = "";
    try {
      channel.send(new Uint8Array(17 << 20));
    } catch (e) {
      tooLarge = (e as Error).name;
    }
    const closed = new Promise((done) => (channel.onclose = () => done(channel.readyState)));
    channel.close();
    out.push(tooLarge, await closed);
    return out;
  });
  expect(heard).toEqual([true, "Bob’s board", "chat ☃/p1/open", "grüße \u0000 ☃", "", [1, 2, 3], [2, 0], "a blob of text", true, true, "TypeError", "closed"]);
  await expect.poll(() => b.evaluate(() => globalThis.kept.closed)).toBe(true);
  await look(alice, "connected");

  // Page to page and back, over the channel.
  const times = await a.evaluate(async () => {
    const channel = globalThis.kept.conn.createDataChannel("ping");
    await new Promise((done) => (channel.onopen = done));
    const all: number[] = [];
    await new Promise((done) => (channel.onmessage = done)); // the greeting
    for (let i = 0; i < 300; i++) {
      const start = performance.now();
      const pong = new Promise((done) => (channel.onmessage = done));
      channel.send("ping");
      await pong;
      all.push(performance.now() - start);
    }
    channel.close();
    return all.slice(50).sort((x, y) => x - y);
  });
  const at = (share: number): string => times[Math.floor(times.length * share)]!.toFixed(2);
  await measured(`ping page to page: median ${at(0.5)} ms, 90% ${at(0.9)} ms, 10% ${at(0.1)} ms; the network's round trip ${roundTrip ?? "?"} ms`);
  await Promise.all([a.close(), b.close()]);
});

test("streams and datagrams, and the second time nobody is asked", async () => {
  const [a, b] = [await alice.open(), await bob.open()];
  await b.evaluate(() => {
    const listener = lp2p.makeDiscoverable({ nickname: "Bob" });
    globalThis.kept = { listener };
    globalThis.kept.done = (async () => {
      const reader = listener.incomingTransports.getReader();
      const transport = (await reader.read()).value;
      await transport.ready;
      globalThis.kept.transport = transport;
      void (async () => {
        const datagrams = transport.datagrams.readable.getReader();
        const writer = transport.datagrams.writable.getWriter();
        for (;;) {
          const { value, done } = await datagrams.read();
          if (done) return;
          await writer.write(value);
        }
      })().catch(() => undefined);
      const streams = transport.incomingBidirectionalStreams.getReader();
      const { value: stream } = await streams.read();
      await stream.readable.pipeTo(stream.writable); // an echo
      const uni = await transport.createUnidirectionalStream();
      const out = uni.getWriter();
      await out.write(new TextEncoder().encode("one way"));
      await out.close();
      return transport.closed;
    })();
  });
  await b.evaluate(() => globalThis.kept.listener.ready);
  const seen = await a.evaluate(async () => {
    const transport = lp2p.connect({ nickname: "Alice" });
    await transport.ready;
    const { readable, writable } = await transport.createBidirectionalStream();
    const sent = new Uint8Array(8_000_000).map((_, i) => i * 13);
    const writing = (async () => {
      const writer = writable.getWriter();
      for (let i = 0; i < sent.length; i += 100_000) {
        await writer.write(sent.subarray(i, i + 100_000));
      }
      await writer.close();
    })();
    const start = performance.now();
    let at = 0;
    let right = true;
    for await (const chunk of readable as unknown as AsyncIterable<Uint8Array>) {
      right &&= chunk.every((x, i) => x === sent[at + i]);
      at += chunk.length;
    }
    await writing;
    const seconds = (performance.now() - start) / 1000;
    const { value: uni } = await transport.incomingUnidirectionalStreams.getReader().read();
    const oneWay = await new Response(uni).text();
    const writer = transport.datagrams.writable.getWriter();
    const reader = transport.datagrams.readable.getReader();
    const back = reader.read();
    let got: Uint8Array | undefined;
    for (let i = 0; i < 50 && !got; i++) { // a datagram may be lost
      await writer.write(new Uint8Array([5, 6, 7]));
      got = await Promise.race([back.then((r: any) => r.value), new Promise<undefined>((done) => setTimeout(done, 100))]);
    }
    transport.close({ closeCode: 42, reason: "done ☃" });
    return { right, at, oneWay, datagram: [...(got ?? [])], closed: await transport.closed, is: transport instanceof WebTransport, rate: sent.length / seconds };
  });
  const { rate, ...rest } = seen;
  await measured(`echo of 8 MB over one stream of a transport: ${(rate / 1e6).toFixed(1)} MB/s`);
  expect(rest).toEqual({ right: true, at: 8_000_000, oneWay: "one way", datagram: [5, 6, 7], closed: { closeCode: 42, reason: "done ☃" }, is: true });
  expect(await b.evaluate(() => globalThis.kept.done)).toEqual({ closeCode: 42, reason: "done ☃" });
  await Promise.all([a.close(), b.close()]);
});

test("both pages may construct a transport on a connection", async () => {
  const [a, b] = [await alice.open(), await bob.open()];
  await b.evaluate(() => {
    const receiver = new LP2PReceiver();
    globalThis.kept = {
      text: new Promise((resolve) => {
        receiver.onconnection = async (e: any) => {
          const transport = new LP2PQuicTransport(e.connection);
          await transport.ready;
          const { value } = await transport.incomingUnidirectionalStreams.getReader().read();
          resolve(await new Response(value).text());
        };
      }),
    };
    return receiver.start();
  });
  await a.evaluate(async () => {
    const connection = await new LP2PRequest().start();
    const transport = new LP2PQuicTransport(connection);
    await transport.ready;
    const writer = (await transport.createUnidirectionalStream()).getWriter();
    await writer.write(new TextEncoder().encode("hello"));
    await writer.close();
  });
  expect(await b.evaluate(() => globalThis.kept.text)).toBe("hello");
  await Promise.all([a.close(), b.close()]);
});

test("a page that opens 10,000 channels gets a clear error", async () => {
  const [a, b] = [await alice.open(), await bob.open()];
  await b.evaluate(() => {
    const receiver = new LP2PReceiver();
    receiver.onconnection = (e: any) => {
      e.connection.ondatachannel = (d: any) => (d.channel.onmessage = (m: MessageEvent) => d.channel.send(m.data));
    };
    return receiver.start();
  });
  const seen = await a.evaluate(async () => {
    const connection = await new LP2PRequest().start();
    const channels: any[] = [];
    let error: DOMException | undefined;
    let failed = 0;
    for (let i = 0; i < 10_000; i++) {
      try {
        channels.push(connection.createDataChannel(`c${i}`));
      } catch (e) {
        error ??= e as DOMException;
        failed++;
      }
    }
    const first = channels[0];
    if (first.readyState !== "open") {
      await new Promise((done) => (first.onopen = done));
    }
    const answer = new Promise((done) => (first.onmessage = (m: MessageEvent) => done(m.data)));
    first.send("still here");
    return { made: channels.length, failed, name: error?.name, message: error?.message, answer: await answer };
  });
  expect(seen).toEqual({ made: 1024, failed: 8976, name: "OperationError", message: "a connection has at most 1024 channels", answer: "still here" });
  await Promise.all([a.close(), b.close()]);
});

test("what is taken back is cut", async () => {
  const [a, b] = [await alice.open(), await bob.open()];
  await b.evaluate(() => {
    const receiver = new LP2PReceiver();
    globalThis.kept = {};
    receiver.onconnection = (e: any) => (e.connection.onclose = () => (globalThis.kept.closed = true));
    return receiver.start();
  });
  await a.evaluate(async () => {
    const conn = await new LP2PRequest().start();
    globalThis.kept = {};
    conn.onclose = () => (globalThis.kept.closed = true);
  });
  await look(bob, "permissions");
  await bob.desk.getByRole("button", { name: "may be reached by alice" }).click();
  await expect.poll(() => a.evaluate(() => globalThis.kept.closed)).toBe(true);
  await expect.poll(() => b.evaluate(() => globalThis.kept.closed)).toBe(true);
  await alice.desk.getByRole("button", { name: "may connect to bob" }).click();
  // From now on the person is asked again.
  await a.evaluate(() => void new LP2PRequest().start());
  await expect(alice.asked("wants to connect to a device")).toBeVisible();
  await Promise.all([a.close(), b.close()]);
  await expect(alice.asked("wants to")).toHaveCount(0);
});

test("an app in the shell asks, and the shell says so", async () => {
  const label = new URL(alice.site).hostname.replace(".localhost", "");
  await alice.desk.goto(`${alice.console}/#/sites/${label}/privacy`);
  await alice.desk.locator('input[type="radio"][value="app"]').check();
  await alice.desk.getByRole("button", { name: "Save" }).click();
  await expect(alice.desk.getByText("Saved.")).toBeVisible();
  await alice.desk.goto(`${alice.console}/#/nearby`);
  const shell = await alice.context.newPage();
  await shell.goto(`${alice.console}/app/${label}/`);
  const frame = (await (await shell.locator("iframe#app").elementHandle())?.contentFrame())!;
  await expect(frame.locator("h1")).toHaveText("Board");
  await expect(shell.locator("#asking")).toBeHidden();
  await frame.evaluate(() => {
    globalThis.kept = { started: new LP2PReceiver().start() };
  });
  const notice = shell.locator("#asking");
  await expect(notice).toHaveText("Kith is asking you");
  await check(shell, "shell");
  // The remembered yes was for the site; an app is the same address.
  await alice.allow("wants to be found");
  await frame.evaluate(() => globalThis.kept.started);
  await expect(notice).toBeHidden();
  await shell.close();
});

test("another origin of the web is connected by the person, and cut again", async () => {
  const script = await readFile(new URL("../../../../web/dist/assets/lp2p.js", import.meta.url));
  const serve = async (page: Page): Promise<unknown> =>
    page.route(/^https:\/\/(app|evil)\.example\//, (route) =>
      new URL(route.request().url()).pathname === "/lp2p.js"
        ? route.fulfill({ body: script, contentType: "text/javascript" })
        : route.fulfill({ body: `<!doctype html><html lang="en"><title>Board</title><h1>Board</h1><script src="/lp2p.js"></script></html>`, contentType: "text/html" }),
    );
  await alice.context.grantPermissions(["local-network-access"]).catch(() => undefined);
  const page = await alice.context.newPage();
  await serve(page);
  await page.goto("https://app.example/room?x=1");
  const refused = (): Promise<string> => page.evaluate(() => new LP2PReceiver().start().then(() => "", (e: Error) => e.name));
  expect(await page.evaluate(() => lp2p.kith.connected)).toBe(false);
  expect(await refused()).toBe("NotAllowedError");
  await page.evaluate((node) => lp2p.kith.connectNode({ node }), alice.console);
  await page.waitForURL(/\/connect\?/);
  await expect(page.getByRole("heading", { name: "Connect app.example with Kith?" })).toBeVisible();
  await check(page, "connect");
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.waitForURL("https://app.example/room?x=1");
  expect(await page.evaluate(() => [lp2p.kith.connected, location.hash])).toEqual([true, ""]);
  const started = page.evaluate(() => new LP2PReceiver().start().then(() => "started", (e: Error) => `${e.name}: ${e.message}`));
  await alice.allow("app.example wants to be found");
  expect(await started).toBe("started");

  // The capability is of no use to another origin.
  const capability = await page.evaluate(() => localStorage.getItem("kith-lp2p"));
  const evil = await alice.context.newPage();
  await serve(evil);
  await evil.goto("https://evil.example/");
  await evil.evaluate((c) => localStorage.setItem("kith-lp2p", c ?? ""), capability);
  expect(await evil.evaluate(() => new LP2PReceiver().start().then(() => "", (e: Error) => e.name))).toBe("NetworkError");
  await evil.close();

  const cut = page.evaluate(() => new LP2PRequest().start().then(() => "", (e: Error) => e.name));
  await expect(alice.asked("app.example wants to connect")).toBeVisible();
  await alice.desk.getByRole("button", { name: "app.example, may talk to this node" }).click();
  expect(await cut).toBe("NetworkError");
  expect(await refused()).toBe("NetworkError");
  await page.close();
});

test("files are sent by the console, and taken after a yes", async () => {
  const file = join(tmpdir(), "letter.txt");
  await writeFile(file, "Dear Bob\n".repeat(20_000));
  const card = alice.desk.locator("kith-device", { hasText: "bob" });
  await card.locator('input[type="file"]:not([webkitdirectory])').setInputFiles(file);
  const offer = bob.desk.locator(".ask.offer");
  await expect(offer).toContainText("alice wants to send you 1 file");
  await look(bob, "offer");
  await picture(bob.desk, "nearby");
  await offer.getByRole("button", { name: "Accept" }).click();
  await expect(bob.desk.locator(".transfers li.done")).toContainText("letter.txt from alice");
  await expect(alice.desk.locator(".transfers li.done")).toContainText("letter.txt to bob");
  await look(alice, "transfers");
  expect(await readFile(join(bob.received, "letter.txt"), "utf8")).toBe("Dear Bob\n".repeat(20_000));
});

test("a folder is served by the console, opened on the other device, and ended", async () => {
  const folder = await mkdtemp(join(tmpdir(), "served-"));
  await writeFile(join(folder, "map.txt"), "here be dragons");
  const serves = alice.desk.locator("kith-serves");
  await expect(serves.getByText("Nothing so far.")).toBeVisible();
  await serves.getByText("Serve something").first().click();
  const [what, name] = [serves.getByLabel("A folder, or the address"), serves.getByLabel("Name")];
  const add = serves.getByRole("button", { name: "Serve something" });
  await what.fill(join(folder, "none"));
  await add.click();
  await expect(serves.locator("#serve-error")).toContainText("Cannot serve");
  await what.fill(folder);
  await name.fill("maps");
  await look(alice, "serves-add");
  await add.click();
  const row = serves.locator("li", { hasText: "maps" });
  await expect(row).toContainText(folder);
  await expect(serves.locator("#serve-error")).toHaveCount(0);
  await what.fill("http://localhost:8123");
  await name.fill("home");
  await add.click();
  await expect(serves.locator("li", { hasText: "home" })).toContainText("http://localhost:8123");
  await look(alice, "serves");

  const link = bob.desk.locator("kith-device", { hasText: "alice" }).getByRole("link", { name: "Open what it serves" });
  const opened = bob.context.waitForEvent("page");
  await link.click();
  const page = await opened;
  await check(page, "served-list");
  await page.getByRole("link", { name: "maps" }).click();
  await page.getByRole("link", { name: "map.txt" }).click();
  await expect(page.getByText("here be dragons")).toBeVisible();

  // Ended, it is gone for the other device, and here after a reload, too.
  await row.getByRole("button", { name: "Stop maps" }).click();
  await expect(row).toHaveCount(0);
  await page.reload();
  await expect(page.getByText("The device serves nothing here.")).toBeVisible();
  await alice.desk.reload();
  await expect(serves.locator("li")).toHaveText(/home/);
  await serves.getByRole("button", { name: "Stop home" }).click();
  await expect(serves.getByText("Nothing so far.")).toBeVisible();
  await page.close();
});

test("a device that is forgotten takes its permissions along", async () => {
  const page = await bob.open();
  await page.evaluate(() => {
    globalThis.kept = { request: new LP2PRequest().start().then(() => "", (e: Error) => e.name) };
  });
  await bob.allow("wants to connect to a device", { device: "alice", remember: true });
  await expect(bob.desk.locator(".grants", { hasText: "may connect to alice" })).toBeVisible();
  await look(bob, "granted");
  const card = bob.desk.locator("kith-device", { hasText: "alice" });
  await card.getByRole("button", { name: "Forget alice" }).click();
  await bob.desk.locator("dialog").getByRole("button", { name: "Forget" }).click();
  await expect(card.getByRole("button", { name: "Pair alice" })).toBeVisible();
  await expect(bob.desk.getByText("may connect to alice")).toHaveCount(0);
  expect(await page.evaluate(() => globalThis.kept.request)).toBe("AbortError");
  await page.close();
});
