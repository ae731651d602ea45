// What the node's API says of web apps, as package app writes it, and the calls
// that answer and change.

import type { Caller } from "./nearby.ts";
import type { Audience } from "./sharing.ts";

/** What an app may ask for. */
export type AppGrant = "data" | "friends" | "share";

/** A question of a web app. What it says of itself is text of a stranger. */
export interface AppAsk {
  readonly id: string;
  readonly kind: "connect" | "friends" | "share" | "mount";
  readonly label: string;
  readonly url: string;
  readonly address: string;
  readonly app: string;
  readonly title?: string;
  readonly wants?: readonly AppGrant[];
  /** The addresses of others that act as this app. */
  readonly others?: readonly string[];
  /** The IDs of the friends that it sees now. */
  readonly friends?: readonly string[];
  /** What is shared, or where something is mounted. */
  readonly path?: string;
  readonly audience?: Audience;
  readonly since: string;
}

/** What a person picked to mount. */
export interface AppPick {
  readonly friend?: string;
  readonly app?: string;
  readonly path: string;
  readonly writable?: boolean;
}

/** What a person says to a question. */
export interface AppAnswer {
  readonly allow: boolean;
  readonly grants?: readonly AppGrant[];
  readonly friends?: readonly string[];
  readonly audience?: Audience;
  readonly pick?: AppPick;
}

export interface AppMount {
  readonly id: string;
  readonly at: string;
  readonly writable: boolean;
  readonly friend?: string;
  readonly app?: string;
  readonly path: string;
}

/** What an app's origin may. */
export interface ConnectedApp {
  readonly label: string;
  readonly url: string;
  readonly address: string;
  readonly app: string;
  readonly title?: string;
  readonly granted: readonly AppGrant[];
  readonly friends: readonly string[] | null;
  readonly mounts: readonly AppMount[] | null;
  readonly given: string;
}

export interface AppState {
  readonly version: number;
  readonly asks: readonly AppAsk[];
  readonly apps: readonly ConnectedApp[];
}

/** How much there is of an app, connected or not; of "", files of no app. */
export interface HeldApp {
  readonly app: string;
  readonly documents: number;
  readonly octets: number;
}

/** What the console does with web apps. */
export class Apps {
  readonly #api: Caller;

  constructor(api: Caller) {
    this.#api = api;
  }

  async held(): Promise<readonly HeldApp[]> {
    return (await this.#api.call<{ apps: readonly HeldApp[] | null }>("GET", "/apps/held")).apps ?? [];
  }

  async answer(ask: string, answer: AppAnswer): Promise<void> {
    await this.#api.call("POST", `/apps/asks/${encodeURIComponent(ask)}`, { ...answer });
  }

  async change(label: string, change: { readonly granted?: readonly AppGrant[]; readonly friends?: readonly string[] }): Promise<void> {
    await this.#api.call("PATCH", `/apps/${encodeURIComponent(label)}`, change);
  }

  async revoke(label: string): Promise<void> {
    await this.#api.call("DELETE", `/apps/${encodeURIComponent(label)}`);
  }

  async unmount(label: string, mount: string): Promise<void> {
    await this.#api.call("DELETE", `/apps/${encodeURIComponent(label)}/mounts/${encodeURIComponent(mount)}`);
  }
}
