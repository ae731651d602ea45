/** The parts of HTTP (RFC 9110) that the app API speaks. */
import { Fault, kindOf, statusOf } from "../fault.ts";
import type { Answered, Incoming, Octets } from "../service/wire.ts";

/** A request, read. */
export interface Request {
  readonly method: string;
  /** Decoded, below /.kith/. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly call: Incoming;
}

/** Reads a request; its path is refused when it is no text. */
export function read(call: Incoming): Request {
  const url = new URL(call.url, "http://app.invalid");
  let path: string;
  try {
    if (/%2f/i.test(url.pathname)) throw new URIError("an encoded slash");
    path = decodeURIComponent(url.pathname);
  } catch {
    throw new Fault("invalid", `${url.pathname.slice(0, 100)} is no path of percent-encoded UTF-8`, "encode each name by itself; none has a slash in it");
  }
  return { method: call.method, path: path.slice("/.kith/".length), query: url.searchParams, headers: new Headers(call.headers), call };
}

type Fields = Readonly<Record<string, string | undefined>>;

/** An answer of this host. */
export function reply(status: number, fields: Fields = {}, body: Answered["body"] = null): Answered {
  const headers: [string, string][] = [["Kith-Host", "page"], ["X-Content-Type-Options", "nosniff"], ["Cross-Origin-Resource-Policy", "same-origin"]];
  if (!fields["Cache-Control"]) headers.push(["Cache-Control", "no-store"]);
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) headers.push([name, value]);
  }
  return { status, headers, body };
}

/** Text as octets. */
export function octets(text: string): Octets {
  return new TextEncoder().encode(text);
}

/** An answer with JSON. */
export function json(value: unknown, status = 200, fields: Fields = {}): Answered {
  return reply(status, { "Content-Type": "application/json", ...fields }, octets(JSON.stringify(value)));
}

/** A refusal that has a code or a status of its own. */
export class Refusal extends Fault {
  readonly status: number;
  readonly code: string;
  readonly fields: Fields;

  constructor(status: number, code: string, message: string, hint = "", fields: Fields = {}) {
    super(status === 404 ? "not_found" : status === 403 ? "forbidden" : "invalid", message, hint);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad request", 403: "Forbidden", 404: "Not found", 405: "Method not allowed", 408: "Nobody decided", 409: "Conflict", 410: "Gone",
  412: "Precondition failed", 413: "Too large", 415: "Unsupported media type", 416: "Range not satisfiable", 422: "Not a JSON document",
  429: "Too many requests", 500: "Internal error", 501: "Not supported here", 503: "Not ready", 504: "Nobody answered", 507: "No space left",
};

/** The answer to what went wrong (RFC 9457). */
export function problem(error: unknown): Answered {
  const refusal = error instanceof Refusal ? error : undefined;
  const status = refusal?.status ?? statusOf(error);
  const known = error instanceof Fault || kindOf(error) !== "internal";
  const said = {
    title: titles[status] ?? "Refused", status,
    detail: known ? (error as Error).message : "The peer failed.",
    hint: error instanceof Fault ? error.hint : "",
    code: refusal?.code ?? (status === 503 ? "not-ready" : kindOf(error).replaceAll("_", "-")),
  };
  const retry = status === 503 ? { "Retry-After": "1" } : {};
  return json(said, status, { "Content-Type": "application/problem+json", ...retry, ...refusal?.fields });
}

/** 405 with what there is. */
export function notAllowed(allow: string): Refusal {
  return new Refusal(405, "method", `only ${allow} can be done there`, "", { Allow: allow });
}

/** The seconds of `Prefer: wait=` (RFC 7240), in milliseconds. */
export function waitOf(r: Request, usual: number, most: number): number {
  const said = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(r.headers.get("Prefer") ?? "")?.[1];
  return Math.min(said === undefined ? usual : Number(said), most) * 1000;
}

/** The directives of Cache-Control. */
export function directives(r: Request): Set<string> {
  return new Set((r.headers.get("Cache-Control") ?? "").toLowerCase().split(",").map((d) => d.trim().split("=")[0] ?? ""));
}

/** Whether a list of entity tags has etag; weakly means that W/ does not matter. */
export function lists(field: string, etag: string | undefined, weakly: boolean): boolean {
  if (field.trim() === "*") return etag !== undefined;
  for (const [, weak, tag] of field.matchAll(/(W\/)?"([^"]*)"/g)) {
    if (tag === etag && (weakly || !weak)) return true;
  }
  return false;
}

