// A front: an existing website in a process of its own, and visitors that get its
// files from the front and from one another.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, said } from "../../browser/tests/chromium.ts";
import { gallery } from "./site.ts";
import { controlled, expect, pictures, test, view, writeFiles, type Files } from "./setting.ts";

/** A website and the front before it. */
interface World {
  readonly origin: string;
  /** How often the website was asked for a path. */
  asked(path: string): number;
  stopWebsite(): Promise<void>;
  stopFront(): Promise<void>;
  /** How many files the newest manifest has. */
  files(): Promise<number>;
}

const running: ChildProcess[] = [];
test.afterEach(async () => {
  await Promise.all(running.splice(0).map(end));
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await ended;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address ? address.port : 0;
}

const quiet = `
gateway = { listen = "127.0.0.1:0" }
bittorrent = { enabled = false }
ipfs = { listen = ["127.0.0.1:0"], bootstrap = [], dht = "off", reach = false, routers = [], gateways = [] }
dns = { server = "off", well_known = false }
webrtc = { stun = [] }
nearby = { enabled = false }
host = { names = false, front_every = "200ms" }
`;

async function startWorld(files: Files): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "kith-origin-"));
  await writeFiles(folder, files);
  const website = spawn(process.execPath, [new URL("../origin.mjs", import.meta.url).pathname, folder], { stdio: ["ignore", "pipe", "inherit"] });
  running.push(website);
  const counts = new Map<string, number>();
  let rest = "";
  website.stdout.on("data", (more: string | Buffer) => {
    const lines = (rest + more.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const path = line.split(" ")[1] ?? "";
      counts.set(path, (counts.get(path) ?? 0) + 1);
    }
  });
  const behind = await said([website.stdout], website, /listening (http:\S+)/);
  const home = await mkdtemp(join(tmpdir(), "kith-front-"));
  await writeFile(join(home, "config.toml"), quiet);
  const port = await freePort();
  const args = ["host", "--home", home, "--domain", "www.host.localhost", "--http", `127.0.0.1:${port}`, "--front", behind];
  const front = spawn(env("KITH_BIN"), args, { stdio: ["ignore", "pipe", "pipe"] });
  running.push(front);
  const origin = await said([front.stdout], front, /(http:\/\/www\.host\.localhost:\d+)/);
  const ask = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const r = request({ host: "127.0.0.1", port, path, headers: { Host: `www.host.localhost:${port}` } }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (more: string) => (text += more)).on("end", () => resolve(text));
      });
      r.on("error", reject).end();
    });
  return {
    origin,
    asked: (path) => counts.get(path) ?? 0,
    stopWebsite: () => end(website),
    stopFront: () => end(front),
    files: async () => {
      const info = JSON.parse(await ask("/.kith/site")) as { index: string };
      const document = await ask(info.index);
      return (JSON.parse(document.split("\n").slice(2).join("\n")) as { files: unknown[] }).files.length;
    },
  };
}

/** Files of the website that a page leads to, in the order of nothing. */
const public_ = async (): Promise<Files> => {
  const { "film.html": _, "404.html": __, "clip.webm": ___, ...rest } = await gallery(8, 150_000);
  return rest;
};

test("visitors of a front are served without the website, and then without the front", async ({ person }) => {
  const files = await public_();
  const world = await startWorld(files);
  const count = Object.keys(files).length;
  await expect.poll(() => world.files(), { timeout: 60_000 }).toBe(count);
  for (const path of Object.keys(files).map((f) => `/${f.replace(/index\.html$/, "")}`)) {
    expect(world.asked(path), `the website was asked for ${path}`).toBe(1);
  }
  await world.stopWebsite();

  const ada = await (await person()).page();
  await ada.goto(`${world.origin}/`);
  await pictures(ada);
  await controlled(ada);
  await ada.goto(`${world.origin}/second/`);
  await pictures(ada);
  await ada.goto(`${world.origin}/`);
  await pictures(ada);

  const ben = await (await person()).page();
  await ben.goto(`${world.origin}/`);
  await pictures(ben);
  await controlled(ben);
  await expect.poll(async () => (await view(ben))?.stats.peers.some((p) => p.connected && p.kind === "webrtc"), { timeout: 60_000 }).toBe(true);

  await world.stopFront();
  // Only Ada has this, and nobody else is left to introduce them.
  const got = await ben.evaluate(async () => {
    const r = await fetch("/last.png");
    return { status: r.status, size: (await r.arrayBuffer()).byteLength };
  });
  expect(got).toEqual({ status: 200, size: (files["last.png"] as Uint8Array).length });
  await ada.goto(`${world.origin}/second/`);
  await expect(ada.locator("h1")).toHaveText("Second");
  await pictures(ada);
});

test("what is dynamic reaches the website, cookies and all", async ({ person }) => {
  const world = await startWorld(await public_());
  await expect.poll(() => world.files(), { timeout: 60_000 }).toBeGreaterThan(0);
  const page = await (await person()).page();
  await page.goto(`${world.origin}/`);
  await controlled(page);
  const hello = (method: string): Promise<string> => page.evaluate(async (m) => (await fetch("/hello", { method: m })).text(), method);
  expect(await hello("GET")).toBe("GET nobody");
  expect(await hello("POST")).toBe("POST seen=1");
  expect(world.asked("/hello")).toBeGreaterThanOrEqual(2);
});
