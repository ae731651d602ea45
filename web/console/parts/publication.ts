import { html, nothing, type TemplateResult } from "lit";
import type { Publication } from "../api/types.ts";
import { t, type Key } from "../text/index.ts";
import { copyable } from "./copy.ts";
import { icon } from "./icon.ts";
import { qr } from "./qr.ts";

/** The addresses of a publication, the ones that last first. */
export function addresses(p: Publication): readonly (readonly [Key, string])[] {
  const rows: readonly (readonly [Key, string | undefined])[] = [
    ["address.ipns", p.ipns],
    ["address.wtpkey", p.wtpkey],
    ["address.ipfs", p.ipfs],
    ["address.wtp", p.wtp],
    ["address.magnet", p.magnet],
  ];
  return rows.filter((row): row is readonly [Key, string] => Boolean(row[1]));
}

/** Everything a person needs to hand a publication on. */
export function publicationCard(p: Publication): TemplateResult {
  const [first] = p.urls ?? [];
  const list = addresses(p);
  const shared = p.magnet ?? list[0]?.[1];
  return html`<div class="publication">
    <div class="addresses">
      <dl>${list.map(([key, address]) => html`<div><dt>${t(key)}</dt><dd>${copyable(address, t(key))}</dd></div>`)}</dl>
      ${first ? html`<div class="buttons"><a class="button primary" href=${first} target="_blank" rel="noopener">${t("publish.visit")} ${icon("open")}</a></div>` : nothing}
    </div>
    ${shared ? html`<figure>${qr(shared, t("publish.qr"))}<figcaption>${t("publish.qr.text")}</figcaption></figure>` : nothing}
    ${p.dns && p.dns.length > 0 ? dns(p) : nothing}
  </div>`;
}

function dns(p: Publication): TemplateResult {
  return html`<details class="dns"><summary>${t("publish.dns")}</summary>
    <p>${t("publish.dns.text")}</p>
    <div class="scroll" role="region" tabindex="0" aria-label=${t("publish.dns")}><table class="plain">
      <thead><tr><th scope="col">${t("dns.name")}</th><th scope="col">${t("dns.type")}</th><th scope="col">${t("dns.value")}</th></tr></thead>
      <tbody>${p.dns?.map(
        (r) => html`<tr><td><code>${r.name}</code></td><td>${r.type}</td><td>${copyable(r.value, t("dns.value"))}</td></tr>`,
      )}</tbody></table></div></details>`;
}
