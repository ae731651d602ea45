import { html, nothing, type TemplateResult } from "lit";
import { linkKind } from "../api/sharing.ts";
import { failure } from "../failure.ts";
import { gate } from "../parts/gate.ts";
import { icon } from "../parts/icon.ts";
import { Following, Part, type Kith } from "../part.ts";
import { placeHash } from "../router.ts";
import { t } from "../text/index.ts";

/** Takes a friend's link. Nothing happens before the person says so: any page of the web can lead here. */
export class AcceptPage extends Part {
  static override properties = { kith: { attribute: false }, given: {}, link: { state: true }, error: { state: true }, busy: { state: true } };
  declare kith: Kith;
  /** The link by which the person came here; "" for none. */
  declare given: string;
  declare link: string | undefined;
  declare error: unknown;
  declare busy: boolean;

  constructor() {
    super();
    this.given = "";
    this.busy = false;
    new Following(this, () => this.kith.live);
  }

  override render(): TemplateResult {
    return html`<div class="page accept"><a class="back" href="#/friends">${icon("back")} ${t("friends.title")}</a>
      <header class="title"><div class="what"><h1>${t("accept.title")}</h1><p class="lead">${t("accept.lead")}</p></div></header>
      ${gate(this.kith, () => this.#form())}</div>`;
  }

  #form(): TemplateResult {
    const link = this.link ?? this.given;
    const kind = linkKind(link);
    return html`<form class="in-place" @submit=${this.#accept}>
      <label for="accept-link">${t("accept.link")}</label>
      <textarea id="accept-link" name="link" rows="4" required dir="ltr" autocomplete="off" spellcheck="false" .value=${link}
        aria-describedby="accept-hint" @input=${(e: Event) => (this.link = (e.target as HTMLTextAreaElement).value)}></textarea>
      <p class="hint" id="accept-hint">${t(this.given ? "accept.given" : "accept.hint")}</p>
      ${link.trim() !== "" && kind === undefined ? html`<p class="remark">${icon("warning")} <span>${t("accept.bad")}</span></p>` : nothing}
      ${kind === "device" ? html`<p class="remark">${icon("warning")} <span>${t("accept.device")} <a href="#/devices">${t("devices.title")}</a></span></p>` : nothing}
      <label for="accept-name">${t("accept.name")} <span class="optional">${t("optional")}</span></label>
      <input id="accept-name" name="name" maxlength="64" autocomplete="off" aria-describedby="accept-name-hint" />
      <p class="hint" id="accept-name-hint">${t("accept.name.hint")}</p>
      ${this.error ? failure(this.error, "accept-error") : nothing}
      <div class="buttons"><button class="primary" ?disabled=${this.busy || kind !== "friend"}>${t("accept.yes")}</button>
        <a class="button" href="#/friends">${t("cancel")}</a></div></form>
      <p class="hint">${t("accept.code")}</p>`;
  }

  async #accept(e: SubmitEvent): Promise<void> {
    e.preventDefault();
    const said = new FormData(e.target as HTMLFormElement);
    this.busy = true;
    try {
      const friend = await this.kith.client.sharing.accept(String(said.get("link") ?? "").trim(), String(said.get("name") ?? "").trim());
      this.error = undefined;
      location.hash = placeHash({ page: "friend", id: friend.id });
    } catch (error) {
      this.error = error;
    } finally {
      this.busy = false;
    }
  }
}

customElements.define("kith-accept", AcceptPage);