/** Whether the conditions of a write hold for the document that has etag, or for none. */
export function holds(c: { ifMatch?: string | undefined; ifNoneMatch?: string | undefined }, etag: string | undefined): boolean {
  return (c.ifMatch === undefined || lists(c.ifMatch, etag, false)) && (c.ifNoneMatch === undefined || !lists(c.ifNoneMatch, etag, true));
}

/** The conditions that a request has. */
export function conditions(r: Request): { ifMatch?: string | undefined; ifNoneMatch?: string | undefined } {
  return { ifMatch: r.headers.get("If-Match") ?? undefined, ifNoneMatch: r.headers.get("If-None-Match") ?? undefined };
}

/** 412, as a write that lost. */
export function lostRace(path: string): Refusal {
  return new Refusal(412, "precondition", `${path} is not as the request expects it`, "read it again, and decide anew");
}

/**
 * The octets that a Range asks for of size (RFC 9110 §14.2): undefined for the
 * whole (there is none, or one that is not understood), null when there are no
 * such octets.
 */
export function rangeOf(field: string | null, size: number): { from: number; to: number } | undefined | null {
  const m = /^\s*bytes\s*=\s*(\d{0,16})-(\d{0,16})\s*$/i.exec(field ?? "");
  const [first, last] = [m?.[1] ?? "", m?.[2] ?? ""];
  if (!m || (first === "" && last === "")) return undefined;
  if (first === "") {
    const suffix = Math.min(Number(last), size);
    return suffix === 0 ? null : { from: size - suffix, to: size };
  }
  const from = Number(first);
  if (last !== "" && Number(last) < from) return undefined;
  if (from >= size) return null;
  return { from, to: last === "" ? size : Math.min(Number(last) + 1, size) };
}

/** A Content-Range of a request: `bytes a-b/n`, `bytes *\/n`. from is -1 for the second. */
export function contentRange(field: string): { from: number; to: number; total: number } {
  const m = /^\s*bytes\s+(?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15}|\*)\s*$/i.exec(field);
  const refuse = (why: string): never => {
    throw new Refusal(400, "invalid", `Content-Range: ${field.slice(0, 80)} ${why}`, 'write it as "bytes <first>-<last>/<size>"');
  };
  if (!m) return refuse("is not understood");
  const total = m[3] === "*" ? -1 : Number(m[3]);
  if (total < 0) return refuse("does not say the size of the whole");
  if (m[1] === undefined) return { from: -1, to: -1, total };
  const [from, to] = [Number(m[1]), Number(m[2]) + 1];
  if (to <= from || to > total) return refuse("is no part of the whole");
  return { from, to, total };
}

/** A body as it comes. */
export async function* chunks(body: Incoming["body"]): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) {
    yield body;
    return;
  }
  if (!body) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/** A whole body of at most so many octets. */
export async function whole(body: Incoming["body"], most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of chunks(body)) {
    size += part.length;
    if (size > most) throw new Fault("too_large", `more than ${most} octets`, "send less at once");
    parts.push(part);
  }
  const out = new Uint8Array(size);
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/** The most octets of JSON in a request. */
export const mostJSON = 1 << 20;

/** A body that is a JSON object. */
export async function object(r: Request): Promise<Record<string, unknown>> {
  const value = parse(await whole(r.call.body, mostJSON));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Fault("invalid", "the body is not a JSON object");
  }
  return value as Record<string, unknown>;
}

/** Reads JSON. */
export function parse(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data)) as unknown;
  } catch {
    throw new Fault("invalid", "the body is not JSON");
  }
}
