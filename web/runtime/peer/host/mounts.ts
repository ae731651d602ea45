/** Documents from elsewhere below a path of the app (spec/app-api.md §2.2). */
import { Fault } from "../fault.ts";
import type { Apps, App, Mount } from "./apps.ts";
import type { Asks } from "./asks.ts";
import { json, notAllowed, object, Refusal, reply, waitOf, type Request } from "./http.ts";
import { checked, isFolder } from "./path.ts";
import type { Answered } from "../service/wire.ts";

/** Mounts of one app. */
const most = 64;

/** Where a path leads. */
export interface Place {
  app: string;
  path: string;
  /** A friend's, where one is said. */
  friend?: string | undefined;
  writable: boolean;
  mounted: boolean;
  /** From there back to the path as the app knows it. */
  back(path: string): string;
}

/** Finds where path of an app leads: to its own documents, or by the deepest mount. */
export function resolve(app: App, path: string): Place {
  let found: Mount | undefined;
  for (const m of app.mounts) {
    if (under(path, m.at) && (!found || m.at.length > found.at.length)) found = m;
  }
  if (!found) return { app: app.app, path, writable: true, mounted: false, back: (p) => p };
  const m = found;
  return {
    app: m.app, friend: m.friend, writable: m.writable, mounted: true, path: m.path + path.slice(m.at.length),
    back: (p) => m.at + p.slice(m.path.length),
  };
}

/** Whether path is what is mounted at a place, or below it. */
export function under(path: string, at: string): boolean {
  return path === at || (isFolder(at) && path.startsWith(at));
}

/** Mounts that are below a folder, but are not it. */
export function below(app: App, folder: string): Mount[] {
  return app.mounts.filter((m) => m.at !== folder && m.at.startsWith(folder));
}

/** `/.kith/mounts`. */
export class Mounts {
  readonly #apps: Apps;
  readonly #asks: Asks;

  constructor(apps: Apps, asks: Asks) {
    this.#apps = apps;
    this.#asks = asks;
  }

  async answer(r: Request, id: string): Promise<Answered> {
    const app = this.#apps.require(r.call.from.scope, "data");
    if (id !== "") {
      if (r.method !== "DELETE") throw notAllowed("DELETE");
      if (!app.mounts.some((m) => m.id === id)) throw new Fault("not_found", `there is no mount ${id.slice(0, 32)}`);
      await this.#apps.save({ ...app, mounts: app.mounts.filter((m) => m.id !== id) });
      return reply(204);
    }
    if (r.method === "GET") return json({ items: app.mounts.map(shown) });
    if (r.method !== "POST") throw notAllowed("GET, POST");
    return this.#add(r);
  }

  async #add(r: Request): Promise<Answered> {
    const { scope } = r.call.from;
    const { at } = await object(r);
    if (typeof at !== "string" || at === "") throw new Fault("invalid", '"at" is no path', 'say below which: {"at": "pictures/"}');
    checked(at);
    const before = this.#apps.at(scope);
    if (before.mounts.length >= most) throw new Fault("rate_limited", `the app has ${most} mounts`, "end one first");
    const decision = await this.#asks.ask({ kind: "mount", app: before.app, title: before.title, at }, waitOf(r, 120, 600), r.call);
    const picked = decision && readPicked(decision, at);
    if (!picked) throw new Refusal(403, "refused", "the person picked nothing");
    const mount = { ...picked, at, id: crypto.randomUUID().slice(0, 8) };
    const app = this.#apps.at(scope); // as it is now
    await this.#apps.save({ ...app, mounts: [...app.mounts.filter((m) => m.at !== at), mount] });
    return json(shown(mount), 201, { Location: `/.kith/mounts/${mount.id}` });
  }
}

function shown(m: Mount): { id: string; at: string; writable: boolean } {
  return { id: m.id, at: m.at, writable: m.writable };
}

/** What the people page says was picked: `{"app", "path", "writable"}` or `{"friend", "app", "path"}`. */
function readPicked(d: Readonly<Record<string, unknown>>, at: string): Omit<Mount, "id" | "at"> {
  const { app, path, friend } = d;
  if (typeof app !== "string" || typeof path !== "string" || isFolder(path) !== isFolder(at)) {
    throw new Fault("invalid", "what was picked is no document or folder", 'say {"app", "path", "writable"}');
  }
  const from = typeof friend === "string" ? { friend } : {};
  return { app, path: checked(path), writable: d["writable"] === true && typeof friend !== "string", ...from };
}
