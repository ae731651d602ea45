/**
 * The routes of a person, friends and documents, as internal/api has them below
 * /api/v1/: pages that manage these work with either.
 */
import type { Body } from "../contract.ts";
import { Fault, kindOf, statusOf } from "../fault.ts";
import { unbase64url } from "../seal/index.ts";
import type { Sharing } from "./sharing.ts";
import type { Answer, Audience, Change, Holding } from "./types.ts";

/** A request for one of the routes. */
export interface RouteRequest {
  method: string;
  /** Below the routes' root, as it was sent: percent-encoded. */
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: Uint8Array | ReadableStream<Uint8Array> | null;
  signal: AbortSignal;
}

export interface RouteAnswer {
  status: number;
  headers: [string, string][];
  body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;
}

/** The longest body of JSON, and of a backup in it. */
const mostJSON = 1 << 20;
const mostBackup = 128 << 20;
/** How long a request for newer state waits, and one for a friend at most, in ms. */
const stateTime = 25_000;
const longestWait = 600_000;
/** A page is told of changes no more often than so many ms. */
const eventEvery = 250;
/** Octets that are read at once. */
const part = 256 * 1024;

type Handler = (s: Sharing, r: RouteRequest, args: string[]) => Promise<RouteAnswer> | Promise<void>;

const json = (v: unknown, status = 200): RouteAnswer => ({
  status, headers: [["Content-Type", "application/json"]], body: new TextEncoder().encode(`${JSON.stringify(v)}\n`),
});

const changes = { audience: "map", share: "map", unshare: "map", labels: "list", path: "string" } as const;

/** Each route: a method and a path, in which * is one part and ** the rest. */
const routes: readonly (readonly [method: string, path: string, handler: Handler])[] = [
  ["GET", "sharing", getState],
  ["GET", "events", getEvents],
  ["POST", "person", async (s, r) => s.create((await object(r, { name: "string" })).name)],
  ["PATCH", "person", async (s, r) => s.rename((await object(r, { name: "string" })).name ?? "")],
  ["GET", "person/phrase", async (s) => json({ words: await s.phrase() })],
  ["DELETE", "person/phrase", (s) => s.forgetPhrase()],
  ["POST", "person/recover", async (s, r) => {
    const { words, name } = await object(r, { words: "list", name: "string" });
    await s.recover(words ?? [], name);
  }],
  ["GET", "person/backup", async (s) => ({
    status: 200, headers: inert("application/octet-stream"), body: (await s.backup()).slice(),
  })],
  ["POST", "person/restore", async (s, r) => {
    const { words, file, keep } = await backupOf(r);
    await s.restore(words, file, keep);
  }],
  ["POST", "person/restore/devices", async (s, r) => {
    const { words, file } = await backupOf(r);
    return json(await s.backupDevices(words, file));
  }],
  ["PUT", "person/relays", async (s, r) => s.setRelays((await object(r, { relays: "list" })).relays ?? [])],
  ["POST", "devices", async (s, r) => json(await s.linkDevice((await object(r, { name: "string" })).name))],
  ["POST", "devices/accept", async (s, r) => json(await s.acceptDevice((await object(r, { link: "string", name: "string" })).link ?? ""))],
  ["POST", "devices/*/confirm", (s, _, [id = ""]) => s.confirmDevice(id)],
  ["DELETE", "links/*", (s, _, [id = ""]) => s.cancelLink(id)],
  ["PATCH", "devices/*", async (s, r, [id = ""]) => {
    const { name, holds } = await object(r, { name: "string", holds: "map" });
    await s.changeDevice(id, name, holds as Holding | undefined);
  }],
  ["DELETE", "devices/*", async (s, r, [id = ""]) => s.revokeDevice(id, (await object(r, { words: "list" })).words)],
  ["POST", "invitations", async (s, r) => {
    const i = await object(r, { for: "string", expires: "number" });
    return json(await s.invite(i.for, (i.expires ?? 0) * 1000));
  }],
  ["DELETE", "invitations/*", (s, _, [id = ""]) => s.cancelInvitation(id)],
  ["POST", "friends", async (s, r) => {
    const { link, name } = await object(r, { link: "string", name: "string" });
    return json(await s.accept(link ?? "", name));
  }],
  ["PATCH", "friends/*", async (s, r, [friend = ""]) => json(await s.changeFriend(friend, await object(r, { name: "string", verified: "boolean", blocked: "boolean" })))],
  ["DELETE", "friends/*", async (s, _, [friend = ""]) => json(await s.removeFriend(friend))],
  ["GET", "friends/*/data/**", getFriendData],
  ["DELETE", "friends/*/data/**", (s, _, [friend = "", path = ""]) => s.forget(friend, path)],
  ["GET", "questions/*", async (s, r, [id = ""]) => friendAnswer(r, await s.question(id))],
  ["PUT", "lists/*", async (s, r, [name = ""]) => s.setList(name, (await object(r, { name: "string", friends: "list" })).friends ?? [])],
  ["DELETE", "lists/*", (s, _, [name = ""]) => s.removeList(name)],
  ["GET", "data/**", getData],
  ["PUT", "data/**", putData],
  ["PATCH", "data/**", async (s, r, [path = ""]) => json(await s.changeDocument(appOf(r), path, (await object(r, changes)) as Change))],
  ["DELETE", "data/**", async (s, r, [path = ""]) => json(await s.delete(appOf(r), path, r.headers.get("If-Match") ?? undefined))],
];

