import { html, nothing, type TemplateResult } from "lit";
import type { AskingExtension, ConnectedExtension } from "../api/types.ts";
import { Part, type Kith } from "../part.ts";
import { format, t } from "../text/index.ts";
import { moment } from "../text/format.ts";

/** Milliseconds between two looks. */
const every = 2000;

/** Browser extensions: those that ask to be connected, and those that are. */
export class ExtensionList extends Part {
  static override properties = { kith: { attribute: false }, asking: { state: true }, connected: { state: true } };
  declare kith: Kith;
  declare asking: readonly AskingExtension[];
  declare connected: readonly ConnectedExtension[];
  #timer: number | undefined;

  constructor() {
    super();
    this.asking = [];
    this.connected = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => void this.#look(), every);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected override firstUpdated(): void {
    void this.#look();
  }

  override render(): TemplateResult | typeof nothing {
    if (this.asking.length + this.connected.length === 0) {
      return nothing;
    }
    return html`<section aria-labelledby="extensions"><h2 id="extensions">${t("extensions.title")}</h2>
      <ul class="checks">${this.asking.map(
        (e) => html`<li class="warning" data-asking=${e.origin}><div role="alert"><strong>${t("extensions.asks", { name: e.name })}</strong>
          <p>${t("extensions.code", { code: e.code })}</p><p class="hint"><code dir="ltr">${e.origin}</code></p>
          <div class="buttons"><button type="button" class="primary" @click=${() => void this.#answer(e, true)}>${t("extensions.allow")}</button>
          <button type="button" @click=${() => void this.#answer(e, false)}>${t("extensions.refuse")}</button></div></div></li>`,
      )}${this.connected.map(
        (e) => html`<li class="ok" data-connected=${e.origin}><div><strong>${e.name}</strong>
          <p class="hint">${t("extensions.since", { time: format.relative(moment(e.created) ?? new Date(), new Date()) })} <code dir="ltr">${e.origin}</code></p>
          <div class="buttons"><button type="button" @click=${() => void this.#revoke(e)}>${t("extensions.disconnect")}</button></div></div></li>`,
      )}</ul></section>`;
  }

  async #look(): Promise<void> {
    try {
      const list = await this.kith.client.extensions();
      this.asking = list.asking;
      this.connected = list.connected;
    } catch {
      // The console says already that the node is away.
    }
  }

  async #answer(e: AskingExtension, allow: boolean): Promise<void> {
    await this.#do(() => this.kith.client.answerExtension(e.id, allow));
  }

  async #revoke(e: ConnectedExtension): Promise<void> {
    await this.#do(() => this.kith.client.disconnectExtension(e.id));
  }

  async #do(change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } catch (error) {
      this.kith.fail(error);
    }
    await this.#look();
  }
}

customElements.define("kith-extensions", ExtensionList);
