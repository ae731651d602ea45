import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Grant, NearbyDevice, NearbyState, Offer, PageLink, PageState, Transfer } from "../api/nearby.ts";
import { named, type Folder } from "../folder.ts";
import { sentence } from "../failure.ts";
import { card } from "../parts/card.ts";
import { bar } from "../parts/charts.ts";
import "../parts/device.ts";
import { promptCard, type DeviceActions } from "../parts/device.ts";
import { icon } from "../parts/icon.ts";
import { invitationCard } from "../parts/invitation.ts";
import { mark } from "../parts/mark.ts";
import "../parts/serves.ts";
import { Following, Part, type Kith } from "../part.ts";
import { appName } from "../sites.ts";
import { format, t } from "../text/index.ts";
import { moment } from "../text/format.ts";
import { upload } from "../upload.ts";

/** Bytes on their way from the browser to the node, before they go to a device. */
interface Upload {
  readonly device: string;
  readonly done: number;
  readonly total: number;
  readonly stop: AbortController;
}

/** How long an invitation is good for somebody who is here, in seconds. */
const inTheRoom = 3600;

/** What is said of a device that was turned away. */
const warnings = {
  impostor: "nearby.warning.impostor",
  disowned: "nearby.warning.disowned",
  "wrong code": "nearby.warning.code",
  "locked out": "nearby.warning.locked",
} as const;

/** The devices in the room: pair, send, receive, and what web pages may do with them. */
export class NearbyPage extends Part {
  static override properties = { kith: { attribute: false }, uploads: { state: true }, pairing: { state: true }, invited: { state: true } };
  declare kith: Kith;
  declare uploads: readonly Upload[];
  declare pairing: ReadonlySet<string>;
  /** The invitation that was made here, for somebody in the room. */
  declare invited: string;

