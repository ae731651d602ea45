import { html, nothing, type TemplateResult } from "lit";
import type { SharingState } from "../api/sharing.ts";
import { failure } from "../failure.ts";
import { Part, type Kith } from "../part.ts";
import { t } from "../text/index.ts";
import { icon } from "./icon.ts";

/** What a page shows instead of itself, when the person's things are off, closed or gone. */
export function gate(kith: Kith, page: (state: SharingState) => TemplateResult): TemplateResult {
  const state = kith.live.sharing;
  if (!state) {
    return html`<p class="none" role="status">${kith.live.connection === "online" && kith.live.status ? t("sharing.off") : t("sites.loading")}</p>`;
  }
  if (state.person.locked) {
    return html`<kith-unlock .kith=${kith}></kith-unlock>`;
  }
  return html`${state.person.removed ? html`<p class="remark">${icon("warning")} <span>${t("sharing.removed")}</span></p>` : nothing} ${page(state)}`;
}

/** Says that nobody can reach this person while their devices are off, where that is so. */
export function relayRemark(state: SharingState): TemplateResult | typeof nothing {
  if (state.person.relays.length > 0) {
    return nothing;
  }
  return html`<p class="remark">${icon("warning")} <span>${t("relays.none")} <a href="#/you">${t("relays.how")}</a></span></p>`;
}

/** Asks for the passphrase. */
export class Unlock extends Part {
  static override properties = { kith: { attribute: false }, error: { state: true }, busy: { state: true } };
  declare kith: Kith;
  declare error: unknown;
  declare busy: boolean;

  constructor() {
    super();
    this.busy = false;
  }

  override render(): TemplateResult {
    return html`<section class="ask" aria-labelledby="unlock-title">${icon("key")}
      <form @submit=${this.#unlock}><h2 id="unlock-title">${t("unlock.title")}</h2><p>${t("unlock.text")}</p>
        <label for="unlock-passphrase">${t("passphrase.label")}</label>
        <input id="unlock-passphrase" name="passphrase" type="password" required autocomplete="current-password" aria-describedby=${this.error ? "unlock-error" : nothing} />
        ${this.error ? failure(this.error, "unlock-error") : nothing}
        <div class="buttons"><button class="primary" ?disabled=${this.busy}>${t("unlock.action")}</button></div></form></section>`;
  }

  async #unlock(e: SubmitEvent): Promise<void> {
    e.preventDefault();
    const given = new FormData(e.target as HTMLFormElement).get("passphrase");
    this.busy = true;
    try {
      await this.kith.client.sharing.unlock(typeof given === "string" ? given : "");
      this.error = undefined;
    } catch (error) {
      this.error = error;
    } finally {
      this.busy = false;
    }
  }
}

customElements.define("kith-unlock", Unlock);
