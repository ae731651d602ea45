import { Apps } from "./apps.ts";
import { decode, events, lines, type ServerEvent } from "./lines.ts";
import { Nearby } from "./nearby.ts";
import { Sharing } from "./sharing.ts";
import { Tour } from "./tour.ts";
import type {
  Check,
  ExtensionLists,
  Mode,
  Opened,
  Publication,
  PublishProgress,
  Site,
  Status,
} from "./types.ts";

/** A failure the API reported, or one of reaching it (kind "offline"). */
export class ApiError extends Error {
  readonly kind: string;
  readonly hint: string;

  constructor(kind: string, message: string, hint = "") {
    super(message);
    this.name = "ApiError";
    this.kind = kind;
    this.hint = hint;
  }
}

/** Rebuilds the error in {"error":{"kind","message","hint"}}; anything else becomes an "internal" one. */
export function errorFrom(body: unknown, status: number): ApiError {
  if (isRecord(body) && isRecord(body["error"])) {
    const { kind, message, hint } = body["error"];
    if (typeof kind === "string" && typeof message === "string") {
      return new ApiError(kind, message, typeof hint === "string" ? hint : "");
    }
  }
  const kind = status === 401 ? "unauthorized" : "internal";
  return new ApiError(kind, `HTTP ${status}`);
}

function isRecord(v: unknown): v is Record<string, unknown> {
  return typeof v === "object" && v !== null;
}

/** How a publication is asked for. */
export interface PublishRequest {
  readonly folder?: string;
  readonly site?: string;
  readonly name?: string;
}

/** The node's API, as the console uses it. */
export class Client {
  /** Devices nearby, and what web pages may do with them. */
  readonly nearby = new Nearby(this);
  /** The person, their friends, devices and documents. */
  readonly sharing = new Sharing(this);
  /** Web apps that have documents and friends. */
  readonly apps = new Apps(this);
  /** The first steps. */
  readonly tour = new Tour(this);
  readonly #base: string;
  /** What every request says: that the page is the person's own, and their language. */
  readonly #always: Readonly<Record<string, string>>;

