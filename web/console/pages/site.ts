import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { ApiError } from "../api/client.ts";
import type { Mode, Site } from "../api/types.ts";
import { failure, sentence } from "../failure.ts";
import { bar, pieces } from "../parts/charts.ts";
import { copyable } from "../parts/copy.ts";
import { icon } from "../parts/icon.ts";
import { mark } from "../parts/mark.ts";
import { peersSection } from "../parts/peers.ts";
import { privacySection } from "../parts/privacy.ts";
import { toggle } from "../parts/switch.ts";
import { Following, Part, type Kith } from "../part.ts";
import { peerCount, remember, share, shortAddress, siteName, siteURL, type SeenPeer } from "../sites.ts";
import { format, t } from "../text/index.ts";
import { moment } from "../text/format.ts";
import { keptText } from "./sites.ts";

/** How often the page asks for the peers, which the stream of events leaves out. */
const refresh = 1000;

/** Everything about one site. */
export class SitePage extends Part {
  static override properties = {
    kith: { attribute: false },
    label: {},
    section: {},
    site: { state: true },
    error: { state: true },
    mode: { state: true },
  };
  declare kith: Kith;
  declare label: string;
  /** The part of the page to show first: the id of its heading, or "". */
  declare section: string;
  declare site: Site | undefined;
  declare error: unknown;
  /** The mode that is chosen but not saved; undefined when there is none. */
  declare mode: Mode | undefined;
  #stop = new AbortController();
  #seen: readonly SeenPeer[] = [];

