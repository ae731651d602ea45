/**
 * A page's place at the peer. Of all pages of an origin one leads: it holds a Web
 * Lock, started the worker that has the documents, keys and connections, and
 * hands out ports to it. When it goes, the next one does.
 */
import { asksForPeer } from "../service/line.ts";
import { serveConnections } from "../direct/window.ts";
import { serveAir } from "./air.ts";

/** What the worker says to the page that started it. */
export type FromWorker =
  | { readonly kith: "ready"; readonly id: string }
  /** Something of the person's was written for the first time. */
  | { readonly kith: "persist" }
  | { readonly kith: "failed"; readonly why: string };

/** What it says to the worker, with a port: for requests, or for connections that this page makes. */
export interface ToWorker { readonly kith: "port" | "connections" }

export interface PlaceOptions {
  /** worker.js. */
  worker: URL;
  /** Called when the worker cannot run here. */
  failed?: (why: string) => void;
}

const lock = "kith-peer";
/** How often a worker that dies by itself is started anew by one page. */
const mostStarts = 5;

/** This page's part in the election. */
export class Place {
  readonly #o: PlaceOptions;
  #worker: Worker | undefined;
  #id = "";
  #resign: (() => void) | undefined;
  #starts = 0;
  #abort = new AbortController();
  #unair: (() => void) | undefined;
  #hangUp: (() => void) | undefined;

  constructor(o: PlaceOptions) {
    this.#o = o;
  }

  /** Whether this page leads and its worker runs. */
  get leads(): boolean {
    return this.#id !== "";
  }

  /** The id of its worker. */
  get id(): string {
    return this.#id;
  }

  /** Takes part until the page goes. */
  begin(): void {
    const sw = navigator.serviceWorker as ServiceWorkerContainer | undefined;
    sw?.addEventListener("message", (e) => {
      if (asksForPeer(e.data) && this.leads) this.#offer(e.source as ServiceWorker | null);
    });
    sw?.startMessages();
    sw?.addEventListener("controllerchange", () => this.leads && this.#offer(sw.controller));
    // A page in the back/forward cache must not lead: its worker sleeps.
    addEventListener("pagehide", () => this.#leave());
    addEventListener("pageshow", (e) => e.persisted && this.#join());
    this.#join();
  }

  #join(): void {
    this.#abort = new AbortController();
    const lead = (): Promise<void> => new Promise((done) => {
      this.#resign = done;
      this.#start();
    });
    navigator.locks.request(lock, { signal: this.#abort.signal }, lead).catch(() => undefined);
  }

  #leave(): void {
    this.#abort.abort();
    this.#unair?.();
    this.#hangUp?.();
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#id = "";
    this.#resign?.();
    this.#resign = undefined;
  }

  #start(): void {
    this.#id = "";
    this.#starts++;
    const worker = new Worker(this.#o.worker, { type: "module", name: "kith" });
    this.#worker = worker;
    this.#hangUp?.();
    const { port1, port2 } = new MessageChannel();
    this.#hangUp = serveConnections(port1);
    worker.postMessage({ kith: "connections" } satisfies ToWorker, [port2]);
    worker.onmessage = (e: MessageEvent<FromWorker>) => this.#heard(e.data);
    worker.onerror = (e) => {
      e.preventDefault();
      worker.terminate();
      if (this.#worker !== worker) return;
      if (this.#starts < mostStarts) return this.#start();
      this.#o.failed?.(e.message || "the worker of the peer does not start");
    };
  }

  #heard(m: FromWorker): void {
    if (m.kith === "ready") {
      this.#id = m.id;
      this.#unair?.();
      this.#unair = serveAir(m.id, () => this.port());
      const sw = navigator.serviceWorker as ServiceWorkerContainer | undefined;
      if (sw?.controller) this.#offer(sw.controller);
    } else if (m.kith === "persist") {
      void persist();
    } else {
      this.#o.failed?.(m.why);
    }
  }

  #offer(to: { postMessage(m: unknown, transfer: Transferable[]): void } | null): void {
    if (!to) return;
    const port = this.port();
    to.postMessage({ kith: "peer", id: this.#id }, [port]);
  }

  /** A new port to the worker of this page, which leads. */
  port(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#worker?.postMessage({ kith: "port" } satisfies ToWorker, [port1]);
    return port2;
  }
}

/** Asks the browser not to clear what is stored, when a person can see it asked. */
async function persist(): Promise<void> {
  if (document.visibilityState === "hidden") {
    await new Promise<void>((seen) => document.addEventListener("visibilitychange", () => seen(), { once: true }));
  }
  if (!(await navigator.storage.persisted())) await navigator.storage.persist();
}
