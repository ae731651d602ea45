import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Friend, FriendList } from "../api/sharing.ts";
import { failure } from "../failure.ts";
import { Following, Part, type Kith } from "../part.ts";
import { placeHash } from "../router.ts";
import { format, t } from "../text/index.ts";
import { icon } from "./icon.ts";

/** Named groups of friends. */
export class Lists extends Part {
  static override properties = { kith: { attribute: false }, error: { state: true } };
  declare kith: Kith;
  declare error: unknown;

  constructor() {
    super();
    new Following(this, () => this.kith.live);
  }

  override render(): TemplateResult {
    const s = this.kith.live.sharing;
    const friends = s?.friends.filter((f) => !f.pending) ?? [];
    return html`<section class="serves" aria-labelledby="lists"><h2 id="lists">${t("lists.title")}</h2><p class="hint">${t("lists.text")}</p>
      ${s && s.lists.length > 0
        ? html`<ul class="documents">${repeat(s.lists, (l) => l.name, (l) => this.#list(l, friends))}</ul>`
        : html`<p class="none">${t("lists.none")} ${friends.length === 0 ? html`<a href=${placeHash({ page: "friends" })}>${t("lists.first")}</a>` : nothing}</p>`}
      ${friends.length === 0 ? nothing : html`<details class="fold"><summary>${t("lists.add")}</summary><form class="in-place" @submit=${(e: SubmitEvent) => void this.#save(e)}>
        <label for="list-name">${t("lists.name")}</label><input id="list-name" name="name" required maxlength="64" pattern="[^\\/:]+" autocomplete="off" placeholder=${t("lists.example")} />
        ${this.#members(friends, [])}
        ${this.error ? failure(this.error, "list-error") : nothing}
        <div class="buttons"><button class="primary">${t("lists.add")}</button></div></form></details>`}</section>`;
  }

  #list(l: FriendList, friends: readonly Friend[]): TemplateResult {
    const members = l.friends ?? [];
    return html`<li>${icon("friends")}<div class="what"><strong><bdi>${l.name}</bdi></strong><span class="hint">${members.length > 0 ? format.list(members) : t("lists.nobody")}</span>
      <details class="fold"><summary>${t("lists.change")}<span class="visually-hidden"> ${l.name}</span></summary><form @submit=${(e: SubmitEvent) => void this.#save(e, l.name)}>
        ${this.#members(friends, members)}<div class="buttons"><button class="primary">${t("save")}</button></div></form></details></div>
      <button type="button" class="square" title=${t("lists.remove")} @click=${() => void this.#remove(l.name)}>${icon("trash")}<span class="visually-hidden">${t("lists.remove")} ${l.name}</span></button></li>`;
  }

  #members(friends: readonly Friend[], members: readonly string[]): TemplateResult {
    return html`<fieldset class="audience"><legend>${t("lists.who")}</legend>${friends.map(
      (f) => html`<label class="check"><input type="checkbox" name="friend" value=${f.id} .checked=${members.includes(f.name)} /><bdi>${f.name}</bdi></label>`,
    )}</fieldset>`;
  }

  async #save(e: SubmitEvent, known?: string): Promise<void> {
    e.preventDefault();
    const form = e.target as HTMLFormElement;
    const said = new FormData(form);
    try {
      await this.kith.client.sharing.setList(known ?? String(said.get("name") ?? "").trim(), said.getAll("friend").map(String));
      this.error = undefined;
      if (known === undefined) {
        form.reset();
      }
      form.closest("details")?.removeAttribute("open");
    } catch (error) {
      if (known === undefined) {
        this.error = error;
      } else {
        this.kith.fail(error);
      }
    }
  }

  async #remove(name: string): Promise<void> {
    if (!(await this.kith.confirm({ title: t("lists.remove.title", { name }), text: t("lists.remove.text"), action: t("lists.remove") }))) {
      return;
    }
    try {
      await this.kith.client.sharing.removeList(name);
    } catch (error) {
      this.kith.fail(error);
    }
  }
}

customElements.define("kith-lists", Lists);
