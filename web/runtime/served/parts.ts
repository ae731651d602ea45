// The drawings of the page "who served me".
import { h, svg } from "../element.ts";
import { format, t } from "../text.ts";
import type { PeerStats } from "../types.ts";

/** Kinds of servers, in the order in which they are drawn. */
const kinds = ["webrtc", "webtransport", "host"] as const;

/** A part of what came, by who gave it. */
interface Segment {
  readonly name: string;
  readonly text: string;
  readonly bytes: number;
}

/** What came by each kind of peer, and from the host. */
export function segments(peers: readonly PeerStats[], fromHost: number): readonly Segment[] {
  return kinds.map((kind) => ({
    name: kind === "host" ? "http" : kind,
    text: t(`kind.${kind}`),
    bytes: kind === "host" ? fromHost : peers.filter((p) => p.kind === kind).reduce((n, p) => n + p.downloaded, 0),
  }));
}

/** The bar of who served how much, and its legend. */
export function servedBar(parts: readonly Segment[]): readonly Node[] {
  const all = parts.reduce((n, s) => n + s.bytes, 0);
  const bar = svg("svg", { class: "served", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" });
  if (all === 0) {
    bar.append(svg("rect", { class: "ground", width: 100, height: 4 }));
  }
  let x = 0;
  for (const s of parts.filter((p) => p.bytes > 0)) {
    const width = (s.bytes / all) * 100;
    bar.append(svg("rect", { class: `kind-${s.name}`, x, width: Math.max(0, width - 0.35), height: 4 }));
    x += width;
  }
  const legend = h("ul", { class: "legend" }, ...parts.map((s) =>
    h("li", {}, h("span", { class: `swatch kind-${s.name}` }), s.text, h("span", {}, format.bytes(s.bytes))),
  ));
  return [bar, legend];
}

/** The most rows of the table of peers: a crowd is not read line by line. */
const mostRows = 100;

/** The rows of the table of peers, those who gave most first. */
export function peerRows(peers: readonly PeerStats[]): readonly HTMLTableRowElement[] {
  if (peers.length === 0) {
    return [h("tr", { class: "empty-row" }, h("td", { colspan: 4 }, t("peers.none")))];
  }
  const sorted = [...peers].sort((a, b) =>
    Number(b.connected) - Number(a.connected) || b.downloaded + b.uploaded - a.downloaded - a.uploaded || a.id.localeCompare(b.id),
  );
  return sorted.slice(0, mostRows).map((p) => {
    const how = p.kind === "host" ? "http" : p.kind;
    const who = h("td", { class: "who" }, p.client === "" ? t("peers.unknown") : p.client.slice(0, 60), h("code", { dir: "ltr" }, p.address.slice(0, 60)));
    if (!p.connected) {
      who.append(" ", h("span", { class: "badge" }, t("peers.gone")));
    }
    return h("tr", p.connected ? {} : { class: "gone" },
      who,
      h("td", {}, h("span", { class: "how" }, h("span", { class: `swatch kind-${how}` }), t(`kind.${p.kind}`))),
      h("td", { class: "number" }, format.bytes(p.downloaded)),
      h("td", { class: "number" }, format.bytes(p.uploaded)),
    );
  });
}

/** The map of pieces has at most so many cells, in rows of at most so many. */
const mostCells = 512;
const widest = 64;
const cell = 14;

/** The map of pieces: one cell for each run of them, darker the more of it is here. */
export function pieceMap(have: ReadonlySet<number>, pieces: number): SVGElement {
  const cells = Math.min(pieces, mostCells);
  const columns = Math.min(widest, Math.max(1, cells));
  const few = columns < widest;
  const map = svg("svg", {
    class: few ? "pieces few" : "pieces",
    viewBox: `0 0 ${columns * 10} ${Math.max(1, Math.ceil(cells / columns)) * 10}`,
    ...(few ? { width: columns * cell, height: cell } : {}),
    role: "img",
    "aria-label": t("pieces.have", { have: have.size, pieces }),
  });
  for (let i = 0; i < cells; i++) {
    const [from, to] = [Math.floor((i * pieces) / cells), Math.floor(((i + 1) * pieces) / cells)];
    let here = 0;
    for (let p = from; p < to; p++) {
      here += have.has(p) ? 1 : 0;
    }
    const share = here === to - from ? 9 : Math.min(8, Math.ceil((9 * here) / (to - from)));
    map.append(svg("rect", {
      class: `share-${share}`, x: (i % columns) * 10 + 0.8, y: Math.floor(i / columns) * 10 + 0.8, width: 8.4, height: 8.4, rx: 2,
    }));
  }
  return map;
}
