import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { linkKind, type DeviceLink, type Holding, type OwnDevice, type SharingState } from "../api/sharing.ts";
import { failure } from "../failure.ts";
import { copyable } from "../parts/copy.ts";
import { gate, relayRemark } from "../parts/gate.ts";
import { icon } from "../parts/icon.ts";
import { mark } from "../parts/mark.ts";
import { qr } from "../parts/qr.ts";
import { safetyCode } from "../parts/safety.ts";
import { Following, Part, type Kith } from "../part.ts";
import { format, t } from "../text/index.ts";
import { moment } from "../text/format.ts";
import { heardText } from "./friends.ts";

/** How many days "recent" is where nothing else was said. */
const recentDays = 30;

/** The person's own devices: which there are, what they keep, new ones and lost ones. */
export class DevicesPage extends Part {
  static override properties = { kith: { attribute: false }, error: { state: true }, busy: { state: true }, holds: { state: true } };
  declare kith: Kith;
  declare error: unknown;
  declare busy: boolean;
  /** What is chosen for this device, before it is saved. */
  declare holds: Holding["kind"] | undefined;

  constructor() {
    super();
    this.busy = false;
    new Following(this, () => this.kith.live);
  }

  override render(): TemplateResult {
    return html`<div class="page devices"><a class="back" href="#/you">${icon("back")} ${t("you.title")}</a>
      <header class="title"><div class="what"><h1>${t("devices.title")}</h1><p class="lead">${t("devices.lead")}</p></div></header>
      ${gate(this.kith, (s) => this.#all(s))}</div>`;
  }

  #all(s: SharingState): TemplateResult {
    const others = s.devices.filter((d) => !d.this);
    const mine = s.devices.find((d) => d.this);
    return html`${relayRemark(s)} ${repeat(s.links, (l) => l.id, (l) => this.#link(l))}
      ${this.error ? failure(this.error, "devices-error") : nothing}
      ${mine ? html`<section aria-labelledby="mine"><h2 id="mine">${t("devices.mine")}</h2>${this.#mine(mine)}</section>` : nothing}
      ${others.length > 0 ? html`<section aria-labelledby="others"><h2 id="others">${t("devices.others")}</h2>
        <ul class="documents">${repeat(others, (d) => d.id, (d) => this.#other(d))}</ul></section>` : nothing}
      <section aria-labelledby="link-title"><h2 id="link-title">${t("devices.link")}</h2><p class="hint">${t("devices.link.text")}</p>
        <div class="choose">${this.#accept()} ${others.length === 0 ? this.#become() : nothing}</div></section>`;
  }

  #mine(d: OwnDevice): TemplateResult {
    const kind = this.holds ?? d.holds.kind;
    const option = (value: Holding["kind"]): TemplateResult => html`<label class="check"><input type="radio" name="kind" value=${value} .checked=${kind === value} @change=${() => (this.holds = value)} /><span>${t(`holds.${value}`)}</span></label>`;
    return html`<form class="in-place" @submit=${(e: SubmitEvent) => void this.#change(e, d)}>
      <label for="device-name">${t("devices.name")}</label><input id="device-name" name="name" required maxlength="64" autocomplete="off" .value=${d.name} />
      <fieldset class="audience"><legend>${t("holds.title")}</legend>${option("all")} ${option("recent")}
        ${kind === "recent" ? html`<label class="some" for="holds-days">${t("holds.days")} <input id="holds-days" name="days" type="number" min="1" max="36500" required .value=${String(d.holds.days ?? recentDays)} /></label>` : nothing}
        ${d.holds.kind === "apps" ? option("apps") : nothing}</fieldset>
      <p class="hint">${t("holds.hint")}</p>
      <div class="buttons"><button>${t("save")}</button></div></form>`;
  }

