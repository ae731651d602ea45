// What a service worker answers by itself, when no page has the peer.

const common = { "Kith-Host": "page", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" };

function problem(status: number, code: string, title: string, hint: string, more: Record<string, string> = {}): Response {
  const headers = { ...common, "Content-Type": "application/problem+json", ...more };
  return new Response(JSON.stringify({ title, status, detail: title, hint, code }), { status, headers });
}

/** The worker starts, or there is none: asked again soon, it answers. */
export function busy(): Response {
  return problem(503, "not-ready", "No page of this app has its peer", "Open the app, and ask again.", { "Retry-After": "1" });
}

/** Asked for by another site. */
export function refused(): Response {
  return problem(403, "origin", "Only pages of this origin may ask", "Open the app.");
}

/** `GET /.kith/` before any page leads. */
export function reduced(people: string): Response {
  return Response.json({ kith: 1, host: "page", app: "", ready: false, granted: [], people }, { headers: common });
}
