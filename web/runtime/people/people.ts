import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Client } from "../../console/api/client.ts";
import type { Live } from "../../console/api/live.ts";
import { describe, sentence } from "../../console/failure.ts";
import "../../console/pages/accept.ts";
import "../../console/pages/apps.ts";
import "../../console/pages/devices.ts";
import "../../console/pages/documents.ts";
import "../../console/pages/friend.ts";
import "../../console/pages/friends.ts";
import "../../console/pages/you.ts";
import "../../console/parts/appask.ts";
import type { ConfirmDialog, Question } from "../../console/parts/confirm.ts";
import "../../console/parts/confirm.ts";
import { icon, type IconName } from "../../console/parts/icon.ts";
import { keepFocus } from "../../console/parts/keepfocus.ts";
import { logo } from "../../console/parts/mark.ts";
import { Notices } from "../../console/parts/notices.ts";
import { Following, Part, type Kith } from "../../console/part.ts";
import { parsePlace, placeHash, type Place } from "../../console/router.ts";
import { t } from "../../console/text/index.ts";
import "./welcome.ts";

/** Below which place of the navigation another one is. */
const above: Partial<Readonly<Record<Place["page"], Place["page"]>>> = { friend: "friends", accept: "friends" };

/** What an app may open these pages for (web/sdk/kith): one question, or an invitation. */
const asked = /^#ask=(\w+)$/;
const joined = /^#join=([\w-]+)$/;

/** The frame around the pages, without a node. */
export class People extends Part implements Kith {
  static override properties = { place: { state: true }, ask: { state: true } };
  readonly host = "page";
  client!: Client;
  live!: Live;
  declare place: Place;
  /** The question that these pages were opened for; "" for none. */
  declare ask: string;
  #given = "";

  constructor() {
    super();
    this.ask = "";
    this.place = { page: "friends" };
    this.#arrive();
    new Following(this, () => this.live);
  }

  /** Connects the pages to the peer. */
  begin(client: Client, live: Live): void {
    this.client = client;
    this.live = live;
    addEventListener("hashchange", () => this.#arrive());
    keepFocus(this);
    live.start();
    this.requestUpdate();
  }

  override render(): TemplateResult {
    if (!(this.live as Live | undefined)) {
      return html``;
    }
    document.title = `${t(`nav.${this.place.page}`)} – Kith`;
    this.classList.toggle("asking", this.ask !== "");
    if (this.ask !== "") {
      return html`<main id="main" tabindex="-1">${this.#asks()}</main><kith-notices></kith-notices><kith-confirm></kith-confirm>`;
    }
    return html`<a class="skip" href="#main" @click=${(e: Event) => this.#skip(e)}>${t("nav.skip")}</a>
      <header class="rail"><a class="brand" href="#/friends" aria-label=${t("nav.home")}>${logo()}<span>Kith</span></a>
        <nav aria-label=${t("people.nav")}>${this.#link("friends", "friends")} ${this.#link("documents", "document")} ${this.#link("devices", "nearby")} ${this.#link("apps", "apps")} ${this.#link("you", "person")}</nav>
        ${this.#leave()}</header>
      <main id="main" tabindex="-1">${this.#lost()} ${this.#asks()} ${this.#page()}</main>
      <kith-notices></kith-notices><kith-confirm></kith-confirm>`;
  }

  /** The way back to the app that these pages are shown over. */
  #leave(): TemplateResult | typeof nothing {
    if (parent === window) {
      return nothing;
    }
    return html`<button type="button" class="back-to-app" @click=${() => parent.postMessage({ kith: "close" }, location.origin)}>${icon("close")} ${t("people.close")}</button>`;
  }

  #link(page: Place["page"], name: IconName): TemplateResult {
    const here = this.place.page === page || above[this.place.page] === page;
    return html`<a href=${placeHash({ page } as Place)} aria-current=${here ? "page" : nothing}>${icon(name)}<span>${t(`nav.${page}`)}</span></a>`;
  }

  #lost(): TemplateResult | typeof nothing {
    if (this.live.connection !== "lost") {
      return nothing;
    }
    return html`<div class="banner" role="alert">${icon("plug")}<div><strong>${t("people.lost")}</strong><p>${t("people.lost.text")}</p></div>
      <button type="button" @click=${() => this.live.retry()}>${t("lost.retry")}</button></div>`;
  }

  #asks(): TemplateResult {
    const asks = (this.live.apps?.asks ?? []).filter((a) => this.ask === "" || a.id === this.ask);
    const fresh = this.ask !== "" && this.live.sharing?.person.exists === false;
    return html`<div class="asks" role="region" aria-live="polite" aria-label=${t("asks.label")}>
      ${fresh ? html`<kith-welcome .kith=${this as Kith}></kith-welcome>` : repeat(asks, (a) => a.id, (a) => html`<kith-app-ask .kith=${this as Kith} .ask=${a}></kith-app-ask>`)}</div>`;
  }

  #page(): TemplateResult {
    const kith: Kith = this;
    switch (this.place.page) {
      case "accept":
        return html`<kith-accept .kith=${kith} .given=${this.#given}></kith-accept>`;
      case "friend":
        return html`<kith-friend .kith=${kith} .friend=${this.place.id}></kith-friend>`;
      case "documents":
        return html`<kith-documents .kith=${kith}></kith-documents>`;
      case "devices":
        return html`<kith-devices .kith=${kith}></kith-devices>`;
      case "apps":
        return html`<kith-apps .kith=${kith}></kith-apps>`;
      case "you":
        return html`<kith-you .kith=${kith}></kith-you>`;
      default:
        return html`<kith-friends .kith=${kith}></kith-friends>`;
    }
  }

  #skip(e: Event): void {
    e.preventDefault();
    this.querySelector<HTMLElement>("#main")?.focus();
  }

  /** Follows the hash. An invitation is a secret: it stays neither in the address nor in the history. */
  #arrive(): void {
    const join = joined.exec(location.hash)?.[1];
    if (join !== undefined) {
      this.#given = join;
      history.replaceState(null, "", placeHash({ page: "accept" }));
    }
    this.ask = asked.exec(location.hash)?.[1] ?? "";
    const place = parsePlace(location.hash);
    this.place = place.page === "open" ? { page: "friends" } : place;
    void this.updateComplete.then(() => scrollTo(0, 0));
  }

  say(text: string, action?: { readonly label: string; readonly run: () => void }): void {
    this.#notices()?.add({ text, kind: "note", ...(action ? { action } : {}) });
  }

  fail(error: unknown): void {
    if (error instanceof DOMException && error.name === "AbortError") {
      return;
    }
    const { message, hint } = describe(error);
    this.#notices()?.add({ text: sentence(message), hint: hint && sentence(hint), kind: "failure" });
  }

  async confirm(question: Question): Promise<boolean> {
    return (await this.querySelector<ConfirmDialog>("kith-confirm")?.ask(question)) ?? false;
  }

  /** There are no sites here. */
  drop(): Promise<boolean> {
    return Promise.resolve(false);
  }

  pin(): Promise<void> {
    return Promise.resolve();
  }

  #notices(): Notices | null {
    return this.querySelector<Notices>("kith-notices");
  }
}

customElements.define("kith-people", People);
