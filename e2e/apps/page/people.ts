// People whose app is a page on a plain web server: each has an origin of their own.
import type { Page } from "@playwright/test";
import type { Decision, Seen } from "../suite/world.ts";
import { expect, open, type Person, type Site } from "./setting.ts";

/** Somebody's app, open in a tab. */
export class Somebody {
  readonly name: string;
  readonly #who: Person;
  readonly #site: Site;
  page!: Page;

  constructor(name: string, who: Person, site: Site) {
    this.name = name;
    this.#who = who;
    this.#site = site;
  }

  /** Opens the app, and has its peer run. */
  async opens(path = "/"): Promise<Page> {
    this.page = await open(this.#who, `${this.#site.origin}${path}`);
    await this.page.evaluate(() => window.attach());
    return this.page;
  }

  /** Calls what the people pages call. */
  async api<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    const answer = await this.page.evaluate(async ([method, path, text, headers]) => {
      const a = await fetch(`/.kith/api/${path}`, { method, headers, ...(text === undefined ? {} : { body: text }) });
      return { status: a.status, text: await a.text() };
    }, [method, path, text, headers] as const);
    expect(answer.status, `${this.name}: ${method} ${path}: ${answer.text}`).toBeLessThan(300);
    return (answer.text === "" ? undefined : JSON.parse(answer.text)) as T;
  }

  async state(): Promise<{ friends: { id: string; name: string; pending: boolean }[] }> {
    return this.api("GET", "sharing");
  }

  /** Becomes somebody, with mailboxes on a relay. */
  async begins(relay: string): Promise<void> {
    await this.api("POST", "person", { name: this.name });
    await this.api("PUT", "person/relays", { relays: [relay] });
  }

  /** Becomes the friend of another by a link to the app. */
  async befriends(other: Somebody): Promise<void> {
    const { link } = await this.api<{ link: string }>("POST", "invitations", { for: other.name });
    expect(link).toContain(`${this.#site.origin}/#kith-join=`);
    await other.api("POST", "friends", { link, name: this.name });
    const know = async (one: Somebody, name: string): Promise<boolean> => (await one.state()).friends.some((f) => f.name === name && !f.pending);
    await expect.poll(() => know(this, other.name), { timeout: 60_000 }).toBe(true);
    await expect.poll(() => know(other, this.name), { timeout: 60_000 }).toBe(true);
  }

  /** Answers the next question of an app as a people page does. */
  async decides(d: Decision): Promise<void> {
    const { friends } = await this.state();
    const ids = (names: readonly string[] = []): string[] => names.map((n) => friends.find((f) => f.name === n)?.id ?? "");
    const asked = async (): Promise<string | undefined> =>
      (await this.api<{ items: { id: string; kind: string }[] }>("GET", "asks")).items.find((i) => i.kind === d.to)?.id;
    await expect.poll(asked).toBeTruthy();
    await this.api("POST", `asks/${await asked()}`, { allow: d.yes, ...said(d, ids) });
  }

  async puts(app: string, path: string, text: string, type: string, whom = ""): Promise<void> {
    const query = new URLSearchParams({ app, ...(whom ? { for: whom } : {}) });
    await this.api("PUT", `data/${path}?${query}`, text, { "Content-Type": type });
  }

  /** What a friend's peer answers this one. */
  async sees(friend: string, path: string): Promise<Seen> {
    return this.page.evaluate(async ([friend, path]) => {
      const a = await fetch(`/.kith/api/friends/${friend}/data/${path}`, { headers: { Prefer: "wait=30", "Cache-Control": "no-cache" } });
      return { status: a.status, text: await a.text() };
    }, [friend, path] as const);
  }
}

function said(d: Decision, ids: (names?: readonly string[]) => string[]): object {
  switch (d.to) {
    case "connect":
    case "friends":
      return { friends: ids(d.friends) };
    case "share":
      return { audience: { kind: d.kind ?? "nobody", friends: ids(d.friends) } };
    case "mount":
      return { app: d.pick?.app, path: d.pick?.path, writable: d.pick?.writable === true, ...(d.pick?.friend ? { friend: ids([d.pick.friend])[0] } : {}) };
  }
}
