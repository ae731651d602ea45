import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Client } from "./api/client.ts";
import type { Live } from "./api/live.ts";
import type { Site } from "./api/types.ts";
import { describe, sentence } from "./failure.ts";
import "./pages/accept.ts";
import "./pages/apps.ts";
import "./pages/connect.ts";
import "./pages/devices.ts";
import "./pages/documents.ts";
import "./pages/friend.ts";
import "./pages/friends.ts";
import "./pages/nearby.ts";
import "./pages/node.ts";
import "./pages/open.ts";
import "./pages/publish.ts";
import "./pages/site.ts";
import "./pages/sites.ts";
import "./pages/tour.ts";
import "./pages/you.ts";
import "./parts/appask.ts";
import "./parts/ask.ts";
import { spark } from "./parts/charts.ts";
import type { ConfirmDialog, Question } from "./parts/confirm.ts";
import "./parts/confirm.ts";
import { icon, type IconName } from "./parts/icon.ts";
import { keepFocus } from "./parts/keepfocus.ts";
import { logo } from "./parts/mark.ts";
import { Notices } from "./parts/notices.ts";
import { Following, Part, type Kith } from "./part.ts";
import { givenLink, parsePlace, placeHash, type Place } from "./router.ts";
import { siteName } from "./sites.ts";
import { format, t } from "./text/index.ts";

/** The page of the navigation that another one belongs to. */
const above: Partial<Readonly<Record<Place["page"], Place["page"]>>> = { site: "sites", friend: "friends", accept: "friends", devices: "you", tour: "open" };

/** How long a removal can be undone. */
const undoFor = 6000;

/** The frame around the pages: navigation, the state of the connection, notices. */
export class Console extends Part implements Kith {
  static override properties = { place: { state: true }, more: { state: true } };
  declare place: Place;
  /** Whether a narrow window shows the pages that it has no room for. */
  declare more: boolean;
  /** The invitation by whose address the person came. */
  readonly #given: string;
  readonly host = "node";
  client!: Client;
  live!: Live;
  /** Removals that can still be undone, by label. */
  readonly #leaving = new Map<string, number>();

  constructor() {
    super();
    this.#given = givenLink(location);
    if (this.#given !== "") {
      // The link is a secret: it stays neither in the address nor in the history.
      history.replaceState(null, "", `/${placeHash({ page: "accept" })}`);
    }
    this.place = parsePlace(location.hash);
    this.more = false;
    new Following(this, () => this.live);
  }

  /** Connects the page to the node. */
  begin(client: Client, live: Live): void {
    this.client = client;
    this.live = live;
    addEventListener("hashchange", () => this.#arrive());
    addEventListener("pagehide", () => this.#leaving.forEach((_, label) => this.#finishRemoval(label)));
    addEventListener("keydown", (e) => this.#shortcut(e));
    // A folder dropped beside the target must not replace the console.
    addEventListener("dragover", (e) => e.preventDefault());
    addEventListener("drop", (e) => e.preventDefault());
    keepFocus(this);
    live.start();
    this.requestUpdate();
  }

  override render(): TemplateResult {
    if (!(this.live as Live | undefined)) {
      return html``;
    }
    document.title = this.#title();
    if (this.live.connection === "refused") {
      return this.#refused();
    }
    return html`
      <a class="skip" href="#main" @click=${(e: Event) => this.#skip(e)}>${t("nav.skip")}</a>
      <header class="rail">
        <a class="brand" href="/#/" aria-label=${t("nav.home")}>${logo()}<span>Kith</span></a>
        <nav aria-label=${t("nav.label")} class=${this.more ? "all" : ""}>
          ${this.#link("open", "compass", t("nav.open"))} ${this.#link("publish", "publish", t("nav.publish"))}
          ${this.#link("sites", "sites", t("nav.sites"), this.visibleSites().length)}
          ${this.#link("friends", "friends", t("nav.friends"), this.#arrived())} ${this.#link("documents", "document", t("nav.documents"))}
          ${this.#link("apps", "apps", t("nav.apps"), this.live.apps?.asks.length ?? 0)}
          ${this.#link("nearby", "nearby", t("nav.nearby"), this.#waiting())}
          ${this.#link("you", "person", t("nav.you"), this.#linking())} ${this.#link("node", "node", t("nav.node"))}
          <button type="button" class="more" aria-expanded=${this.more} @click=${() => (this.more = !this.more)}>${icon(this.more ? "close" : "more")}<span>${t("nav.more")}</span></button>
        </nav>
        ${this.#pulse()}
      </header>
      <main id="main" tabindex="-1">${this.#lost()} ${this.#asks()} ${this.#page()}</main>
      <kith-notices></kith-notices>
      <kith-confirm></kith-confirm>
    `;
  }

  /** How many answers are waited for. */
  #waiting(): number {
    const { nearby, pages } = this.live;
    return (nearby?.offers.length ?? 0) + (nearby?.cards.length ?? 0) + (nearby?.prompts.length ?? 0) + (pages?.asks.length ?? 0);
  }

  /** How many answers of friends are here and not taken yet. */
  #arrived(): number {
    return this.live.sharing?.questions.filter((q) => q.state === "answered").length ?? 0;
  }

  /** How many devices wait for their code to be compared. */
  #linking(): number {
    return this.live.sharing?.links.filter((l) => l.state === "compare").length ?? 0;
  }

