import { html, nothing, type TemplateResult } from "lit";
import { failure } from "../failure.ts";
import { mark } from "../parts/mark.ts";
import { Part, type Kith } from "../part.ts";
import { t } from "../text/index.ts";

/** Asks whether an origin of the web may talk to this node, and sends the person back to it. */
export class ConnectPage extends Part {
  static override properties = { kith: { attribute: false }, back: {}, error: { state: true }, busy: { state: true } };
  declare kith: Kith;
  /** Where the person came from, as the address says. */
  declare back: string;
  declare error: unknown;
  declare busy: boolean;

  constructor() {
    super();
    this.back = "";
    this.busy = false;
  }

  override render(): TemplateResult {
    const origin = originOf(this.back);
    return html`<div class="page connect">
      ${origin === undefined ? html`<h1>${t("connect.bad")}</h1><p>${t("connect.bad.text")}</p>` : this.#question(origin)}
      ${this.error ? failure(this.error, "connect-error") : nothing}
      <p><a href="/">${t("connect.console")}</a></p></div>`;
  }

  #question(origin: string): TemplateResult {
    return html`<section class="ask" aria-labelledby="connect-title">${mark(origin)}
      <div><h1 id="connect-title">${t("connect.title", { origin: new URL(origin).host })}</h1>
        <p class="address" dir="ltr">${origin}</p>
        <p>${t("connect.text")}</p>
        <ul class="plain-list"><li>${t("connect.may")}</li><li>${t("connect.asks")}</li><li>${t("connect.revoke")}</li></ul>
        <div class="buttons"><button type="button" class="primary" ?disabled=${this.busy} @click=${() => void this.#connect()}>${t("connect.yes")}</button>
          <button type="button" @click=${() => history.back()}>${t("connect.no")}</button></div></div></section>`;
  }

  async #connect(): Promise<void> {
    this.busy = true;
    try {
      location.assign(await this.kith.client.nearby.connect(this.back));
    } catch (error) {
      this.error = error;
      this.busy = false;
    }
  }
}

/** The origin of a URL that could be connected; undefined for what is none. */
export function originOf(back: string): string | undefined {
  if (!URL.canParse(back)) {
    return undefined;
  }
  const url = new URL(back);
  return url.protocol === "https:" || url.protocol === "http:" ? url.origin : undefined;
}

customElements.define("kith-connect", ConnectPage);
