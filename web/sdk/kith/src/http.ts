// Requests, repeated where that is safe, and problems as errors.
import type { Transport } from "./transport.ts";
import { KithError } from "./types.ts";

/** How often a request is repeated that met a host without its peer. */
const attempts = 8;

/** Whether doing it twice is the same as doing it once (RFC 9110 §9.2.2), whatever came of the first. */
function repeatable(init: RequestInit): boolean {
  const method = init.method ?? "GET";
  if (method === "GET" || method === "HEAD") return true;
  const headers = new Headers(init.headers);
  const plain = !headers.has("If-Match") && !headers.has("If-None-Match") && !(init.body instanceof ReadableStream);
  return plain && (method === "PUT" || method === "DELETE");
}

/** Asks, and takes 503 for "soon". */
export async function ask(transport: Transport, path: string, init: RequestInit = {}): Promise<Response> {
  for (let i = 1; ; i++) {
    const answer = await transport(path, init).catch((error: unknown) => {
      // A service worker that was stopped in the middle.
      if (!(error instanceof TypeError) || init.signal?.aborted || i === attempts || !repeatable(init)) throw error;
      return new Response(null, { status: 503, headers: { "Retry-After": "1" } });
    });
    const after = Number(answer.headers.get("Retry-After"));
    if (answer.status !== 503 || !(after > 0) || i === attempts || !repeatable(init)) return answer;
    await new Promise((done) => setTimeout(done, Math.min(after * 1000, 250 * i)));
    init.signal?.throwIfAborted();
  }
}

/** Asks, and throws a KithError for what is neither a success nor among these statuses. */
export async function must(transport: Transport, path: string, init: RequestInit = {}, ...also: readonly number[]): Promise<Response> {
  const answer = await ask(transport, path, init);
  if (answer.ok || also.includes(answer.status)) return answer;
  const p = (await answer.json().catch(() => ({}))) as { title?: string; detail?: string; hint?: string; code?: string };
  throw new KithError(answer.status, p.code ?? "", p.detail ?? p.title ?? `the host answered ${answer.status}`, p.hint ?? "");
}

/** POSTs JSON. */
export function post(value: unknown, signal?: AbortSignal): RequestInit {
  return { method: "POST", body: JSON.stringify(value), headers: { "Content-Type": "application/json" }, ...(signal ? { signal } : {}) };
}

/** A path as it is in a URL. */
export function encoded(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
