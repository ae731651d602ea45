/** People with browsers and with Go nodes, on a real relay. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Store } from "../../runtime/peer/contract.ts";
import { route, type RouteAnswer } from "../../runtime/peer/sharing/routes.ts";
import { Sharing } from "../../runtime/peer/sharing/sharing.ts";
import type { FriendView, State } from "../../runtime/peer/sharing/types.ts";
import { openStore } from "../../runtime/peer/store/index.ts";
import { folder } from "./relay.ts";
import { Disk } from "./store-disk.ts";

/** For everything that two peers and a relay do together. */
const patience = 90_000;

/** Waits until f returns something that is not undefined or false; fails with what it said last. */
export async function until<T>(what: string, f: () => Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + patience;
  for (;;) {
    let last: unknown;
    try {
      const v = await f();
      if (v !== undefined && v !== false) return v;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`not in time: ${what}`, { cause: last });
    await new Promise((done) => setTimeout(done, 50));
  }
}

export interface Answered { status: number; headers: Headers; body: Uint8Array }

/** Somebody's device, whatever program runs on it: both speak the same routes. */
export abstract class Somebody {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  abstract ask(method: string, path: string, body?: Uint8Array | string, headers?: Record<string, string>): Promise<Answered>;

  /** Calls a route and reads its JSON; a refusal throws. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const a = await this.ask(method, path, body === undefined ? undefined : JSON.stringify(body));
    const said = new TextDecoder().decode(a.body);
    assert(a.status < 300, `${this.name}: ${method} ${path}: ${a.status} ${said}`);
    return (said === "" ? undefined : JSON.parse(said)) as T;
  }

  state(): Promise<State> {
    return this.call("GET", "sharing");
  }

  /** Waits until a friend of that name answered. */
  friend(name: string): Promise<FriendView> {
    return until(`${this.name} has the friend ${name}`, async () => (await this.state()).friends.find((f) => f.name === name && !f.pending));
  }

  async put(path: string, body: Uint8Array | string, query = ""): Promise<void> {
    const a = await this.ask("PUT", `data/${path}${query}`, body, { "Content-Type": "text/plain" });
    assert.equal(a.status, 200, `${this.name} puts ${path}: ${new TextDecoder().decode(a.body)}`);
  }

  async get(path: string): Promise<Uint8Array> {
    const a = await this.ask("GET", `data/${path}`);
    assert.equal(a.status, 200, `${this.name} reads ${path}: ${new TextDecoder().decode(a.body)}`);
    return a.body;
  }

  /** What a friend shows, asked anew until it is what is wanted. */
  async sees(friend: string, path: string, want: (a: Answered) => boolean): Promise<Answered> {
    return until(`${this.name} gets ${path} of ${friend} as it should be`, async () => {
      const a = await this.ask("GET", `friends/${friend}/data/${path}`, undefined, { Prefer: "wait=20", "Cache-Control": "no-cache" });
      return want(a) ? a : Promise.reject(new Error(`${a.status} ${new TextDecoder().decode(a.body.slice(0, 200))}`));
    });
  }

  abstract end(): Promise<void>;
}

/** A person in a browser: the peer over a folder of the disk. */
export class Browser extends Somebody {
  readonly #relays: readonly string[];
  readonly #at = folder();
  #store: Store | undefined;
  sharing!: Sharing;

  private constructor(name: string, relays: readonly string[]) {
    super(name);
    this.#relays = relays;
  }

  static async start(name: string, ...relays: string[]): Promise<Browser> {
    const b = new Browser(name, relays);
    await b.open();
    return b;
  }

  async open(): Promise<void> {
    const store = this.#store = await openStore({ folder: new Disk(this.#at, true), key: new Uint8Array(32).fill(1) });
    this.sharing = await Sharing.open({
      store, name: this.name, device: `${this.name}'s browser`, relays: this.#relays, base: "https://app.example/",
      world: {
        now: Date.now, random: (n) => crypto.getRandomValues(new Uint8Array(n)),
        log: (level, message, more) => {
          if (level === "error" || process.env["KITH_VERBOSE"]) console.error(`${this.name}: ${level}: ${message}`, more);
        },
      },
    });
  }

  async ask(method: string, path: string, body?: Uint8Array | string, headers: Record<string, string> = {}): Promise<Answered> {
    const url = new URL(`http://browser/${path}`);
    const a = await route(this.sharing, {
      method, path: url.pathname.slice(1), query: url.searchParams, headers: new Headers(headers),
      body: typeof body === "string" ? new TextEncoder().encode(body) : (body ?? null), signal: AbortSignal.timeout(patience),
    });
    assert(a, `there is no route ${method} ${path}`);
    return { status: a.status, headers: new Headers(a.headers), body: await octets(a.body) };
  }

