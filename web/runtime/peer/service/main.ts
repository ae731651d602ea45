// kith-sw.js: the service worker of an app. It answers below /.kith/ and leaves
// everything else to the network.
import type { WorkerScope } from "../../worker/scope.ts";
import { release, Router } from "./route.ts";

/** Runs the service worker of one app. `?base=` of its URL names the folder of the package, kith/ unless said. */
function begin(scope: WorkerScope & { readonly location: { readonly href: string; readonly search: string } }): void {
  const { href, search } = scope.location;
  const router = new Router(scope, new URL(new URLSearchParams(search).get("base") ?? "kith/", href));
  scope.addEventListener("install", (e) => {
    (scope.registration.active as ServiceWorker | null)?.postMessage(release); // which has streams that never end
    e.waitUntil(scope.skipWaiting());
  });
  scope.addEventListener("activate", (e) => e.waitUntil(scope.clients.claim()));
  scope.addEventListener("message", (e) => {
    router.message(e.data, e.ports);
    if ((e.data as { kith?: unknown } | null)?.kith === "claim") e.waitUntil(scope.clients.claim());
  });
  scope.addEventListener("fetch", (e) => {
    const url = new URL(e.request.url);
    if ((url.origin === scope.location.origin && url.pathname.startsWith("/.kith/")) || router.handles(url)) {
      e.respondWith(router.answer(e, url));
    }
  });
}

begin(self as unknown as Parameters<typeof begin>[0]);
