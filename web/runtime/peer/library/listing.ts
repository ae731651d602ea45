import type { Ask, Reply } from "../contract.ts";
import { base64url, expand, hash, unbase64url, unhex, utf8 } from "../seal/index.ts";
import { absent, empty, etag, seconds } from "./answer.ts";
import { Viewer } from "./audience.ts";
import { memory } from "./body.ts";
import type { Entry } from "./catalog.ts";
import { Batch, type Core } from "./core.ts";
import { keepGiven, told } from "./gone.ts";
import { compareText, placeOf, publicPath } from "./path.ts";
import type { Friend } from "./people.ts";
import { matches } from "./put.ts";

// A listing is at most this long; the next page begins behind "next".
const listingMost = 32 << 20;

/** Lists what a friend may see below a folder, or what changed there since a cursor. */
export async function answerFolder(l: Core, from: string, folder: string, q: URLSearchParams, r: Ask): Promise<Reply> {
  const friend = l.circle.friends.get(from);
  if (!friend || friend.blocked) return absent();
  const v = new Viewer(l, friend);
  let top = newest(l, v);
  let since = await openCursor(l, friend, q.get("since") ?? "");
  const began = l.given.get(from);
  const delta = since !== undefined && began !== undefined && since >= began && since <= l.seq;
  if (delta && since !== undefined) {
    await told(l, from, since);
    top = Math.max(top, since);
  } else {
    since = 0;
    top = Math.max(top, began ?? 0);
    if (began === undefined) await track(l, from, top);
  }
  const cursor = await sealCursor(l, friend, top);
  const tag = `"${base64url(hash(`kith listing${cursor}${r.path}`).subarray(0, 12))}"`;
  const header: Record<string, string> = {
    etag: tag, "cache-control": "private, max-age=0", "kith-lease": seconds(l.o.lease), "content-type": "application/json",
  };
  const { "if-none-match": ifNoneMatch } = r.header;
  if (ifNoneMatch && matches(ifNoneMatch, tag)) return empty(304, header);
  const most = r.most ? Math.min(r.most, listingMost) : listingMost;
  const page = { folder, after: q.get("after") ?? "", since: since ?? 0, most };
  const end = delta ? { gone: goneFor(l, v, page) } : q.has("since") ? { complete: true } : {};
  const octets = utf8(render(l, v, page, cursor, end));
  header["content-length"] = String(octets.length);
  return { status: 200, header, size: octets.length, body: memory(octets) };
}

/** The highest number of a change that a friend may know of. */
function newest(l: Core, v: Viewer): number {
  let top = 0;
  for (const e of l.catalog.byPath) if (e.seq > top && v.sees(e)) top = e.seq;
  for (const g of l.gone) if (g.seq > top && g.waiting.includes(v.friend.relation)) top = g.seq;
  return top;
}

/** Remembers that a friend has a cursor. */
async function track(l: Core, id: string, from: number): Promise<void> {
  l.given.set(id, from);
  const b = new Batch();
  keepGiven(l, b);
  await l.commit(b);
}

/** What of a folder is told. */
interface Page {
  folder: string;
  after: string;
  since: number;
  most: number;
}

/** The JSON of a listing (spec §5.3). */
function render(l: Core, v: Viewer, p: Page, cursor: string, end: object): string {
  const { app, path } = placeOf(p.folder);
  const friend = unhex(v.friend.relation);
  const items: string[] = [];
  let [octets, next, last] = [12, "", ""];
  for (const [e, shown] of l.catalog.below(app, path)) {
    if (e.seq <= p.since || !v.sees(e)) continue;
    const name = publicPath(app, shown);
    if (p.after !== "" && compareText(name, p.after) <= 0) continue;
    if (octets > p.most - 4096 && items.length > 0) {
      next = last;
      break;
    }
    const text = itemText(e, name, friend);
    octets += 1 + 3 * text.length - 2 * (text.length - name.length); // all but the name is ASCII, or nearly
    items.push(text);
    last = name;
  }
  const rest = JSON.stringify({ cursor, ...end, ...(next && { next }) });
  return `{"items":[${items.join()}],${rest.slice(1)}`;
}

function itemText(e: Entry, name: string, friend: Uint8Array): string {
  const { type, size, modified, labels } = e.record;
  const item = { path: name, type, size, etag: etag(e.record, friend), modified, labels: labels.length > 0 ? labels : undefined };
  return JSON.stringify(item);
}

function goneFor(l: Core, v: Viewer, p: Page): string[] {
  const paths = new Set<string>();
  for (const g of l.gone) {
    if (g.seq <= p.since || !g.path.startsWith(p.folder) || !g.waiting.includes(v.friend.relation)) continue;
    const place = placeOf(g.path);
    const e = l.catalog.find(place.app, place.path);
    if (!e || !v.sees(e)) paths.add(g.path);
  }
  return [...paths].sort(compareText);
}

// A cursor is the number of a change, sealed for one friend by this device: it tells
// nobody how much happened that was not for them. What the friend's standing hangs on
// is in it, too: when that changed, they are told everything anew.

async function cursorKey(l: Core, f: Friend): Promise<CryptoKey> {
  const key = expand(l.cursor, `kith cursor 1${f.relation}`, 32);
  return crypto.subtle.importKey("raw", key as BufferSource, "AES-CBC", false, ["encrypt", "decrypt"]);
}

const params = (): AesCbcParams => ({ name: "AES-CBC", iv: new Uint8Array(16) });

async function sealCursor(l: Core, f: Friend, seq: number): Promise<string> {
  const block = new Uint8Array(15);
  new DataView(block.buffer).setBigUint64(0, BigInt(seq));
  block.set(standing(l, f).subarray(0, 7), 8);
  return base64url(new Uint8Array(await crypto.subtle.encrypt(params(), await cursorKey(l, f), block)));
}

/** The number in a cursor; undefined when it is not this device's, or the friend's standing is another. */
async function openCursor(l: Core, f: Friend, text: string): Promise<number | undefined> {
  if (text.length !== 22) return undefined;
  try {
    const sealed = unbase64url(text) as Uint8Array<ArrayBuffer>;
    const block = new Uint8Array(await crypto.subtle.decrypt(params(), await cursorKey(l, f), sealed));
    if (block.length !== 15 || standing(l, f).subarray(0, 7).some((c, i) => c !== block[8 + i])) return undefined;
    return Number(new DataView(block.buffer).getBigUint64(0));
  } catch {
    return undefined;
  }
}

/** A hash of all that decides what a friend may see, but the items. */
function standing(l: Core, f: Friend): Uint8Array {
  return hash(`${f.all} ${l.lists.of(f.relation).join()} ${l.resets.length}`);
}
