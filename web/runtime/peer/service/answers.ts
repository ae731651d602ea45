// What a service worker answers by itself, when no page has the peer.

const common = { "Kith-Host": "page", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" };

/** The worker starts, or there is none: asked again soon, it answers. */
export function busy(navigates: boolean): Response {
  const problem = {
    title: "No page of this app has its peer", status: 503, code: "not-ready",
    detail: "The peer lives in a page of this app, and none is there now.", hint: "Open the app, and ask again.",
  };
  const headers = { ...common, "Retry-After": "1" };
  return navigates
    ? new Response(`${problem.detail} ${problem.hint}\n`, { status: 503, headers: { ...headers, "Content-Type": "text/plain; charset=utf-8" } })
    : new Response(JSON.stringify(problem), { status: 503, headers: { ...headers, "Content-Type": "application/problem+json" } });
}

/** Asked for by another site. */
export function refused(): Response {
  const problem = {
    title: "Only pages of this origin may ask", status: 403, code: "origin",
    detail: "This was asked for from outside of the app.", hint: "Open the app.",
  };
  return new Response(JSON.stringify(problem), { status: 403, headers: { ...common, "Content-Type": "application/problem+json" } });
}

/** `GET /.kith/` before any page leads. */
export function reduced(people: string): Response {
  return Response.json({ kith: 1, host: "page", app: "", ready: false, granted: [], people }, { headers: common });
}
