import { html, nothing, type TemplateResult } from "lit";
import type { NearbyDevice, Prompt } from "../api/nearby.ts";
import { entriesOf, folderFromEntries, folderFromFiles, type Folder } from "../folder.ts";
import { Part, type Kith } from "../part.ts";
import { t } from "../text/index.ts";
import { icon } from "./icon.ts";
import { mark } from "./mark.ts";
import { qr } from "./qr.ts";
import { toggle } from "./switch.ts";

/** What a card asks of the page. */
export interface DeviceActions {
  pair(device: NearbyDevice): void;
  send(device: NearbyDevice, reading: Promise<Folder>): void;
  trust(device: NearbyDevice, trusted: boolean): void;
  forget(device: NearbyDevice): void;
  invite(device: NearbyDevice): void;
}

/** One device: pair it, or drop files on it. */
export class DeviceCard extends Part {
  static override properties = {
    device: { attribute: false },
    actions: { attribute: false },
    busy: { type: Boolean },
    friends: { type: Boolean },
    over: { state: true },
  };
  declare device: NearbyDevice;
  declare actions: DeviceActions;
  declare busy: boolean;
  /** Whether whoever sits at it can be invited as a friend. */
  declare friends: boolean;
  declare over: boolean;

  constructor() {
    super();
    this.busy = false;
    this.friends = false;
    this.over = false;
  }

  override render(): TemplateResult {
    const d = this.device;
    return html`<article class="device ${this.over ? "over" : ""}" @dragover=${this.#dragover} @dragleave=${() => (this.over = false)} @drop=${this.#drop}>
      <div class="head">${mark(d.id)}<div class="what"><h3>${d.name}</h3>
        <span class="hint"><span class="dot ${d.near ? "near" : ""}"></span>${t(d.near ? "device.near" : "device.away")}
        ${d.given && d.given !== d.name ? html`· ${t("device.given", { name: d.given })}` : nothing}</span></div></div>
      ${d.suspicious ? html`<p class="remark">${icon("warning")} ${t("device.suspicious")}</p>` : nothing}
      ${d.paired ? this.#paired(d) : this.#stranger(d)}
    </article>`;
  }

  #paired(d: NearbyDevice): TemplateResult {
    return html`<p class="hint">${t("device.drop")}</p>
      <div class="buttons">
        <label class="button">${icon("up")} ${t("device.files")}<span class="visually-hidden"> ${t("device.to", { name: d.name })}</span>
          <input type="file" class="visually-hidden" multiple ?disabled=${this.busy} @change=${this.#chosen} /></label>
        <label class="button">${icon("folder")} ${t("device.folder")}<span class="visually-hidden"> ${t("device.to", { name: d.name })}</span>
          <input type="file" class="visually-hidden" webkitdirectory multiple ?disabled=${this.busy} @change=${this.#chosen} /></label>
        ${d.near ? html`<a class="button" href=${deviceURL(d.id, location)} target="_blank" rel="noopener">${icon("open")} ${t("device.serves")}</a>` : nothing}
        ${d.near && this.friends ? html`<button type="button" @click=${() => this.actions.invite(d)}>${icon("friends")} ${t("device.invite")}<span class="visually-hidden"> ${d.name}</span></button>` : nothing}
      </div>
      <div class="foot">${toggle(d.trusted, `${t("device.trust")}: ${d.name}`, (on) => this.actions.trust(d, on), t("device.trust"))}
        <button type="button" class="quiet" @click=${() => this.actions.forget(d)}>${t("device.forget")}<span class="visually-hidden"> ${d.name}</span></button></div>`;
  }

  #stranger(d: NearbyDevice): TemplateResult {
    return html`<p class="hint">${t("device.stranger")}</p>
      <div class="buttons"><button type="button" class="primary" ?disabled=${this.busy} @click=${() => this.actions.pair(d)}>
        ${icon("key")} ${t("device.pair")}<span class="visually-hidden"> ${d.name}</span></button></div>`;
  }

  #dragover(e: DragEvent): void {
    if (this.device.paired && !this.busy) {
      e.preventDefault();
      this.over = true;
    }
  }

  #drop(e: DragEvent): void {
    e.preventDefault();
    this.over = false;
    if (this.device.paired && !this.busy && e.dataTransfer) {
      this.actions.send(this.device, folderFromEntries(entriesOf(e.dataTransfer.items)));
    }
  }

  #chosen(e: Event): void {
    const input = e.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length > 0) {
      this.actions.send(this.device, Promise.resolve(folderFromFiles(files)));
    }
  }
}

customElements.define("kith-device", DeviceCard);

/** A code to read out, or a field for the one that the other device shows. */
export function promptCard(p: Prompt, kith: Kith): TemplateResult {
  const id = `prompt-${p.id}`;
  if (p.kind === "show") {
    const code = p.code ?? "";
    return html`<article class="ask code" aria-labelledby=${id}>
      ${p.qr ? qr(p.qr, t("prompt.qr")) : icon("key")}
      <div><h2 id=${id}>${t("prompt.show", { device: p.device })}</h2>
        <p class="digits" dir="ltr"><span class="visually-hidden">${code}</span><span aria-hidden="true">${grouped(code)}</span></p>
        <p class="hint">${t("prompt.show.text")}</p></div></article>`;
  }
  const submit = (e: SubmitEvent): void => {
    e.preventDefault();
    const code = new FormData(e.target as HTMLFormElement).get("code");
    kith.client.nearby.answerPrompt(p.id, typeof code === "string" ? code : "").catch((error: unknown) => kith.fail(error));
  };
  return html`<article class="ask code" aria-labelledby=${id}>${icon("key")}
    <form @submit=${submit}><h2 id=${id}>${t("prompt.ask", { device: p.device })}</h2>
      <label for="code-${p.id}">${t("prompt.code")}</label>
      <input id="code-${p.id}" name="code" class="digits" required autocomplete="one-time-code" spellcheck="false" dir="ltr" />
      <p class="hint">${t("prompt.ask.text")}</p>
      <div class="buttons"><button class="primary">${t("device.pair")}</button></div></form></article>`;
}

/** The origin at which a paired device shows what it serves. */
export function deviceURL(id: string, at: Pick<Location, "protocol" | "port">): string {
  return `${at.protocol}//nearby-${id}.localhost${at.port === "" ? "" : `:${at.port}`}/`;
}

/** A code in groups of three, as people read it out. */
export function grouped(code: string): string {
  return code.replace(/(\d{3})(?=\d)/g, "$1\u2009");
}
