import { html, nothing, type TemplateResult } from "lit";
import type { Person, Relay, SharingState } from "../api/sharing.ts";
import { failure, sentence } from "../failure.ts";
import { copyable } from "../parts/copy.ts";
import { gate } from "../parts/gate.ts";
import { icon } from "../parts/icon.ts";
import { languageChoice } from "../parts/language.ts";
import { Following, Part, type Kith } from "../part.ts";
import { format, language, t } from "../text/index.ts";

/** The person: name, recovery phrase, passphrase, and the relays that keep mailboxes. */
export class YouPage extends Part {
  static override properties = { kith: { attribute: false }, words: { state: true }, error: { state: true }, where: { state: true }, busy: { state: true } };
  declare kith: Kith;
  /** The recovery phrase, while it is shown. */
  declare words: readonly string[];
  declare error: unknown;
  /** The form that the error belongs to. */
  declare where: string;
  declare busy: boolean;

  constructor() {
    super();
    this.words = [];
    this.where = "";
    this.busy = false;
    new Following(this, () => this.kith.live);
  }

  override render(): TemplateResult {
    return html`<div class="page you"><header class="title"><div class="what"><h1>${t("you.title")}</h1><p class="lead">${t("you.lead")}</p></div></header>
      ${gate(this.kith, (s) => (s.person.exists ? this.#all(s) : this.#nobody(s)))}
      ${this.kith.host === "page" ? languageChoice() : nothing}</div>`;
  }

