/** What happened, told to apps by their own paths and handles (spec/app-api.md §5). */
import type { App, Apps } from "./apps.ts";
import type { AppStore, Change } from "./contract.ts";
import { Events } from "./events.ts";
import type { Request } from "./http.ts";
import { under } from "./mounts.ts";
import type { Requests } from "./requests.ts";
import type { Answered } from "../service/wire.ts";

/** The event streams of all apps. */
export class Feeds {
  readonly #apps: Apps;
  readonly #requests: Requests;
  readonly #now: () => number;
  readonly #events = new Map<string, Events>();
  readonly #unwatch: () => void;
  #last: Promise<void> = Promise.resolve();

  constructor(store: AppStore, apps: Apps, requests: Requests, now: () => number) {
    this.#apps = apps;
    this.#requests = requests;
    this.#now = now;
    this.#unwatch = store.watch((c) => {
      this.#last = this.#last.then(() => this.#tell(c)).catch(() => undefined); // in their order
    });
  }

  close(): void {
    this.#unwatch();
  }

  /** All events of an app. */
  all(r: Request, app: App): Answered {
    return this.#of(app.scope).stream(r.headers.get("Last-Event-ID"), r.call.signal, () => true);
  }

  /** Those of documents below a folder. */
  folder(r: Request, app: App, folder: string): Answered {
    const inside = (event: string, data: unknown): boolean => event === "document" && (data as { path: string }).path.startsWith(folder);
    return this.#of(app.scope).stream(r.headers.get("Last-Event-ID"), r.call.signal, inside);
  }

  /** What an app was granted is different now. */
  connected(app: App, said: unknown): void {
    this.#of(app.scope).emit("connected", said);
  }

  /** The friends that an app sees are others now. */
  friends(app: App): void {
    this.#of(app.scope).emit("friends", {});
  }

  #of(scope: string): Events {
    let events = this.#events.get(scope);
    if (!events) {
      events = new Events(this.#now);
      this.#events.set(scope, events);
    }
    return events;
  }

  async #tell(c: Change): Promise<void> {
    for (const app of this.#apps.all()) {
      if (c.kind === "document") this.#document(app, c);
      else if (c.kind === "friends") this.friends(app);
      else if (c.kind === "friend") await this.#friend(app, c.friend);
    }
    if (c.kind === "request") {
      const changed = await this.#requests.changed(c.id, c.state);
      if (changed) this.#of(changed.scope).emit("request", changed.said);
    }
  }

  #document(app: App, c: Change & { kind: "document" }): void {
    const said = (path: string): unknown => (c.deleted ? { path, deleted: true } : { path, etag: `"${c.etag ?? ""}"` });
    if (c.app === app.app && !app.mounts.some((m) => under(c.path, m.at))) this.#of(app.scope).emit("document", said(c.path));
    for (const m of app.mounts) {
      if (m.friend === undefined && m.app === c.app && under(c.path, m.path)) {
        this.#of(app.scope).emit("document", said(m.at + c.path.slice(m.path.length)));
      }
    }
  }

  async #friend(app: App, friend: string): Promise<void> {
    for (const [handle, f] of await this.#apps.friends(app)) {
      if (f.id === friend) this.#of(app.scope).emit("friend", { friend: handle });
    }
  }
}