  /** What web pages caused the node to ask, on every page of the console. */
  #asks(): TemplateResult | typeof nothing {
    const asks = this.live.pages?.asks ?? [];
    const devices = this.live.nearby?.devices ?? [];
    return html`<div class="asks" role="region" aria-live="polite" aria-label=${t("asks.label")}>
      ${repeat(asks, (a) => a.id, (a) => html`<kith-ask .kith=${this as Kith} .ask=${a} .devices=${devices}></kith-ask>`)}
      ${repeat(this.live.apps?.asks ?? [], (a) => a.id, (a) => html`<kith-app-ask .kith=${this as Kith} .ask=${a}></kith-app-ask>`)}</div>`;
  }

  #page(): TemplateResult {
    if (connecting()) {
      return html`<kith-connect .kith=${this as Kith} .back=${new URLSearchParams(location.search).get("return") ?? ""}></kith-connect>`;
    }
    switch (this.place.page) {
      case "open":
        return html`<kith-open .kith=${this as Kith} .address=${this.place.address ?? ""} .sites=${this.visibleSites()}></kith-open>`;
      case "publish":
        return html`<kith-publish .kith=${this as Kith}></kith-publish>`;
      case "sites":
        return html`<kith-sites .kith=${this as Kith} .sites=${this.visibleSites()}></kith-sites>`;
      case "site":
        return html`<kith-site .kith=${this as Kith} .label=${this.place.label} .section=${this.place.section ?? ""}></kith-site>`;
      case "nearby":
        return html`<kith-nearby .kith=${this as Kith}></kith-nearby>`;
      case "friends":
        return html`<kith-friends .kith=${this as Kith}></kith-friends>`;
      case "accept":
        return html`<kith-accept .kith=${this as Kith} .given=${this.#given}></kith-accept>`;
      case "friend":
        return html`<kith-friend .kith=${this as Kith} .friend=${this.place.id}></kith-friend>`;
      case "apps":
        return html`<kith-apps .kith=${this as Kith}></kith-apps>`;
      case "documents":
        return html`<kith-documents .kith=${this as Kith}></kith-documents>`;
      case "devices":
        return html`<kith-devices .kith=${this as Kith}></kith-devices>`;
      case "you":
        return html`<kith-you .kith=${this as Kith}></kith-you>`;
      case "tour":
        return html`<kith-tour .kith=${this as Kith}></kith-tour>`;
      case "node":
        return html`<kith-node .kith=${this as Kith}></kith-node>`;
    }
  }

  #link(page: Place["page"], name: IconName, text: string, count?: number): TemplateResult {
    const here = !connecting() && (this.place.page === page || above[this.place.page] === page);
    return html`<a href=${(connecting() ? "/" : "") + placeHash({ page } as Place)} aria-current=${here ? "page" : nothing}>
      ${icon(name)}<span>${text}</span>${count ? html`<span class="count">${format.number(count)}</span>` : nothing}</a>`;
  }

  #pulse(): TemplateResult {
    const { connection, traffic, status } = this.live;
    const now = (connection === "online" ? traffic.at(-1) : undefined) ?? { down: 0, up: 0 };
    const peers = Object.values(status?.engines ?? {}).reduce((n, e) => n + Math.max(0, e.peers), 0);
    const state = connection === "online" ? t("pulse.online", { count: peers }) : t(`pulse.${connection}`);
    return html`<div class="pulse ${connection}">
      ${spark(traffic)}
      <div class="rates">
        <span title=${t("pulse.down")}>${icon("down")}<span class="visually-hidden">${t("pulse.down")}</span>${format.rate(now.down)}</span>
        <span title=${t("pulse.up")}>${icon("up")}<span class="visually-hidden">${t("pulse.up")}</span>${format.rate(now.up)}</span>
      </div>
      <a href="/#/node" class="state"><span class="dot"></span>${state}</a>
    </div>`;
  }

  #lost(): TemplateResult | typeof nothing {
    if (this.live.connection !== "lost") {
      return nothing;
    }
    return html`<div class="banner" role="alert">
      ${icon("plug")}
      <div><strong>${t("lost.title")}</strong><p>${t("lost.text")} <code>kith up</code></p></div>
      <button type="button" @click=${() => this.live.retry()}>${t("lost.retry")}</button>
    </div>`;
  }

  #refused(): TemplateResult {
    return html`<main class="alone" id="main">
      ${logo()}
      <h1>${t("refused.title")}</h1>
      <p>${t("refused.text")}</p>
      <p class="command"><code>kith open</code></p>
      <button type="button" class="primary" @click=${() => location.reload()}>${t("refused.reload")}</button>
    </main>`;
  }

  #title(): string {
    if (this.place.page === "site") {
      const site = this.live.site(this.place.label);
      return `${site ? siteName(site) : this.place.label} – Kith`;
    }
    if (this.place.page === "friend") {
      const { id } = this.place;
      return `${this.live.sharing?.friends.find((f) => f.id === id)?.name ?? t("nav.friend")} – Kith`;
    }
    const waiting = this.#waiting() + (this.live.apps?.asks.length ?? 0);
    return `${waiting > 0 ? `(${format.number(waiting)}) ` : ""}${t(`nav.${this.place.page}`)} – Kith`;
  }

  #skip(e: Event): void {
    e.preventDefault();
    this.querySelector<HTMLElement>("#main")?.focus();
  }

  /** Follows the hash; the reader of a screen hears the new page from its top. */
  #arrive(): void {
    const place = parsePlace(location.hash);
    const moved = place.page !== this.place.page || place.page === "site" || place.page === "friend";
    this.more = false;
    this.place = place;
    if (moved) {
      void this.updateComplete.then(() => {
        scrollTo(0, 0);
        this.querySelector<HTMLElement>("#main")?.focus({ preventScroll: true });
      });
    }
  }

  #shortcut(e: KeyboardEvent): void {
    const typing = e.target instanceof HTMLElement && e.target.matches("input, textarea, select, [contenteditable]");
    if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) {
      e.preventDefault();
      location.hash = placeHash({ page: "open" });
      void this.updateComplete.then(() => this.querySelector<HTMLInputElement>("#address")?.focus());
    }
  }

  /** The sites that are not on their way out. */
  visibleSites(): Site[] {
    return this.live.sites.filter((s) => !this.#leaving.has(s.label));
  }

  say(text: string, action?: { readonly label: string; readonly run: () => void }): void {
    this.#notices()?.add({ text, kind: "note", ...(action ? { action, stay: undoFor } : {}) });
  }

  fail(error: unknown): void {
    if (error instanceof DOMException && error.name === "AbortError") {
      return;
    }
    const { message, hint } = describe(error);
    this.#notices()?.add({ text: sentence(message), hint: hint && sentence(hint), kind: "failure" });
  }

  async pin(site: Site, pinned: boolean): Promise<void> {
    this.live.assume(site.label, { pinned });
    try {
      await this.client.change(site.label, { pinned });
    } catch (e) {
      this.live.assume(site.label, { pinned: !pinned });
      this.fail(e);
    }
  }

  async confirm(question: Question): Promise<boolean> {
    return (await this.querySelector<ConfirmDialog>("kith-confirm")?.ask(question)) ?? false;
  }

  async drop(site: Site): Promise<boolean> {
    const name = siteName(site);
    if (site.pinned || site.published) {
      const sure = await this.confirm({
        title: t("remove.title", { name }),
        text: site.published ? t("remove.published") : t("remove.pinned"),
        action: t("remove.action"),
      });
      if (!sure) {
        return false;
      }
      this.#leaving.set(site.label, 0);
      this.#finishRemoval(site.label, name);
      return true;
    }
    const timer = setTimeout(() => this.#finishRemoval(site.label), undoFor);
    this.#leaving.set(site.label, timer);
    this.requestUpdate();
    this.say(t("remove.done", { name }), {
      label: t("remove.undo"),
      run: () => {
        clearTimeout(timer);
        this.#leaving.delete(site.label);
        this.requestUpdate();
      },
    });
    return true;
  }

  #finishRemoval(label: string, say?: string): void {
    clearTimeout(this.#leaving.get(label));
    this.client.remove(label).then(
      () => {
        this.live.forget(label);
        if (say) {
          this.say(t("remove.done", { name: say }));
        }
      },
      (e: unknown) => this.fail(e),
    ).finally(() => {
      this.#leaving.delete(label);
      this.requestUpdate();
    });
    this.requestUpdate();
  }

  #notices(): Notices | null {
    return this.querySelector<Notices>("kith-notices");
  }
}

/** Whether this is the page that connects an origin, which has an address of its own. */
function connecting(): boolean {
  return location.pathname === "/connect";
}

customElements.define("kith-console", Console);
