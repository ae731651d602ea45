// The people pages: files beside the SDK, shown below .kith/people/ of the app,
// and kept so that they open without their server.

const kept = "kith-people";

/** What the pages may do: their own files and the peer, and be framed by the app. */
const policy = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "connect-src 'self'", "worker-src 'self'",
  "base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'",
].join("; ");

/** Gives the files of the people pages. */
export class People {
  /** The path of the pages. */
  readonly path: string;
  readonly #base: URL;

  constructor(scope: string, base: URL) {
    this.path = `${scope}.kith/people/`;
    this.#base = base;
  }

  has(path: string): boolean {
    return path === this.path.slice(0, -1) || path.startsWith(this.path);
  }

  /** The file at path: the server's, or else as it was last. */
  async answer(path: string): Promise<Response> {
    if (!path.startsWith(this.path)) {
      return Response.redirect(this.path, 301);
    }
    const name = path.slice(this.path.length);
    const url = new URL(`people/${name || "index.html"}`, this.#base);
    if (!url.pathname.startsWith(new URL("people/", this.#base).pathname)) {
      return new Response("There is no such page.\n", { status: 404 });
    }
    const cache = await caches.open(kept);
    const fetched = await fetch(url, { cache: "no-cache" }).catch(() => undefined);
    if (fetched?.ok) {
      await cache.put(url, fetched.clone()).catch(() => undefined); // no room is no reason to fail
    }
    const found = fetched?.ok ? fetched : await cache.match(url);
    if (!found) {
      return new Response("There is no such page.\n", { status: fetched ? 404 : 503 });
    }
    const headers = new Headers(found.headers);
    headers.set("Content-Security-Policy", policy);
    headers.set("Kith-Host", "page");
    return new Response(found.body, { headers });
  }
}
