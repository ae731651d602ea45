package gateway

import "net/http"

// A service worker could answer an app's navigations with pages of its own
// making, which have no Content-Security-Policy: through them everything would
// leave. So an app has none. Refusing its script would leave one at work that was
// installed while the app was an ordinary site; instead every script for a worker
// is this one. A browser that looks whether its worker is still the same (Service
// Workers §8.2.1) replaces it by one that ends itself and shows the tab anew.
const retired = `addEventListener("install", () => skipWaiting());
addEventListener("activate", (e) => e.waitUntil((async () => {
  await registration.unregister();
  for (const c of await clients.matchAll({ type: "window", includeUncontrolled: true })) {
    if (c.frameType === "top-level") await c.navigate(c.url).catch(() => undefined);
  }
})()));
`

// isWorker reports whether r asks for the script of a service worker (Service
// Workers §8.4.2). Pages can neither set nor suppress that header.
func isWorker(r *http.Request) bool { return len(r.Header["Service-Worker"]) > 0 }

// retireWorker answers with a service worker that ends itself.
func (x *exchange) retireWorker() {
	x.w.Header()["Cache-Control"] = x.g.fixed.noStore
	x.body(http.StatusOK, "text/javascript; charset=utf-8", []byte(retired))
}
