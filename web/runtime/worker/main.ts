// The service worker of a site's public origin: it answers every request that
// the site's index knows from pieces, which come from this device, from peers,
// or from the host, and are verified whatever they come from.
import { Router } from "../peer/service/route.ts";
import { readToWorker } from "../protocol.ts";
import { sitePath } from "../site.ts";
import { State } from "../state.ts";
import { forgetStore, openIndex, openStore } from "../swarm/index.ts";
import type { FileEntry } from "../types.ts";
import { adopt } from "./adopt.ts";
import { asset, bootPath, dropOldAssets, isAsset, keepAssets } from "./assets.ts";
import { Link } from "./link.ts";
import { find, findMissing } from "./paths.ts";
import { MissingPiece } from "./pieces.ts";
import type { FetchEvent, WorkerScope } from "./scope.ts";
import { serve } from "./serve.ts";
import { Versions, type Version } from "./versions.ts";

/** Milliseconds after the first page came before the runtime's other files are fetched. */
const settleAfter = 3000;

/** Answers the requests of one origin. */
class Worker {
  readonly #scope: WorkerScope;
  readonly #link: Link;
  readonly #versions: Versions;
  /** For a site that is an app: its package is in kith/, as on any web server. */
  readonly #peer: Router;
  #settled = false;

  constructor(scope: WorkerScope) {
    this.#scope = scope;
    this.#link = new Link(scope.clients);
    this.#peer = new Router(scope, new URL("/kith/", scope.location.origin));
    this.#versions = new Versions(new State(), this.#link, scope.clients, { index: openIndex, store: openStore, forget: forgetStore });
  }

  begin(): void {
    const scope = this.#scope;
    scope.addEventListener("install", (e) => {
      // The first worker hurries to its page; one that follows brings all it needs.
      e.waitUntil(scope.registration.active ? keepAssets().then(() => scope.skipWaiting()) : scope.skipWaiting());
      void this.#versions.current();
    });
    scope.addEventListener("activate", (e) => e.waitUntil(Promise.all([scope.clients.claim(), dropOldAssets()])));
    scope.addEventListener("message", (e) => {
      if (this.#peer.message(e.data, e.ports)) {
        return;
      }
      const message = readToWorker(e.data);
      const [port] = e.ports;
      if (message?.kith === "lead" && port) {
        this.#link.adopt(message.id, port);
        e.waitUntil(this.#settle()); // who leads may have been ready before there was a worker
      } else if (message?.kith === "coming") {
        this.#link.expect();
        e.waitUntil(this.#settle());
      } else if (message?.kith === "past") {
        e.waitUntil(this.#adopt(e.source?.id ?? "", message.urls));
      } else if (message?.kith === "clear") {
        e.waitUntil(this.#versions.clear().finally(() => port?.postMessage("done")));
      }
    });
    scope.addEventListener("fetch", (e) => this.#fetch(e));
  }

  /** Makes pieces of what a page had past the worker. */
  async #adopt(client: string, urls: readonly string[]): Promise<void> {
    const { origin } = this.#scope.location;
    const version = await this.#versions.forClient(client);
    if (version) {
      const have = await version.store.have();
      const own = urls.filter((u) => new URL(u).origin === origin);
      await adopt(version.index, own, (i) => !have.has(i), (i, data) => version.pieces.adopt(i, data));
    }
  }

  /** Keeps the runtime's files, once the page had time to load its own. */
  async #settle(): Promise<void> {
    if (!this.#settled) {
      this.#settled = true;
      await new Promise((done) => setTimeout(done, settleAfter));
      await keepAssets().catch(() => (this.#settled = false)); // the next page tries again
    }
  }

  #fetch(e: FetchEvent): void {
    const { request } = e;
    const url = new URL(request.url);
    if (this.#peer.handles(url)) {
      e.respondWith(this.#peer.answer(e, url));
      return;
    }
    if (url.origin !== this.#scope.location.origin || (request.method !== "GET" && request.method !== "HEAD")) {
      return;
    }
    if (request.headers.has("Authorization")) {
      return; // asked for in somebody's name: not what everybody gets
    }
    if (request.cache === "only-if-cached" && request.mode !== "same-origin") {
      return; // cannot be passed on (Fetch §4.1)
    }
    if (!url.pathname.startsWith("/.kith/")) {
      e.respondWith(this.#answer(e, url));
    } else if (isAsset(url.pathname)) {
      e.respondWith(asset(url.pathname));
    } else if (request.method === "GET" && request.mode !== "navigate") {
      this.#about(e, url);
    }
  }

  /** What pages ask about the site: whoever meets peers does so for the newest version. */
  #about(e: FetchEvent, url: URL): void {
    const answer = async (): Promise<Response> => {
      for (const version of [await this.#versions.current(), await this.#versions.forClient(e.clientId)]) {
        if (version && url.pathname === sitePath) {
          return Response.json(version.info);
        }
        if (version?.info.index === url.pathname) {
          return new Response(version.data as Uint8Array<ArrayBuffer>);
        }
      }
      return fetch(e.request);
    };
    if (url.pathname === sitePath || url.pathname.startsWith("/.kith/index/")) {
      e.respondWith(answer());
    }
  }

  async #answer(e: FetchEvent, url: URL): Promise<Response> {
    const navigates = e.request.mode === "navigate";
    const version = await (navigates ? this.#versions.forPage(e.resultingClientId) : this.#versions.forClient(e.clientId));
    if (navigates) {
      e.waitUntil(this.#versions.refresh());
    }
    if (!version) {
      return fetch(e.request);
    }
    const target = find(version.index, url);
    switch (target.kind) {
      case "file":
        try {
          const { response, ended } = await serve(version, target.file, e.request, target.status);
          e.waitUntil(ended);
          return response;
        } catch (error) {
          return this.#without(e, error);
        }
      case "redirect":
        return new Response(null, { status: 301, headers: { Location: target.to } });
      case "elsewhere":
        return this.#elsewhere(e, url, version);
    }
  }

  /** Answers for a file that could not be had from pieces. */
  async #without(e: FetchEvent, error: unknown): Promise<Response> {
    if (!(error instanceof MissingPiece)) {
      throw error;
    }
    if (!error.hostGone) {
      const response = await fetch(e.request).catch(() => undefined);
      if (response && response.status < 500) {
        return response;
      }
    }
    const boot = e.request.mode === "navigate" ? await asset(bootPath).catch(() => undefined) : undefined;
    return boot ?? new Response("Neither peers nor the host have this now.\n", { status: 504, headers: { "Content-Type": "text/plain" } });
  }

  /** Answers for what the index does not know. */
  async #elsewhere(e: FetchEvent, url: URL, version: Version): Promise<Response> {
    try {
      return await fetch(e.request);
    } catch (error) {
      const page = findMissing(version.index, url);
      if (!page && version.info.kind === "front") {
        throw error; // what only the site's own server has
      }
      return this.#lost(e, version, page);
    }
  }

  async #lost(e: FetchEvent, version: Version, page: FileEntry | undefined): Promise<Response> {
    try {
      if (page) {
        const { response, ended } = await serve(version, page, e.request, 404);
        e.waitUntil(ended);
        return response;
      }
    } catch {
      // Its bytes are not to be had either.
    }
    return new Response("This site has no such page.\n", { status: 404, headers: { "Content-Type": "text/plain" } });
  }
}

new Worker(self as unknown as WorkerScope).begin();
