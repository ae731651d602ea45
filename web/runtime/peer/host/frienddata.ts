/** What friends have, asked for by HTTP (spec/app-api.md §4). */
import { Fault } from "../fault.ts";
import type { App } from "./apps.ts";
import type { AppStore, Asked } from "./contract.ts";
import { directives, json, notAllowed, parse, Refusal, waitOf, type Request } from "./http.ts";
import { page, windowOf } from "./list.ts";
import { byOctets, isFolder } from "./path.ts";
import type { Requests } from "./requests.ts";
import { serve } from "./serve.ts";
import type { Answered } from "../service/wire.ts";

/** A document of a friend. */
export interface There {
  app: string;
  /** Its id. */
  friend: string;
  path: string;
  /** The app that asks. */
  seen: string;
  /** From a path there to the path as the app knows it. */
  back(path: string): string;
}

/** Asks friends. */
export class FriendData {
  readonly #store: AppStore;
  readonly #requests: Requests;
  readonly #appAt: (scope: string) => App;

  constructor(store: AppStore, requests: Requests, appAt: (scope: string) => App) {
    this.#store = store;
    this.#requests = requests;
    this.#appAt = appAt;
  }

  async answer(r: Request, there: There): Promise<Answered> {
    if (r.method !== "GET" && r.method !== "HEAD") throw notAllowed("GET, HEAD, DELETE");
    const said = directives(r);
    const copy = said.has("only-if-cached");
    const asked = await this.#store.ask({
      app: there.app, friend: there.friend, path: there.path + after(r, there), wait: waitOf(r, 2, 300),
      fresh: said.has("no-cache"), copy, signal: r.call.signal,
    });
    switch (asked.state) {
      case "here": {
        const more: Record<string, string> = { "Cache-Control": `private, no-store, max-age=${Math.max(0, Math.floor(asked.fresh / 1000))}` };
        if (asked.age >= 0) more["Age"] = String(Math.floor(asked.age / 1000));
        if (asked.stale) more["Kith-Copy"] = "stale";
        return isFolder(there.path) ? folder(r, there, asked, more) : serve(r, { ...asked.doc, path: there.path }, asked.body, more);
      }
      case "missing":
        throw copy ? new Refusal(504, "unreachable", `there is no copy of ${there.path} here`) : new Fault("not_found", `there is nothing at ${there.path}`);
      case "gone":
        throw new Refusal(410, "gone", `${there.path} was deleted, or is no longer for you`);
      case "waiting":
        return this.#waits(r, there, asked.id);
    }
  }

  async #waits(r: Request, there: There, id: string): Promise<Answered> {
    const handle = await this.#store.handle(there.seen, there.friend);
    const said = await this.#requests.add(this.#appAt(r.call.from.scope), id, handle, there.path);
    return json(said, 202, { Location: `/.kith/requests/${id}` });
  }
}

/** The most octets of a listing. */
const mostListing = 4 << 20;

/** What a friend lets this person see, with paths as the app knows them. */
async function folder(r: Request, there: There, asked: Asked & { state: "here" }, more: Record<string, string>): Promise<Answered> {
  let text: Uint8Array;
  try {
    text = await asked.body.read(0, Math.min(asked.doc.size, mostListing));
  } finally {
    asked.body.close();
  }
  const said = parse(text) as { items?: { path?: unknown; audience?: unknown }[]; next?: unknown };
  const items = (Array.isArray(said.items) ? said.items : []).flatMap((i): [string, object][] => {
    if (typeof i.path !== "string" || !i.path.startsWith(there.path)) return [];
    const path = there.back(i.path);
    return [[path, { ...i, path, audience: undefined }]];
  });
  const window = windowOf(r.query);
  const cut = page(items.sort(([a], [b]) => byOctets(a, b)), there.back(there.path), window);
  const next = cut.next ?? (typeof said.next === "string" && said.next.startsWith(there.path) ? there.back(said.next) : undefined);
  const listing = { items: cut.entries.map(([, i]) => i), ...(window.shallow ? { folders: cut.folders } : {}), ...(next === undefined ? {} : { next }) };
  const answer = json(listing, 200, more);
  return r.method === "HEAD" ? { ...answer, body: null } : answer;
}

/** The query by which a friend goes on with a listing. */
function after(r: Request, there: There): string {
  const said = r.query.get("after");
  const begin = there.back(there.path);
  if (said === null || !isFolder(there.path) || !said.startsWith(begin)) return "";
  return `?after=${encodeURIComponent(there.path + said.slice(begin.length))}`;
}
