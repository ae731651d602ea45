// Friends of the person, as far as this app sees them.
import { follow } from "./events.ts";
import { encoded, must, post } from "./http.ts";
import type { Transport } from "./transport.ts";
import type { AskOptions, Friend, KithEvent } from "./types.ts";

/** What became of a question to a friend. */
export type Answer =
  | { readonly state: "here"; readonly response: Response; readonly stale: boolean }
  | { readonly state: "missing" | "gone" }
  /** Nobody answered yet: the event "request" with this id tells when. */
  | { readonly state: "waiting"; readonly id: string };

/** The friends whom the person lets this app see. */
export class Friends {
  readonly #transport: Transport;
  readonly #asking: () => void;

  /** asking is called before the person is asked. */
  constructor(transport: Transport, asking: () => void = () => undefined) {
    this.#transport = transport;
    this.#asking = asking;
  }

  /** Those whom the person lets this app see. */
  async list(): Promise<readonly Friend[]> {
    return this.#items(await must(this.#transport, "/.kith/friends/"));
  }

  /**
   * Asks the person to choose the friends that this app sees.
   *
   * @throws {KithError} 403 when the person refused.
   */
  async choose(): Promise<readonly Friend[]> {
    this.#asking();
    return this.#items(await must(this.#transport, "/.kith/friends/", post({})));
  }

  /** The URL of a friend's document, for pictures. */
  url(friend: string, path: string): string {
    return `/.kith/friends/${friend}/${encoded(path)}`;
  }

  /** Asks a friend for a document of this app, or for a folder, which is a `Listing`. */
  async get(friend: string, path: string, o: AskOptions = {}): Promise<Answer> {
    const headers: Record<string, string> = {};
    if (o.wait !== undefined) headers["Prefer"] = `wait=${o.wait}`;
    if (o.fresh) headers["Cache-Control"] = "no-cache";
    if (o.copy) headers["Cache-Control"] = "only-if-cached";
    const init = { headers, ...(o.signal ? { signal: o.signal } : {}) };
    const query = o.after === undefined ? "" : `?after=${encodeURIComponent(o.after)}`;
    const response = await must(this.#transport, this.url(friend, path) + query, init, 404, 410, 504);
    switch (response.status) {
      case 202:
        return { state: "waiting", id: ((await response.json()) as { id: string }).id };
      case 404:
      case 504:
        return { state: "missing" };
      case 410:
        return { state: "gone" };
    }
    return { state: "here", response, stale: response.headers.get("Kith-Copy") === "stale" };
  }

  /** Erases the copies here of what a friend sent. */
  async forget(friend: string, path: string): Promise<void> {
    await must(this.#transport, this.url(friend, path), { method: "DELETE" });
  }

  /** Tells when what a friend shares changed, when a question was answered, and when the list is another. */
  watch(tell: (e: KithEvent) => void, signal?: AbortSignal): () => void {
    const stop = new AbortController();
    const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    const mine = (e: KithEvent): void => void (e.event !== "document" && e.event !== "connected" && tell(e));
    void follow(this.#transport, "/.kith/events", mine, either);
    return () => stop.abort();
  }

  async #items(answer: Response): Promise<readonly Friend[]> {
    return ((await answer.json()) as { items: readonly Friend[] }).items;
  }
}
