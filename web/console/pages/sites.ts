import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Site } from "../api/types.ts";
import { bar } from "../parts/charts.ts";
import { icon } from "../parts/icon.ts";
import { mark } from "../parts/mark.ts";
import { toggle } from "../parts/switch.ts";
import { Part, type Kith } from "../part.ts";
import { placeHash } from "../router.ts";
import {
  filterSites,
  peerCount,
  share,
  shortAddress,
  siteName,
  siteURL,
  sortSites,
  type Column,
} from "../sites.ts";
import { format, t } from "../text/index.ts";
import { moment } from "../text/format.ts";

const columns: readonly Column[] = ["name", "peers", "stored", "down", "up", "kept"];

/** From how many sites on a filter is offered. */
const manySites = 5;

/** Every site this node has, live. */
export class SitesPage extends Part {
  static override properties = {
    kith: { attribute: false },
    sites: { attribute: false },
    filter: { state: true },
    by: { state: true },
    descending: { state: true },
  };
  declare kith: Kith;
  declare sites: readonly Site[];
  declare filter: string;
  declare by: Column;
  declare descending: boolean;

  constructor() {
    super();
    this.filter = "";
    this.by = "name";
    this.descending = false;
  }

  override render(): TemplateResult {
    const shown = sortSites(filterSites(this.sites, this.filter), this.by, this.descending);
    return html`<div class="page sites">
      <header class="title"><h1>${t("sites.title")}</h1>${this.sites.length >= manySites || this.filter ? this.#filter() : nothing}</header>
      ${this.sites.length === 0 ? this.#empty() : shown.length === 0 ? html`<p class="none">${t("sites.none", { filter: this.filter })}</p>` : this.#table(shown)}
    </div>`;
  }

  #filter(): TemplateResult {
    return html`<search class="filter"><label for="filter" class="visually-hidden">${t("sites.filter")}</label>${icon("search")}
      <input id="filter" type="search" autocomplete="off" spellcheck="false" placeholder=${t("sites.filter")} .value=${this.filter}
        @input=${(e: InputEvent) => (this.filter = (e.target as HTMLInputElement).value)} />
      </search>`;
  }

  #empty(): TemplateResult {
    if (!this.kith.live.loaded) {
      return html`<p class="none" role="status">${t("sites.loading")}</p>`;
    }
    return html`<div class="empty">
      ${icon("sites")}
      <h2>${t("sites.empty")}</h2>
      <p>${t("sites.empty.text")}</p>
      <div class="buttons"><a class="button primary" href="#/">${t("nav.open")}</a><a class="button" href="#/publish">${t("nav.publish")}</a></div>
    </div>`;
  }

  // The roles stand beside the tags because a narrow window lays the table out
  // as cards, and changing display takes a table's meaning away.
  #table(shown: readonly Site[]): TemplateResult {
    return html`<table class="sites" role="table" aria-label=${t("sites.title")}>
      <thead role="rowgroup"><tr role="row">${columns.map((c) => this.#heading(c))}
        <th role="columnheader" scope="col"><span class="visually-hidden">${t("sites.actions")}</span></th></tr></thead>
      <tbody role="rowgroup">${repeat(shown, (s) => s.label, (s) => this.#row(s))}</tbody></table>`;
  }

  #heading(c: Column): TemplateResult {
    const sorted = this.by === c;
    const order = sorted ? (this.descending ? "descending" : "ascending") : nothing;
    return html`<th role="columnheader" scope="col" class=${c} aria-sort=${order}>
      <button type="button" @click=${() => this.#sort(c)}>${t(`column.${c}`)}<span class="arrow" aria-hidden="true">${sorted ? (this.descending ? "↓" : "↑") : ""}</span></button></th>`;
  }

  #row(s: Site): TemplateResult {
    const name = siteName(s);
    const here = share(s);
    const size = s.stats.total > 0 ? format.bytes(s.stats.total) : "";
    return html`<tr role="row">
      <td role="cell" class="name"><a href=${placeHash({ page: "site", label: s.label })}>${mark(s.label)}<span class="what"><strong>${name}</strong>
        <span class="address" dir="ltr">${shortAddress(s.address)}</span></span>${this.#badges(s)}</a></td>
      <td role="cell" class="peers" data-label=${t("column.peers")}>${format.number(peerCount(s))}</td>
      <td role="cell" class="stored" data-label=${t("column.stored")}>
        <span class="figures"><span>${here === undefined ? s.stats.waiting || t("sites.waiting") : format.percent(here)}</span><span>${size}</span></span>
        ${bar(here, t("sites.stored", { name }))}</td>
      <td role="cell" class="down" data-label=${t("column.down")}>${this.#traffic(s.stats.downloaded, s.stats.downRate)}</td>
      <td role="cell" class="up" data-label=${t("column.up")}>${this.#traffic(s.stats.uploaded, s.stats.upRate)}</td>
      <td role="cell" class="kept" data-label=${t("column.kept")}>
        ${toggle(s.pinned, t("pin.switch", { name }), (on) => void this.kith.pin(s, on), "", s.published)}
        <span class="until">${keptText(s)}</span></td>
      <td role="cell" class="actions">
        <a class="button quiet square" href=${siteURL(s.label, s.mode, location)} target="_blank" rel="noopener" title=${t("site.open")} aria-label=${t("site.openName", { name })}>${icon("open")}</a>
        <button type="button" class="quiet square" title=${t("remove.action")} aria-label=${t("remove.name", { name })} @click=${() => void this.kith.drop(s)}>${icon("trash")}</button></td>
    </tr>`;
  }

  #badges(s: Site): TemplateResult | typeof nothing {
    if (!s.published && s.mode !== "app") {
      return nothing;
    }
    return html`<span class="badges">${s.published ? html`<span class="badge">${t("badge.published")}</span>` : nothing}
      ${s.mode === "app" ? html`<span class="badge">${icon("shield")} ${t("badge.app")}</span>` : nothing}</span>`;
  }

  #traffic(total: number, rate: number): TemplateResult {
    return html`<span class="total">${format.bytes(total)}</span><span class="rate">${rate > 0 ? format.rate(rate) : ""}</span>`;
  }

  #sort(c: Column): void {
    if (this.by === c) {
      this.descending = !this.descending;
    } else {
      this.by = c;
      this.descending = c !== "name"; // the largest first
    }
  }
}

/** Until when a site is served. */
export function keptText(s: Site): string {
  if (s.pinned) {
    return t("kept.always");
  }
  const until = moment(s.seededUntil);
  const now = new Date();
  if (!until || until <= now) {
    return t("kept.cached");
  }
  return t("kept.until", { time: format.moment(until, now) });
}

customElements.define("kith-sites", SitesPage);
