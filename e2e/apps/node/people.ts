// The people of these cases: their nodes, asked as their owners' programs ask them,
// and Ada's console in a tab.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, type Locator, type Page } from "@playwright/test";
import { env } from "../../browser/tests/chromium.ts";
import type { Decision, Pick, Seen } from "../suite/world.ts";

const run = promisify(execFile);

/** Somebody's node. */
export class Somebody {
  readonly name: string;
  readonly console: string;
  readonly home: string;
  readonly #pid: number;
  #token = "";

  constructor(name: string) {
    const upper = name.toUpperCase();
    this.name = name;
    this.console = env(`KITH_${upper}`);
    this.home = env(`KITH_${upper}_HOME`);
    this.#pid = Number(env(`KITH_${upper}_PID`));
  }

  /** Runs a command of kith against the node. */
  async kith(...args: string[]): Promise<string> {
    return (await run(env("KITH_BIN"), [...args, "--home", this.home])).stdout;
  }

  /** Calls the node's API. */
  async api(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Response> {
    if (this.#token === "") {
      const page = await (await fetch(`${this.console}/`)).text();
      this.#token = /name="kith-token" content="([^"]+)"/.exec(page)?.[1] ?? "";
    }
    return fetch(`${this.console}/api/v1${path}`, { method, headers: { Authorization: `Bearer ${this.#token}`, ...headers }, ...(body === undefined ? {} : { body }) });
  }

  async calls(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<string> {
    const answer = await this.api(method, path, body, headers);
    const text = await answer.text();
    expect(answer.ok, `${this.name}: ${method} ${path}: ${text}`).toBe(true);
    return text;
  }

  async json<T>(method: string, path: string, what: unknown): Promise<T> {
    const text = await this.calls(method, path, JSON.stringify(what), { "Content-Type": "application/json" });
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** Stops the node as a closed laptop does, and wakes it again. */
  falls(asleep: boolean): void {
    process.kill(this.#pid, asleep ? "SIGSTOP" : "SIGCONT");
  }

  /** Becomes the friend of another by a link, which an app's page might have carried. */
  async befriends(other: Somebody): Promise<void> {
    const { link } = await this.json<{ link: string }>("POST", "/invitations", { for: other.name, expires: 3600 });
    await other.json("POST", "/friends", { link: link.replace(/^.*#/, "https://app.example/album/#kith-join="), name: this.name });
    await expect.poll(async () => (JSON.parse(await this.calls("GET", "/sharing")) as { friends: { name: string; pending: boolean }[] }).friends
      .filter((f) => f.name === other.name && !f.pending).length, { timeout: 60_000 }).toBe(1);
    await expect.poll(async () => (JSON.parse(await other.calls("GET", "/sharing")) as { friends: { pending: boolean }[] }).friends
      .every((f) => !f.pending), { timeout: 60_000 }).toBe(true);
  }

  async puts(app: string, path: string, text: string, type: string, whom = ""): Promise<void> {
    const query = new URLSearchParams({ app, ...(whom ? { for: whom } : {}) });
    await this.calls("PUT", `/data/${path}?${query.toString()}`, text, { "Content-Type": type });
  }

  /** What a friend's node answers this one. */
  async sees(friend: string, path: string): Promise<Seen> {
    const answer = await this.api("GET", `/friends/${friend}/data/${path}`, undefined, { Prefer: "wait=30", "Cache-Control": "no-cache" });
    return { status: answer.status, text: await answer.text() };
  }
}

/** Answers the question that stands in the console, as a person does. */
export async function decide(console: Page, d: Decision): Promise<void> {
  const card = console.locator("kith-app-ask .ask");
  await expect(card).toHaveCount(1);
  if (d.yes) {
    if ((d.to === "connect" || d.to === "friends") && d.friends) {
      await choose(card.locator("fieldset.chosen"), d.friends);
    }
    if (d.to === "share") {
      await card.getByRole("radio", { name: { nobody: "Only you", some: "Some friends", all: "All friends" }[d.kind ?? "nobody"] }).check();
      if (d.kind === "some") {
        await choose(card.locator(".some"), d.friends ?? []);
      }
    }
    if (d.to === "mount" && d.pick) {
      await pick(card, d.pick);
    }
  }
  await card.locator(d.yes ? "button.primary" : "button:not(.primary)").click();
  await expect(card).toHaveCount(0);
}

async function choose(boxes: Locator, names: readonly string[]): Promise<void> {
  for (const box of await boxes.locator("label.check").all()) {
    await box.locator("input").setChecked(names.includes((await box.innerText()).trim()));
  }
}

async function pick(card: Locator, p: Pick): Promise<void> {
  if (p.friend) {
    await card.getByLabel("Whose?").selectOption({ label: p.friend });
  }
  await card.getByLabel("Of which app?").selectOption(p.app ?? "");
  await card.getByRole("radio", { name: p.path, exact: true }).check();
  if (p.writable) {
    await card.getByLabel("may change and delete").check();
  }
}
