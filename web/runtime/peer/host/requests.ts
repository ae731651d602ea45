/** Questions to friends that nobody answered yet (spec/app-api.md §4). */
import { Fault } from "../fault.ts";
import type { App, Apps } from "./apps.ts";
import type { AppStore, Keep, RequestState } from "./contract.ts";
import { json, notAllowed, octets, reply, type Request } from "./http.ts";
import type { Answered } from "../service/wire.ts";

/** What is remembered of one. */
interface Kept { id: string; scope: string; friend: string; path: string; state: RequestState }

/** What an app is told of one. */
export interface Said { id: string; friend: string; path: string; state: RequestState }

/** Questions that are remembered. */
const most = 1000;

/** The questions of all apps. */
export class Requests {
  readonly #keep: Keep;
  readonly #store: AppStore;
  readonly #apps: Apps;

  constructor(keep: Keep, store: AppStore, apps: Apps) {
    this.#keep = keep;
    this.#store = store;
    this.#apps = apps;
  }

  /** Remembers one; friend is what the app calls them. */
  async add(app: App, id: string, friend: string, path: string): Promise<Said> {
    const all = [...this.#keep.each("request ")];
    const drop = all.slice(0, Math.max(0, all.length + 1 - most)).map(([key]) => key);
    const kept: Kept = { id, scope: app.scope, friend, path, state: "waiting" };
    await this.#keep.apply(new Map([[`request ${id}`, octets(JSON.stringify(kept))]]), drop);
    return said(kept);
  }

  /** Goes on waiting for those that an earlier worker waited for. */
  resume(): void {
    for (const [, value] of this.#keep.each("request ")) {
      const { id, state } = JSON.parse(new TextDecoder().decode(value)) as Kept;
      if (state === "waiting") void this.#store.request(id).catch(() => undefined);
    }
  }

  /** Takes what became of one, and says whom to tell. */
  async changed(id: string, state: RequestState): Promise<{ scope: string; said: Said } | undefined> {
    const kept = this.#get(id);
    if (!kept || kept.state === state) return undefined;
    const now = { ...kept, state };
    await this.#keep.apply(new Map([[`request ${id}`, octets(JSON.stringify(now))]]));
    return { scope: kept.scope, said: said(now) };
  }

  async answer(r: Request, id: string): Promise<Answered> {
    const app = this.#apps.require(r.call.from.scope);
    const kept = this.#get(id);
    if (!kept || kept.scope !== app.scope) throw new Fault("not_found", `there is no request ${id.slice(0, 40)}`);
    if (r.method === "DELETE") {
      await this.#store.giveUp(id);
      await this.#keep.apply(new Map(), [`request ${id}`]);
      return reply(204);
    }
    if (r.method !== "GET") throw notAllowed("GET, DELETE");
    const state = (await this.#store.request(id)) ?? (kept.state === "waiting" ? "expired" : kept.state);
    return json({ ...said(kept), state });
  }

  #get(id: string): Kept | undefined {
    const data = this.#keep.get(`request ${id}`);
    return data && (JSON.parse(new TextDecoder().decode(data)) as Kept);
  }
}

function said(k: Kept): Said {
  return { id: k.id, friend: k.friend, path: k.path, state: k.state };
}