  readonly #actions: DeviceActions = {
    pair: (d) => void this.#pair(d),
    send: (d, reading) => void this.#send(d, reading),
    trust: (d, trusted) => void this.#try(this.kith.client.nearby.change(d.id, { trusted })),
    forget: (d) => void this.#forget(d),
    invite: (d) => void this.#invite(d),
  };

  constructor() {
    super();
    this.uploads = [];
    this.pairing = new Set();
    this.invited = "";
    new Following(this, () => this.kith.live);
  }

  override render(): TemplateResult {
    const { nearby, pages } = this.kith.live;
    return html`<div class="page nearby">
      <header class="title"><div class="what"><h1>${t("nearby.title")}</h1>
        <p class="lead">${nearby ? t("nearby.lead", { name: nearby.name }) : t("nearby.off")}</p></div></header>
      ${nearby ? this.#room(nearby) : nothing} ${pages ? this.#apps(pages) : nothing}
      ${nearby ? html`<kith-serves .kith=${this.kith}></kith-serves>` : nothing}
    </div>`;
  }

  #room(s: NearbyState): TemplateResult {
    return html`${repeat(s.prompts, (p) => p.id, (p) => promptCard(p, this.kith))}
      ${repeat(s.offers, (o) => o.id, (o) => this.#offer(o))}
      ${repeat(s.cards, (c) => c.id, (c) => card(c, this.kith))}
      ${this.#invitation()}
      ${s.warnings.map((w) => html`<p class="remark">${icon("warning")} ${t(warnings[w.reason], { name: w.name ?? t("nearby.warning.unnamed"), addr: w.addr ?? "?" })}</p>`)}
      <section aria-labelledby="devices"><h2 id="devices">${t("nearby.devices")}</h2>
        ${s.devices.length === 0
          ? html`<div class="empty">${icon("nearby")}<h3>${t("nearby.empty")}</h3><p>${t("nearby.empty.text")}</p></div>`
          : html`<div class="room">${repeat(s.devices, (d) => d.id, (d) => this.#device(d))}</div>`}
      </section>
      ${s.transfers.length + this.uploads.length > 0 ? this.#transfers(s) : nothing}`;
  }

  #invitation(): TemplateResult | typeof nothing {
    const made = this.kith.live.sharing?.invitations.find((i) => i.id === this.invited);
    return made ? html`<section aria-labelledby="invited"><h2 id="invited">${t("nearby.invited")}</h2>${invitationCard(made, this.kith)}</section>` : nothing;
  }

  #device(d: NearbyDevice): TemplateResult {
    return html`<kith-device .device=${d} .actions=${this.#actions} ?friends=${this.kith.live.sharing?.person.locked === false} ?busy=${this.pairing.has(d.id)}></kith-device>`;
  }

  #offer(o: Offer): TemplateResult {
    const id = `offer-${o.id}`;
    const files = o.files ?? [];
    return html`<article class="ask offer" aria-labelledby=${id}>${icon("down")}
      <div><h2 id=${id}>${t("offer.title", { name: o.name, count: o.count, size: format.bytes(o.total) })}</h2>
        <ul class="files">${files.slice(0, 5).map((f) => html`<li><span dir="auto">${f.p}</span>${f.d ? nothing : html`<span class="hint">${format.bytes(f.s ?? 0)}</span>`}</li>`)}
          ${o.count > 5 ? html`<li class="hint">${t("offer.more", { count: o.count - Math.min(5, files.length) })}</li>` : nothing}</ul>
        <p class="hint">${t("offer.into")} <code dir="ltr">${o.into}</code></p>
        <div class="buttons"><button type="button" class="primary" @click=${() => void this.#try(this.kith.client.nearby.answerOffer(o.id, true))}>${t("offer.accept")}</button>
          <button type="button" @click=${() => void this.#try(this.kith.client.nearby.answerOffer(o.id, false))}>${t("offer.decline")}</button></div></div></article>`;
  }

  #transfers(s: NearbyState): TemplateResult {
    return html`<section aria-labelledby="transfers"><h2 id="transfers">${t("nearby.transfers")}</h2><ul class="transfers">
      ${this.uploads.map((u) => html`<li>${icon("up")}<div><p><strong>${t("transfer.reading", { device: u.device })}</strong></p>
        ${bar(u.total > 0 ? u.done / u.total : undefined, t("transfer.reading", { device: u.device }))}</div>
        <button type="button" class="quiet" @click=${() => u.stop.abort()}>${t("cancel")}</button></li>`)}
      ${repeat(s.transfers, (x) => x.id, (x) => this.#transfer(x))}</ul></section>`;
  }

  #transfer(x: Transfer): TemplateResult {
    const what = (x.top ?? []).join(", ");
    const title = t(`transfer.${x.direction}`, { what, device: x.name });
    const moving = !x.ended;
    const size = t("transfer.of", { done: format.bytes(x.done), total: format.bytes(x.total) });
    return html`<li class=${x.state}>${icon(x.direction === "send" ? "up" : "down")}
      <div><p><strong>${title}</strong> <span class="badge state-${x.state}">${t(`transfer.state.${x.state}`)}</span></p>
        ${moving ? bar(x.total > 0 ? x.done / x.total : undefined, title) : nothing}
        <p class="hint">${size}${moving && x.rate > 0 ? html` · ${format.rate(x.rate)}` : nothing}
          ${moving && x.left > 0 ? html` · ${t("transfer.left", { time: format.duration(x.left) })}` : nothing}
          ${!moving && x.direction === "receive" && x.into ? html` · <code dir="ltr">${x.into}</code>` : nothing}</p>
        ${x.error ? html`<p class="hint">${sentence(x.error.message)}${x.error.hint ? ` ${sentence(x.error.hint)}` : nothing}</p>` : nothing}</div>
      ${moving ? html`<button type="button" class="quiet" @click=${() => void this.#try(this.kith.client.nearby.cancel(x.id))}>${t("cancel")}<span class="visually-hidden"> ${title}</span></button>` : nothing}</li>`;
  }

  #apps(p: PageState): TemplateResult {
    return html`<section aria-labelledby="apps"><h2 id="apps">${t("nearby.apps")}</h2><p class="hint">${t("nearby.apps.text")}</p>
      ${p.links.length > 0 ? html`<ul class="grants" aria-label=${t("nearby.links")}>${repeat(p.links, (l) => l.id, (l) => this.#link(l))}</ul>` : nothing}
      ${p.grants.length > 0
        ? html`<ul class="grants" aria-label=${t("nearby.grants")}>${repeat(p.grants, (g) => g.id, (g) => this.#grant(g))}</ul>`
        : p.links.length === 0 ? html`<p class="none">${t("nearby.grants.none")}</p>` : nothing}</section>`;
  }

  #link(l: PageLink): TemplateResult {
    const said = l.connected ? t(l.incoming ? "link.incoming" : "link.open", { device: l.device.name }) : t("link.trying", { device: l.device.name });
    return html`<li>${mark(l.app)}<div class="what"><strong>${appName(l.app, this.kith.live.sites)}</strong><span>${said}</span>
      ${!l.connected && l.problem ? html`<span class="hint">${sentence(l.problem)}</span>` : nothing}</div>
      <span class="badge">${t(l.connected ? "link.now" : "link.wait")}</span>
      <button type="button" class="quiet" @click=${() => void this.#try(this.kith.client.nearby.end(l.id))}>${t("link.end")}<span class="visually-hidden"> ${appName(l.app, this.kith.live.sites)}, ${l.device.name}</span></button></li>`;
  }

  #grant(g: Grant): TemplateResult {
    const given = moment(g.given);
    const device = g.device?.name ?? "";
    return html`<li>${mark(g.app)}<div class="what"><strong>${appName(g.app, this.kith.live.sites)}</strong><span>${t(`grant.${g.kind}`, { device })}</span>
      <span class="hint">${given ? t("grant.since", { time: format.moment(given, new Date()) }) : ""}</span></div>
      <button type="button" class="quiet" @click=${() => void this.#try(this.kith.client.nearby.revoke(g.id))}>${icon("trash")} ${t("grant.revoke")}<span class="visually-hidden"> ${appName(g.app, this.kith.live.sites)}, ${t(`grant.${g.kind}`, { device })}</span></button></li>`;
  }

  async #pair(d: NearbyDevice): Promise<void> {
    this.pairing = new Set([...this.pairing, d.id]);
    await this.#try(this.kith.client.nearby.pair(d.id));
    this.pairing = new Set([...this.pairing].filter((id) => id !== d.id));
  }

  /** Hands a link to whoever sits at a device. Where it does not take it, the link is shown, to be scanned. */
  async #invite(d: NearbyDevice): Promise<void> {
    try {
      const made = await this.kith.client.sharing.invite(d.name, inTheRoom);
      this.pairing = new Set([...this.pairing, d.id]);
      try {
        await this.kith.client.nearby.handCard(d.id, made.link ?? "");
        this.kith.say(t("nearby.handed", { name: d.name }));
      } catch (error) {
        this.kith.fail(error);
        this.invited = made.id;
        await this.updateComplete;
        this.querySelector("#invited")?.scrollIntoView({ block: "nearest" });
      }
    } catch (error) {
      this.kith.fail(error);
    } finally {
      this.pairing = new Set([...this.pairing].filter((id) => id !== d.id));
    }
  }

  async #forget(d: NearbyDevice): Promise<void> {
    if (await this.kith.confirm({ title: t("forget.title", { name: d.name }), text: t("forget.text"), action: t("device.forget") })) {
      await this.#try(this.kith.client.nearby.forget(d.id));
    }
  }

  async #send(d: NearbyDevice, reading: Promise<Folder>): Promise<void> {
    const stop = new AbortController();
    let mine: Upload = { device: d.name, done: 0, total: 0, stop };
    const show = (change: Partial<Upload>): void => {
      const next = { ...mine, ...change };
      this.uploads = [...this.uploads.filter((u) => u !== mine), next];
      mine = next;
    };
    show({});
    try {
      const folder = named(await reading);
      show({ total: folder.bytes });
      const id = await upload(this.kith.client, folder, (done) => show({ done }), stop.signal);
      await this.kith.client.nearby.sendUpload(id, [d.id]);
    } catch (error) {
      this.kith.fail(error);
    } finally {
      this.uploads = this.uploads.filter((u) => u !== mine);
    }
  }

  async #try(doing: Promise<void>): Promise<void> {
    try {
      await doing;
    } catch (error) {
      this.kith.fail(error);
    }
  }
}

customElements.define("kith-nearby", NearbyPage);
