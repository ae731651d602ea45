// What the pages say of a site, worked out from what the API says.
import type { Peer, PeerKind, Site } from "./api/types.ts";

/** The name a person knows the site by, or its shortened address. */
export function siteName(site: Pick<Site, "name" | "address">): string {
  return site.name || shorten(bare(site.address));
}

/** The address without its scheme and without a final slash. */
export function bare(address: string): string {
  return address.replace(/^[a-z+]+:\/\//, "").replace(/\/$/, "");
}

/** Keeps both ends of a long identifier: people compare those. */
export function shorten(text: string, head = 12, tail = 6): string {
  return text.length <= head + tail + 3 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`;
}

/** The address with its identifier shortened, scheme and path kept. */
export function shortAddress(address: string): string {
  const m = /^([a-z+]+:\/\/)?([^/]+)(.*)$/s.exec(address);
  return m ? `${m[1] ?? ""}${shorten(m[2] ?? "")}${m[3] ?? ""}`.replace(/\/$/, "") : address;
}

/** The share of the site that is on this machine, 0 to 1; undefined while its size is unknown. */
/** What a person reads for an app: the host of an origin of the web, the name of a site that is here, or its address. */
export function appName(app: string, sites: readonly Site[] = []): string {
  if (/^https?:/.test(app) && URL.canParse(app)) {
    return new URL(app).host;
  }
  const known = sites.find((s) => s.address === app);
  return known ? siteName(known) : shortAddress(app);
}

export function share(site: Site): number | undefined {
  const { total, stored } = site.stats;
  if (total <= 0) {
    return undefined;
  }
  return Math.min(1, stored / total);
}

/** How many peers are connected. */
export function peerCount(site: Site): number {
  return site.stats.peers?.length ?? 0;
}

/** The URL to open a site at: its own origin, or the shell for an app. */
export function siteURL(label: string, mode: Site["mode"], at: Pick<Location, "host" | "port" | "protocol">): string {
  if (mode === "app") {
    return `/app/${encodeURIComponent(label)}/`;
  }
  const port = at.port === "" ? "" : `:${at.port}`;
  return `${at.protocol}//${label}.localhost${port}/`;
}

/** The columns sites are sorted by. */
export type Column = "name" | "peers" | "stored" | "down" | "up" | "kept";

/** Sorts sites by a column; equal ones by name, so that rows do not jump about. */
export function sortSites(sites: readonly Site[], by: Column, descending: boolean): Site[] {
  const value = (s: Site): number => {
    switch (by) {
      case "peers":
        return peerCount(s);
      case "stored":
        return s.stats.stored;
      case "down":
        return s.stats.downloaded;
      case "up":
        return s.stats.uploaded;
      case "kept":
        return s.pinned ? Infinity : Date.parse(s.seededUntil ?? "") || 0;
      case "name":
        return 0;
    }
  };
  const byName = (a: Site, b: Site): number =>
    siteName(a).localeCompare(siteName(b)) || a.label.localeCompare(b.label);
  return [...sites].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x !== y) {
      return (x < y ? -1 : 1) * (descending ? -1 : 1);
    }
    return byName(a, b) * (by === "name" && descending ? -1 : 1);
  });
}

/** Keeps the sites that have every word of the filter in their name or addresses. */
export function filterSites(sites: readonly Site[], filter: string): Site[] {
  const words = filter.toLowerCase().split(/\s+/).filter((w) => w !== "");
  return sites.filter((s) => {
    const text = `${s.name ?? ""} ${s.address} ${s.target ?? ""} ${s.label}`.toLowerCase();
    return words.every((w) => text.includes(w));
  });
}

/** A peer that is connected, or was. */
export interface SeenPeer extends Peer {
  readonly gone?: boolean;
}

/**
 * The peers of now, those the node says left, and those of before that are
 * neither: who served a site often leaves as soon as all of it is here. At most
 * limit are remembered.
 */
export function remember(before: readonly SeenPeer[], now: readonly Peer[], left: readonly Peer[] = [], limit = 500): SeenPeer[] {
  const told = new Set([...now, ...left].map(peerKey));
  const gone = [...left, ...before.filter((p) => !told.has(peerKey(p)) && p.downloaded + p.uploaded > 0)];
  return [...now, ...gone.slice(0, Math.max(0, limit - now.length)).map((p) => ({ ...p, gone: true }))];
}

function peerKey(p: Peer): string {
  return `${p.kind} ${p.id} ${p.addr ?? ""}`;
}

/** One way of reaching peers, and what came and went by it. */
export interface KindTotal {
  readonly kind: PeerKind;
  readonly peers: number;
  readonly downloaded: number;
  readonly uploaded: number;
}

/** The order in which kinds of peers are shown. */
export const kinds: readonly PeerKind[] = ["tcp", "utp", "webrtc", "webtransport", "bitswap", "http"];

/** Adds peers up by kind; kinds without a peer are left out. */
export function byKind(peers: readonly Peer[]): KindTotal[] {
  return kinds
    .map((kind) => {
      const of = peers.filter((p) => p.kind === kind);
      return {
        kind,
        peers: of.length,
        downloaded: of.reduce((n, p) => n + p.downloaded, 0),
        uploaded: of.reduce((n, p) => n + p.uploaded, 0),
      };
    })
    .filter((t) => t.peers > 0);
}