/** Answers a request; undefined for what is none of these routes. */
export async function route(s: Sharing, r: RouteRequest): Promise<RouteAnswer | undefined> {
  const method = r.method === "HEAD" ? "GET" : r.method;
  for (const [wanted, pattern, handler] of routes) {
    const args = wanted === method ? match(pattern, r.path) : undefined;
    if (!args) continue;
    try {
      return (await handler(s, r, args)) ?? { status: 204, headers: [], body: null };
    } catch (error) {
      return failed(error);
    }
  }
  return undefined;
}

/** The parts of a path that a pattern leaves open, decoded; undefined when it is another's. */
function match(pattern: string, path: string): string[] | undefined {
  const wanted = pattern.split("/");
  const parts = path.split("/");
  const args: string[] = [];
  try {
    for (const [n, w] of wanted.entries()) {
      const p = parts[n];
      if (w === "**") return [...args, parts.slice(n).map(decodeURIComponent).join("/")];
      if (p === undefined || (w !== "*" && w !== p) || (w === "*" && p === "")) return undefined;
      if (w === "*") args.push(decodeURIComponent(p));
    }
  } catch {
    return undefined; // no percent-encoded UTF-8
  }
  return parts.length === wanted.length ? args : undefined;
}

function failed(error: unknown): RouteAnswer {
  const kind = kindOf(error);
  const known = error instanceof Error && (kind !== "internal" || error instanceof Fault);
  const said = { kind, message: known ? error.message : "the peer failed", ...(error instanceof Fault && error.hint !== "" && { hint: error.hint }) };
  return json({ error: said }, statusOf(error));
}

async function octets(r: RouteRequest, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const p of pieces(r)) {
    size += p.length;
    if (size > most) throw new Fault("too_large", `the request is larger than ${most} octets`);
    parts.push(p);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return all;
}

async function* pieces(r: RouteRequest): AsyncGenerator<Uint8Array> {
  if (r.body instanceof Uint8Array) yield r.body;
  else if (r.body) {
    const reader = r.body.getReader();
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    } finally {
      reader.releaseLock();
    }
  }
}

/** What a field of a request's JSON is. */
interface Kinds { string: string; number: number; boolean: boolean; list: string[]; map: object }
type Fields = Record<string, keyof Kinds>;
type Said<F extends Fields> = { [K in keyof F]?: Kinds[F[K]] };

const kindOfField = (v: unknown): string =>
  Array.isArray(v) ? (v.every((x) => typeof x === "string") ? "list" : "something else") : typeof v === "object" ? "map" : typeof v;

/** The JSON object of a request, with these fields and no others; none is an empty one. */
async function object<const F extends Fields>(r: RouteRequest, fields: F, most = mostJSON): Promise<Said<F>> {
  const said = new TextDecoder().decode(await octets(r, most));
  let value: unknown;
  try {
    value = JSON.parse(said.trim() || "{}");
  } catch (error) {
    throw new Fault("invalid", "the request is no JSON", "", error);
  }
  if (kindOfField(value) !== "map" || value === null) throw new Fault("invalid", "the request is no JSON object");
  const got: Record<string, unknown> = {};
  for (const [name, v] of Object.entries(value as object)) {
    if (!Object.hasOwn(fields, name)) throw new Fault("invalid", `the request has an unknown field "${name.slice(0, 40)}"`);
    if (v === null) continue;
    if (kindOfField(v) !== fields[name]) throw new Fault("invalid", `"${name}" of the request is not what it should be`);
    got[name] = v;
  }
  return got as Said<F>;
}

