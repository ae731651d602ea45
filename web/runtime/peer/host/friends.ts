/** `/.kith/friends/` and `/.kith/share` (spec/app-api.md §3, §4). */
import { Fault } from "../fault.ts";
import type { App, Apps, Grant } from "./apps.ts";
import type { Asks, Decision } from "./asks.ts";
import type { AppStore, Audience, Doc } from "./contract.ts";
import type { Feeds } from "./feeds.ts";
import type { FriendData } from "./frienddata.ts";
import { json, notAllowed, object, Refusal, reply, waitOf, type Request } from "./http.ts";
import { shownAudience } from "./list.ts";
import { resolve } from "./mounts.ts";
import { checked, isFolder } from "./path.ts";
import type { Answered } from "../service/wire.ts";

/** The seconds that a person has for a decision. */
const decides = { usual: 120, most: 600 } as const;

/** What Friends needs of the host. */
export interface Parts { store: AppStore; apps: Apps; asks: Asks; feeds: Feeds; data: FriendData }

/** Friends, as an app sees them. */
export class Friends {
  readonly #p: Parts;

  constructor(parts: Parts) {
    this.#p = parts;
  }

  /** path is below /.kith/friends/. */
  async answer(r: Request, path: string): Promise<Answered> {
    const app = this.#p.apps.require(r.call.from.scope);
    if (path === "") {
      if (r.method === "POST") return this.#choose(r, app);
      if (r.method !== "GET") throw notAllowed("GET, POST");
      return this.#list(app);
    }
    const slash = path.indexOf("/");
    const handle = slash < 0 ? path : path.slice(0, slash);
    const friend = (await this.#p.apps.friends(app)).get(handle);
    if (!friend || slash < 0) throw new Fault("not_found", `there is no friend ${handle.slice(0, 16)}`);
    const there = checked(path.slice(slash + 1));
    if (r.method === "DELETE") {
      await this.#p.store.forget(app.app, friend.id, there);
      return reply(204);
    }
    return this.#p.data.answer(r, { app: app.app, friend: friend.id, path: there, seen: app.app, back: (p) => p });
  }

  async #list(app: App): Promise<Answered> {
    const items = [...(await this.#p.apps.friends(app))].map(([friend, f]) => ({
      friend, name: f.name, heard: f.heard === undefined ? null : new Date(f.heard).toISOString(),
    }));
    return json({ items });
  }

  async #choose(r: Request, app: App): Promise<Answered> {
    const decision = await this.#p.asks.ask(
      { kind: "friends", app: app.app, title: app.title, friends: app.friends }, waitOf(r, decides.usual, decides.most), r.call,
    );
    if (!decision) throw new Refusal(403, "refused", "the person chose nobody");
    const before = this.#p.apps.at(app.scope);
    const now = { ...before, friends: ids(decision["friends"]), granted: [...new Set<Grant>([...before.granted, "friends"])] };
    await this.#p.apps.save(now);
    this.#p.feeds.friends(now);
    return this.#list(now);
  }

  /** `POST /.kith/share`. */
  async share(r: Request): Promise<Answered> {
    if (r.method !== "POST") throw notAllowed("POST");
    const app = this.#p.apps.require(r.call.from.scope, "data");
    const said = await object(r);
    if (typeof said["path"] !== "string") throw new Fault("invalid", '"path" is missing');
    const path = checked(said["path"]);
    if (resolve(app, path).mounted) throw new Refusal(403, "read-only", `${path} is mounted, and shared where it belongs`);
    const docs = await this.#documents(app.app, path);
    if (docs.length === 0) throw new Fault("not_found", `there is nothing at ${path}`);
    const pick = said["pick"] === true;
    const proposed = await this.#audience(app, said["audience"] ?? (pick ? { kind: "nobody" } : undefined));
    if (!pick && app.granted.includes("share")) {
      const seen = new Set([...(await this.#p.apps.friends(app)).values()].map((f) => f.id));
      const named = ({ audience: { kind, friends } }: Doc): Audience => (proposed.kind === "some" && kind === "some"
        ? { kind, friends: [...proposed.friends, ...friends.filter((id) => !seen.has(id))] }
        : proposed);
      for (const d of docs) await this.#p.store.share(app.app, d.path, named(d));
      return json({ path, audience: await shownAudience(this.#p.apps, app, docs.length === 1 && docs[0]?.path === path ? named(docs[0]) : proposed) });
    }
    const decision = await this.#p.asks.ask(
      { kind: "share", app: app.app, title: app.title, path, audience: proposed }, waitOf(r, decides.usual, decides.most), r.call,
    );
    if (!decision) throw new Refusal(403, "refused", `the person did not share ${path}`);
    const audience = decided(decision);
    if ((await this.#p.store.share(app.app, path, audience)) === 0) throw new Fault("not_found", `there is nothing at ${path}`);
    return json({ path, audience: await shownAudience(this.#p.apps, app, audience) });
  }

  async #documents(app: string, path: string): Promise<Doc[]> {
    if (isFolder(path)) return this.#p.store.documents(app, path);
    const doc = await this.#p.store.document(app, path);
    return doc ? [doc] : [];
  }

  /** What an app says, with handles. */
  async #audience(app: App, said: unknown): Promise<Audience> {
    const { kind, friends } = readAudience(said);
    const visible = await this.#p.apps.friends(app);
    const found = friends.map((handle) => {
      const friend = visible.get(handle);
      if (!friend) throw new Refusal(404, "not-found", `there is no friend ${handle.slice(0, 16)}`);
      return friend.id;
    });
    return { kind, friends: found };
  }
}

/** What the person chose, with ids. */
function decided(d: Decision): Audience {
  return readAudience(d["audience"]);
}

function readAudience(value: unknown): Audience {
  const v = value as { kind?: unknown; friends?: unknown } | null | undefined;
  const kind = v?.kind;
  if (kind !== "nobody" && kind !== "some" && kind !== "all") {
    throw new Fault("invalid", '"audience" is not understood', 'say {"kind": "nobody" | "some" | "all", "friends": […]}');
  }
  return { kind, friends: kind === "some" ? ids(v?.friends) : [] };
}

/** A list of ids or handles. */
export function ids(value: unknown): string[] {
  return Array.isArray(value) ? [...new Set(value.filter((v): v is string => typeof v === "string"))] : [];
}
