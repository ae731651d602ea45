// Documents of the app.
import { follow } from "./events.ts";
import { ask, encoded, must } from "./http.ts";
import type { Transport } from "./transport.ts";
import { KithError, type Item, type KithEvent, type Listing, type ListOptions, type WriteOptions, type Written } from "./types.ts";

/** What can be written. */
export type Content = string | Blob | ArrayBuffer | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/** Bodies above this size go in parts, so that a write goes on where it was interrupted. */
const partSize = 4 << 20;

/** The app's documents, by path. */
export class Data {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The URL of a document, for pictures and links. */
  url(path: string): string {
    return `/.kith/data/${encoded(path)}`;
  }

  /** A document; undefined where there is none. */
  async get(path: string, init: RequestInit = {}): Promise<Response | undefined> {
    const answer = await must(this.#transport, this.url(path), init, 304, 404);
    return answer.status === 404 ? undefined : answer;
  }

  /** A JSON document; undefined where there is none. */
  async json<T>(path: string): Promise<T | undefined> {
    return (await this.get(path))?.json() as Promise<T | undefined>;
  }

  /**
   * Writes a document; what is no text or octets is written as JSON, a large Blob in parts.
   *
   * @throws {KithError} 412 when a condition does not hold, 413 when it is too large, 507 when there is no space.
   */
  async put(path: string, content: unknown, o: WriteOptions = {}): Promise<Written> {
    const { body, type } = bodyOf(content);
    const headers = headersOf(o, type);
    if (body instanceof Blob && body.size > partSize && o.ifMatch === undefined) return this.#inParts(path, body, headers, o.signal);
    const init: RequestInit & { duplex?: "half" } = { method: "PUT", body: body as BodyInit, headers, ...(o.signal ? { signal: o.signal } : {}) };
    if (body instanceof ReadableStream) init.duplex = "half";
    return written(path, await must(this.#transport, this.url(path), init));
  }

  /**
   * Merges a patch into a JSON document (RFC 7396).
   *
   * @throws {KithError} 404 where there is none, 412 when the condition does not hold, 422 when the document is no JSON.
   */
  async patch(path: string, patch: unknown, o: Pick<WriteOptions, "ifMatch" | "signal"> = {}): Promise<Written> {
    const headers = headersOf({ ...o, type: "application/merge-patch+json" }, "");
    return written(path, await must(this.#transport, this.url(path), { method: "PATCH", body: JSON.stringify(patch), headers, ...(o.signal ? { signal: o.signal } : {}) }));
  }

  /** Writes a new document into a folder, under a name in order of time: `path` in the result. */
  async post(folder: string, content: unknown, o: Omit<WriteOptions, "ifMatch" | "ifNone"> = {}): Promise<Written> {
    const { body, type } = bodyOf(content);
    const answer = await must(this.#transport, this.url(folder), { method: "POST", body: body as BodyInit, headers: headersOf(o, type), ...(o.signal ? { signal: o.signal } : {}) });
    return written(decodeURIComponent((answer.headers.get("Location") ?? "").slice("/.kith/data/".length)), answer);
  }

  /** Deletes a document, or with a slash at the end all below it; false when there was nothing. */
  async delete(path: string, o: Pick<WriteOptions, "ifMatch" | "signal"> = {}): Promise<boolean> {
    const init = { method: "DELETE", headers: headersOf(o, ""), ...(o.signal ? { signal: o.signal } : {}) };
    return (await must(this.#transport, this.url(path), init, 404)).status !== 404;
  }

  /** One page of a folder. */
  async list(folder = "", o: ListOptions = {}): Promise<Listing> {
    const query = new URLSearchParams();
    for (const name of ["after", "limit", "depth"] as const) {
      if (o[name] !== undefined) query.set(name, String(o[name]));
    }
    const tail = query.size > 0 ? `?${query}` : "";
    return (await must(this.#transport, this.url(folder) + tail, o.signal ? { signal: o.signal } : {})).json() as Promise<Listing>;
  }

  /** Everything below a folder. */
  async *all(folder = ""): AsyncGenerator<Item> {
    for (let after: string | undefined = ""; after !== undefined; ) {
      const page: Listing = await this.list(folder, after === "" ? {} : { after });
      yield* page.items;
      after = page.next;
    }
  }

  /** Tells of what changes below a folder, until signal aborts or the result is called. */
  watch(folder: string, tell: (e: KithEvent) => void, signal?: AbortSignal): () => void {
    const stop = new AbortController();
    const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    void follow(this.#transport, this.url(folder), tell, either);
    return () => stop.abort();
  }

  /** Writes in parts, and goes on where it was when one is refused. */
  async #inParts(path: string, body: Blob, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<Written> {
    for (let at = 0, failures = 0; ; ) {
      const end = Math.min(at + partSize, body.size);
      const init = {
        method: "PUT", body: await body.slice(at, end).arrayBuffer(), ...(signal ? { signal } : {}),
        headers: { ...headers, "Content-Range": `bytes ${at}-${end - 1}/${body.size}` },
      };
      const answer = await ask(this.#transport, this.url(path), init);
      if (answer.status === 201 || answer.status === 204) return written(path, answer);
      if (answer.status !== 202 && ((answer.status !== 409 && answer.status !== 503) || ++failures > 3)) {
        throw await problem(answer);
      }
      const have = /^bytes=0-(\d+)$/.exec(answer.headers.get("Range") ?? "")?.[1];
      at = have === undefined ? 0 : Number(have) + 1;
    }
  }
}

async function problem(answer: Response): Promise<KithError> {
  const p = (await answer.json().catch(() => ({}))) as { detail?: string; hint?: string; code?: string };
  return new KithError(answer.status, p.code ?? "", p.detail ?? `the host answered ${answer.status}`, p.hint ?? "");
}

function bodyOf(content: unknown): { body: Content; type: string } {
  if (typeof content === "string") return { body: content, type: "text/plain;charset=UTF-8" };
  if (content instanceof Blob) return { body: content, type: content.type };
  if (content instanceof ArrayBuffer || content instanceof Uint8Array || content instanceof ReadableStream) return { body: content as Content, type: "" };
  return { body: JSON.stringify(content), type: "application/json" };
}

function headersOf(o: WriteOptions, type: string): Record<string, string> {
  const headers: Record<string, string> = {};
  const known = o.type ?? type;
  if (known !== "") headers["Content-Type"] = known;
  if (o.labels) headers["Kith-Labels"] = o.labels.map((l) => encodeURIComponent(l)).join(", ");
  if (o.ifMatch !== undefined) headers["If-Match"] = o.ifMatch;
  if (o.ifNone) headers["If-None-Match"] = "*";
  return headers;
}

function written(path: string, answer: Response): Written {
  return { path, etag: answer.headers.get("ETag") ?? "", created: answer.status === 201 };
}