  #nobody(s: SharingState): TemplateResult {
    return html`<div class="choose"><form class="in-place" @submit=${(e: SubmitEvent) => void this.#create(e)}><h2>${t("you.new")}</h2><p>${t("you.new.text")}</p>
        <label for="you-name">${t("you.name")}</label><input id="you-name" name="name" required maxlength="64" autocomplete="name" aria-describedby="you-name-hint" />
        <p class="hint" id="you-name-hint">${t("you.name.hint")}</p>${this.#failed("create")}
        <div class="buttons"><button class="primary" ?disabled=${this.busy}>${t("you.begin")}</button></div></form>
      <form class="in-place" @submit=${(e: SubmitEvent) => void this.#recover(e)}><h2>${t("recover.title")}</h2><p>${t("recover.text")}</p>
        <label for="recover-words">${t("recover.words")}</label><textarea id="recover-words" name="words" rows="4" required autocomplete="off" spellcheck="false"></textarea>
        ${this.#failed("recover")}<div class="buttons"><button ?disabled=${this.busy}>${t("recover.action")}</button></div></form></div>
      <p>${t("you.other")} <a href="#/devices">${t("devices.title")}</a></p>${this.#relays(s.person.relays)}`;
  }

  #all(s: SharingState): TemplateResult {
    const p = s.person;
    return html`${p.phraseUnseen ? this.#phrase() : nothing}
      <section aria-labelledby="name-title"><h2 id="name-title">${t("you.profile")}</h2>
        <form class="in-place line" @submit=${(e: SubmitEvent) => void this.#rename(e)}><label for="you-name">${t("you.name")}</label>
          <div class="field"><input id="you-name" name="name" required maxlength="64" autocomplete="name" aria-describedby="you-name-hint" .value=${p.name ?? ""} /><button ?disabled=${this.busy}>${t("save")}</button></div>
          <p class="hint" id="you-name-hint">${t("you.name.hint")}</p>${this.#failed("rename")}</form>
        <div class="cards">
          ${door("#/friends", "friends", t("friends.title"), t("friends.count", { count: s.friends.length }))}
          ${door("#/documents", "document", t("documents.title"), t("documents.kept", { count: p.documents, size: format.bytes(p.octets) }))}
          ${door("#/devices", "nearby", t("devices.title"), t("devices.count", { count: s.devices.length }))}</div></section>
      ${this.#relays(p.relays)} ${this.kith.host === "node" ? this.#passphrase(p) : this.#storage(p)}`;
  }

  #phrase(): TemplateResult {
    return html`<section class="ask" aria-labelledby="phrase-title">${icon("key")}<div><h2 id="phrase-title">${t("phrase.title")}</h2><p>${t("phrase.text")}</p>
      ${this.words.length === 0
        ? html`<div class="buttons"><button type="button" class="primary" ?disabled=${this.busy} @click=${() => void this.#show()}>${t("phrase.show")}</button></div>`
        : html`<ol class="words" dir="ltr" translate="no">${this.words.map((w) => html`<li>${w}</li>`)}</ol>
          <div class="buttons"><button type="button" class="primary" ?disabled=${this.busy} @click=${() => void this.#written()}>${t("phrase.written")}</button>
            <button type="button" @click=${() => (this.words = [])}>${t("phrase.hide")}</button></div><p class="hint">${t("phrase.once")}</p>`}
      ${this.#failed("phrase")}</div></section>`;
  }

  #relays(relays: readonly Relay[]): TemplateResult {
    return html`<section aria-labelledby="relays"><h2 id="relays">${t("relays.title")}</h2><p class="hint">${t("relays.text")}</p>
      ${relays.length > 0
        ? html`<ul class="documents">${relays.map((r) => html`<li>${icon(r.connected ? "check" : "warning")}<div class="what"><code dir="ltr">${r.url}</code>
          ${r.error && !r.connected && (this.kith.host === "node" || language === "en") ? html`<span class="hint">${sentence(r.error)}</span>` : nothing}</div>
          <span class="badge ${r.connected ? "" : "alarm"}">${t(r.connected ? "relays.connected" : "relays.away")}</span></li>`)}</ul>`
        : html`<div class="empty small">${icon("plug")}<h3>${t("relays.empty")}</h3><p>${t(this.kith.host === "node" ? "relays.empty.text" : "relays.empty.page")}</p></div>`}
      ${this.kith.host === "node" ? (relays.length > 0 ? nothing : html`<div class="empty small">
          <p class="command" dir="ltr"><code>[mailbox]<br />relays = ["wss://relay.example"]</code></p>
          <p class="hint">${t("relays.file")} ${copyable(`${this.kith.live.status?.home ?? "~/.kith"}/config.toml`, "config.toml")}</p></div>`) : this.#chooseRelays(relays)}</section>`;
  }

  /** Names the relays, where no file of a node does. */
  #chooseRelays(relays: readonly Relay[]): TemplateResult {
    return html`<form class="in-place" @submit=${(e: SubmitEvent) => void this.#setRelays(e)}><label for="you-relays">${t("relays.choose")}</label>
      <textarea id="you-relays" name="relays" rows="3" dir="ltr" autocomplete="off" spellcheck="false" placeholder="wss://relay.example" aria-describedby="you-relays-hint" .value=${relays.map((r) => r.url).join("\n")}></textarea>
      <p class="hint" id="you-relays-hint">${t("relays.choose.hint")}</p>${this.#failed("relays")}
      <div class="buttons"><button ?disabled=${this.busy}>${t("save")}</button></div></form>`;
  }

  #storage(p: Person): TemplateResult | typeof nothing {
    if (!p.storage) {
      return nothing;
    }
    return html`<section aria-labelledby="storage"><h2 id="storage">${t("storage.title")}</h2>
      <p>${t("storage.used", { used: format.bytes(p.storage.used), allowed: format.bytes(p.storage.allowed) })}</p><p class="hint">${t("storage.text")}</p></section>`;
  }

  #passphrase(p: Person): TemplateResult {
    const has = p.guard === "passphrase";
    return html`<section aria-labelledby="guard"><h2 id="guard">${t("guard.title")}</h2>
      <p class="hint">${p.guardNote ? sentence(p.guardNote) : nothing}</p>
      ${has ? html`<div class="buttons"><button type="button" @click=${() => void this.#try("lock", this.kith.client.sharing.lock())}>${icon("lock")} ${t("guard.lock")}</button></div>${this.#failed("lock")}` : nothing}
      <details class="fold"><summary>${t(has ? "guard.change" : "guard.set")}</summary><form class="in-place" @submit=${(e: SubmitEvent) => void this.#guard(e)}>
        ${has ? html`<label for="guard-old">${t("guard.old")}</label><input id="guard-old" name="old" type="password" required autocomplete="current-password" />` : nothing}
        <label for="guard-new">${t("guard.new")} ${has ? html`<span class="optional">${t("guard.off")}</span>` : nothing}</label>
        <input id="guard-new" name="new" type="password" ?required=${!has} autocomplete="new-password" />
        <label for="guard-again">${t("guard.again")}</label><input id="guard-again" name="again" type="password" ?required=${!has} autocomplete="new-password" />
        <p class="hint">${t("guard.hint")}</p>${this.#failed("guard")}
        <div class="buttons"><button class="primary" ?disabled=${this.busy}>${t("save")}</button></div></form></details></section>`;
  }

  #failed(where: string): TemplateResult | typeof nothing {
    return this.error && this.where === where ? failure(this.error, `${where}-error`) : nothing;
  }

  async #create(e: SubmitEvent): Promise<void> {
    const said = read(e);
    await this.#try("create", this.kith.client.sharing.create(said("name").trim()));
  }

  async #rename(e: SubmitEvent): Promise<void> {
    const said = read(e);
    if (await this.#try("rename", this.kith.client.sharing.rename(said("name").trim()))) {
      this.kith.say(t("saved"));
    }
  }

  async #setRelays(e: SubmitEvent): Promise<void> {
    const said = read(e);
    if (await this.#try("relays", this.kith.client.sharing.setRelays(said("relays").split(/\s+/).filter((r) => r !== "")))) {
      this.kith.say(t("saved"));
    }
  }

  async #recover(e: SubmitEvent): Promise<void> {
    const said = read(e);
    await this.#try("recover", this.kith.client.sharing.recover(said("words").split(/\s+/).filter((w) => w !== ""), ""));
  }

  async #show(): Promise<void> {
    await this.#try("phrase", this.kith.client.sharing.phrase().then((words) => {
      this.words = words;
    }));
  }

  async #written(): Promise<void> {
    if (await this.kith.confirm({ title: t("phrase.sure"), text: t("phrase.once"), action: t("phrase.written") })) {
      if (await this.#try("phrase", this.kith.client.sharing.phraseWritten())) {
        this.words = [];
      }
    }
  }

  async #guard(e: SubmitEvent): Promise<void> {
    const form = e.target as HTMLFormElement;
    const said = read(e);
    if (said("new") !== said("again")) {
      this.where = "guard";
      this.error = new Error(t("guard.differ"));
      return;
    }
    if (await this.#try("guard", this.kith.client.sharing.setPassphrase(said("old"), said("new")))) {
      form.reset();
      form.closest("details")?.removeAttribute("open");
      this.kith.say(t("saved"));
    }
  }

  async #try(where: string, doing: Promise<unknown>): Promise<boolean> {
    this.busy = true;
    try {
      await doing;
      this.error = undefined;
      return true;
    } catch (error) {
      this.where = where;
      this.error = error;
      return false;
    } finally {
      this.busy = false;
    }
  }
}

/** The fields of a form that is handed in here and not sent. */
function read(e: SubmitEvent): (name: string) => string {
  e.preventDefault();
  const said = new FormData(e.target as HTMLFormElement);
  return (name) => {
    const value = said.get(name);
    return typeof value === "string" ? value : "";
  };
}

function door(href: string, name: "friends" | "document" | "nearby", title: string, text: string): TemplateResult {
  return html`<a class="card" href=${href}>${icon(name)}<span class="what"><strong>${title}</strong><span class="hint">${text}</span></span></a>`;
}

customElements.define("kith-you", YouPage);
