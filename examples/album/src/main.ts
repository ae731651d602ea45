// Album: pictures for friends, with comments. Everything is drawn anew when something
// changed; lit changes only what is different.
import type { Audience, Kith } from "@kith/sdk";
import { html, nothing, render, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { begin } from "../../common/begin.ts";
import { confirmed, failing, notice } from "../../common/dialog.ts";
import { Album, type Entry } from "./album.ts";
import { scaled } from "./picture.ts";
import { ago, t } from "./text.ts";

const failed = failing(t);

/** The page: a feed, or one post. */
class Page {
  readonly #kith: Kith;
  readonly #root: HTMLElement;
  readonly #album: Album;
  #drawing = false;
  #saving = false;

  constructor(kith: Kith, root: HTMLElement) {
    this.#kith = kith;
    this.#root = root;
    this.#album = new Album(kith, () => this.#draw(), failed);
    for (const event of ["hashchange", "online", "offline"]) addEventListener(event, () => this.#draw());
    addEventListener("hashchange", () => scrollTo(0, 0));
    this.#album.begin();
    this.#draw();
  }

  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      render(this.#page(), this.#root);
    });
  }

  #page(): TemplateResult {
    const [, owner, id] = /^#\/post\/(\w*)\/(\w+)$/.exec(location.hash) ?? [];
    return html`<header class="bar"><h1><img src="icon.svg" alt="" width="28" height="28" /> ${t("title")}</h1>
        <button class="primary" @click=${() => this.#open("compose")}>${t("add")}</button><button @click=${() => this.#open("people")}>${t("friends")}</button></header>
      <main>${navigator.onLine ? nothing : html`<p class="remark" role="status">${t("offline")}</p>`}
        ${this.#kith.limits.map((l) => html`<p class="remark">${t(`limit.${l.code}`)}</p>`)}
        ${id === undefined ? this.#feed() : this.#post(owner ?? "", id)}</main>
      ${this.#compose()} ${this.#people()}`;
  }

  #feed(): TemplateResult {
    const entries = this.#album.entries();
    const away = [...this.#album.shelves.values()].filter((s) => s.state !== "here");
    return html`<div aria-live="polite">${away.map((s) => html`<p class="remark away">${t(`waiting.${s.state === "waiting" ? "friend" : "stale"}`, { name: s.friend.name })}</p>`)}</div>
      ${entries.length === 0 && this.#album.loaded ? html`<section class="empty"><h2>${t("empty.title")}</h2><p>${t("empty.text")}</p>
        <div class="buttons"><button class="primary" @click=${() => this.#open("compose")}>${t("add")}</button><button @click=${() => this.#open("people")}>${t("friends")}</button></div></section>`
      : html`<ul class="feed">${repeat(entries, (e) => `${e.owner}/${e.id}`, (e) => this.#card(e))}</ul>`}`;
  }

  #card(e: Entry): TemplateResult {
    const count = this.#album.comments(e).length;
    return html`<li><article><a class="frame" href=${`#/post/${e.owner}/${e.id}`} aria-label=${t("post.open", { caption: e.post.text || t("post.untitled") })}>${this.#picture(e, "small")}</a>
      ${e.post.text ? html`<p class="caption">${e.post.text}</p>` : nothing}
      <p class="quiet">${this.#who(e)} · ${ago(e.post.at)}${count > 0 ? html` · ${t("comments", { count })}` : nothing} ${this.#seen(e)}</p></article></li>`;
  }

  #picture(e: Entry, size: "small" | "large"): TemplateResult {
    const small = this.#album.picture(e, "small");
    const large = size === "large" ? this.#album.picture(e, "large") : undefined;
    const best = typeof large === "object" ? large : small;
    const shape = `aspect-ratio: ${e.post.width} / ${e.post.height}`;
    if (typeof best === "object") return html`<img src=${best.url} alt=${e.post.text || t("post.untitled")} style=${shape} />`;
    return html`<span class="soon" style=${shape}>${best === "waiting" ? t("waiting.picture", { name: this.#who(e) }) : best === "gone" ? t("post.gone") : ""}</span>`;
  }

  #who(e: Entry): string {
    return e.owner === "" ? t("you") : (this.#album.shelves.get(e.owner)?.friend.name ?? "");
  }

  #seen(e: Entry): TemplateResult | typeof nothing {
    const a = e.audience;
    if (!a) return nothing;
    return html`<span class="chip">${a.kind === "some" ? t("seen.some", { count: (a.friends?.length ?? 0) + (a.others ?? 0) }) : t(`seen.${a.kind}`)}</span>`;
  }

  #post(owner: string, id: string): TemplateResult {
    const e = this.#album.entry(owner, id);
    const back = html`<a class="back" href="#/">← ${t("post.back")}</a>`;
    if (!e) return html`<section class="post">${back}${this.#album.loaded ? html`<p class="remark" role="status">${t("post.gone")}</p>` : nothing}</section>`;
    const comments = this.#album.comments(e);
    return html`<section class="post" aria-label=${e.post.text || t("post.untitled")}>${back}
      <figure>${this.#picture(e, "large")}${e.post.text ? html`<figcaption>${e.post.text}</figcaption>` : nothing}</figure>
      <p class="quiet">${this.#who(e)} · ${ago(e.post.at)} ${this.#seen(e)}</p>
      ${owner === "" ? html`<div class="buttons"><button @click=${() => void this.#share(e.id, e.audience ?? { kind: "nobody" })}>${t("post.share")}</button>
        <button class="danger" @click=${() => void this.#delete(e)}>${t("post.delete")}</button></div>` : nothing}
      <h2>${t("comments.title")}</h2>
      ${comments.length === 0 ? html`<p class="quiet">${t("comments.none")}</p>` : nothing}
      <ul class="comments" aria-live="polite">${repeat(comments, (c) => c.id, (c) => html`<li><p>${c.text}</p>
        <p class="quiet"><span>${c.own ? t("you") : c.name} · ${ago(c.at)}${c.waits ? html` · ${t("comment.waits", { name: this.#who(e) })}` : nothing}</span>
        ${owner === "" || c.own ? html`<button class="plain" aria-label=${t("comment.delete")} title=${t("comment.delete")} @click=${() => void this.#album.unsay(e, c.id).catch(failed)}>✕</button>` : nothing}</p></li>`)}</ul>
      <form class="say" @submit=${(s: SubmitEvent) => void this.#say(s, e)}>
        <div class="field"><label for="say">${t("comment.text")}</label><textarea id="say" name="text" rows="2" maxlength="4000" required></textarea></div>
        <div class="field"><label for="name">${t("comment.name")}</label><input id="name" name="name" maxlength="64" required autocomplete="nickname" .defaultValue=${this.#album.name} /></div>
        <button class="primary">${t("comment.send")}</button></form></section>`;
  }

  #compose(): TemplateResult {
    const who = (kind: Audience["kind"]): TemplateResult =>
      html`<label class="check"><input type="radio" name="who" value=${kind} ?checked=${kind === "all"} /> ${t(`compose.${kind}`)}</label>`;
    return html`<dialog id="compose" aria-labelledby="compose-title"><form @submit=${(s: SubmitEvent) => void this.#add(s)}>
      <h2 id="compose-title">${t("compose.title")}</h2>
      <div class="field"><label for="file">${t("compose.file")}</label><input id="file" name="file" type="file" accept="image/*" required /></div>
      <div class="field"><label for="caption">${t("compose.caption")}</label><input id="caption" name="caption" maxlength="500" aria-describedby="caption-hint" autocomplete="off" />
        <p class="quiet" id="caption-hint">${t("compose.caption.hint")}</p></div>
      <fieldset><legend>${t("compose.who")}</legend>${who("all")} ${who("some")} ${who("nobody")}<p class="quiet">${t("compose.hint")}</p></fieldset>
      <div class="buttons"><button class="primary" ?disabled=${this.#saving}>${t(this.#saving ? "compose.saving" : "compose.save")}</button>
        <button type="button" @click=${() => this.#close("compose")}>${t("cancel")}</button></div></form></dialog>`;
  }

  #people(): TemplateResult {
    const { shelves } = this.#album;
    return html`<dialog id="people" aria-labelledby="people-title"><form method="dialog"><h2 id="people-title">${t("friends.title")}</h2>
      ${shelves.size === 0 ? html`<p>${t("friends.none")}</p>` : html`<p>${t("friends.text", { count: shelves.size })}</p><ul class="names">${[...shelves.values()].map((s) => html`<li>${s.friend.name}</li>`)}</ul>`}
      <div class="stack"><button type="button" @click=${() => this.#manage()}>${t("friends.manage")}</button>
        <button type="button" @click=${() => this.#choose()}>${t("friends.choose")}</button><button>${t("close")}</button></div></form></dialog>`;
  }

  #open(id: "compose" | "people"): void {
    document.querySelector<HTMLDialogElement>(`#${id}`)?.showModal();
  }

  #close(id: "compose" | "people"): void {
    document.querySelector<HTMLDialogElement>(`#${id}`)?.close();
  }

  #manage(): void {
    this.#close("people");
    this.#points("people");
    // Who came is chosen next.
    this.#kith.people().then(() => this.#kith.host === "page" && this.#open("people"), failed);
  }

  #choose(): void {
    this.#close("people");
    this.#points("asking");
    this.#kith.friends.choose().catch(refused);
  }

  /** In the shell of a node it is the shell that leads to what the person decides. */
  #points(to: "people" | "asking"): void {
    if (this.#kith.host === "node" && parent !== window) notice(t(`shell.${to}`));
  }

  async #add(s: SubmitEvent): Promise<void> {
    s.preventDefault();
    const form = s.target as HTMLFormElement;
    const said = new FormData(form);
    const kind = said.get("who") as Audience["kind"];
    this.#saving = true;
    this.#draw();
    try {
      const picture = await scaled(said.get("file") as File).catch(() => undefined);
      if (!picture) return notice(t("compose.bad"), "failure");
      const id = await this.#album.add(picture, String(said.get("caption") ?? "").trim());
      form.reset();
      this.#close("compose");
      if (kind !== "nobody") await this.#share(id, { kind }, kind === "some");
    } catch (error) {
      failed(error);
    } finally {
      this.#saving = false;
      this.#draw();
    }
  }

  /** Sets who sees a post; the person chooses unless it was said. */
  async #share(id: string, audience: Audience, pick = true): Promise<void> {
    if (pick) this.#points("asking");
    try {
      await this.#album.share(id, audience, pick);
    } catch (error) {
      if ((error as { status?: number }).status !== 403) return failed(error);
      if (this.#album.mine.get(id)?.audience?.kind === "nobody") notice(t("compose.kept"));
    }
  }

  async #delete(e: Entry): Promise<void> {
    if (!(await confirmed({ title: t("delete.title"), text: t("delete.text"), yes: t("delete.yes"), no: t("cancel") }))) return;
    try {
      await this.#album.delete(e.id);
      location.hash = "#/";
      notice(t("deleted"));
    } catch (error) {
      failed(error);
    }
  }

  async #say(s: SubmitEvent, e: Entry): Promise<void> {
    s.preventDefault();
    const form = s.target as HTMLFormElement;
    const said = new FormData(form);
    try {
      await this.#album.say(e, String(said.get("text")).trim(), String(said.get("name")).trim());
      (form.elements.namedItem("text") as HTMLTextAreaElement).value = "";
    } catch (error) {
      failed(error);
    }
  }
}

/** A person who says no needs not be told. */
function refused(error: unknown): void {
  if ((error as { status?: number }).status !== 403) failed(error);
}

void begin({
  app: "album", title: t("title"), wants: ["data", "friends", "share"],
  welcome: {
    title: t("welcome.title"), text: t("welcome.text"), start: t("welcome.start"), invited: t("welcome.invited"),
    asking: t("welcome.asking"), refused: t("welcome.refused"), shell: t("welcome.shell"),
  },
  failed,
  run: (kith, root) => void new Page(kith, root),
});
