import { html, nothing, type TemplateResult } from "lit";
import type { Example, StepID, TourState, TourStep } from "../api/tour.ts";
import { failure } from "../failure.ts";
import { copyable } from "../parts/copy.ts";
import { relayRemark } from "../parts/gate.ts";
import { icon } from "../parts/icon.ts";
import { Following, Part, type Kith } from "../part.ts";
import { format, language, t } from "../text/index.ts";

/** The first steps, each of them done for real; what has happened, the node knows. */
export class TourPage extends Part {
  static override properties = { kith: { attribute: false }, shown: { state: true }, busy: { state: true }, error: { state: true } };
  declare kith: Kith;
  /** The step that the person unfolded; else the first that is open. */
  declare shown: StepID | undefined;
  declare busy: boolean;
  declare error: unknown;
  /** What the node said last, where its events have not come yet. */
  #known: TourState | undefined;

  constructor() {
    super();
    this.busy = false;
    new Following(this, () => this.kith.live);
  }

  protected override firstUpdated(): void {
    void this.#do(() => this.#change({ seen: true, closed: false }), this.shown);
  }

  override render(): TemplateResult {
    const tour = this.kith.live.tour ?? this.#known;
    return html`<div class="page tour"><header class="title"><div class="what"><h1>${t("tour.title")}</h1><p class="lead">${t("tour.lead")}</p></div></header>
      ${tour ? this.#steps(tour) : this.error ? failure(this.error, "tour-error") : html`<p class="none" role="status">${t("sites.loading")}</p>`}</div>`;
  }

  #steps(tour: TourState): TemplateResult {
    const open = tour.steps.find((s) => s.state === "open");
    const here = this.shown ?? open?.id;
    const past = tour.steps.filter((s) => s.state !== "open").length;
    return html`<p class="visually-hidden" role="status">${t("tour.progress", { past: format.number(past), all: format.number(tour.steps.length) })}</p>
      <ol class="steps">${tour.steps.map((s, i) => this.#step(s, i, s.id === here, tour))}</ol>
      <div class="buttons">${open ? html`<button type="button" @click=${() => void this.#end()}>${t("tour.end")}</button>`
        : html`<p class="over">${icon("check")} <span>${t("tour.over")}</span></p><button type="button" class="primary" @click=${() => void this.#end()}>${t("tour.finish")}</button>`}</div>`;
  }

  #step(s: TourStep, i: number, here: boolean, tour: TourState): TemplateResult {
    return html`<li class=${s.state}>
      <h2><button type="button" aria-expanded=${here} aria-controls="step-${s.id}" @click=${() => (this.shown = s.id)}>
        <span class="tick" aria-hidden="true">${s.state === "done" ? icon("check") : format.number(i + 1)}</span>
        <span>${t(`tour.${s.id}`)}</span>${s.state === "open" ? nothing : html`<span class="badge">${t(`tour.state.${s.state}`)}</span>`}</button></h2>
      <div id="step-${s.id}" ?hidden=${!here}>${here ? this.#content(s, tour) : nothing}</div></li>`;
  }

