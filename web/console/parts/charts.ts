import { html, svg, nothing, type TemplateResult } from "lit";
import type { Traffic } from "../api/live.ts";
import type { Stats } from "../api/types.ts";
import type { KindTotal } from "../sites.ts";
import { format, t } from "../text/index.ts";

/** A thin bar, a share of it filled; without a share it says that work is under way. */
export function bar(share: number | undefined, label: string): TemplateResult {
  if (share === undefined) {
    return html`<progress class="bar" aria-label=${label}></progress>`;
  }
  return html`<progress class="bar ${share >= 1 ? "full" : ""}" max="1" value=${share} aria-label=${label}></progress>`;
}

/** The points of one line of a spark chart of 60 samples. */
export function sparkPath(values: readonly number[], top: number, width = 60, height = 20): string {
  const from = width - values.length;
  return values
    .map((v, i) => `${i === 0 ? "M" : "L"}${from + i} ${(height - 1 - (v / top) * (height - 2)).toFixed(2)}`)
    .join("");
}

/** The last minute of traffic. */
export function spark(traffic: readonly Traffic[]): TemplateResult {
  const top = Math.max(1, ...traffic.flatMap((x) => [x.down, x.up]));
  const line = (name: string, values: number[]) =>
    svg`<path class=${name} d=${sparkPath(values, top)} vector-effect="non-scaling-stroke" />`;
  return html`<svg class="spark" viewBox="0 0 60 20" preserveAspectRatio="none" aria-hidden="true">
    <path class="ground" d="M0 19.5H60" vector-effect="non-scaling-stroke" />
    ${traffic.length > 1
      ? [line("down", traffic.map((x) => x.down)), line("up", traffic.map((x) => x.up))]
      : nothing}</svg>`;
}

/** The widest row of the map of pieces, and the size of a cell in a row that is not full. */
const widest = 64;
const cell = 14;

/** The map of pieces: one cell for each run, darker the more of it is here. */
export function pieces(stats: Stats): TemplateResult {
  const map = stats.map || fallbackMap(stats);
  const columns = Math.min(widest, Math.max(1, map.length));
  const rows = Math.ceil(map.length / columns);
  const label = t("pieces.have", { have: stats.have, pieces: stats.pieces });
  const few = columns < widest;
  return html`<svg class="pieces ${few ? "few" : ""}" width=${few ? columns * cell : nothing} height=${few ? cell : nothing} viewBox="0 0 ${columns * 10} ${rows * 10}" role="img" aria-label=${label}>
    ${[...map].map(
      (share, i) =>
        svg`<rect class="share-${share}" x=${(i % columns) * 10 + 0.8} y=${Math.floor(i / columns) * 10 + 0.8} width="8.4" height="8.4" rx="2" />`,
    )}</svg>`;
}

/** Where pieces have no order, as many filled cells as their share. */
export function fallbackMap(stats: Pick<Stats, "pieces" | "have">): string {
  const cells = Math.min(stats.pieces, 256);
  const full = stats.pieces > 0 ? Math.floor((stats.have / stats.pieces) * cells) : 0;
  return "9".repeat(full) + "0".repeat(Math.max(0, cells - full));
}

/** Who served how much, one segment a kind of peer. */
export function servedBar(totals: readonly KindTotal[]): TemplateResult {
  const all = totals.reduce((n, k) => n + k.downloaded, 0);
  if (all === 0) {
    return html`<svg class="served" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="ground" width="100" height="4" /></svg>`;
  }
  let x = 0;
  const segments = totals.map((k) => {
    const width = (k.downloaded / all) * 100;
    const segment = svg`<rect class="kind-${k.kind}" x=${x.toFixed(3)} width=${Math.max(0, width - 0.35).toFixed(3)} height="4" />`;
    x += width;
    return segment;
  });
  const label = totals.map((k) => `${t(`kind.${k.kind}`)} ${format.bytes(k.downloaded)}`).join(", ");
  return html`<svg class="served" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label=${label}>${segments}</svg>`;
}