  async end(): Promise<void> {
    const store = this.#store;
    if (!store) return;
    this.#store = undefined;
    await this.sharing.close();
    await store.close();
  }
}

async function octets(body: RouteAnswer["body"]): Promise<Uint8Array> {
  return body ? new Uint8Array(await new Response(body as BodyInit).arrayBuffer()) : new Uint8Array();
}

const quiet = (relays: readonly string[]): string => `
[bittorrent]
listen = "127.0.0.1:0"
trackers = []
dht = false
dht_bootstrap = []
webrtc = false
[ipfs]
listen = ["127.0.0.1:0"]
bootstrap = []
dht = "off"
reach = false
routers = []
gateways = []
[dns]
server = "off"
well_known = false
[webrtc]
stun = []
[webtransport]
listen = "127.0.0.1:0"
[nearby]
enabled = false
[friends]
listen = "127.0.0.1:0"
keyring = false
direct = false
[mailbox]
relays = ${JSON.stringify(relays)}
`;

/** A person with a node: the real program. */
export class GoNode extends Somebody {
  readonly #program: string;
  readonly #home = folder();
  #process: ReturnType<typeof spawn> | undefined;
  #at = "";
  #token = "";

  private constructor(program: string, name: string, relays: readonly string[]) {
    super(name);
    this.#program = program;
    writeFileSync(join(this.#home, "config.toml"), quiet(relays), { mode: 0o600 });
    process.on("exit", () => this.#process?.kill("SIGKILL"));
  }

  /** Starts one, and makes its person where it is to be somebody's. */
  static async start(program: string, name: string, somebody: boolean, ...relays: string[]): Promise<GoNode> {
    const n = new GoNode(program, name, relays);
    await n.open();
    if (somebody) await n.call("POST", "person", { name });
    return n;
  }

  async open(): Promise<void> {
    const p = this.#process = spawn(this.#program, ["up", "--home", this.#home, "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const s of [p.stdout, p.stderr]) s?.on("data", (b: Buffer) => { said += b.toString(); });
    const port = await until("the node is ready", async () => {
      assert.equal(p.exitCode, null, said);
      return /ready\b.*http:\/\/localhost:(\d+)\//.exec(said)?.[1];
    });
    this.#at = `http://localhost:${port}/api/v1/`;
    this.#token = readFileSync(join(this.#home, "token"), "utf8").trim();
  }

  async ask(method: string, path: string, body?: Uint8Array | string, headers: Record<string, string> = {}): Promise<Answered> {
    const a = await fetch(this.#at + path, {
      method, headers: { ...headers, Authorization: `Bearer ${this.#token}` }, signal: AbortSignal.timeout(patience),
      ...(body !== undefined && { body: body as BodyInit }),
    });
    return { status: a.status, headers: a.headers, body: new Uint8Array(await a.arrayBuffer()) };
  }

  async end(): Promise<void> {
    const p = this.#process;
    if (!p || p.exitCode !== null) return;
    const ended = once(p, "exit");
    p.kill("SIGTERM");
    await ended;
  }
}

/** Makes a and b friends by a's link, and waits until both say so. */
export async function befriend(a: Somebody, b: Somebody): Promise<[FriendView, FriendView]> {
  const { link } = await a.call<{ link: string }>("POST", "invitations", { for: b.name });
  await b.call("POST", "friends", { link, name: a.name });
  return [await a.friend(b.name), await b.friend(a.name)];
}

/** Makes fresh a device of old's person, after a comparison of the codes. */
export async function link(old: Somebody, fresh: Somebody): Promise<void> {
  const { link: text } = await fresh.call<{ link: string }>("POST", "devices", {});
  await old.call("POST", "devices/accept", { link: text });
  const code = (s: Somebody): Promise<{ id: string; safety: string }> =>
    until(`${s.name} shows a code`, async () => {
      const l = (await s.state()).links.find((x) => x.safety !== undefined);
      return l && { id: l.id, safety: l.safety ?? "" };
    });
  const [x, y] = [await code(old), await code(fresh)];
  assert.equal(x.safety, y.safety);
  const before = (await old.state()).devices.length;
  await old.call("POST", `devices/${x.id}/confirm`);
  await fresh.call("POST", `devices/${y.id}/confirm`);
  for (const s of [old, fresh]) {
    await until(`${s.name} knows the new device`, async () => (await s.state()).devices.length === before + 1);
  }
}