/** A backup and the phrase that opens it, and the devices in it that stay. */
async function backupOf(r: RouteRequest): Promise<{ words: string[]; file: Uint8Array; keep: string[] }> {
  const { words = [], file = "", keep = [] } = await object(r, { words: "list", file: "string", keep: "list" }, mostBackup);
  return { words, keep, file: unbase64url(file.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")) };
}

const appOf = (r: RouteRequest): string => r.query.get("app") ?? "";

async function getState(s: Sharing, r: RouteRequest): Promise<RouteAnswer> {
  const after = r.query.get("after");
  if (after === null) return json(await s.state());
  if (!/^\d{1,15}$/.test(after)) throw new Fault("invalid", `"${after.slice(0, 40)}" is no version`);
  const limit = AbortSignal.any([r.signal, AbortSignal.timeout(stateTime)]);
  return json(await s.changed(Number(after), limit).catch((error: unknown) => {
    if (r.signal.aborted) throw error;
    return s.state();
  }));
}

/** The stream of events of HTML §9.2: "sharing" with the state, when it is another. */
async function getEvents(s: Sharing, r: RouteRequest): Promise<RouteAnswer> {
  const over = new AbortController();
  const signal = AbortSignal.any([r.signal, over.signal]);
  let version = 0;
  let last = "";
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    pull: async (c) => {
      try {
        for (;;) {
          const limit = AbortSignal.any([signal, AbortSignal.timeout(15_000)]);
          const state = await s.changed(version, limit).catch((error: unknown) => {
            if (signal.aborted) throw error;
            return undefined;
          });
          if (!state) return c.enqueue(encoder.encode(": still here\n\n"));
          version = state.version;
          const data = JSON.stringify({ ...state, version: 0, person: { ...state.person, storage: undefined } });
          if (data === last) continue;
          last = data;
          c.enqueue(encoder.encode(`event: sharing\ndata: ${JSON.stringify(state)}\n\n`));
          return await new Promise((done) => setTimeout(done, eventEvery));
        }
      } catch {
        c.close();
      }
    },
    cancel: () => over.abort(),
  }, { highWaterMark: 0 });
  return { status: 200, headers: [["Content-Type", "text/event-stream"], ["Cache-Control", "no-store"]], body };
}

/** Keeps what is in a document from acting on the origin where it is answered: it is data, never a page. */
const inert = (type: string): [string, string][] => [
  ["Content-Type", type || "application/octet-stream"], ["Content-Security-Policy", "default-src 'none'; sandbox"],
  ["Content-Disposition", "attachment"], ["X-Content-Type-Options", "nosniff"],
];

interface Content { type: string; etag: string; modified: number; body: Body }

