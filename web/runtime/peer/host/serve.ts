/** Documents as answers: conditions, ranges, bodies that flow. */
import type { Body } from "../contract.ts";
import { lists, lostRace, rangeOf, Refusal, reply, type Request } from "./http.ts";
import { writeLabels } from "./path.ts";
import type { Answered } from "../service/wire.ts";

/** Bodies up to this size travel in one message, larger ones in parts of this size. */
const part = 256 * 1024;

/** What every document is served with, so that it is never a page of the origin. */
const caged = "sandbox; default-src 'none'";

/** What is known of a document when it is served. */
export interface Served { path: string; type: string; etag: string; modified: number; labels: readonly string[]; size: number }

/** Answers GET and HEAD with a document; body is closed. */
export async function serve(r: Request, doc: Served, body: Body, more: Record<string, string> = {}): Promise<Answered> {
  let flows = false;
  try {
    const fields = {
      "Cache-Control": "private, no-cache", "Content-Security-Policy": caged, ETag: `"${doc.etag}"`,
      "Last-Modified": new Date(doc.modified).toUTCString(), "Accept-Ranges": "bytes", "Kith-Labels": writeLabels(doc.labels), ...more,
    };
    const match = r.headers.get("If-Match");
    if (match !== null && !lists(match, doc.etag, false)) throw lostRace(doc.path);
    const none = r.headers.get("If-None-Match");
    if (none !== null && lists(none, doc.etag, true)) return reply(304, fields);
    const range = asked(r, doc);
    if (range === null) {
      throw new Refusal(416, "range", `${doc.path} has ${doc.size} octets`, "ask for some of these", { "Content-Range": `bytes */${doc.size}` });
    }
    const [from, to] = range ? [range.from, range.to] : [0, doc.size];
    const head = {
      ...fields, "Content-Type": doc.type, "Content-Length": String(to - from),
      ...(range ? { "Content-Range": `bytes ${from}-${to - 1}/${doc.size}` } : {}),
    };
    const status = range ? 206 : 200;
    if (r.method === "HEAD") return reply(status, head);
    if (to - from <= part) return reply(status, head, (await body.read(from, to)).slice());
    flows = true;
    return reply(status, head, flowing(body, from, to));
  } finally {
    if (!flows) body.close();
  }
}

function asked(r: Request, doc: Served): ReturnType<typeof rangeOf> {
  const ifRange = r.headers.get("If-Range");
  const same = ifRange === null || (ifRange.includes('"') ? ifRange.trim() === `"${doc.etag}"` : Date.parse(ifRange) === Math.floor(doc.modified / 1000) * 1000);
  return same && r.method === "GET" ? rangeOf(r.headers.get("Range"), doc.size) : undefined;
}

/** The octets from here to there, read as they are taken. */
function flowing(body: Body, from: number, to: number): ReadableStream<Uint8Array> {
  let at = from;
  return new ReadableStream<Uint8Array>({
    pull: async (c) => {
      try {
        const next = Math.min(at + part, to);
        c.enqueue(await body.read(at, next));
        at = next;
      } catch (error) {
        at = to;
        body.close();
        return c.error(error);
      }
      if (at >= to) {
        body.close();
        c.close();
      }
    },
    cancel: () => body.close(),
  }, { highWaterMark: 0 });
}
