import { type Ask, type Body, PartyKind, type Reply } from "../contract.ts";
import { base64url, hash, unhex, utf8 } from "../seal/index.ts";
import { visible } from "./audience.ts";
import { section } from "./body.ts";
import { maxPath, personApp, second } from "./bounds.ts";
import type { Entry } from "./catalog.ts";
import { Batch, type Core } from "./core.ts";
import { openEntry } from "./get.ts";
import { type ItemRecord, tagOf } from "./item.ts";
import { answerFolder } from "./listing.ts";
import { placeOf } from "./path.ts";
import { isDoubtful } from "./peer.ts";
import { matches } from "./put.ts";

export const ownPrefix = "/.own/";

/** What Library.answer does. */
export async function answer(l: Core, from: string, kind: PartyKind, r: Ask): Promise<Reply> {
  if (r.method !== "GET" && r.method !== "HEAD") return empty(405, { allow: "GET, HEAD" });
  const at = r.path.indexOf("?");
  const path = decoded(at < 0 ? r.path : r.path.slice(0, at));
  if (!path?.startsWith("/") || r.path.length > 8 * maxPath) return empty(400, {});
  let reply;
  if (kind === PartyKind.ownDevice && path.startsWith(ownPrefix)) {
    reply = await answerOwn(l, from, path.slice(ownPrefix.length), r);
  } else if (path.endsWith("/")) {
    reply = await answerFolder(l, from, path.slice(1), new URLSearchParams(at < 0 ? "" : r.path.slice(at + 1)), r);
  } else {
    reply = await answerDocument(l, from, path.slice(1), r);
  }
  if (r.method !== "HEAD") return reply;
  reply.body?.close();
  const { status, header, size } = reply;
  return { status, header, size };
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

export function empty(status: number, header: Record<string, string>): Reply {
  return { status, header, size: 0 };
}

/** The one answer to what is not there and to what is not for the asker. */
export function absent(): Reply {
  return empty(404, { "cache-control": "no-store" });
}

export function seconds(ms: number): string {
  return String(Math.floor(ms / second));
}

/** Answers for one document. */
async function answerDocument(l: Core, from: string, path: string, r: Ask): Promise<Reply> {
  const friend = l.circle.friends.get(from);
  const place = placeOf(path);
  const e = l.catalog.find(place.app, place.path);
  const probe = e ?? l.none; // the same work for what is not there
  const sees = friend !== undefined && place.app !== personApp && visible(l, friend, probe.aud) && !(e && isDoubtful(l, e));
  const buried = (l.buried.get(from)?.get(path) ?? 0) > 0;
  if (!e || !sees) return friend && !friend.blocked && buried ? empty(410, { "cache-control": "no-store" }) : absent();
  const tag = etag(e.record, unhex(from));
  const header: Record<string, string> = {
    etag: tag, "cache-control": `private, max-age=${seconds(l.o.maxAge)}`, "kith-lease": seconds(l.o.lease),
    "last-modified": new Date(e.record.modified).toUTCString(),
  };
  const { "if-match": ifMatch, "if-none-match": ifNoneMatch } = r.header;
  if (ifMatch && !matches(ifMatch, tag)) return empty(412, header);
  if (ifNoneMatch && matches(ifNoneMatch, tag)) return empty(304, header);
  header["content-type"] = e.record.type;
  const reply = await part(l, e, header, r);
  if (reply.status >= 300 || r.method === "HEAD") return reply;
  try {
    await noteSent(l, e, from);
  } catch (error) {
    reply.body?.close();
    throw error;
  }
  return reply;
}

/** The body, or the range of it that was asked for. */
async function part(l: Core, e: Entry, header: Record<string, string>, r: Ask): Promise<Reply> {
  // Where the body is elsewhere another device has to answer: this fails.
  const body = await openEntry(l, e);
  const reply = partOf(body, header, r);
  if (!reply.body) body.close();
  return reply;
}

function partOf(body: Body, header: Record<string, string>, r: Ask): Reply {
  let [status, from, to] = [200, 0, body.size];
  const asked = r.header["range"] ? parseRange(r.header["range"], body.size) : undefined;
  if (asked === "beyond") {
    header["content-range"] = `bytes */${body.size}`;
    return empty(416, header);
  }
  if (asked) [status, from, to] = [206, ...asked];
  if (r.most && to - from > r.most && r.method === "GET") [status, to] = [206, from + r.most];
  if (status === 206) header["content-range"] = `bytes ${from}-${to - 1}/${body.size}`;
  header["content-length"] = String(to - from);
  return { status, header, size: to - from, body: section(body, from, to) };
}

/**
 * Reads one range of octets (RFC 9110 §14.1.2): "beyond" cannot be satisfied; what is
 * no single range is ignored.
 */
export function parseRange(spec: string, size: number): [from: number, to: number] | "beyond" | undefined {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(spec) ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  if (first === "") return Number(last) > 0 && size > 0 ? [Math.max(0, size - Number(last)), size] : "beyond";
  const from = Number(first);
  if (last !== "" && Number(last) < from) return undefined;
  if (from >= size) return "beyond";
  return [from, last === "" ? size : Math.min(size, Number(last) + 1)];
}

const etagLabel = utf8("kith et");

/**
 * Names a revision to one friend: the same by whichever device answers, and another
 * for every friend, so that two who compare find nothing equal.
 */
export function etag(r: Pick<ItemRecord, "handle" | "revision">, friend: Uint8Array): string {
  return `"${base64url(hash(etagLabel, unhex(r.handle + r.revision), friend).subarray(0, 12))}"`;
}

/** Keeps, durably and before anything leaves, that a friend was sent something of an item. */
async function noteSent(l: Core, e: Entry, to: string): Promise<void> {
  if (e.sent.includes(to)) return;
  e.sent = [...e.sent, to];
  const b = new Batch();
  b.item(e);
  await l.commit(b);
}

/** Gives another own device the body of an item. */
async function answerOwn(l: Core, from: string, handle: string, r: Ask): Promise<Reply> {
  const e = l.circle.devices.has(from) ? l.catalog.byHandle.get(handle.toLowerCase()) : undefined;
  if (!e || isDoubtful(l, e)) return absent();
  const tag = tagOf(e.record);
  const { "if-match": ifMatch } = r.header;
  if (ifMatch && !matches(ifMatch, tag)) return empty(412, { etag: tag });
  return e.here ? part(l, e, { etag: tag }, r) : absent();
}
