import { html, nothing, type TemplateResult } from "lit";
import type { Serve } from "../api/nearby.ts";
import { failure } from "../failure.ts";
import { Part, type Kith } from "../part.ts";
import { t } from "../text/index.ts";
import { icon } from "./icon.ts";

/** What this device serves to paired ones: folders, and web servers on this computer. */
export class Serves extends Part {
  static override properties = { kith: { attribute: false }, serves: { state: true }, error: { state: true } };
  declare kith: Kith;
  declare serves: readonly Serve[];
  declare error: unknown;

  constructor() {
    super();
    this.serves = [];
  }

  protected override firstUpdated(): void {
    void this.#list();
  }

  override render(): TemplateResult {
    return html`<section class="serves" aria-labelledby="serves"><h2 id="serves">${t("serves.title")}</h2><p class="hint">${t("serves.text")}</p>
      ${this.serves.length > 0
        ? html`<ul class="grants">${this.serves.map((s) => this.#row(s))}</ul>`
        : html`<p class="none">${t("serves.none")}</p>`}
      <details><summary>${t("serves.add")}</summary><form class="in-place" @submit=${this.#add}>
        <label for="serve-what">${t("serves.what")}</label>
        <input id="serve-what" name="what" required dir="ltr" autocomplete="off" spellcheck="false" placeholder="/home/ada/photos" aria-describedby="serve-hint" />
        <p class="hint" id="serve-hint">${t("serves.what.hint")}</p>
        <label for="serve-name">${t("serves.name")} <span class="optional">${t("optional")}</span></label>
        <input id="serve-name" name="name" pattern="[a-z0-9]{0,40}" autocomplete="off" spellcheck="false" placeholder=${t("serves.example")} />
        ${this.error ? failure(this.error, "serve-error") : nothing}
        <div class="buttons"><button class="primary">${t("serves.add")}</button></div></form></details></section>`;
  }

  #row(s: Serve): TemplateResult {
    const what = s.folder ?? s.target ?? "";
    return html`<li>${icon(s.folder ? "folder" : "open")}<div class="what"><strong>${s.name || t("serves.plain")}</strong><code dir="ltr">${what}</code></div>
      <button type="button" class="quiet" @click=${() => void this.#remove(s)}>${t("serves.stop")}<span class="visually-hidden"> ${s.name || what}</span></button></li>`;
  }

  async #list(): Promise<void> {
    try {
      this.serves = await this.kith.client.nearby.serves();
    } catch {
      this.serves = []; // the frame says that the node is not there
    }
  }

  async #add(e: SubmitEvent): Promise<void> {
    e.preventDefault();
    const form = e.target as HTMLFormElement;
    const said = new FormData(form);
    const what = String(said.get("what") ?? "").trim();
    const serve = /^https?:/.test(what) ? { target: what } : { folder: what };
    try {
      await this.kith.client.nearby.serve(String(said.get("name") ?? ""), serve);
      this.error = undefined;
      form.reset();
    } catch (error) {
      this.error = error;
    }
    await this.#list();
  }

  async #remove(s: Serve): Promise<void> {
    try {
      await this.kith.client.nearby.stopServing(s.name);
    } catch (error) {
      this.kith.fail(error);
    }
    await this.#list();
  }
}

customElements.define("kith-serves", Serves);
