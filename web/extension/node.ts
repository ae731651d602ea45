// The local API of the node, as far as it is for extensions (docs/decisions/0018).

/** A failure that the node told, or one of reaching it (kind "offline"). */
export class NodeError extends Error {
  readonly kind: string;
  readonly hint: string;

  constructor(kind: string, message: string, hint = "") {
    super(message);
    this.name = "NodeError";
    this.kind = kind;
    this.hint = hint;
  }
}

/** What is used of a site. */
export interface Site {
  readonly address: string;
  readonly label: string;
  readonly name?: string;
  readonly target?: string;
  readonly network?: string;
  readonly state: string;
  readonly error?: string;
  readonly pinned: boolean;
  readonly published: boolean;
  readonly stats: {
    readonly total: number;
    readonly stored: number;
    readonly downloaded: number;
    readonly uploaded: number;
    readonly downRate: number;
    readonly upRate: number;
    readonly peers: readonly unknown[] | null;
  };
}

const within = 20_000;

/** The node at a place, used with a token. */
export class Node {
  readonly place: string;
  readonly #token: string;

  constructor(place: string, token: string) {
    this.place = place;
    this.#token = token;
  }

  /** Asks to be connected; the answer is the code that the console shows too. */
  async ask(name: string, challenge: string): Promise<string> {
    return (await this.#call<{ code: string }>("POST", "extensions/ask", { name, challenge })).code;
  }

  /** The token, once the owner consented; "" before. */
  async claim(secret: string): Promise<string> {
    return (await this.#call<{ token: string }>("POST", "extensions/claim", { secret })).token;
  }

  async version(): Promise<string> {
    return (await this.#call<{ version: string }>("GET", "version")).version;
  }

  /** Opens an address and returns where it is seen. */
  async open(address: string): Promise<string> {
    const { url } = await this.#call<{ url: string }>("POST", "open", { address });
    const u = new URL(url);
    if (u.protocol !== "http:" || (u.hostname !== "localhost" && !u.hostname.endsWith(".localhost"))) {
      throw new NodeError("internal", "the node leads elsewhere");
    }
    return url;
  }

  async site(label: string): Promise<Site> {
    return this.#call<Site>("GET", `sites/${encodeURIComponent(label)}`);
  }

  async keep(label: string, pinned: boolean): Promise<Site> {
    return this.#call<Site>("PATCH", `sites/${encodeURIComponent(label)}`, { pinned });
  }

  /** The network that a domain has a site on; undefined when it has none. */
  async resolve(domain: string): Promise<string | undefined> {
    try {
      const { network } = await this.#call<{ network: string }>("GET", `resolve?address=${encodeURIComponent(domain)}`);
      return network;
    } catch (e) {
      if (e instanceof NodeError && e.kind === "not_found") {
        return undefined;
      }
      throw e;
    }
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = this.#token ? { Authorization: `Bearer ${this.#token}` } : {};
    const init: RequestInit = { method, headers, cache: "no-store", credentials: "omit", redirect: "error", signal: AbortSignal.timeout(within) };
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(body);
    }
    let response: Response;
    let answer: unknown;
    try {
      response = await fetch(`${this.place}/api/v1/${path}`, init);
      answer = await response.json();
    } catch (e) {
      throw new NodeError("offline", e instanceof Error ? e.message : String(e));
    }
    if (!response.ok) {
      throw failure(answer, response.status);
    }
    return answer as T;
  }
}

function failure(answer: unknown, status: number): NodeError {
  const error = (answer as { error?: { kind?: unknown; message?: unknown; hint?: unknown } } | null)?.error;
  if (typeof error?.kind === "string" && typeof error.message === "string") {
    return new NodeError(error.kind, error.message, typeof error.hint === "string" ? error.hint : "");
  }
  return new NodeError(status === 401 ? "unauthorized" : "internal", `HTTP ${status}`);
}