  constructor() {
    super();
    new Following(this, () => this.kith.live);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("label")) {
      this.#stop.abort();
      this.#stop = new AbortController();
      this.site = this.kith.live.site(this.label);
      this.error = undefined;
      this.mode = undefined;
      this.#seen = [];
      void this.#follow(this.label, this.#stop.signal);
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop.abort();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("section") || (changed.has("site") && changed.get("site") === undefined)) {
      this.querySelector(`h2#${CSS.escape(this.section || "none")}`)?.scrollIntoView();
    }
  }

  async #follow(label: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (document.visibilityState === "visible") {
        try {
          const site = await this.kith.client.site(label, signal);
          this.#seen = remember(this.#seen, site.stats.peers ?? [], site.stats.left);
          this.site = site;
          this.error = undefined;
        } catch (error) {
          if (signal.aborted) {
            return;
          }
          this.error = error instanceof ApiError && error.kind === "offline" ? undefined : error;
        }
      }
      await new Promise((done) => setTimeout(done, refresh));
    }
  }

  override render(): TemplateResult {
    const s = this.site;
    if (!s || this.error) {
      return html`<div class="page site">${this.#back()}${this.error ? failure(this.error, "site-error") : html`<p class="none" role="status">${t("sites.loading")}</p>`}</div>`;
    }
    return html`<div class="page site">
      ${this.#back()} ${this.#header(s)} ${this.#trouble(s)} ${this.#figures(s)} ${this.#pieces(s)} ${peersSection(s, this.#seen)} ${this.#addresses(s)}
      ${privacySection(s, this.mode, {
        choose: (mode) => (this.mode = mode),
        save: (mode, allow) => void this.#save(mode, allow),
      })}
    </div>`;
  }

  #back(): TemplateResult {
    return html`<a class="back" href="#/sites">${icon("back")} ${t("nav.sites")}</a>`;
  }

  #header(s: Site): TemplateResult {
    const name = siteName(s);
    return html`<header class="title">
      ${mark(s.label)}
      <div class="what"><h1>${name}</h1><p class="lead">${copyable(s.address, t("address.this"), shortAddress(s.address))}</p></div>
      <div class="buttons">
        <a class="button primary" href=${siteURL(s.label, s.mode, location)} target="_blank" rel="noopener">${s.mode === "app" ? t("site.openApp") : t("site.open")} ${icon("open")}</a>
        <button type="button" @click=${() => void this.#remove(s)}>${icon("trash")} ${t("remove.action")}</button>
      </div>
    </header>`;
  }

  #trouble(s: Site): TemplateResult | typeof nothing {
    if (s.error) {
      const retry = moment(s.retry);
      return html`<div class="remark" role="status">${icon("warning")}<p>${sentence(t("site.failed", { error: s.error }))}
        ${retry ? t("site.retry", { time: format.relative(retry, new Date()) }) : nothing}</p></div>`;
    }
    return s.stale ? html`<div class="remark" role="status">${icon("warning")}<p>${t("site.stale")}</p></div>` : nothing;
  }

  #figures(s: Site): TemplateResult {
    const here = share(s);
    const opened = moment(s.opened);
    const used = moment(s.lastUsed);
    const now = new Date();
    const tile = (label: string, value: unknown, below: unknown): TemplateResult =>
      html`<div class="tile"><dt>${label}</dt><dd><strong>${value}</strong><span>${below}</span></dd></div>`;
    return html`<dl class="tiles">
      ${tile(t("column.stored"), here === undefined ? "–" : format.percent(here),
        s.stats.total > 0 ? t("site.of", { stored: format.bytes(s.stats.stored), total: format.bytes(s.stats.total) }) : s.stats.waiting ?? "")}
      ${tile(t("column.peers"), format.number(peerCount(s)), t("site.known", { count: Math.max(s.stats.known, peerCount(s)) }))}
      ${tile(t("column.down"), format.bytes(s.stats.downloaded), format.rate(s.stats.downRate))}
      ${tile(t("column.up"), format.bytes(s.stats.uploaded), format.rate(s.stats.upRate))}
      ${tile(t("site.used"), used ? format.relative(used, now, "narrow") : "–", opened ? t("site.since", { time: format.moment(opened, now) }) : "")}
      <div class="tile keep"><dt>${t("column.kept")}</dt><dd>${toggle(s.pinned, t("pin.switch", { name: siteName(s) }), (on) => void this.#pin(s, on), t("kept.always"), s.published)}<span>${s.published ? t("pin.published") : s.pinned ? t("pin.on") : t("pin.off", { until: keptText(s) })}</span></dd></div>
    </dl>`;
  }

  #pieces(s: Site): TemplateResult | typeof nothing {
    if (s.stats.pieces === 0) {
      return s.stats.waiting ? html`<section><h2>${t("pieces.title")}</h2>${bar(undefined, s.stats.waiting)}<p class="hint">${s.stats.waiting}</p></section>` : nothing;
    }
    return html`<section aria-labelledby="pieces"><h2 id="pieces">${t("pieces.title")}
      <span class="aside">${t("pieces.have", { have: s.stats.have, pieces: s.stats.pieces })}</span></h2>
      ${pieces(s.stats)}
      <p class="hint">${s.stats.waiting ? t("pieces.waiting", { what: s.stats.waiting }) : s.stats.folder ? t("pieces.folder", { folder: s.stats.folder }) : t("pieces.disk", { size: format.bytes(s.stats.disk), count: s.stats.files })}</p></section>`;
  }

  #addresses(s: Site): TemplateResult {
    const rows: [string, string][] = [[t("address.this"), s.address]];
    if (s.target && s.target !== s.address) {
      rows.push([t("address.target"), s.target]);
    }
    rows.push([t("address.url"), new URL(siteURL(s.label, s.mode, location), location.href).href]);
    return html`<section aria-labelledby="addresses"><h2 id="addresses">${t("address.title")}</h2>
      <dl class="rows">${rows.map(([label, text]) => html`<div><dt>${label}</dt><dd>${copyable(text, label)}</dd></div>`)}</dl></section>`;
  }

  async #pin(s: Site, pinned: boolean): Promise<void> {
    this.site = { ...s, pinned };
    await this.kith.pin(s, pinned);
  }

  async #save(mode: Mode, allow: readonly string[]): Promise<void> {
    try {
      await this.kith.client.change(this.label, { mode, allow });
      this.site = await this.kith.client.site(this.label);
      this.mode = undefined;
      this.kith.say(t("privacy.saved"));
    } catch (error) {
      this.kith.fail(error);
    }
  }

  async #remove(s: Site): Promise<void> {
    if (await this.kith.drop(s)) {
      location.hash = "#/sites";
    }
  }
}

customElements.define("kith-site", SitePage);
