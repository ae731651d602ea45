// Reads what /.kith/site answers. A host is asked over the network, and a page
// of the origin could have written what the worker kept: nothing is taken
// unseen.
import type { Endpoint, SiteInfo } from "./types.ts";

/** Where an origin says what it is. */
export const sitePath = "/.kith/site";

const longest = 2048;
const most = 64;

/** Reads a SiteInfo; throws a TypeError that says what is wrong with it. */
export function readSite(value: unknown): SiteInfo {
  const v = record(value, "the description of the site");
  if (v["version"] !== 1) {
    throw new TypeError("the description of the site has a version this runtime does not know");
  }
  const kind = v["kind"];
  if (kind !== "torrent" && kind !== "ipfs" && kind !== "front") {
    throw new TypeError("the site is of a kind this runtime does not know");
  }
  const key = v["key"] === undefined ? undefined : text(v["key"], "key");
  return {
    version: 1,
    kind,
    address: text(v["address"], "address"),
    label: text(v["label"], "label"),
    name: text(v["name"], "name"),
    id: matching(v["id"], "id", /^[\w.-]{1,160}$/),
    swarm: matching(v["swarm"], "swarm", /^[0-9a-f]{40}$/),
    ...(key ? { key } : {}),
    index: matching(v["index"], "index", /^\/\.kith\/[\w./-]+$/),
    piece: matching(v["piece"], "piece", /^\/\.kith\/[\w./-]+$/),
    trackers: list(v["trackers"], "trackers").map((t) => matching(t, "tracker", /^wss?:\/\/[^\s]+$/)),
    ice: v["ice"] === "" || v["ice"] === undefined ? "" : matching(v["ice"], "ice", /^\/\.kith\/[\w./-]+$/),
    webtransport: list(v["webtransport"], "webtransport").map(endpoint),
    peer: v["peer"] === "" || v["peer"] === undefined ? "" : matching(v["peer"], "peer", /^[0-9a-f]{40}$/),
    node: nodeOrigin(v["node"]),
    badge: v["badge"] === true,
  };
}

/**
 * The origin of somebody's own node, "http://<label>.localhost:5484", as it may
 * be navigated to; "" for anything else. It must never lead elsewhere.
 */
export function nodeOrigin(value: unknown): string {
  if (typeof value !== "string" || value.length > longest || !URL.canParse(value)) {
    return "";
  }
  const url = new URL(value);
  const ours = url.protocol === "http:" && url.hostname.endsWith(".localhost") && !url.username && !url.password;
  return ours ? url.origin : "";
}

function endpoint(value: unknown): Endpoint {
  const v = record(value, "webtransport");
  return {
    url: matching(v["url"], "webtransport", /^https:\/\/[^\s]+$/),
    hashes: list(v["hashes"], "webtransport").map((h) => matching(h, "hash", /^[\w+/=-]{40,48}$/)),
  };
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${what} is not an object`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function text(value: unknown, what: string): string {
  if (typeof value !== "string" || value.length > longest) {
    throw new TypeError(`the site's ${what} is no text, or too long`);
  }
  return value;
}

function matching(value: unknown, what: string, form: RegExp): string {
  const s = text(value, what);
  if (!form.test(s)) {
    throw new TypeError(`the site's ${what} is not of its form`);
  }
  return s;
}

function list(value: unknown, what: string): readonly unknown[] {
  const items = value ?? [];
  if (!Array.isArray(items) || items.length > most) {
    throw new TypeError(`the site's ${what} are no list, or too many`);
  }
  return items as readonly unknown[];
}
