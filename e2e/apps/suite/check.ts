// Comparing, and asking the host.

/** What a case found wrong. */
export class Wrong extends Error {}

/** Fails unless it holds. */
export function holds(that: unknown, what: string): asserts that {
  if (!that) {
    throw new Wrong(what);
  }
}

/** Fails unless both are the same JSON. */
export function same(got: unknown, want: unknown, what: string): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  holds(a === b, `${what}: got ${a}, want ${b}`);
}

/** An answer, read to its end. */
export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Asks; the path is below /.kith/. */
export async function ask(path: string, init: RequestInit = {}): Promise<Told> {
  const r = await fetch(`/.kith/${path}`, init);
  return { status: r.status, headers: r.headers, text: await r.text() };
}

/** Asks, and fails on another status. */
export async function gets(status: number, path: string, init: RequestInit = {}): Promise<Told> {
  const told = await ask(path, init);
  same(told.status, status, `${init.method ?? "GET"} ${path} (${told.text.slice(0, 200)})`);
  return told;
}

export async function puts(path: string, text: BodyInit, headers: Record<string, string> = {}): Promise<Told> {
  return ask(`data/${path}`, { method: "PUT", body: text, headers });
}

/** Puts a document and returns its tag. */
export async function put(path: string, text: BodyInit, headers: Record<string, string> = {}): Promise<string> {
  const told = await puts(path, text, headers);
  holds(told.status === 201 || told.status === 204, `PUT ${path} is answered ${told.status}: ${told.text}`);
  return tag(told);
}

export function tag(told: Told): string {
  const etag = told.headers.get("ETag") ?? "";
  holds(/^"[^"]+"$/.test(etag), `the tag is ${etag}`);
  return etag;
}

/** Posts JSON. */
export function posts(path: string, what: unknown, headers: Record<string, string> = {}): Promise<Told> {
  return ask(path, { method: "POST", body: JSON.stringify(what), headers: { "Content-Type": "application/json", ...headers } });
}

export function json<T = Record<string, unknown>>(told: Told): T {
  return JSON.parse(told.text) as T;
}

/** Fails unless the answer is a problem of RFC 9457, with this code where one is named. */
export function problem(told: Told, status: number, code?: string): void {
  same(told.status, status, told.text.slice(0, 200));
  same(told.headers.get("Content-Type"), "application/problem+json", "the type of a problem");
  const p = json(told);
  same(p["status"], status, "the status in the problem");
  holds(typeof p["title"] === "string" && typeof p["detail"] === "string", `a problem without words: ${told.text}`);
  if (code !== undefined) {
    same(p["code"], code, "the code");
  }
}

/** Repeats until it holds; for what happens in a while. */
export async function until<T>(f: () => Promise<T | undefined>, what: string, within = 60_000): Promise<T> {
  for (const end = Date.now() + within; ; ) {
    const got = await f();
    if (got !== undefined) {
      return got;
    }
    holds(Date.now() < end, `in vain for ${within} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** What a folder lists. */
export interface Item {
  readonly path: string;
  readonly type: string;
  readonly size: number;
  readonly etag: string;
  readonly modified: string;
  readonly labels: string[];
  readonly audience: { kind: string; friends?: string[]; others?: number };
}

export interface Listing {
  readonly items: Item[];
  readonly folders?: string[];
  readonly next?: string;
}

export async function list(path: string, query = ""): Promise<Listing> {
  return json<Listing>(await gets(200, `data/${path}${query}`));
}

export function paths(l: Listing): string[] {
  return l.items.map((i) => i.path);
}