/** Serves a body with conditions and one range (RFC 9110 §13, §14). */
function content(r: RouteRequest, d: Content, more: [string, string][] = []): RouteAnswer {
  const headers = [...inert(d.type), ...more, ["Accept-Ranges", "bytes"]] as [string, string][];
  if (d.etag !== "") headers.push(["ETag", d.etag]);
  if (d.modified > 0) headers.push(["Last-Modified", new Date(d.modified).toUTCString()]);
  const none = r.headers.get("If-None-Match");
  if (none !== null && d.etag !== "" && none.split(",").some((t) => t.trim().replace(/^W\//, "") === d.etag || t.trim() === "*")) {
    d.body.close();
    return { status: 304, headers, body: null };
  }
  const { size } = d.body;
  const range = rangeOf(r.headers.get("Range"), size);
  if (range === null) {
    d.body.close();
    return { status: 416, headers: [["Content-Range", `bytes */${size}`]], body: null };
  }
  const [from, to] = range ?? [0, size];
  headers.push(["Content-Length", String(to - from)]);
  if (range) headers.push(["Content-Range", `bytes ${from}-${to - 1}/${size}`]);
  const status = range ? 206 : 200;
  if (r.method === "HEAD") {
    d.body.close();
    return { status, headers, body: null };
  }
  return { status, headers, body: flowing(d.body, from, to) };
}

/** The one range that is asked for: undefined for none that is understood, null for one that is not there. */
function rangeOf(header: string | null, size: number): [from: number, to: number] | undefined | null {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") return Number(last) === 0 ? null : [Math.max(0, size - Number(last)), size];
  const [from, to] = [Number(first), last === "" ? size : Math.min(size, Number(last) + 1)];
  if (last !== "" && Number(last) < from) return undefined;
  return from >= size ? null : [from, to];
}

function flowing(body: Body, from: number, to: number): ReadableStream<Uint8Array> {
  let at = from;
  return new ReadableStream<Uint8Array>({
    pull: async (c) => {
      try {
        if (at < to) {
          const next = Math.min(at + part, to);
          c.enqueue(await body.read(at, next));
          at = next;
        }
        if (at < to) return;
        body.close();
        c.close();
      } catch (error) {
        body.close();
        c.error(error);
      }
    },
    cancel: () => body.close(),
  }, { highWaterMark: 0 });
}

const isListing = (path: string): boolean => path === "" || path.endsWith("/");

async function getData(s: Sharing, r: RouteRequest, [path = ""]: string[]): Promise<RouteAnswer> {
  const app = appOf(r);
  if (isListing(path)) return json({ documents: await s.documents(app, path, r.query.get("label") ?? "") });
  if (r.query.has("info")) return json(await s.document(app, path));
  const { document: d, item, body } = await s.open(app, path);
  return content(r, { type: d.type, etag: d.etag, modified: item.modified, body });
}

async function putData(s: Sharing, r: RouteRequest, [path = ""]: string[]): Promise<RouteAnswer> {
  if (isListing(path)) throw new Fault("invalid", `"${path.slice(0, 200)}" is no name of a document`, "give a path such as photos/1");
  const labels = r.query.getAll("label");
  const d = await s.put({
    path, app: appOf(r), type: r.headers.get("Content-Type") ?? undefined, labels: labels.length > 0 ? labels : undefined,
    audience: audienceOf(r.query.getAll("for")), ifMatch: r.headers.get("If-Match") ?? undefined,
    ifNoneMatch: r.headers.get("If-None-Match") ?? undefined, body: pieces(r),
  });
  const answer = json(d);
  answer.headers.push(["ETag", d.etag]);
  return answer;
}

/** Reads names as a query gives them: friends, "list:" and the name of a list, "all" or "nobody". */
export function audienceOf(names: readonly string[]): Audience | undefined {
  if (names.length === 0) return undefined;
  const whole = names.find((n) => n === "all" || n === "nobody");
  if (whole === "all" || whole === "nobody") return { kind: whole };
  const lists = names.filter((n) => n.startsWith("list:")).map((n) => n.slice("list:".length));
  return { kind: "some", friends: names.filter((n) => !n.startsWith("list:")), lists };
}

/**
 * Asks a friend. "Prefer: wait=30" (RFC 7240 §4.3) says for how many seconds; when nobody
 * answered by then it is 202, with where to look later.
 */
async function getFriendData(s: Sharing, r: RouteRequest, [friend = "", path = ""]: string[]): Promise<RouteAnswer> {
  const wait = /(?:^|,)\s*wait=(\d{1,6})/.exec(r.headers.get("Prefer") ?? "")?.[1] ?? "0";
  const query = r.query.toString();
  const fresh = (r.headers.get("Cache-Control") ?? "").includes("no-cache");
  const a = await s.ask(
    { friend, path: `/${path}${query === "" ? "" : `?${query}`}`, wait: Math.min(Number(wait) * 1000, longestWait), fresh }, r.signal,
  );
  return friendAnswer(r, a);
}

/** Hands a friend's answer on. */
function friendAnswer(r: RouteRequest, a: Answer): RouteAnswer {
  if (a.pending !== undefined) {
    return { status: 202, headers: [["Location", `/api/v1/questions/${a.pending}`], ["Retry-After", "5"]], body: null };
  }
  const more: [string, string][] = [["Kith-Until", new Date(a.until).toUTCString()]];
  if (a.stale) more.push(["Kith-Stale", "?1"]);
  return content(r, a, more);
}
