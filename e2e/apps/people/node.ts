// What runs beside browsers: nodes, by the commands of their owners, and relays that
// come and go.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { env, said } from "../../browser/tests/chromium.ts";
import { expect, patience, type Somebody } from "./people.ts";

const run = promisify(execFile);

interface Link { id: string; link?: string; safety?: string; state: string }

/** A node of somebody's, which the Go test runs. */
export class Machine {
  readonly home: string;
  readonly #console: string;
  #token = "";

  constructor(story: "DEVICES" | "DELETION" | "RECOVERY") {
    this.home = env(`KITH_${story}_HOME`);
    this.#console = env(`KITH_${story}`);
  }

  async kith(...args: string[]): Promise<string> {
    return (await run(env("KITH_BIN"), [...args, "--home", this.home])).stdout;
  }

  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.kith(...args, "--json")) as T;
  }

  /** What a document of an app says here; undefined where it is not. */
  async has(app: string, path: string): Promise<string | undefined> {
    if (this.#token === "") {
      const page = await (await fetch(`${this.#console}/`)).text();
      this.#token = /name="kith-token" content="([^"]+)"/.exec(page)?.[1] ?? "";
    }
    const answer = await fetch(`${this.#console}/api/v1/data/${path}?app=${app}`, { headers: { Authorization: `Bearer ${this.#token}` } });
    if (answer.status === 404) return undefined;
    expect(answer.status).toBe(200);
    return answer.text();
  }

  async #links(): Promise<readonly Link[]> {
    return (await this.json<{ links: Link[] | null }>("device")).links ?? [];
  }

  /** Becomes a device of somebody, by the link that it shows and the code on both. */
  async joins(who: Somebody): Promise<void> {
    const { link } = await this.json<Link>("device", "link", "--name", "node");
    const p = await who.goes("devices");
    await p.locator("#device-link").fill(link ?? "");
    await p.getByRole("button", { name: "Take the link" }).click();
    await expect(p.locator(".safety")).toBeVisible({ timeout: patience });
    await expect.poll(async () => (await this.#links())[0]?.safety ?? "", { timeout: patience }).not.toBe("");
    const [mine] = await this.#links();
    expect(mine?.safety).toBe(await p.locator(".safety .visually-hidden").textContent());
    await this.kith("device", "confirm", mine?.id ?? "");
    await p.getByRole("button", { name: "They are the same" }).click();
    await expect(p.locator("#others ~ ul > li")).toHaveCount(1, { timeout: patience });
  }

  /** Shuts the devices out that have such names, for good: by the recovery phrase. */
  async shutsOut(which: (name: string) => boolean, words: string): Promise<void> {
    const { devices } = await this.json<{ devices: { id: string; name: string }[] }>("device");
    for (const d of devices.filter((d) => which(d.name))) {
      const done = run(env("KITH_BIN"), ["device", "revoke", d.id, "--phrase", "--home", this.home]);
      done.child.stdin?.end(`${words}\n`);
      await done;
    }
  }

  /** Lets somebody's browser in, which shows a link. */
  async letsIn(who: Somebody): Promise<void> {
    const p = await who.goes("devices");
    await p.locator("#new-name").fill("fresh");
    await p.getByRole("button", { name: "Show a link" }).click();
    const link = (await p.locator(".invitation code").getAttribute("title")) ?? "";
    await this.kith("device", "accept", link);
    await expect(p.locator(".safety")).toBeVisible({ timeout: patience });
    await expect.poll(async () => (await this.#links())[0]?.safety ?? "", { timeout: patience }).not.toBe("");
    const [mine] = await this.#links();
    expect(mine?.safety).toBe(await p.locator(".safety .visually-hidden").textContent());
    await this.kith("device", "confirm", mine?.id ?? "");
    await p.getByRole("button", { name: "They are the same" }).click();
    await expect(p.locator("#others ~ ul > li")).not.toHaveCount(0, { timeout: patience });
  }
}

/** A relay that can end, and come back where it was. */
export class Relay {
  readonly #home: string;
  readonly #address: string;
  #process: ChildProcess | undefined;

  private constructor(home: string, address: string) {
    this.#home = home;
    this.#address = address;
  }

  static async start(): Promise<Relay> {
    const relay = new Relay(await mkdtemp(join(tmpdir(), "kith-relay-")), `127.0.0.1:${await freePort()}`);
    await relay.comes();
    return relay;
  }

  get url(): string {
    return `ws://${this.#address}`;
  }

  async comes(): Promise<void> {
    const child = spawn(env("KITH_BIN"), ["relay", "--home", this.#home, "--listen", this.#address], { stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    await said([child.stdout, child.stderr], child, /(\bready\b).*\n/);
  }

  async dies(): Promise<void> {
    const child = this.#process;
    if (!child) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await ended;
    this.#process = undefined;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address ? address.port : 0;
}
