import { html, nothing, type TemplateResult } from "lit";
import type { AppAnswer, AppAsk, AppGrant, AppPick } from "../api/apps.ts";
import type { Audience, SharingState } from "../api/sharing.ts";
import { Following, Part, type Kith } from "../part.ts";
import { appName, shortAddress } from "../sites.ts";
import { t } from "../text/index.ts";
import { shown } from "../text/shown.ts";
import "./audience.ts";
import { byID } from "./audience.ts";
import { friendBoxes } from "./chosen.ts";
import { icon } from "./icon.ts";
import { mark } from "./mark.ts";
import "./mountpick.ts";

/** How long a question stands before it can be answered. */
const settleTime = 600;

/** One question of a web app. It stands on every page of the console. */
export class AppAskCard extends Part {
  static override properties = {
    kith: { attribute: false }, ask: { attribute: false }, chosen: { state: true }, refused: { state: true }, audience: { state: true }, pick: { state: true }, busy: { state: true },
  };
  declare kith: Kith;
  declare ask: AppAsk;
  /** The IDs of the friends that the app is to see. */
  declare chosen: ReadonlySet<string> | undefined;
  /** What it wants and is not to have. */
  declare refused: ReadonlySet<AppGrant>;
  declare audience: Audience | undefined;
  declare pick: AppPick | undefined;
  declare busy: boolean;

  constructor() {
    super();
    this.refused = new Set();
    this.busy = false;
    new Following(this, () => this.kith.live);
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
    const state = this.kith.live.sharing;
    const app = ask.title || ask.app;
    return html`<article class="ask app" aria-labelledby=${id}>${mark(ask.address)}
      <form @submit=${this.#allow}>
        <h2 id=${id}>${t(`appask.${ask.kind}`, { app, site: appName(ask.address, this.kith.live.sites), path: shown(ask.path ?? "") })}</h2>
        <p class="address" dir="ltr">${ask.address}</p>
        <p>${t(`appask.${ask.kind}.text`, { app: ask.app })}</p>
        ${ask.others?.length ? html`<p class="remark">${icon("warning")} <span>${t("appask.others", { app: ask.app, others: ask.others.map(shortAddress).join(", ") })}</span></p>` : nothing}
        ${state ? this.#fields(state) : nothing}
        <div class="buttons">
          <button class="primary" ?disabled=${this.busy || (ask.kind === "mount" && !this.pick)}>${t(`appask.${ask.kind}.yes`)}</button>
          <button type="button" ?disabled=${this.busy} @click=${() => void this.#answer({ allow: false })}>${t("appask.no")}</button>
        </div>
        <p class="hint">${t("appask.told")}</p>
      </form></article>`;
  }

  #fields(s: SharingState): TemplateResult {
    const { ask } = this;
    switch (ask.kind) {
      case "connect":
        return html`${this.#wants("friends") ? html`${this.#box("friends")} ${this.refused.has("friends") ? nothing : this.#friends(s)}` : nothing}
          ${this.#wants("share") ? this.#box("share") : nothing}`;
      case "friends":
        return this.#friends(s);
      case "share":
        return html`<kith-audience .audience=${this.#audience(s)} .friends=${s.friends} .lists=${s.lists} name=${`share-${ask.id}`}
          .change=${(a: Audience) => (this.audience = a)}></kith-audience>`;
      case "mount":
        return html`<kith-mount .kith=${this.kith} app=${ask.app} ?folder=${ask.path?.endsWith("/") ?? false} .change=${(p: AppPick | undefined) => (this.pick = p)}></kith-mount>`;
    }
  }

  #wants(grant: AppGrant): boolean {
    return this.ask.wants?.includes(grant) ?? false;
  }

  #box(grant: "friends" | "share"): TemplateResult {
    const set = (e: Event): void => {
      const on = (e.target as HTMLInputElement).checked;
      this.refused = new Set(on ? [...this.refused].filter((g) => g !== grant) : [...this.refused, grant]);
    };
    return html`<label class="check"><input type="checkbox" .checked=${!this.refused.has(grant)} @change=${set} /> ${t(`appask.grant.${grant}`)}</label>`;
  }

  #friends(s: SharingState): TemplateResult {
    return friendBoxes(t("appask.choose"), s.friends, this.#seen(), (chosen) => (this.chosen = chosen));
  }

  #seen(): ReadonlySet<string> {
    return this.chosen ?? new Set(this.ask.friends ?? []);
  }

  /** What was chosen, or what the app proposes, with names in the place of IDs. */
  #audience(s: SharingState): Audience {
    const { friends, ...rest } = this.ask.audience ?? { kind: "nobody" };
    return this.audience ?? (friends ? { ...rest, friends: friends.map((id) => s.friends.find((f) => f.id === id)?.name ?? id) } : rest);
  }

  #allow(e: SubmitEvent): void {
    e.preventDefault();
    const s = this.kith.live.sharing;
    const friends = [...this.#seen()];
    switch (this.ask.kind) {
      case "connect":
        void this.#answer({
          allow: true, grants: (this.ask.wants ?? []).filter((g) => !this.refused.has(g)),
          ...(this.#wants("friends") && !this.refused.has("friends") ? { friends } : {}),
        });
        return;
      case "friends":
        void this.#answer({ allow: true, friends });
        return;
      case "share":
        void this.#answer({ allow: true, ...(s ? { audience: byID(this.#audience(s), s.friends) } : {}) });
        return;
      case "mount":
        void this.#answer({ allow: true, ...(this.pick ? { pick: this.pick } : {}) });
    }
  }

  async #answer(answer: AppAnswer): Promise<void> {
    this.busy = true;
    try {
      await this.kith.client.apps.answer(this.ask.id, answer);
      this.kith.live.answeredApp(this.ask.id);
    } catch (error) {
      this.kith.fail(error);
    } finally {
      this.busy = false;
    }
  }
}

customElements.define("kith-app-ask", AppAskCard);
