import { html, nothing, type TemplateResult } from "lit";
import type { Check, EngineStatus, Service, Status } from "../api/types.ts";
import { failure, sentence } from "../failure.ts";
import { copyable } from "../parts/copy.ts";
import "../parts/extensions.ts";
import { handlers } from "../parts/handlers.ts";
import { icon, type IconName } from "../parts/icon.ts";
import { languageChoice } from "../parts/language.ts";
import { Following, Part, type Kith } from "../part.ts";
import { format, t } from "../text/index.ts";
import { moment } from "../text/format.ts";

const checkIcons: Readonly<Record<Check["state"], IconName>> = {
  ok: "check",
  warning: "warning",
  failed: "failed",
  skipped: "skipped",
};

/** How the node is doing, and what to do when it is not well. */
export class NodePage extends Part {
  static override properties = {
    kith: { attribute: false },
    checks: { state: true },
    checking: { state: true },
    error: { state: true },
  };
  declare kith: Kith;
  declare checks: readonly Check[] | undefined;
  declare checking: boolean;
  declare error: unknown;
  readonly #stop = new AbortController();

  constructor() {
    super();
    this.checking = false;
    new Following(this, () => this.kith.live);
  }

  protected override firstUpdated(): void {
    void this.#check();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop.abort();
  }

  override render(): TemplateResult {
    const s = this.kith.live.status;
    return html`<div class="page node">
      <header class="title"><div class="what"><h1>${t("node.title")}</h1><p class="lead">${s ? t("node.lead", { version: s.version, time: format.duration(s.uptime) }) : ""}</p></div>
        <div class="buttons"><button type="button" ?disabled=${this.checking} @click=${() => void this.#check()}>${icon("reload")} ${this.checking ? t("doctor.running") : t("doctor.again")}</button></div></header>
      ${this.#doctor()}
      ${s ? html`<section aria-labelledby="engines"><h2 id="engines">${t("node.networks")}</h2><div class="engines">${Object.entries(s.engines).map(([name, e]) => this.#engine(name, e))}</div></section>` : nothing}
      <kith-extensions .kith=${this.kith}></kith-extensions>
      ${handlers(this.kith)}
      ${languageChoice()}
      ${s ? this.#about(s) : nothing}
    </div>`;
  }

  #doctor(): TemplateResult {
    if (this.error) {
      return failure(this.error, "doctor-error");
    }
    if (!this.checks) {
      return html`<p class="none" role="status">${t("doctor.running")}</p>`;
    }
    const bad = this.checks.filter((c) => c.state === "failed" || c.state === "warning").length;
    return html`<section aria-labelledby="checks"><h2 id="checks">${bad === 0 ? t("doctor.well") : t("doctor.bad", { count: bad })}</h2>
      <ul class="checks">${this.checks.map(
        (c) => html`<li class=${c.state}>${icon(checkIcons[c.state])}
          <div><strong>${checkName(c.name)}</strong> <span class="visually-hidden">${t(`check.${c.state}`)}</span>
          <p>${sentence(c.message)}</p>${c.hint ? html`<p class="hint">${sentence(c.hint)}</p>` : nothing}</div></li>`,
      )}</ul></section>`;
  }

  #engine(name: string, e: EngineStatus): TemplateResult {
    const row = (label: string, value: unknown): TemplateResult => html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
    const title = name === "ipfs" ? t("engine.ipfs") : name === "bittorrent" ? t("engine.bittorrent") : name;
    return html`<article class="engine"><h3>${title} <span class="badge reach-${e.reachable}">${t(`reachable.${e.reachable}`)}</span></h3>
      <dl class="rows">
        ${row(t("engine.peers"), format.number(e.peers))}
        ${row(t("engine.dht"), e.dhtNodes < 0 ? t("off") : t("engine.nodes", { count: e.dhtNodes }))}
        ${e.peerId ? row(t("engine.id"), copyable(e.peerId, t("engine.id"))) : nothing}
        ${row(t("engine.listen"), e.listen && e.listen.length > 0 ? html`<ul>${e.listen.map((a) => html`<li><code dir="ltr">${a}</code></li>`)}</ul>` : t("none"))}
        ${e.services && e.services.length > 0 ? row(t("engine.services"), html`<ul>${e.services.map((x) => this.#service(x))}</ul>`) : nothing}
      </dl></article>`;
  }

  #service(x: Service): TemplateResult {
    const last = moment(x.last);
    const said = x.error ? sentence(x.error) : last ? t("service.ok", { time: format.relative(last, new Date()) }) : t("service.never");
    return html`<li class=${x.error ? "failed" : "ok"}><code dir="ltr">${x.url}</code><span class="hint">${said}</span></li>`;
  }

  #about(s: Status): TemplateResult {
    const row = (label: string, value: unknown): TemplateResult => html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
    return html`<section aria-labelledby="about"><h2 id="about">${t("node.about")}</h2><dl class="rows">
      ${row(t("node.version"), s.version)} ${row(t("node.home"), copyable(s.home, t("node.home")))}
      ${row(t("node.console"), html`<code dir="ltr">${s.console}</code>`)} ${row(t("node.memory"), format.bytes(s.memory))}
      ${row(t("tour.title"), html`<a href="#/tour">${t("tour.again")}</a>`)}
      ${row(t("node.licences"), html`<a href="/assets/licenses.txt" target="_blank" rel="noopener">${t("node.licences.text")}</a>`)}</dl></section>`;
  }

  async #check(): Promise<void> {
    this.checking = true;
    try {
      this.checks = await this.kith.client.doctor(this.#stop.signal);
      this.error = undefined;
    } catch (error) {
      this.error = this.#stop.signal.aborted ? undefined : error;
    } finally {
      this.checking = false;
    }
  }
}

/** The name of a check as a heading: networks are written as everywhere else. */
function checkName(name: string): string {
  const known = name.replace(/^ipfs\b/, t("engine.ipfs")).replace(/^bittorrent\b/, t("engine.bittorrent"));
  return known.charAt(0).toLocaleUpperCase() + known.slice(1);
}

customElements.define("kith-node", NodePage);
