import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { readListing, type Answer, type Friend, type Question, type SharingState, type TheirDocument } from "../api/sharing.ts";
import { failure } from "../failure.ts";
import { gate } from "../parts/gate.ts";
import { icon } from "../parts/icon.ts";
import { mark } from "../parts/mark.ts";
import { safetyCode } from "../parts/safety.ts";
import { save } from "../parts/save.ts";
import { Following, Part, type Kith } from "../part.ts";
import { format, t } from "../text/index.ts";
import { moment } from "../text/format.ts";
import { shown } from "../text/shown.ts";
import { friendBadges, friendState } from "./friends.ts";

/** How many documents are shown at once. */
const some = 200;

/** One friend: what they let the person see, the code, and the end of it. */
export class FriendPage extends Part {
  static override properties = {
    kith: { attribute: false }, friend: {}, list: { state: true }, stale: { state: true }, asking: { state: true },
    pending: { state: true }, error: { state: true }, fetching: { state: true }, most: { state: true },
  };
  declare kith: Kith;
  /** Their ID. */
  declare friend: string;
  declare list: readonly TheirDocument[] | undefined;
  declare stale: boolean;
  declare asking: boolean;
  /** The question for the list, when nobody answered it yet. */
  declare pending: string;
  declare error: unknown;
  declare fetching: ReadonlySet<string>;
  declare most: number;
  #asked = "";
  /** Questions whose answers were taken by themselves. */
  readonly #taken = new Set<string>();
  #stop = new AbortController();

  constructor() {
    super();
    this.#forget();
    new Following(this, () => this.kith.live);
  }

