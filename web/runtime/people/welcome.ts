import { html, nothing, type TemplateResult } from "lit";
import { failure } from "../../console/failure.ts";
import { icon } from "../../console/parts/icon.ts";
import { Part, type Kith } from "../../console/part.ts";
import { t } from "../../console/text/index.ts";

/** Says what this is, the first time, and asks what friends are to call the person. */
export class Welcome extends Part {
  static override properties = { kith: { attribute: false }, error: { state: true }, busy: { state: true } };
  declare kith: Kith;
  declare error: unknown;
  declare busy: boolean;

  constructor() {
    super();
    this.busy = false;
  }

  override render(): TemplateResult {
    return html`<section class="ask" aria-labelledby="welcome">${icon("person")}
      <form @submit=${(e: SubmitEvent) => void this.#begin(e)}><h2 id="welcome">${t("welcome.title")}</h2><p>${t("welcome.text")}</p>
        <label for="welcome-name">${t("you.name")}</label><input id="welcome-name" name="name" required maxlength="64" autocomplete="name" aria-describedby="welcome-hint" />
        <p class="hint" id="welcome-hint">${t("you.name.hint")}</p>${this.error ? failure(this.error, "welcome-error") : nothing}
        <div class="buttons"><button class="primary" ?disabled=${this.busy}>${t("you.begin")}</button>
          <a class="button" href="#/devices" target="_blank">${t("welcome.device")}</a></div></form></section>`;
  }

  async #begin(e: SubmitEvent): Promise<void> {
    e.preventDefault();
    const name = new FormData(e.target as HTMLFormElement).get("name");
    this.busy = true;
    try {
      await this.kith.client.sharing.create(typeof name === "string" ? name.trim() : "");
      this.error = undefined;
    } catch (error) {
      this.error = error;
    } finally {
      this.busy = false;
    }
  }
}

customElements.define("kith-welcome", Welcome);
