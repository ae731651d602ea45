import { html, nothing, type TemplateResult } from "lit";
import type { Audience, Friend, FriendList } from "../api/sharing.ts";
import { Part } from "../part.ts";
import { format, t } from "../text/index.ts";

const kinds = ["nobody", "some", "all"] as const;

/** Chooses who may see something: nobody, some friends and lists, or all of them. */
export class AudiencePicker extends Part {
  static override properties = { audience: { attribute: false }, friends: { attribute: false }, lists: { attribute: false }, name: {}, change: { attribute: false } };
  declare audience: Audience;
  declare friends: readonly Friend[];
  declare lists: readonly FriendList[];
  /** Tells the fields of several pickers on a page apart. */
  declare name: string;
  declare change: (audience: Audience) => void;

  constructor() {
    super();
    this.audience = { kind: "nobody" };
    this.friends = [];
    this.lists = [];
    this.name = "audience";
    this.change = () => undefined;
  }

  override render(): TemplateResult {
    return html`<fieldset class="audience"><legend>${t("audience.title")}</legend>
      ${kinds.map((kind) => html`<label class="check"><input type="radio" name=${this.name} value=${kind} .checked=${this.audience.kind === kind}
        @change=${() => this.change({ kind })} /><span>${t(`audience.${kind}`)} ${kind === "all" ? html`<span class="hint">${t("audience.all.hint")}</span>` : nothing}</span></label>
        ${kind === "some" && this.audience.kind === "some" ? this.#some() : nothing}`)}
    </fieldset>`;
  }

  #some(): TemplateResult {
    const friends = this.friends.filter((f) => !f.pending);
    if (friends.length + this.lists.length === 0) {
      return html`<p class="hint some">${t("audience.noFriends")} <a href="#/friends">${t("friends.invite")}</a></p>`;
    }
    const box = (label: string, on: boolean, set: (on: boolean) => void, hint = ""): TemplateResult => html`<label class="check">
      <input type="checkbox" .checked=${on} @change=${(e: Event) => set((e.target as HTMLInputElement).checked)} /><span><bdi>${label}</bdi> ${hint ? html`<span class="hint">${hint}</span>` : nothing}</span></label>`;
    return html`<div class="some" role="group" aria-label=${t("audience.some")}>
      ${friends.map((f) => box(f.name, this.#has("friends", f.name), (on) => this.#set("friends", f.name, on)))}
      ${this.lists.map((l) => box(l.name, this.#has("lists", l.name), (on) => this.#set("lists", l.name, on), t("audience.list", { count: l.friends?.length ?? 0 })))}</div>`;
  }

  #has(key: "friends" | "lists", name: string): boolean {
    return this.audience[key]?.includes(name) ?? false;
  }

  #set(key: "friends" | "lists", name: string, on: boolean): void {
    const rest = (this.audience[key] ?? []).filter((n) => n !== name);
    this.change({ ...this.audience, [key]: on ? [...rest, name] : rest });
  }
}

customElements.define("kith-audience", AudiencePicker);

/** An audience by the friends' IDs, which say who is meant whatever they are called. */
export function byID(a: Audience, friends: readonly Friend[]): Audience {
  if (a.kind !== "some") {
    return a;
  }
  const ids = (a.friends ?? []).map((name) => friends.find((f) => f.name === name)?.id ?? name);
  const lists = a.lists ?? [];
  return ids.length + lists.length === 0 ? { kind: "nobody" } : { kind: "some", friends: ids, lists };
}

/** Who may see a document, in a few words. */
export function audienceText(a: Audience | undefined): string {
  if (!a || a.kind === "nobody") {
    return t("audience.nobody");
  }
  if (a.kind === "all") {
    return t("audience.all");
  }
  const names = [...(a.friends ?? []), ...(a.lists ?? [])];
  return names.length === 0 ? t("audience.nobody") : format.list(names);
}