  #forget(): void {
    this.list = undefined;
    this.stale = this.asking = false;
    this.pending = "";
    this.error = undefined;
    this.fetching = new Set();
    this.most = some;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop.abort();
  }

  protected override updated(): void {
    const f = this.#friend();
    if (f && !f.pending && !f.blocked && this.#asked !== f.id) {
      this.#asked = f.id;
      this.#stop.abort();
      this.#forget();
      void this.#ask(f);
    }
    // The list that was asked for while nobody was there has come.
    const came = f && this.kith.live.sharing?.questions.find((q) => q.friend === f.name && q.path === "/" && q.state === "answered" && !this.#taken.has(q.id));
    if (came && !this.asking) {
      this.#taken.add(came.id);
      void this.#heard(this.#stop.signal, () => this.kith.client.sharing.answer(came.id));
    }
  }

  #friend(): Friend | undefined {
    return this.kith.live.sharing?.friends.find((f) => f.id === this.friend);
  }

  override render(): TemplateResult {
    const f = this.#friend();
    return html`<div class="page friend"><a class="back" href="#/friends">${icon("back")} ${t("friends.title")}</a>
      ${f ? this.#head(f) : html`<header class="title"><h1>${t("friend.title")}</h1></header>`}
      ${gate(this.kith, (s) => f ? this.#all(f, s) : html`<p class="none">${t("friend.gone")}</p>`)}</div>`;
  }

  #head(f: Friend): TemplateResult {
    return html`<header class="title">${mark(f.id)}<div class="what"><h1><bdi>${f.name}</bdi></h1>
      <p class="lead">${friendState(f)}${f.says && f.says !== f.name ? html` · ${t("friend.says", { name: f.says })}` : nothing}</p></div>${friendBadges(f)}</header>`;
  }

  #all(f: Friend, s: SharingState): TemplateResult {
    const questions = s.questions.filter((q) => q.friend === f.name && q.path !== "/");
    return html`${f.pending ? html`<p class="remark">${icon("skipped")} <span>${t("friend.pending.text", { name: f.name })}</span></p>` : nothing}
      ${f.safety && !f.verified ? this.#safety(f) : nothing}
      ${f.pending || f.blocked ? nothing : this.#documents(f)}
      ${questions.length > 0 ? this.#questions(questions) : nothing}
      ${f.safety && f.verified ? this.#compared(f) : nothing}
      ${this.#manage(f)}`;
  }

  #safety(f: Friend): TemplateResult {
    return html`<section class="ask" aria-labelledby="safety">${icon("shield")}<div><h2 id="safety">${t(f.changed ? "safety.changed" : "safety.title", { name: f.name })}</h2>
      <p>${t("safety.text", { name: f.name })}</p>${safetyCode(f.safety ?? "")}
      <div class="buttons"><button type="button" class="primary" @click=${() => void this.#change(f, { verified: true })}>${icon("check")} ${t("safety.same")}</button></div>
      <p class="hint">${t("safety.differ")}</p></div></section>`;
  }

  #compared(f: Friend): TemplateResult {
    return html`<section aria-labelledby="compared"><details class="fold"><summary id="compared">${t("safety.compared")}</summary>
      <p class="hint">${t("safety.text", { name: f.name })}</p>${safetyCode(f.safety ?? "")}
      <div class="buttons"><button type="button" @click=${() => void this.#change(f, { verified: false })}>${t("safety.back")}</button></div></details></section>`;
  }

  #documents(f: Friend): TemplateResult {
    return html`<section aria-labelledby="theirs"><div class="heading"><h2 id="theirs">${t("theirs.title", { name: f.name })}</h2>
      <button type="button" ?disabled=${this.asking} @click=${() => void this.#ask(f)}>${icon("reload")} ${t("theirs.again")}</button></div>
      ${this.error ? failure(this.error, "theirs-error") : nothing}
      ${this.pending !== "" ? html`<p class="remark" role="status">${icon("skipped")} <span>${t("theirs.waits", { name: f.name })}</span></p>` : nothing}
      ${this.asking && !this.list ? html`<p class="none" role="status">${t("theirs.asking", { name: f.name })}</p>` : nothing}
      ${this.list && this.stale ? html`<p class="remark" role="status">${icon("skipped")} <span>${t("theirs.stale", { name: f.name })}</span></p>` : nothing}
      ${this.list ? this.#list(f, this.list) : nothing}</section>`;
  }

  #list(f: Friend, list: readonly TheirDocument[]): TemplateResult {
    if (list.length === 0) {
      return html`<p class="none">${t("theirs.none", { name: f.name })}</p>`;
    }
    return html`<ul class="documents">${repeat(list.slice(0, this.most), (d) => d.path, (d) => this.#document(f, d))}</ul>
      ${list.length > this.most ? html`<div class="buttons"><button type="button" @click=${() => (this.most += some)}>${t("documents.more", { count: list.length - this.most })}</button></div>` : nothing}`;
  }

  #document(f: Friend, d: TheirDocument): TemplateResult {
    const busy = this.fetching.has(d.path);
    return html`<li>${icon("document")}<div class="what"><strong dir="auto">${shown(d.path)}</strong>
      <span class="hint">${format.bytes(d.size)}${d.modified ? ` · ${format.moment(d.modified, new Date())}` : ""}</span></div>
      <button type="button" ?disabled=${busy} @click=${() => void this.#save(f, d.path)}>${icon("down")} ${t(busy ? "theirs.fetching" : "theirs.save")}<span class="visually-hidden"> ${shown(d.path)}</span></button></li>`;
  }

  #questions(list: readonly Question[]): TemplateResult {
    return html`<section aria-labelledby="questions"><h2 id="questions">${t("questions.title")}</h2><p class="hint">${t("questions.text")}</p>
      <ul class="documents">${repeat(list, (q) => q.id, (q) => {
        const asked = moment(q.asked);
        const answered = q.state === "answered";
        return html`<li>${icon(answered ? "check" : "skipped")}<div class="what"><strong dir="auto">${shown(q.path.replace(/^\//, ""))}</strong>
          <span class="hint">${t(answered ? "questions.answered" : q.sent ? "questions.sent" : "questions.here")}${asked ? ` · ${format.relative(asked, new Date())}` : ""}</span></div>
          ${answered ? html`<button type="button" class="primary" @click=${() => void this.#arrived(q)}>${icon("down")} ${t("theirs.save")}<span class="visually-hidden"> ${shown(q.path)}</span></button>` : nothing}</li>`;
      })}</ul></section>`;
  }

  #manage(f: Friend): TemplateResult {
    return html`<section aria-labelledby="manage"><h2 id="manage">${t("friend.manage")}</h2>
      <form class="in-place line" @submit=${(e: SubmitEvent) => void this.#rename(e, f)}><label for="friend-name">${t("friend.name")}</label>
        <div class="field"><input id="friend-name" name="name" required maxlength="64" autocomplete="off" .value=${f.name} /><button>${t("save")}</button></div></form>
      <div class="acts">
        ${act(t("friend.forget"), t("friend.forget.text", { name: f.name }), () => void this.#forgetCopies(f))}
        ${f.pending ? nothing : act(t(f.blocked ? "friend.unblock" : "friend.block"), t(f.blocked ? "friend.unblock.text" : "friend.block.text", { name: f.name }), () => void this.#change(f, { blocked: !f.blocked }))}
        ${act(t("friend.remove"), t("friend.remove.text", { name: f.name }), () => void this.#remove(f))}</div></section>`;
  }

  async #ask(f: Friend): Promise<void> {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    await this.#heard(signal, () => this.kith.client.sharing.theirs(f.id, signal));
  }

  /** Shows the list that an answer is. */
  async #heard(signal: AbortSignal, ask: () => Promise<Answer>): Promise<void> {
    this.asking = true;
    this.pending = "";
    try {
      const answer = await ask();
      const list = answer.pending === undefined ? readListing(await answer.body.text()) : undefined;
      if (signal.aborted) {
        return;
      }
      if (answer.pending !== undefined) {
        this.pending = answer.pending;
      } else {
        this.list = list;
        this.stale = answer.stale;
      }
      this.error = undefined;
    } catch (error) {
      this.error = signal.aborted ? undefined : error;
    } finally {
      this.asking = signal.aborted ? this.asking : false;
    }
  }

  async #save(f: Friend, path: string): Promise<void> {
    this.fetching = new Set([...this.fetching, path]);
    try {
      const answer = await this.kith.client.sharing.fetch(f.id, path);
      if (answer.pending === undefined) {
        save(answer.body, path);
      } else {
        this.kith.say(t("theirs.left", { name: f.name }));
      }
    } catch (error) {
      this.kith.fail(error);
    } finally {
      this.fetching = new Set([...this.fetching].filter((p) => p !== path));
    }
  }

  async #arrived(q: Question): Promise<void> {
    try {
      const answer = await this.kith.client.sharing.answer(q.id);
      if (answer.pending === undefined) {
        save(answer.body, q.path);
      }
    } catch (error) {
      this.kith.fail(error);
    }
  }

  async #rename(e: SubmitEvent, f: Friend): Promise<void> {
    e.preventDefault();
    const name = String(new FormData(e.target as HTMLFormElement).get("name") ?? "").trim();
    await this.#change(f, { name });
  }

  async #change(f: Friend, change: { readonly name?: string; readonly verified?: boolean; readonly blocked?: boolean }): Promise<void> {
    try {
      await this.kith.client.sharing.changeFriend(f.id, change);
      this.kith.say(t("saved"));
    } catch (error) {
      this.kith.fail(error);
    }
  }

  async #forgetCopies(f: Friend): Promise<void> {
    if (!(await this.kith.confirm({ title: t("friend.forget.title", { name: f.name }), text: t("friend.forget.text", { name: f.name }), action: t("friend.forget") }))) {
      return;
    }
    try {
      await this.kith.client.sharing.forgetCopies(f.id);
      this.kith.say(t("friend.forgotten"));
    } catch (error) {
      this.kith.fail(error);
    }
  }

  async #remove(f: Friend): Promise<void> {
    if (!(await this.kith.confirm({ title: t("friend.remove.title", { name: f.name }), text: t("friend.remove.text", { name: f.name }), action: t("friend.remove") }))) {
      return;
    }
    try {
      const { copies } = await this.kith.client.sharing.removeFriend(f.id);
      location.hash = "#/friends";
      this.kith.say(t("friend.removed", { name: f.name, count: copies }));
    } catch (error) {
      this.kith.fail(error);
    }
  }
}

/** Something that can be done, with what it does. */
export function act(name: string, text: string, run: () => void): TemplateResult {
  return html`<div><p>${text}</p><button type="button" @click=${run}>${name}</button></div>`;
}

customElements.define("kith-friend", FriendPage);
