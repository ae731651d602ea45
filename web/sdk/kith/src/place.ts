// Finding the host of this page.
import { Place } from "../../../runtime/peer/page/place.ts";
import type { Limit } from "./types.ts";
import { byFetch, byHandler, bySome, worker, type Handler, type Transport } from "./transport.ts";

/** Where the package's files are, and what of them is to be used. */
export interface Where {
  /** The folder kith/. */
  base: URL;
  /** kith-sw.js; false for none. */
  serviceWorker: URL | false;
  /** The host for pages that can keep nothing. */
  memory: () => Promise<Handler>;
  /** Shows what the person is asked; "" when they decided. */
  person: (ask: string, people: string) => void;
}

/** A host, and how to speak to it. */
export interface Found {
  host: "node" | "page";
  transport: Transport;
  limits: Limit[];
  /** Where the people pages are when the host cannot say so itself: no service worker shows them. */
  people?: string;
}

/** Milliseconds that a service worker has to take over this page. */
const takeover = 8000;

/** Finds the host of this page, and takes part in having one. */
export async function find(w: Where): Promise<Found> {
  const before = await probe();
  if (before === "node") return { host: "node", transport: byFetch, limits: [] };
  const limits: Limit[] = [];
  const folder = new URL(".", w.serviceWorker || location.href).pathname; // names the app
  const bare = `${w.base.pathname}people/index.html`;
  if (!(await canKeep())) {
    limits.push({ code: "memory", text: "This page cannot keep anything: what is written is gone when it is closed." });
    limits.push({ code: "no-friends", text: "Without storage there are no friends." });
    const handler = w.memory();
    return { host: "page", transport: byHandler(() => handler, folder, () => undefined), limits };
  }
  const place = new Place({
    worker: new URL("worker.js", w.base),
    failed: (why) => limits.push({ code: "failed", text: `The peer does not run: ${why}` }),
  });
  hear(w);
  place.begin();
  const direct = byHandler(worker(place), folder, (ask) => w.person(ask, bare));
  if ((before === "page" && (await fits(w.serviceWorker))) || (await register(w.serviceWorker))) return { host: "page", transport: bySome(direct), limits };
  limits.push({ code: "no-service-worker", text: "Here pictures and links to /.kith/ addresses do not work, nor the pages on which friends are managed." });
  return { host: "page", transport: direct, limits, people: bare };
}

/** Who answers at /.kith/ now. */
async function probe(): Promise<string | undefined> {
  if (!location.protocol.startsWith("http")) return undefined;
  const answer = await fetch("/.kith/", { headers: { Prefer: "wait=0" }, cache: "no-store" }).catch(() => undefined);
  return answer?.headers.get("Kith-Host") ?? undefined;
}

/** Whether a worker can keep documents and keys here. */
async function canKeep(): Promise<boolean> {
  const web = navigator as Partial<Navigator>;
  if (!isSecureContext || !location.protocol.startsWith("http") || typeof Worker !== "function" || !web.locks || !web.storage) return false;
  try {
    await web.storage.getDirectory(); // private windows may have the function, and no folder
    return true;
  } catch {
    return false;
  }
}

/** Whether the service worker that answers is that of this app, and not of one that has the folder above. */
async function fits(url: URL | false): Promise<boolean> {
  const controller = navigator.serviceWorker.controller;
  if (!url || !controller || new URL(controller.scriptURL).pathname.startsWith("/.kith/")) return true;
  const registration = await navigator.serviceWorker.getRegistration();
  return registration?.scope === new URL(".", url).href;
}

/** Registers the service worker and waits until this page is its own. */
async function register(url: URL | false): Promise<boolean> {
  const sw = (navigator as Partial<Navigator>).serviceWorker;
  if (!sw || !url) return false;
  try {
    // A public site's own service worker does it too, and comes by itself.
    const visited = document.querySelector('script[src*="/.kith/loader.js"]') !== null;
    const scope = visited ? "" : (await sw.register(url)).scope;
    if (visited && sw.controller) return true;
    if (sw.controller && (await sw.getRegistration())?.scope === scope && sw.controller.scriptURL === url.href) return true;
    return await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), takeover); // a page that was reloaded past it
      sw.addEventListener("controllerchange", () => {
        clearTimeout(timer);
        resolve(true);
      }, { once: true });
    });
  } catch {
    return false;
  }
}

/** Hears from the service worker that the person is asked. */
function hear(w: Where): void {
  const sw = (navigator as Partial<Navigator>).serviceWorker;
  sw?.addEventListener("message", (e) => {
    const m = e.data as { kith?: unknown; ask?: unknown; people?: unknown } | null;
    if (m?.kith === "ask" && typeof m.ask === "string" && typeof m.people === "string") w.person(m.ask, m.people);
  });
  sw?.startMessages();
}
