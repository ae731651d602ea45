import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Opened, Site } from "../api/types.ts";
import { failure } from "../failure.ts";
import { icon } from "../parts/icon.ts";
import { mark } from "../parts/mark.ts";
import { Part, type Kith } from "../part.ts";
import { placeHash } from "../router.ts";
import { shortAddress, siteName, siteURL } from "../sites.ts";
import { format, t } from "../text/index.ts";
import { moment } from "../text/format.ts";

/** How many sites the first page shows. */
const recent = 6;

/** The largest .torrent file that is sent to the node. */
const largestTorrent = 32 * 1024 * 1024;

/** The first page: one field that takes every address, and what was read last. */
export class OpenPage extends Part {
  static override properties = {
    kith: { attribute: false },
    sites: { attribute: false },
    address: {},
    app: { state: true },
    busy: { state: true },
    error: { state: true },
    opened: { state: true },
    over: { state: true },
  };
  declare kith: Kith;
  declare sites: readonly Site[];
  declare address: string;
  declare app: boolean;
  declare busy: boolean;
  declare error: unknown;
  declare opened: Opened | undefined;
  declare over: boolean;

  constructor() {
    super();
    this.address = "";
    this.app = false;
    this.busy = false;
    this.over = false;
  }

  override render(): TemplateResult {
    return html`<div class="page open ${this.over ? "over" : ""}"
      @dragover=${this.#dragover} @dragleave=${() => (this.over = false)} @drop=${this.#drop}>
      <section class="hero">
        <h1>${t("open.title")}</h1>
        <p class="lead">${t("open.lead")}</p>
        ${this.#form()} ${this.error ? failure(this.error, "open-error") : nothing} ${this.#openedNote()} ${this.#examples()}
      </section>
      ${this.sites.length > 0 ? this.#recent() : this.#lesson()}
    </div>`;
  }

  #form(): TemplateResult {
    return html`<form class="address" @submit=${this.#submit} novalidate>
      <label for="address" class="visually-hidden">${t("open.label")}</label>
      ${icon("search")}
      <input id="address" name="address" dir="auto" autocomplete="off" autocapitalize="none" spellcheck="false" enterkeyhint="go"
        placeholder=${t("open.placeholder")} .value=${this.address} aria-invalid=${this.error ? "true" : "false"}
        aria-describedby=${this.error ? "open-error" : "open-examples"}
        @input=${(e: InputEvent) => {
          this.address = (e.target as HTMLInputElement).value;
          this.error = undefined;
        }} />
      <button class="primary" ?disabled=${this.busy}>${this.busy ? t("open.busy") : t("open.button")}</button>
    </form>
    <label class="check"><input type="checkbox" .checked=${this.app}
      @change=${(e: Event) => (this.app = (e.target as HTMLInputElement).checked)} />
      <span>${t("open.app")} <span class="hint">${t("open.app.hint")}</span></span></label>`;
  }

  #examples(): TemplateResult {
    return html`<div class="examples" id="open-examples">
      <span>${t("open.examples")}</span>
      <code>wtp://2b7f…</code><code>ipfs://bafy…</code><code>ipns://k51…</code><code>magnet:?xt=…</code><code>example.com</code>
      <label class="link">${t("open.torrent")}<input type="file" class="visually-hidden" accept=".torrent,application/x-bittorrent"
        @change=${(e: Event) => this.#take((e.target as HTMLInputElement).files?.[0])} /></label>
    </div>`;
  }

  #openedNote(): TemplateResult | typeof nothing {
    const o = this.opened;
    if (!o) {
      return nothing;
    }
    return html`<p class="opened" role="status">${icon("check")} ${t("open.opened")}
      <a href=${o.url} target="_blank" rel="noopener">${shortAddress(o.address)}</a>
      · <a href=${placeHash({ page: "site", label: o.label })}>${t("open.details")}</a></p>`;
  }

  #recent(): TemplateResult {
    const list = [...this.sites]
      .sort((a, b) => (b.lastUsed ?? "").localeCompare(a.lastUsed ?? "") || a.label.localeCompare(b.label))
      .slice(0, recent);
    return html`<section aria-labelledby="recent"><h2 id="recent">${t("open.recent")}</h2>
      <ul class="cards">${repeat(list, (s) => s.label, (s) => this.#card(s))}</ul></section>`;
  }

  #card(s: Site): TemplateResult {
    const used = moment(s.lastUsed);
    return html`<li><a class="card" href=${siteURL(s.label, s.mode, location)} target="_blank" rel="noopener">
      ${mark(s.label)}
      <span class="what"><strong>${siteName(s)}</strong><span class="address" dir="ltr">${shortAddress(s.address)}</span></span>
      <span class="when">${used ? format.relative(used, new Date()) : nothing}</span></a></li>`;
  }

  #lesson(): TemplateResult {
    const step = (n: "open" | "serve" | "publish") =>
      html`<li><h3>${t(`lesson.${n}`)}</h3><p>${t(`lesson.${n}.text`)}</p></li>`;
    return html`<div class="invite-tour"><p>${t("tour.invite")}</p><a class="button primary" href="#/tour">${t("tour.go")}</a></div>
      <section aria-labelledby="lesson"><h2 id="lesson">${t("lesson.title")}</h2>
      <ol class="lesson">${step("open")}${step("serve")}${step("publish")}</ol></section>`;
  }

  async #submit(e: Event): Promise<void> {
    e.preventDefault();
    const address = this.address.trim();
    if (address === "") {
      this.querySelector<HTMLInputElement>("#address")?.focus();
      return;
    }
    await this.#open(() => this.kith.client.open(address, this.app ? "app" : undefined));
  }

  async #open(ask: () => Promise<Opened>): Promise<void> {
    this.busy = true;
    this.error = undefined;
    this.opened = undefined;
    try {
      const opened = await ask();
      this.opened = opened;
      window.open(opened.url, "_blank", "noopener");
    } catch (error) {
      this.error = error;
    } finally {
      this.busy = false;
    }
  }

  async #take(file: File | undefined): Promise<void> {
    if (!file) {
      return;
    }
    if (file.size > largestTorrent) {
      this.error = new Error(t("open.torrent.large", { name: file.name }));
      return;
    }
    await this.#open(async () => {
      const opened = await this.kith.client.addTorrent(file);
      if (this.app) {
        await this.kith.client.change(opened.label, { mode: "app" });
        return { ...opened, url: siteURL(opened.label, "app", location) };
      }
      return opened;
    });
  }

  #dragover(e: DragEvent): void {
    e.preventDefault();
    this.over = true;
  }

  async #drop(e: DragEvent): Promise<void> {
    e.preventDefault();
    this.over = false;
    const file = e.dataTransfer?.files[0];
    if (file?.name.toLowerCase().endsWith(".torrent")) {
      await this.#take(file);
      return;
    }
    const text = e.dataTransfer?.getData("text/uri-list") || e.dataTransfer?.getData("text/plain");
    if (text) {
      this.address = text.trim().split("\n")[0] ?? "";
    } else if (file) {
      this.error = new Error(t("open.drop.wrong", { name: file.name }));
    }
  }
}

customElements.define("kith-open", OpenPage);
