// The part of a service worker that answers below /.kith/ (spec/app-api.md): it
// hands requests to the peer's worker and gives the people pages. It is all of
// kith-sw.js, and a part of the service worker of public sites.
import type { Client, FetchEvent, WorkerScope } from "../../worker/scope.ts";
import { busy, reduced, refused } from "./answers.ts";
import { isLead, Line, waits } from "./line.ts";
import { People } from "./people.ts";
import { Lost, type Answered, type Call, type Caller, type Octets } from "./wire.ts";

/** What is answered here, of all that is below /.kith/. */
const own = /^\/\.kith\/(?:$|(?:connect|events|share|mounts|friends|requests|data|api)(?:\/|$))/;

const stream = "text/event-stream";

/** Bodies up to this size travel in one message. */
const small = 64 * 1024;

/** How often a request that changes nothing is repeated when the worker goes away. */
const attempts = 3;

/** What a service worker says to the one whose place it takes. */
export const release = { kith: "release" } as const;

/** Milliseconds in which the next service worker takes over, once streams have ended. */
const handover = 10_000;

interface Scope extends WorkerScope {
  readonly registration: WorkerScope["registration"] & { readonly scope: string };
  readonly clients: WorkerScope["clients"] & { get(id: string): Promise<Client | undefined> };
}

/** Answers the requests that are the peer's. */
export class Router {
  readonly #scope: Scope;
  readonly #line: Line;
  readonly #people: People;
  readonly #streams = new Set<() => void>();
  #released = -Infinity;

  /** base is the URL of the folder that has people/. */
  constructor(scope: WorkerScope, base: URL) {
    this.#scope = scope as Scope;
    this.#line = new Line(scope.clients);
    this.#people = new People(new URL(this.#scope.registration.scope).pathname, base);
  }

  /** Whether a request for url is answered here. */
  handles(url: URL): boolean {
    return url.origin === this.#scope.location.origin && (own.test(url.pathname) || this.#people.has(url.pathname));
  }

  /** Takes a message of a page, or of the next service worker; false when it is not for the peer. */
  message(data: unknown, ports: readonly MessagePort[]): boolean {
    if ((data as typeof release | null)?.kith === release.kith) {
      this.#released = Date.now();
      this.#streams.forEach((end) => end());
      return true;
    }
    const [port] = ports;
    if (!isLead(data) || !port) return false;
    this.#line.adopt(data, port);
    return true;
  }

  async answer(e: FetchEvent, url: URL): Promise<Response> {
    const { request } = e;
    if (this.#people.has(url.pathname)) {
      return this.#people.answer(url.pathname);
    }
    if (this.#leaving() && request.headers.get("Accept")?.includes(stream)) {
      return new Response("retry: 500\n\n", { headers: { "Content-Type": stream, "Kith-Host": "page" } });
    }
    if (request.mode === "navigate" && !this.#ownReferrer(request)) {
      return refused();
    }
    const hasty = request.headers.get("Prefer") === "wait=0";
    const call: Call = {
      method: request.method, url: url.pathname + url.search, headers: [...request.headers],
      from: { scope: new URL(this.#scope.registration.scope).pathname, client: e.clientId || e.resultingClientId },
    };
    const safe = request.method === "GET" || request.method === "HEAD";
    for (let i = 0; i < attempts; i++) {
      const caller = await this.#line.get(hasty ? 0 : waits.coming);
      if (!caller) break;
      try {
        return this.#response(await this.#ask(caller, call, request, e.clientId));
      } catch (error) {
        if (!(error instanceof Lost)) throw error;
        if (!safe) break;
      }
    }
    return url.pathname === "/.kith/" && safe ? reduced(this.#people.path) : busy();
  }

  async #ask(caller: Caller, call: Call, request: Request, client: string): Promise<Answered> {
    const person = (ask: string): void => {
      void this.#scope.clients.get(client).then((page) => page?.postMessage({ kith: "ask", ask, people: this.#people.path }));
    };
    const body = call.method === "GET" || call.method === "HEAD" ? null : await bodyOf(request);
    return caller.ask(call, { body, signal: request.signal, person });
  }

  #response(a: Answered): Response {
    const headers = new Headers(a.headers);
    let body = a.body;
    if (body instanceof ReadableStream && headers.get("Content-Type") === stream) {
      body = this.#endless(body);
    }
    return new Response(body, { status: a.status, headers });
  }

  /** Whether another service worker is about to take over. */
  #leaving(): boolean {
    return Date.now() - this.#released < handover;
  }

  /** A stream that ends when the service worker is to be replaced. */
  #endless(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    let end = (): void => undefined;
    return new ReadableStream<Uint8Array>({
      start: (c) => {
        end = () => {
          this.#streams.delete(end);
          void reader.cancel().catch(() => undefined);
          c.close();
        };
        this.#streams.add(end);
        if (this.#leaving()) end(); // it was asked for before
      },
      pull: async (c) => {
        const { done, value } = await reader.read();
        if (value) c.enqueue(value);
        if (done && this.#streams.has(end)) end();
      },
      cancel: () => {
        this.#streams.delete(end);
        return reader.cancel();
      },
    });
  }

  /** Another site may not lead a person to what is theirs (spec §1). */
  #ownReferrer(request: Request): boolean {
    return URL.canParse(request.referrer) && new URL(request.referrer).origin === this.#scope.location.origin;
  }
}

/** A request's body: whole when it is small, else as it flows. */
async function bodyOf(request: Request): Promise<Octets | ReadableStream<Uint8Array> | null> {
  if (!request.body) { // there is none, or the browser does not show it as a stream
    const whole = new Uint8Array(await request.arrayBuffer());
    return whole.length > 0 ? whole : null;
  }
  const reader = request.body.getReader();
  const first: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(first, size);
    first.push(value);
    size += value.length;
    if (size > small) break;
  }
  return new ReadableStream<Uint8Array>({
    pull: async (c) => {
      const next = first.shift() ?? (await reader.read()).value;
      if (next) c.enqueue(next);
      else c.close();
    },
    cancel: () => reader.cancel(),
  });
}

function joined(parts: readonly Uint8Array[], size: number): Octets {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const p of parts) {
    whole.set(p, at);
    at += p.length;
  }
  return whole;
}
