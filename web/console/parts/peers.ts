import { html, nothing, type TemplateResult } from "lit";
import type { Site } from "../api/types.ts";
import { byKind, type SeenPeer } from "../sites.ts";
import { format, t } from "../text/index.ts";
import { servedBar } from "./charts.ts";

/** How many peers are listed. */
const listed = 50;

/** Who serves the site, or did while the page looked on, by kind and one by one. */
export function peersSection(s: Site, peers: readonly SeenPeer[]): TemplateResult {
  if (peers.length === 0) {
    return html`<section aria-labelledby="peers"><h2 id="peers">${t("peers.title")}</h2>
      <p class="none">${s.stats.stored > 0 && s.stats.stored >= s.stats.total ? t("peers.none.complete") : t("peers.none")}</p></section>`;
  }
  const totals = byKind(peers);
  const sorted = [...peers].sort((a, b) => b.downloaded - a.downloaded || b.uploaded - a.uploaded || a.id.localeCompare(b.id));
  return html`<section aria-labelledby="peers"><h2 id="peers">${t("peers.title")}</h2>
    ${servedBar(totals)}
    <ul class="legend">${totals.map(
      (k) => html`<li><span class="swatch kind-${k.kind}"></span><strong>${t(`kind.${k.kind}`)}</strong>
        <span>${t("peers.count", { count: k.peers })}</span><span>${t("peers.served", { size: format.bytes(k.downloaded) })}</span></li>`,
    )}</ul>
    <div class="scroll" role="region" tabindex="0" aria-label=${t("peers.list")}><table class="plain peers">
      <thead><tr><th scope="col">${t("peers.peer")}</th><th scope="col">${t("peers.kind")}</th><th scope="col">${t("peers.client")}</th>
        <th scope="col" class="number">${t("peers.has")}</th><th scope="col" class="number">${t("peers.down")}</th><th scope="col" class="number">${t("peers.up")}</th></tr></thead>
      <tbody>${sorted.slice(0, listed).map(row)}</tbody></table></div>
    ${sorted.length > listed ? html`<p class="hint">${t("peers.more", { count: sorted.length - listed })}</p>` : nothing}</section>`;
}

function row(p: SeenPeer): TemplateResult {
  return html`<tr class=${p.gone ? "gone" : ""}><td><code dir="ltr" title=${p.id}>${p.addr || p.id}</code></td>
    <td><span class="swatch kind-${p.kind}"></span>${t(`kind.${p.kind}`)}</td><td class="client">${p.client ?? ""}${p.gone ? html` <span class="badge">${t("peers.gone")}</span>` : nothing}</td>
    <td class="number">${p.progress < 0 ? "–" : format.percent(p.progress)}</td>
    <td class="number">${format.bytes(p.downloaded)}</td><td class="number">${format.bytes(p.uploaded)}</td></tr>`;
}
