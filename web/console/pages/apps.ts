import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { AppGrant, AppMount, ConnectedApp, HeldApp } from "../api/apps.ts";
import type { OwnDocument, SharingState } from "../api/sharing.ts";
import { failure } from "../failure.ts";
import { audienceText } from "../parts/audience.ts";
import { friendBoxes } from "../parts/chosen.ts";
import { gate } from "../parts/gate.ts";
import { icon } from "../parts/icon.ts";
import { mark } from "../parts/mark.ts";
import { Following, Part, type Kith } from "../part.ts";
import { appName, siteURL } from "../sites.ts";
import { format, t } from "../text/index.ts";
import { moment } from "../text/format.ts";
import { shown } from "../text/shown.ts";

/** How many documents of an app are shown. */
const some = 100;

/** Web apps that have documents here: what each may, what it holds, and taking it back. */
export class AppsPage extends Part {
  static override properties = { kith: { attribute: false }, held: { state: true }, all: { state: true }, error: { state: true } };
  declare kith: Kith;
  /** The documents of apps whose list was opened, by name. */
  declare held: Readonly<Record<string, readonly OwnDocument[]>>;
  /** How much there is of each app, connected or not. */
  declare all: readonly HeldApp[];
  declare error: unknown;

  constructor() {
    super();
    this.held = {};
    this.all = [];
    new Following(this, () => this.kith.live);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#try((async () => {
      this.all = await this.kith.client.apps.held();
    })());
  }

  override render(): TemplateResult {
    const apps = this.kith.live.apps?.apps ?? [];
    return html`<div class="page apps"><header class="title"><div class="what"><h1>${t("apps.title")}</h1><p class="lead">${t("apps.lead")}</p></div></header>
      ${gate(this.kith, (s) => html`${this.error ? failure(this.error, "apps-error") : nothing}
        ${apps.length === 0
          ? html`<div class="empty">${icon("apps")}<h2>${t("apps.empty")}</h2><p>${t("apps.empty.text")}</p>${this.kith.host === "node" ? html`<div class="buttons"><a class="button primary" href="#/">${t("nav.open")}</a><a class="button" href="#/tour">${t("apps.empty.example")}</a></div>` : nothing}</div>`
          : html`<ul class="documents">${repeat(apps, (a) => a.label, (a) => this.#app(a, s))}</ul>`}
        ${this.#others(apps)}`)}</div>`;
  }

  /** Documents of apps that are not connected. */
  #others(apps: readonly ConnectedApp[]): TemplateResult | typeof nothing {
    const others = this.all.filter((h) => h.app !== "" && !apps.some((a) => a.app === h.app));
    return others.length === 0 ? nothing : html`<section aria-labelledby="held-apps"><h2 id="held-apps">${t("apps.others")}</h2>
      <ul class="plain-list">${others.map((h) => html`<li><bdi>${h.app}</bdi> <span class="hint">${t("apps.others.held", { count: h.documents, size: format.bytes(h.octets) })}</span></li>`)}</ul></section>`;
  }

  #app(a: ConnectedApp, s: SharingState): TemplateResult {
    const name = a.title || a.app;
    const given = moment(a.given);
    const hidden = html`<span class="visually-hidden"> ${name}</span>`;
    return html`<li>${mark(a.address)}<div class="what"><h2>${name}</h2>
      <span class="hint">${t("apps.acts", { app: a.app })} · <a href=${siteURL(a.label, "app", location)}>${appName(a.address, this.kith.live.sites)}</a></span>
      <span class="hint">${given ? t("grant.since", { time: format.moment(given, new Date()) }) : ""}</span></div>
      <div class="buttons"><button type="button" class="quiet" @click=${() => void this.#revoke(a)}>${icon("trash")} ${t("apps.revoke")}${hidden}</button></div>
      <div class="sharing">
        <label class="check"><input type="checkbox" .checked=${a.granted.includes("friends")} @change=${(e: Event) => this.#grant(a, "friends", e)} /> ${t("apps.grant.friends")}${hidden}</label>
        ${a.granted.includes("friends") ? friendBoxes(t("apps.sees", { app: name }), s.friends, new Set(a.friends ?? []), (chosen) => void this.#try(this.kith.client.apps.change(a.label, { friends: [...chosen] }))) : nothing}
        <label class="check"><input type="checkbox" .checked=${a.granted.includes("share")} @change=${(e: Event) => this.#grant(a, "share", e)} /> ${t("apps.grant.share")}${hidden}</label>
        ${a.mounts?.length ? html`<h3>${t("apps.mounts")}</h3><ul class="plain-list">${a.mounts.map((m) => this.#mount(a, m, s))}</ul>` : nothing}
        <details class="fold" @toggle=${(e: Event) => void this.#open(a, e)}><summary>${t("apps.held")}${hidden}</summary>${this.#documents(a)}</details></div></li>`;
  }

  #mount(a: ConnectedApp, m: AppMount, s: SharingState): TemplateResult {
    const whose = m.friend ? (s.friends.find((f) => f.id === m.friend)?.name ?? t("apps.former")) : t("mount.own");
    return html`<li><span>${t(m.writable ? "apps.mount.write" : "apps.mount.read", { at: shown(m.at), path: shown(m.path) || "/", whose, from: m.app || t("mount.files") })}</span>
      <button type="button" class="quiet" @click=${() => void this.#try(this.kith.client.apps.unmount(a.label, m.id))}>${t("apps.unmount")}<span class="visually-hidden"> ${shown(m.at)}</span></button></li>`;
  }

  #documents(a: ConnectedApp): TemplateResult {
    const held = this.held[a.app];
    if (!held) {
      return html`<p class="none" role="status">${t("sites.loading")}</p>`;
    }
    if (held.length === 0) {
      return html`<p class="none">${t("apps.held.none")}</p>`;
    }
    return html`<ul class="plain-list">${held.slice(0, some).map((d) => html`<li><bdi>${shown(d.path)}</bdi> <span class="hint">${format.bytes(d.size)} · ${t("documents.seen", { who: audienceText(d.audience) })}</span></li>`)}</ul>
      ${held.length > some ? html`<p class="hint">${t("apps.held.more", { count: held.length - some })}</p>` : nothing}`;
  }

  async #open(a: ConnectedApp, e: Event): Promise<void> {
    if ((e.target as HTMLDetailsElement).open) {
      await this.#try((async () => {
        this.held = { ...this.held, [a.app]: await this.kith.client.sharing.documents(a.app) };
      })());
    }
  }

  #grant(a: ConnectedApp, grant: AppGrant, e: Event): void {
    const on = (e.target as HTMLInputElement).checked;
    const granted = on ? [...a.granted, grant] : a.granted.filter((g) => g !== grant);
    void this.#try(this.kith.client.apps.change(a.label, { granted }));
  }

  async #revoke(a: ConnectedApp): Promise<void> {
    const app = a.title || a.app;
    if (await this.kith.confirm({ title: t("apps.revoke.title", { app }), text: t("apps.revoke.text"), action: t("apps.revoke") })) {
      await this.#try(this.kith.client.apps.revoke(a.label));
    }
  }

  async #try(doing: Promise<void>): Promise<void> {
    try {
      await doing;
      this.error = undefined;
    } catch (error) {
      this.error = error;
      this.requestUpdate();
    }
  }
}

customElements.define("kith-apps", AppsPage);
