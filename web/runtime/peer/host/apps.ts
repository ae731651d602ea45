/**
 * What apps of this origin were granted. An app is known by the path of its
 * service worker's scope; what it is called is its own to say.
 */
import type { AppStore, Friend, Keep } from "./contract.ts";
import { octets, Refusal } from "./http.ts";

/** What can be granted. */
export const grants = ["data", "friends", "share", "nearby"] as const;
export type Grant = (typeof grants)[number];

/** A document or folder from elsewhere. */
export interface Mount {
  id: string;
  /** Below which path of the app. */
  at: string;
  writable: boolean;
  /** The path there; ends in "/" for a folder. */
  path: string;
  /** The app that has it; of the friend, where one is said. */
  app: string;
  friend?: string | undefined;
}

/** One app. */
export interface App {
  scope: string;
  app: string;
  title: string;
  granted: Grant[];
  /** Ids of the friends that it sees. */
  friends: string[];
  mounts: Mount[];
}

/** The apps that were connected. */
export class Apps {
  readonly #keep: Keep;
  readonly #store: AppStore;

  constructor(keep: Keep, store: AppStore) {
    this.#keep = keep;
    this.#store = store;
  }

  /** The app at scope; one that was never connected has no name. */
  at(scope: string): App {
    const kept = this.#keep.get(`app ${scope}`);
    return kept ? (JSON.parse(new TextDecoder().decode(kept)) as App) : { scope, app: "", title: "", granted: [], friends: [], mounts: [] };
  }

  all(): App[] {
    return [...this.#keep.each("app ")].map(([, v]) => JSON.parse(new TextDecoder().decode(v)) as App);
  }

  async save(app: App): Promise<void> {
    await this.#keep.apply(new Map([[`app ${app.scope}`, octets(JSON.stringify(app))]]));
  }

  /** The friends that an app sees, by handle. */
  async friends(app: App): Promise<Map<string, Friend>> {
    const out = new Map<string, Friend>();
    for (const f of await this.#store.friends()) {
      if (app.granted.includes("friends") && app.friends.includes(f.id)) out.set(await this.#store.handle(app.app, f.id), f);
    }
    return out;
  }

  /** The app at scope, when it was granted what it wants to use; or anything, where none is said. */
  require(scope: string, grant?: Grant): App {
    const app = this.at(scope);
    if (grant ? !app.granted.includes(grant) : app.granted.length === 0) {
      throw new Refusal(403, "not-connected", `the app was not granted ${grant ?? "anything"}`, `POST /.kith/connect with "wants": ["${grant ?? "data"}"]`);
    }
    return app;
  }
}