  /** A page that is of the API's origin by itself has no token. The node says in language (BCP 47) what went wrong. */
  constructor(token: string | undefined, base = "/api/v1", language = "") {
    this.#base = base;
    this.#always = {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(language === "" ? {} : { "Accept-Language": language }),
    };
  }

  async status(signal?: AbortSignal): Promise<Status> {
    return this.#json<Status>("GET", "/status", undefined, signal);
  }

  async sites(signal?: AbortSignal): Promise<readonly Site[]> {
    const { sites } = await this.#json<{ sites: readonly Site[] | null }>("GET", "/sites", undefined, signal);
    return sites ?? [];
  }

  async site(label: string, signal?: AbortSignal): Promise<Site> {
    return this.#json<Site>("GET", `/sites/${encodeURIComponent(label)}`, undefined, signal);
  }

  async change(
    label: string,
    change: { pinned?: boolean; mode?: Mode; allow?: readonly string[] },
  ): Promise<void> {
    await this.#request("PATCH", `/sites/${encodeURIComponent(label)}`, JSON.stringify(change));
  }

  async remove(label: string): Promise<void> {
    await this.#request("DELETE", `/sites/${encodeURIComponent(label)}`, undefined, { keepalive: true });
  }

  async open(address: string, mode?: Mode): Promise<Opened> {
    return this.#json<Opened>("POST", "/open", JSON.stringify(mode ? { address, mode } : { address }));
  }

  async addTorrent(file: Blob): Promise<Opened> {
    return this.#json<Opened>("POST", "/torrents", file);
  }

  async extensions(): Promise<ExtensionLists> {
    return this.#json<ExtensionLists>("GET", "/extensions");
  }

  async answerExtension(id: string, allow: boolean): Promise<void> {
    await this.#request("POST", `/extensions/asking/${encodeURIComponent(id)}`, JSON.stringify({ allow }));
  }

  async disconnectExtension(id: string): Promise<void> {
    await this.#request("DELETE", `/extensions/${encodeURIComponent(id)}`);
  }

  async doctor(signal?: AbortSignal): Promise<readonly Check[]> {
    const { checks } = await this.#json<{ checks: readonly Check[] | null }>("GET", "/doctor", undefined, signal);
    return checks ?? [];
  }

  async publications(): Promise<readonly Publication[]> {
    const { publications } = await this.#json<{ publications: readonly Publication[] | null }>("GET", "/publications");
    return publications ?? [];
  }

  async unpublish(id: string): Promise<void> {
    await this.#request("DELETE", `/publications/${encodeURIComponent(id)}`);
  }

  /** Publishes a folder of this machine, in place. */
  async publishFolder(
    request: PublishRequest,
    progress: (p: PublishProgress) => void,
    signal: AbortSignal,
  ): Promise<Publication> {
    return this.#publish("/publish", request, progress, signal);
  }

  async newUpload(signal: AbortSignal): Promise<string> {
    const { id } = await this.#json<{ id: string }>("POST", "/uploads", undefined, signal);
    return id;
  }

  async dropUpload(id: string): Promise<void> {
    await this.#request("DELETE", `/uploads/${encodeURIComponent(id)}`);
  }

  async publishUpload(
    id: string,
    request: PublishRequest,
    progress: (p: PublishProgress) => void,
    signal: AbortSignal,
  ): Promise<Publication> {
    return this.#publish(`/uploads/${encodeURIComponent(id)}/publish`, request, progress, signal);
  }

  /** Sends one file of an upload. */
  async putFile(id: string, path: string, file: Blob, sent: (bytes: number) => void, signal: AbortSignal): Promise<void> {
    const escaped = path.split("/").map(encodeURIComponent).join("/");
    await this.put(`/uploads/${encodeURIComponent(id)}/files/${escaped}`, file, "application/octet-stream", sent, signal);
  }

  /** Puts a file. XMLHttpRequest, because fetch tells nothing of what was sent. */
  put<T>(path: string, file: Blob, type: string, sent: (bytes: number) => void, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      const abort = (): void => xhr.abort();
      const done = (settle: () => void): void => {
        signal.removeEventListener("abort", abort);
        settle();
      };
      xhr.open("PUT", this.#base + path);
      for (const [name, value] of Object.entries(this.#always)) {
        xhr.setRequestHeader(name, value);
      }
      xhr.setRequestHeader("Content-Type", type);
      xhr.upload.onprogress = (e) => sent(e.loaded);
      xhr.onload = () =>
        done(() => {
          if (xhr.status >= 200 && xhr.status < 300) {
            sent(file.size);
            resolve(parse(xhr.responseText) as T);
          } else {
            void this.said(errorFrom(parse(xhr.responseText), xhr.status)).then(reject, reject);
          }
        });
      xhr.onerror = () => done(() => reject(new ApiError("offline", `${path}: the node could not be reached`)));
      xhr.onabort = () => done(() => reject(signal.reason));
      signal.addEventListener("abort", abort);
      xhr.send(file);
    });
  }

  /** Follows the node's events until the stream ends or signal stops it. */
  async *events(signal: AbortSignal): AsyncGenerator<ServerEvent> {
    const response = await this.#request("GET", "/events", undefined, { signal, accept: "text/event-stream" });
    if (response.body) {
      yield* events(decode(response.body));
    }
  }

  async #publish(
    path: string,
    request: PublishRequest,
    progress: (p: PublishProgress) => void,
    signal: AbortSignal,
  ): Promise<Publication> {
    const response = await this.#request("POST", path, JSON.stringify(request), { signal });
    if (response.body) {
      for await (const line of lines(decode(response.body))) {
        const message = line === "" ? undefined : parse(line);
        if (!isRecord(message)) {
          continue;
        }
        if (message["error"]) {
          throw errorFrom(message, 500);
        }
        if (message["progress"]) {
          progress(message["progress"] as PublishProgress);
        }
        if (message["result"]) {
          return message["result"] as Publication;
        }
      }
    }
    throw new ApiError("offline", "the node stopped before it was done");
  }

  /** Calls a path of the API that answers with JSON or with nothing. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.#request(method, path, body === undefined ? undefined : JSON.stringify(body));
    return (response.status === 204 ? undefined : parse(await response.text())) as T;
  }

  /** Asks for something that is not JSON. */
  async ask(path: string, headers: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<Response> {
    return this.#request("GET", path, undefined, signal ? { headers, signal } : { headers });
  }

  async #json<T>(method: string, path: string, body?: BodyInit, signal?: AbortSignal): Promise<T> {
    const response = await this.#request(method, path, body, signal ? { signal } : {});
    return (await response.json()) as T;
  }

  async #request(
    method: string,
    path: string,
    body?: BodyInit,
    o: { signal?: AbortSignal; keepalive?: boolean; accept?: string; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Response> {
    const headers: Record<string, string> = { ...o.headers, ...this.#always };
    if (o.accept) {
      headers["Accept"] = o.accept;
    }
    if (typeof body === "string") {
      headers["Content-Type"] = "application/json";
    }
    const init: RequestInit = { method, headers, cache: "no-store", credentials: "omit", redirect: "error" };
    if (body !== undefined) {
      init.body = body;
    }
    if (o.signal) {
      init.signal = o.signal;
    }
    if (o.keepalive) {
      init.keepalive = true;
    }
    let response: Response;
    try {
      response = await fetch(this.#base + path, init);
    } catch (e) {
      o.signal?.throwIfAborted();
      throw new ApiError("offline", e instanceof Error ? e.message : String(e));
    }
    if (!response.ok) {
      throw await this.said(errorFrom(parse(await response.text()), response.status));
    }
    return response;
  }

  /** An error in the person's words. A node says it so. */
  protected said(error: ApiError): Promise<ApiError> {
    return Promise.resolve(error);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
