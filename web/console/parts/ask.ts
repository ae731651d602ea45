import { html, nothing, type TemplateResult } from "lit";
import type { Ask, NearbyDevice } from "../api/nearby.ts";
import { Part, type Kith } from "../part.ts";
import { appName } from "../sites.ts";
import { t } from "../text/index.ts";
import { mark } from "./mark.ts";

/** How long a question stands before it can be answered. */
const settleTime = 600;

/** One question that a web page caused. It stands on every page of the console. */
export class AskCard extends Part {
  static override properties = {
    kith: { attribute: false },
    ask: { attribute: false },
    devices: { attribute: false },
    chosen: { state: true },
    busy: { state: true },
  };
  declare kith: Kith;
  declare ask: Ask;
  declare devices: readonly NearbyDevice[];
  declare chosen: string;
  declare busy: boolean;

  constructor() {
    super();
    this.devices = [];
    this.chosen = "";
    this.busy = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // What appears under a finger that is about to press something else is not pressed.
    this.busy = true;
    setTimeout(() => (this.busy = false), settleTime);
  }

  override render(): TemplateResult {
    const { ask } = this;
    const id = `ask-${ask.id}`;
    const app = appName(ask.app, this.kith.live.sites);
    const device = ask.device?.name ?? "";
    const choose = ask.kind === "reach" && !ask.device;
    return html`<article class="ask" aria-labelledby=${id}>
      ${mark(ask.app)}
      <form @submit=${this.#allow}>
        <h2 id=${id}>${t(`ask.${ask.kind}`, { app, device })}</h2>
        <p class="address" dir="ltr">${ask.app}</p>
        ${ask.nickname ? html`<p class="hint">${t(ask.kind === "incoming" ? "ask.nickname.theirs" : "ask.nickname", { name: ask.nickname })}</p>` : nothing}
        ${choose ? this.#choose(id) : html`<p>${t(`ask.${ask.kind}.text`, { device })}</p>`}
        <label class="check"><input type="checkbox" name="remember" /> ${t("ask.remember")}</label>
        <div class="buttons">
          <button class="primary" ?disabled=${this.busy || (choose && !this.chosen)}>${t(choose ? "ask.connect" : "ask.allow")}</button>
          <button type="button" ?disabled=${this.busy} @click=${() => void this.#answer({ allow: false })}>${t("ask.dismiss")}</button>
        </div>
        <p class="hint">${t("ask.silent")}</p>
      </form></article>`;
  }

  #choose(id: string): TemplateResult {
    const paired = this.devices.filter((d) => d.paired);
    if (paired.length === 0) {
      return html`<p>${t("ask.none")} <a href="#/nearby">${t("ask.pair")}</a></p>`;
    }
    return html`<fieldset class="devices"><legend>${t("ask.choose")}</legend>
      ${paired.map((d) => html`<label class="option ${this.chosen === d.id ? "chosen" : ""}">
        <input type="radio" name=${id} value=${d.id} .checked=${this.chosen === d.id} @change=${() => (this.chosen = d.id)} />
        <span><strong>${d.name}</strong><span>${t(d.near ? "device.near" : "device.away")}</span></span></label>`)}
      <p class="hint"><a href="#/nearby">${t("ask.pair")}</a></p></fieldset>`;
  }

  #allow(e: SubmitEvent): void {
    e.preventDefault();
    const remember = new FormData(e.target as HTMLFormElement).has("remember");
    const device = this.ask.kind === "reach" ? (this.ask.device?.id ?? this.chosen) : "";
    void this.#answer({ allow: true, remember, ...(device ? { device } : {}) });
  }

  async #answer(answer: { allow: boolean; remember?: boolean; device?: string }): Promise<void> {
    this.busy = true;
    try {
      await this.kith.client.nearby.answerAsk(this.ask.id, answer);
      this.kith.live.answered(this.ask.id);
    } catch (error) {
      this.kith.fail(error);
    } finally {
      this.busy = false;
    }
  }
}

customElements.define("kith-ask", AskCard);
