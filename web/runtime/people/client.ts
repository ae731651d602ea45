import { Apps, type AppAnswer, type AppAsk, type AppGrant, type ConnectedApp } from "../../console/api/apps.ts";
import { ApiError, Client } from "../../console/api/client.ts";
import type { Audience } from "../../console/api/sharing.ts";
import { faultsIn, translate } from "./faults/faults.ts";

/** A question, as the peer's host lists it (`GET /.kith/api/asks`). */
interface HostAsk {
  readonly id: string;
  readonly kind: AppAsk["kind"];
  readonly app: string;
  readonly title: string;
  readonly since: string;
  readonly wants?: readonly AppGrant[];
  readonly friends?: readonly string[];
  readonly path?: string;
  readonly at?: string;
  readonly audience?: Audience;
}

/** An app, as the host lists it (`GET /.kith/api/apps`). */
interface HostApp {
  readonly scope: string;
  readonly app: string;
  readonly title: string;
  readonly granted: readonly AppGrant[];
  readonly friends: readonly string[];
  readonly mounts: ConnectedApp["mounts"];
}

/** Apps of this origin, by the host's own words. */
export class PeopleApps extends Apps {
  readonly #client: Client;

  constructor(client: Client) {
    super(client);
    this.#client = client;
  }

  /** What apps ask at the moment. */
  async asks(): Promise<readonly AppAsk[]> {
    const { items } = await this.#client.call<{ items: readonly HostAsk[] }>("GET", "/asks");
    return items.map(({ at, path, ...ask }) => {
      const about = path ?? at;
      return { ...ask, label: ask.app, url: location.origin, address: location.origin, ...(about === undefined ? {} : { path: about }) };
    });
  }

  /** Apps that were connected. */
  async all(): Promise<readonly ConnectedApp[]> {
    const { items } = await this.#client.call<{ items: readonly HostApp[] }>("GET", "/apps");
    return items.filter((a) => a.app !== "").map(({ scope, ...a }) => ({ ...a, label: scope, url: scope, address: location.origin, given: "" }));
  }

  override async answer(ask: string, { grants, pick, ...answer }: AppAnswer): Promise<void> {
    await this.#client.call("POST", `/asks/${encodeURIComponent(ask)}`, { ...answer, ...pick, ...(grants ? { granted: grants } : {}) });
  }

  override async change(scope: string, change: { readonly granted?: readonly AppGrant[]; readonly friends?: readonly string[] }): Promise<void> {
    await this.#client.call("PATCH", "/apps", { scope, ...change });
  }

  override async revoke(scope: string): Promise<void> {
    await this.change(scope, { granted: [], friends: [] });
  }
}

/** The peer's API, as the people pages use it: the node's, without what a node alone has. */
export class PeopleClient extends Client {
  override readonly apps: PeopleApps;
  readonly #language: string;

  constructor(base: string, language: string) {
    super(undefined, base, language);
    this.apps = new PeopleApps(this);
    this.#language = language;
  }

  protected override async said(error: ApiError): Promise<ApiError> {
    const faults = await faultsIn(this.#language).catch(() => undefined); // offline: the peer's own words
    if (!faults) {
      return error;
    }
    const { message, hint } = translate(faults, error);
    return new ApiError(error.kind, message, hint);
  }
}