  #other(d: OwnDevice): TemplateResult {
    return html`<li>${mark(d.id)}<div class="what"><strong><bdi>${d.name}</bdi></strong>
      <span class="hint">${heardText(d.heard)} · ${holdsText(d.holds)}</span>
      <details class="fold"><summary>${t("revoke.open")}<span class="visually-hidden"> ${d.name}</span></summary><form @submit=${(e: SubmitEvent) => void this.#revoke(e, d)}>
        <p>${t("revoke.text")}</p><label for="words-${d.id}">${t("revoke.words")} <span class="optional">${t("optional")}</span></label>
        <textarea id="words-${d.id}" name="words" rows="3" autocomplete="off" spellcheck="false"></textarea><p class="hint">${t("revoke.words.hint")}</p>
        <div class="buttons"><button class="danger">${t("revoke.action")}</button></div></form></details></div></li>`;
  }

  #accept(): TemplateResult {
    return html`<form class="in-place" @submit=${(e: SubmitEvent) => void this.#take(e)}><h3>${t("devices.accept")}</h3><p>${t("devices.accept.text")}</p>
      <label for="device-link">${t("devices.accept.link")}</label><textarea id="device-link" name="link" rows="3" required dir="ltr" autocomplete="off" spellcheck="false"></textarea>
      <div class="buttons"><button class="primary" ?disabled=${this.busy}>${t("devices.accept.yes")}</button></div></form>`;
  }

  #become(): TemplateResult {
    return html`<form class="in-place" @submit=${(e: SubmitEvent) => void this.#start(e)}><h3>${t("devices.become")}</h3><p>${t("devices.become.text")}</p>
      <label for="new-name">${t("devices.name")} <span class="optional">${t("optional")}</span></label><input id="new-name" name="name" maxlength="64" autocomplete="off" />
      <div class="buttons"><button ?disabled=${this.busy}>${t("devices.become.yes")}</button></div></form>`;
  }

  #link(l: DeviceLink): TemplateResult {
    const id = `link-${l.id}`;
    const until = moment(l.expires);
    const cancel = html`<button type="button" @click=${() => void this.#try(this.kith.client.sharing.cancelLink(l.id))}>${t("cancel")}</button>`;
    if (l.state === "linked") {
      return html`<p class="opened" role="status">${icon("check")} ${t("linking.linked")}</p>`;
    }
    if (l.state === "compare" || l.state === "confirmed") {
      return html`<section class="ask" aria-labelledby=${id}>${icon("shield")}<div><h2 id=${id}>${t(l.state === "compare" ? "linking.compare" : "linking.confirmed")}</h2>
        ${safetyCode(l.safety ?? "")}<p>${t(l.state === "compare" ? "linking.compare.text" : "linking.confirmed.text")}</p>
        <div class="buttons">${l.state === "compare" ? html`<button type="button" class="primary" @click=${() => void this.#try(this.kith.client.sharing.confirmDevice(l.id))}>${icon("check")} ${t("safety.same")}</button>` : nothing} ${cancel}</div></div></section>`;
    }
    return html`<article class="publication invitation" aria-labelledby=${id}><div class="addresses"><h2 id=${id}>${t(l.new ? "linking.new" : "linking.wait")}</h2>
      ${l.link ? html`<dl><div><dt>${t("invitation.link")}</dt><dd>${copyable(l.link, t("invitation.link"))}</dd></div></dl>` : nothing}
      <p class="hint">${t(l.new ? "linking.new.text" : "linking.wait.text")} ${until ? t("linking.until", { time: format.moment(until, new Date()) }) : nothing}</p><div class="buttons">${cancel}</div></div>
      ${l.link ? html`<figure>${qr(l.link, t("invitation.qr"))}</figure>` : nothing}</article>`;
  }

  async #start(e: SubmitEvent): Promise<void> {
    e.preventDefault();
    const name = String(new FormData(e.target as HTMLFormElement).get("name") ?? "").trim();
    await this.#try(this.kith.client.sharing.linkDevice(name));
    scrollTo(0, 0);
  }

  async #take(e: SubmitEvent): Promise<void> {
    e.preventDefault();
    const form = e.target as HTMLFormElement;
    const link = String(new FormData(form).get("link") ?? "").trim();
    if (linkKind(link) === "friend") {
      this.error = new Error(t("devices.accept.friend"));
      return;
    }
    if (await this.#try(this.kith.client.sharing.acceptDevice(link))) {
      form.reset();
      scrollTo(0, 0);
    }
  }

  async #change(e: SubmitEvent, d: OwnDevice): Promise<void> {
    e.preventDefault();
    const said = new FormData(e.target as HTMLFormElement);
    const name = String(said.get("name") ?? "").trim();
    const kind = String(said.get("kind"));
    const holds: Holding | undefined = kind === "recent" ? { kind, days: Number(said.get("days")) } : kind === "all" ? { kind } : undefined;
    if (await this.#try(this.kith.client.sharing.changeDevice(d.id, holds ? { name, holds } : { name }))) {
      this.holds = undefined;
      this.kith.say(t("saved"));
    }
  }

  async #revoke(e: SubmitEvent, d: OwnDevice): Promise<void> {
    e.preventDefault();
    const words = String(new FormData(e.target as HTMLFormElement).get("words") ?? "").split(/\s+/).filter((w) => w !== "");
    if (await this.kith.confirm({ title: t("revoke.title", { name: d.name }), text: t("revoke.text"), action: t("revoke.action") })) {
      await this.#try(this.kith.client.sharing.revokeDevice(d.id, words));
    }
  }

  async #try(doing: Promise<unknown>): Promise<boolean> {
    this.busy = true;
    try {
      await doing;
      this.error = undefined;
      return true;
    } catch (error) {
      this.error = error;
      return false;
    } finally {
      this.busy = false;
    }
  }
}

/** What a device keeps, in a few words. */
export function holdsText(h: Holding): string {
  switch (h.kind) {
    case "recent":
      return t("holds.recentDays", { count: h.days ?? 0 });
    case "apps":
      return t("holds.someApps", { apps: (h.apps ?? []).join(", ") });
    default:
      return t("holds.all");
  }
}

customElements.define("kith-devices", DevicesPage);
