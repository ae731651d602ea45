import { Fault } from "../fault.ts";
import { base64url, hash } from "../seal/index.ts";
import { target } from "./address.ts";
import { RelayError, wait } from "./error.ts";
import { path } from "./record.ts";

/** How much of a chunk is here. */
export interface Part {
  octets: Uint8Array;
  got: number;
}

/** Puts and gets what is larger than a message (spec/mailbox.md §3), on the relay at a URL. */
export class Chunks {
  readonly #relay: string;

  constructor(relay: string) {
    target(relay, "http", "");
    this.#relay = relay;
  }

  /**
   * Puts a chunk there, of one of the spec's sizes. Whoever has the erase key can
   * erase it. Uploading the same again is harmless.
   */
  async upload(ticket: Uint8Array, id: Uint8Array, eraseKey: Uint8Array, body: Uint8Array, signal: AbortSignal): Promise<void> {
    await end(await this.#ask("PUT", id, {
      "Kith-Ticket": base64url(ticket), "Kith-Erase": base64url(hash(eraseKey)),
    }, signal, body), 201, 200);
  }

  /** Gets a chunk, or what is missing of it; after a failure, go on with the same part. */
  async download(id: Uint8Array, part: Part, signal: AbortSignal): Promise<void> {
    const r = await this.#ask("GET", id, part.got > 0 ? { Range: `bytes=${part.got}-` } : {}, signal);
    if (r.status !== (part.got > 0 ? 206 : 200)) return end(r);
    const reader = r.body?.getReader();
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      if (part.got + next.value.length > part.octets.length) {
        await reader?.cancel();
        throw new Fault("invalid", "the relay gives more than a chunk has");
      }
      part.octets.set(next.value, part.got);
      part.got += next.value.length;
    }
  }

  /** Removes a chunk. */
  async erase(id: Uint8Array, eraseKey: Uint8Array, signal: AbortSignal): Promise<void> {
    await end(await this.#ask("DELETE", id, { "Kith-Erase-Key": base64url(eraseKey) }, signal), 204);
  }

  #ask(method: string, id: Uint8Array, headers: Record<string, string>, signal: AbortSignal, body?: Uint8Array): Promise<Response> {
    return ask(target(this.#relay, "http", `${path}/chunk/${base64url(id)}`), method, headers, signal, body);
  }
}

/** Asks a relay for something, giving nothing away and following nothing elsewhere. */
export function ask(
  url: string, method: string, headers: Record<string, string>, signal: AbortSignal, body?: Uint8Array,
): Promise<Response> {
  return fetch(url, {
    method, headers, signal, body: (body ?? null) as Uint8Array<ArrayBuffer> | null, cache: "no-store", credentials: "omit",
    redirect: "error", referrerPolicy: "no-referrer",
  });
}

/** Leaves an answer and says what its status means. */
async function end(r: Response, ...good: number[]): Promise<void> {
  await r.body?.cancel();
  if (!good.includes(r.status)) throw statusError(r);
}

/** What a status that is not a success means. */
export function statusError(r: Response): Error {
  switch (r.status) {
    case 404:
    case 410:
      return new RelayError("absent", "the relay has no such chunk");
    case 403:
      return new RelayError("no", "the relay refuses");
    case 429:
    case 503:
    case 507: {
      const seconds = Number(r.headers.get("Retry-After"));
      return wait(seconds >= 1 && seconds <= 3600 ? Math.ceil(seconds) : 60);
    }
  }
  return new Fault("unreachable", `the relay answers with the status ${r.status}`);
}