  #content(s: TourStep, tour: TourState): TemplateResult {
    const example = (name: Example["name"]): Example => tour.examples.find((e) => e.name === name) ?? { name, app: name === "notes", published: false };
    return html`<p>${t(`tour.${s.id}.text`)}</p>
      ${s.id === "site" ? this.#example(example("welcome")) : s.id === "app" ? this.#app(example("notes"), s) : s.id === "friend" ? this.#friend() : nothing}
      ${this.error ? failure(this.error, "tour-error") : nothing}
      ${this.#go(s, tour.steps.find((o) => o.state === "open"))}`;
  }

  /** What leads on from a step. */
  #go(s: TourStep, next: TourStep | undefined): TemplateResult | typeof nothing {
    if (s.state !== "open" && s.id !== "send") {
      return next ? html`<div class="buttons"><button type="button" class="quiet" @click=${() => void this.#show(next.id)}>${t("tour.next", { step: t(`tour.${next.id}`) })}</button></div>` : nothing;
    }
    return html`<div class="buttons">
        ${s.id === "meet" && s.state === "open" ? html`<button type="button" class="primary" ?disabled=${this.busy} @click=${() => void this.#do(() => this.#change({ step: "meet", state: "done" }))}>${t("tour.begin")}</button>` : nothing}
        ${s.id === "send" ? html`<a class="button ${s.state === "open" ? "primary" : ""}" href="#/nearby">${icon("nearby")} ${t("tour.send.go")}</a>` : nothing}
        ${s.state === "open" && s.id !== "meet" ? html`<button type="button" class="quiet" ?disabled=${this.busy} @click=${() => void this.#do(() => this.#change({ step: s.id, state: "skipped" }))}>${t("tour.skip")}</button>` : nothing}
      </div>`;
  }

  /** An example: to publish, to open, to remove. */
  #example(e: Example): TemplateResult {
    if (!e.published) {
      return html`<div class="buttons"><button type="button" class="primary" ?disabled=${this.busy} @click=${() => void this.#do(() => this.kith.client.tour.publish(e.name), e.app ? "app" : "site")}>
        ${icon(e.app ? "apps" : "publish")} ${this.busy ? t("publish.publishing") : t(`tour.publish.${e.name}`)}</button></div>`;
    }
    const url = e.app ? e.url : new URL(language.startsWith("de") ? "de.html" : "", e.url).href;
    return html`<dl class="rows"><div><dt>${t("address.this")}</dt><dd>${copyable(e.address ?? "", t("address.this"))}</dd></div>
        <div><dt>${t("tour.folder")}</dt><dd>${copyable(e.folder ?? "", t("tour.folder"))}</dd></div></dl>
      <div class="buttons"><a class="button primary" href=${url ?? ""} target="_blank" rel="noopener">${t(`tour.open.${e.name}`)} ${icon("open")}</a>
        <button type="button" ?disabled=${this.busy} @click=${() => void this.#remove(e)}>${icon("trash")} ${t(`tour.remove.${e.name}`)}</button></div>
      <p class="hint">${t(`tour.undo.${e.name}`)}</p>`;
  }

  #app(e: Example, s: TourStep): TemplateResult {
    if (!this.kith.live.sharing) {
      return html`<p class="remark">${icon("warning")} <span>${t("sharing.off")}</span></p>`;
    }
    return html`${e.published && s.state === "open" ? html`<p class="waiting" role="status">${t("tour.app.wait")}</p>` : nothing}
      ${this.#example(e)}
      ${s.state === "done" ? html`<p class="happened">${icon("check")} <span>${t("tour.app.done")} <a href="#/apps">${t("tour.app.see")}</a></span></p>` : nothing}`;
  }

  #friend(): TemplateResult {
    const state = this.kith.live.sharing;
    if (!state) {
      return html`<p class="remark">${icon("warning")} <span>${t("sharing.off")}</span></p>`;
    }
    return html`${relayRemark(state)}<div class="buttons"><a class="button primary" href="#/friends">${icon("friends")} ${t("friends.invite")}</a>
      <a class="button" href="#/devices">${icon("nearby")} ${t("tour.friend.device")}</a></div><p class="hint">${t("tour.friend.undo")}</p>`;
  }

  async #remove(e: Example): Promise<void> {
    await this.#do(() => this.kith.client.tour.remove(e.name), e.app ? "app" : "site");
    if (this.error === undefined) {
      this.kith.say(t("remove.done", { name: t(`tour.name.${e.name}`) }));
    }
  }

  async #show(id: StepID): Promise<void> {
    this.shown = id;
    await this.updateComplete;
    this.querySelector<HTMLElement>(`[aria-controls="step-${id}"]`)?.focus();
  }

  async #end(): Promise<void> {
    await this.#do(() => this.#change({ closed: true }));
    if (this.error === undefined) {
      location.hash = "#/";
    }
  }

  async #change(change: Parameters<Kith["client"]["tour"]["change"]>[0]): Promise<void> {
    this.kith.live.toured(await this.kith.client.tour.change(change));
  }

  /** Does something, and shows the step stay, or else the first that is open. */
  async #do(doing: () => Promise<unknown>, stay?: StepID): Promise<void> {
    this.busy = true;
    this.error = undefined;
    try {
      await doing();
      this.#known = await this.kith.client.tour.state();
      this.kith.live.toured(this.#known);
      this.shown = stay;
    } catch (error) {
      this.error = error;
    } finally {
      this.busy = false;
    }
  }
}

customElements.define("kith-tour", TourPage);
