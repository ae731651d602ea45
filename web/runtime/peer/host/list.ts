/** Folders (spec/app-api.md §2). */
import { Fault } from "../fault.ts";
import type { App, Apps } from "./apps.ts";
import type { AppStore, Audience, Doc } from "./contract.ts";
import { below, under, type Place } from "./mounts.ts";
import { byOctets } from "./path.ts";

const most = 1000;

/** An audience as an app sees it: friends that it sees by handle, and how many others. */
export interface Shown { kind: Audience["kind"]; friends?: string[]; others?: number }

interface Item { path: string; type: string; size: number; etag: string; modified: string; labels: string[]; audience: Shown }

/** What a folder is answered with. */
export interface Listing { items: Item[]; folders?: string[]; next?: string }

/** What is told of an audience to an app. */
export async function shownAudience(apps: Apps, app: App, audience: Audience): Promise<Shown> {
  if (audience.kind !== "some") return { kind: audience.kind };
  const handles = [...(await apps.friends(app))].filter(([, f]) => audience.friends.includes(f.id)).map(([handle]) => handle).sort();
  return { kind: audience.kind, friends: handles, others: audience.friends.length - handles.length };
}

/** Lists a folder, as the query says. */
export async function list(store: AppStore, apps: Apps, app: App, place: Place, folder: string, query: URLSearchParams): Promise<Listing> {
  const window = windowOf(query);
  const found = await gather(store, app, place, folder);
  if (window.shallow) { // those of friends are asked for by their own paths
    for (const m of below(app, folder)) if (m.friend !== undefined && m.at.endsWith("/")) found.push([m.at, undefined]);
    found.sort(([a], [b]) => byOctets(a, b));
  }
  const { entries, folders, next } = page(found, folder, window);
  const items = await Promise.all(entries.map(([path, doc]) => item(apps, app, path, doc)));
  return { items, ...(window.shallow ? { folders } : {}), ...(next === undefined ? {} : { next }) };
}

/** Which part of a folder is wanted. */
export interface Window { after: string; limit: number; shallow: boolean }

export function windowOf(query: URLSearchParams): Window {
  const shallow = query.get("depth") === "1";
  if (!shallow && query.has("depth")) throw new Fault("invalid", "depth is not 1");
  return { after: query.get("after") ?? "", limit: count(query, "limit", most) ?? most, shallow };
}

/** Cuts that part out of everything below a folder, which is in the order of paths. */
export function page<T>(all: Iterable<readonly [path: string, doc: T | undefined]>, folder: string, w: Window): {
  entries: [string, T][]; folders: string[]; next: string | undefined;
} {
  const entries: [string, T][] = [];
  const folders: string[] = [];
  let last = "";
  for (const [path, doc] of all) {
    const rest = path.indexOf("/", folder.length);
    const entry = w.shallow && rest >= 0 ? path.slice(0, rest + 1) : path;
    const past = entry === last || byOctets(entry, w.after) <= 0 || (w.shallow && w.after.endsWith("/") && path.startsWith(w.after));
    if (past) continue;
    if (entries.length + folders.length >= w.limit) return { entries, folders, next: last };
    last = entry;
    if (entry !== path || doc === undefined) folders.push(entry);
    else entries.push([path, doc]);
  }
  return { entries, folders, next: undefined };
}

async function item(apps: Apps, app: App, path: string, doc: Doc): Promise<Item> {
  const { type, size, etag, labels } = doc;
  return {
    path, type, size, etag: `"${etag}"`, modified: new Date(doc.modified).toISOString(), labels,
    audience: await shownAudience(apps, app, doc.audience),
  };
}

/** All documents below a folder of an app, with those of mounts below it, in the order of paths. */
async function gather(store: AppStore, app: App, place: Place, folder: string): Promise<[string, Doc | undefined][]> {
  const own = (await store.documents(place.app, place.path)).map((d): [string, Doc | undefined] => [place.back(d.path), d]);
  const mounts = below(app, folder);
  if (mounts.length === 0) return own;
  const all = own.filter(([path]) => !mounts.some((m) => under(path, m.at)));
  for (const m of mounts) {
    if (m.friend !== undefined) continue; // asked for by its own path
    const there = m.path.endsWith("/") || m.path === "" ? await store.documents(m.app, m.path) : [await store.document(m.app, m.path)];
    for (const d of there) if (d) all.push([m.at + d.path.slice(m.path.length), d]);
  }
  return all.sort(([a], [b]) => byOctets(a, b));
}

/** A number of the query; undefined when it is not there. */
function count(query: URLSearchParams, name: string, most: number): number | undefined {
  const said = query.get(name);
  if (said === null) return undefined;
  if (!/^\d{1,9}$/.test(said) || said === "0") {
    throw new Fault("invalid", `${name}=${said.slice(0, 20)} is no number above 0`);
  }
  return Math.min(Number(said), most);
}
