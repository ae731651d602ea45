// How requests reach the host: by fetch, or straight to the worker where there is
// no service worker.
import { findAir } from "../../../runtime/peer/page/air.ts";
import type { Place } from "../../../runtime/peer/page/place.ts";
import { whenGone } from "../../../runtime/peer/service/line.ts";
import { Caller, Lost, type Answered, type Octets } from "../../../runtime/peer/service/wire.ts";

/** Makes requests of the app API; paths begin with "/.kith/". */
export type Transport = (path: string, init?: RequestInit) => Promise<Response>;

/** By a node, or by a service worker. */
export const byFetch: Transport = (path, init) => fetch(path, { cache: "no-store", ...init });

/** A host that is a function. */
export interface Handler { ask: Caller["ask"] }

/** By whatever takes requests as the worker does. */
export function byHandler(handler: () => Promise<Handler>, scope: string, person: (ask: string) => void): Transport {
  return async (path, init = {}) => {
    const request = new Request(new URL(path, location.href), init);
    const method = request.method.toUpperCase();
    const body = method === "GET" || method === "HEAD" ? null : await octets(request, init.body);
    const call = { method, url: path, headers: [...request.headers] as [string, string][], from: { scope, client: "" } };
    for (let i = 1; ; i++) {
      try {
        return response(await (await handler()).ask(call, { body, signal: request.signal, person }));
      } catch (error) {
        if (!(error instanceof Lost) || (method !== "GET" && method !== "HEAD") || i === 3) throw error;
      }
    }
  };
}

/** Milliseconds until a page has to have said that it leads; then this one asks again. */
const hello = 500;

/** The worker of the page that leads, which may be this one. */
export function worker(place: Place): () => Promise<Handler> {
  let caller: Caller | undefined;
  let finding: Promise<Caller> | undefined;
  const find = async (): Promise<Caller> => {
    for (;;) {
      const found = place.leads ? { id: place.id, port: place.port() } : await findAir(hello);
      if (!found) continue;
      const made = new Caller(found.port);
      caller = made;
      void whenGone(found.id, () => {
        if (caller === made) caller = undefined;
        made.end();
      });
      return made;
    }
  };
  return async () => {
    if (caller) return caller;
    finding ??= find().finally(() => (finding = undefined));
    return finding;
  };
}

/**
 * By the service worker; and straight to the worker when the browser has this page
 * lose it, as it does when one is stopped at the wrong moment.
 */
export function bySome(direct: Transport): Transport {
  return async (path, init) => {
    const answer = await byFetch(path, init);
    if (answer.headers.has("Kith-Host") || init?.body instanceof ReadableStream) return answer;
    void navigator.serviceWorker.ready.then((r) => r.active?.postMessage({ kith: "claim" }));
    return direct(path, init);
  };
}

async function octets(request: Request, given: RequestInit["body"]): Promise<Octets | ReadableStream<Uint8Array> | null> {
  if (given instanceof ReadableStream) return given as ReadableStream<Uint8Array>;
  const whole = new Uint8Array(await request.arrayBuffer());
  return whole.length > 0 ? whole : null;
}

function response(a: Answered): Response {
  return new Response(a.body, { status: a.status, headers: a.headers });
}
