import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Friend, SharingState } from "../api/sharing.ts";
import { failure } from "../failure.ts";
import { gate, relayRemark } from "../parts/gate.ts";
import { icon } from "../parts/icon.ts";
import { invitationCard } from "../parts/invitation.ts";
import { mark } from "../parts/mark.ts";
import { Following, Part, type Kith } from "../part.ts";
import { placeHash } from "../router.ts";
import { format, t } from "../text/index.ts";
import { moment } from "../text/format.ts";

/** For how long an invitation can be made to last, in seconds. */
const lifetimes = [["hour", 3600], ["day", 86_400], ["week", 604_800]] as const;

/** Friends: who there is, and the links that wait for somebody. */
export class FriendsPage extends Part {
  static override properties = { kith: { attribute: false }, inviting: { state: true }, error: { state: true }, busy: { state: true } };
  declare kith: Kith;
  declare inviting: boolean;
  declare error: unknown;
  declare busy: boolean;

  constructor() {
    super();
    this.inviting = false;
    this.busy = false;
    new Following(this, () => this.kith.live);
  }

  override render(): TemplateResult {
    return html`<div class="page friends">
      <header class="title"><div class="what"><h1>${t("friends.title")}</h1><p class="lead">${t("friends.lead")}</p></div></header>
      ${gate(this.kith, (s) => this.#all(s))}</div>`;
  }

  #all(s: SharingState): TemplateResult {
    const invitations = s.invitations.filter((i) => i.kind === "friend");
    const none = s.friends.length === 0;
    return html`${relayRemark(s)}
      ${none && !this.inviting && invitations.length === 0
        ? html`<div class="empty">${icon("friends")}<h2>${t("friends.empty")}</h2><p>${t("friends.empty.text")}</p>${this.#doors()}</div>`
        : this.#doors()}
      ${this.inviting ? this.#form() : nothing}
      ${invitations.length > 0
        ? html`<section aria-labelledby="invitations"><h2 id="invitations">${t("friends.invitations")}</h2>
          ${repeat(invitations, (i) => i.id, (i) => invitationCard(i, this.kith))}</section>`
        : nothing}
      ${none ? nothing : html`<section aria-labelledby="friend-list"><h2 id="friend-list">${t("friends.count", { count: s.friends.length })}</h2>
        <ul class="people">${repeat(s.friends, (f) => f.id, (f) => this.#friend(f))}</ul></section>`}`;
  }

  #doors(): TemplateResult {
    return html`<div class="buttons"><button type="button" id="invite" class="primary" aria-expanded=${this.inviting} @click=${() => this.#open()}>${icon("friends")} ${t("friends.invite")}</button>
      <a class="button" href=${placeHash({ page: "accept" })}>${icon("key")} ${t("friends.accept")}</a></div>`;
  }

  #open(): void {
    this.inviting = true;
    void this.updateComplete.then(() => this.querySelector<HTMLInputElement>("#invite-for")?.focus());
  }

  /** Closes the form; the focus goes back to what opened it. */
  #close(): void {
    this.inviting = false;
    void this.updateComplete.then(() => this.querySelector<HTMLElement>("#invite")?.focus());
  }

  #form(): TemplateResult {
    return html`<form class="in-place" @submit=${this.#invite} @keydown=${(e: KeyboardEvent) => e.key === "Escape" && this.#close()} aria-labelledby="invite-title"><h2 id="invite-title">${t("invite.title")}</h2><p>${t("invite.text")}</p>
      <label for="invite-for">${t("invite.for")} <span class="optional">${t("optional")}</span></label>
      <input id="invite-for" name="for" maxlength="64" autocomplete="off" aria-describedby="invite-for-hint" />
      <p class="hint" id="invite-for-hint">${t("invite.for.hint")}</p>
      <label for="invite-expires">${t("invite.expires")}</label>
      <select id="invite-expires" name="expires">${lifetimes.map(([name, seconds]) => html`<option value=${seconds} ?selected=${name === "week"}>${t(`invite.${name}`)}</option>`)}</select>
      ${this.error ? failure(this.error, "invite-error") : nothing}
      <div class="buttons"><button class="primary" ?disabled=${this.busy}>${t("invite.make")}</button>
        <button type="button" @click=${() => this.#close()}>${t("cancel")}</button></div></form>`;
  }

  #friend(f: Friend): TemplateResult {
    return html`<li><a href=${placeHash({ page: "friend", id: f.id })}>${mark(f.id)}
      <span class="what"><strong><bdi>${f.name}</bdi></strong><span class="hint">${friendState(f)}</span></span>
      ${friendBadges(f)}</a></li>`;
  }

  async #invite(e: SubmitEvent): Promise<void> {
    e.preventDefault();
    const said = new FormData(e.target as HTMLFormElement);
    this.busy = true;
    try {
      await this.kith.client.sharing.invite(String(said.get("for") ?? "").trim(), Number(said.get("expires")));
      this.error = undefined;
      this.#close();
    } catch (error) {
      this.error = error;
    } finally {
      this.busy = false;
    }
  }
}

/** What counts as just now, in milliseconds. */
const justNow = 60_000;

/** When somebody was last heard from, in a few words. */
export function heardText(at: string | undefined): string {
  const heard = moment(at);
  if (!heard) {
    return t("friend.unheard");
  }
  const now = new Date();
  return now.getTime() - heard.getTime() < justNow ? t("friend.heardNow") : t("friend.heard", { time: format.relative(heard, now) });
}

/** How a friend can be reached, in a few words. */
export function friendState(f: Friend): string {
  const parts = [
    f.blocked ? t("friend.blocked")
      : f.pending ? t("friend.pending")
      : f.direct ? t("friend.direct")
      : heardText(f.heard),
  ];
  if (f.waiting > 0 && !f.pending) {
    parts.push(t("friend.waiting", { count: f.waiting }));
  }
  return parts.join(" · ");
}

/** What is to be known of a friend at one look. */
export function friendBadges(f: Friend): TemplateResult {
  return html`<span class="badges">
    ${f.verified ? html`<span class="badge">${icon("shield")} ${t("friend.verified")}</span>` : nothing}
    ${!f.verified && f.changed ? html`<span class="badge alarm">${t("friend.changed")}</span>` : nothing}
    ${!f.verified && !f.changed && f.safety ? html`<span class="badge soft">${t("friend.unverified")}</span>` : nothing}
    ${f.direct && !f.blocked ? html`<span class="badge">${t("friend.here")}</span>` : nothing}
    ${f.blocked ? html`<span class="badge alarm">${t("friend.isBlocked")}</span>` : nothing}</span>`;
}

customElements.define("kith-friends", FriendsPage);
