// Notes: a list and an editor, on all devices of a person.
import type { Kith } from "@kith/sdk";
import { html, nothing, render, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { begin } from "../../common/begin.ts";
import { confirmed, failing, notice } from "../../common/dialog.ts";
import { Editor } from "./editor.ts";
import { empty } from "./note.ts";
import { Notes, type Entry, type Version } from "./notes.ts";
import { ago, t } from "./text.ts";

const failed = failing(t);

/** The page: a list, and the note that is open. */
class Page {
  readonly #kith: Kith;
  readonly #root: HTMLElement;
  readonly #notes: Notes;
  readonly #editor: Editor;
  #drawing = false;
  #search = "";
  #within = "";

  constructor(kith: Kith, root: HTMLElement) {
    this.#kith = kith;
    this.#root = root;
    this.#notes = new Notes(kith, () => this.#draw(), failed);
    this.#editor = new Editor(this.#notes, () => this.#draw());
    for (const event of ["hashchange", "online", "offline"]) addEventListener(event, () => this.#draw());
    this.#notes.begin();
    this.#draw();
  }

  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      render(this.#page(), this.#root);
      this.#editor.show();
    });
  }

  #page(): TemplateResult {
    const [, owner = "", id] = /^#\/(?:from\/(\w+)\/)?(?:note\/)?([\w-]+)$/.exec(location.hash) ?? [];
    return html`<div class=${id === undefined ? "frame" : "frame open"}>
      <header class="bar"><h1><img src="icon.svg" alt="" width="28" height="28" /> ${t("title")}</h1>
        <button class="primary" @click=${() => void this.#add()}>${t("new")}</button>
        <button class="square" aria-label=${t("friends")} title=${t("friends")} @click=${() => this.#dialog()?.showModal()}>${people}</button></header>
      <main><nav class="list" aria-label=${t("list")}>${navigator.onLine ? nothing : html`<p class="remark" role="status">${t("offline")}</p>`}
        ${this.#kith.limits.map((l) => html`<p class="remark">${t(`limit.${l.code}`)}</p>`)} ${this.#filter()} ${this.#list(owner, id)}</nav>
      <section class="note">${id === undefined ? html`<p class="quiet pick">${t("pick")}</p>` : owner === "" ? this.#note(id) : this.#theirs(owner, id)}</section></main></div>
      ${this.#people()}`;
  }

  #filter(): TemplateResult {
    const all = [...this.#notes.mine.values()].map((e) => e.note);
    const folders = [...new Set(all.map((n) => n.folder))].filter((f) => f !== "").sort();
    const labels = [...new Set(all.flatMap((n) => Object.keys(n.labels)))].sort();
    const option = (value: string, text: string): TemplateResult => html`<option value=${value} ?selected=${value === this.#within}>${text}</option>`;
    return html`<div class="filter"><label class="hidden" for="search">${t("search")}</label>
      <input id="search" type="search" placeholder=${t("search")} @input=${(e: Event) => this.#filtered({ search: (e.target as HTMLInputElement).value })} />
      ${folders.length + labels.length === 0 ? nothing : html`<label class="hidden" for="within">${t("search.all")}</label>
      <select id="within" @change=${(e: Event) => this.#filtered({ within: (e.target as HTMLSelectElement).value })}>${option("", t("search.everything"))}
        ${folders.map((name) => option(`f ${name}`, t("search.folder", { name })))} ${labels.map((name) => option(`l ${name}`, t("search.label", { name })))}</select>`}</div>`;
  }

  #filtered(o: { search?: string; within?: string }): void {
    this.#search = o.search ?? this.#search;
    this.#within = o.within ?? this.#within;
    this.#draw();
  }

  #fits({ note }: Entry): boolean {
    const name = this.#within.slice(2);
    if (this.#within.startsWith("f ") && note.folder !== name) return false;
    if (this.#within.startsWith("l ") && !note.labels[name]) return false;
    const all = [note.title, note.text, note.folder, ...Object.keys(note.labels)].join("\n").toLocaleLowerCase();
    return this.#search.toLocaleLowerCase().split(/\s+/).every((word) => all.includes(word));
  }

  #list(owner: string, id: string | undefined): TemplateResult {
    const fitting = (entries: Iterable<Entry>): Entry[] => [...entries].filter((e) => this.#fits(e)).sort((a, b) => b.note.at - a.note.at);
    const mine = fitting(this.#notes.mine.values());
    const empty = this.#notes.mine.size === 0 ? "list.empty" : "list.nothing";
    return html`${mine.length === 0 && this.#notes.loaded ? html`<p class="quiet">${t(empty)}</p>` : nothing}
      <ul>${repeat(mine, (e) => e.id, (e) => this.#row(e, `#/note/${e.id}`, owner === "" && e.id === id))}</ul>
      ${[...this.#notes.shelves.values()].map((s) => {
        const theirs = fitting(s.entries.values());
        if (s.state === "here" && theirs.length === 0) return nothing;
        return html`<h2>${t("list.from", { name: s.friend.name })}</h2>
          ${s.state === "here" ? nothing : html`<p class="quiet away">${t(s.state === "stale" ? "list.away" : "list.waiting", { name: s.friend.name })}</p>`}
          <ul>${repeat(theirs, (e) => e.id, (e) => this.#row(e, `#/from/${s.friend.friend}/${e.id}`, owner === s.friend.friend && e.id === id))}</ul>`;
      })}`;
  }

  #row(e: Entry, href: string, here: boolean): TemplateResult {
    const { title, text, folder, labels, at } = e.note;
    const [first = "", ...rest] = text.split("\n").filter((l) => l.trim() !== "");
    const other = [...this.#notes.versions.values()].some((v) => v.note === e.id);
    return html`<li><a href=${href} aria-current=${here ? "page" : nothing}><strong>${title || first || t("untitled")}</strong>
      <span class="line">${(title ? first : rest[0]) ?? ""}</span>
      <span class="quiet">${ago(at)} ${folder ? html`<span class="chip">${folder}</span>` : nothing}
        ${Object.keys(labels).map((l) => html`<span class="chip">${l}</span>`)} ${this.#readers(e)}
        ${other ? html`<span class="chip alarm">${t("version.title")}</span>` : nothing}</span></a></li>`;
  }

  #readers({ audience: a }: Entry): TemplateResult | typeof nothing {
    if (!a || a.kind === "nobody") return nothing;
    return html`<span class="chip">${a.kind === "some" ? t("read.some", { count: (a.friends?.length ?? 0) + (a.others ?? 0) }) : t(`read.${a.kind}`)}</span>`;
  }

  #note(id: string): TemplateResult {
    const e = this.#notes.mine.get(id);
    if (!e) return html`${this.#back()}${this.#notes.loaded ? html`<p class="remark" role="status">${t("note.gone")}</p>` : nothing}`;
    const others = [...this.#notes.versions.values()].filter((v) => v.note === id);
    return html`<div class="tools">${this.#back()}<span class="grow"></span>
        <button @click=${() => this.#then("asking", this.#notes.share(id))}>${t("note.share")}</button>
        <button class="danger" @click=${() => void this.#delete(e)}>${t("note.delete")}</button></div>
      ${others.map((v) => this.#version(v))} ${this.#editor.form(e)}`;
  }

  #back(): TemplateResult {
    return html`<a class="back" href="#/">← ${t("back")}</a>`;
  }

  #version(v: Version): TemplateResult {
    const settle = (how: "take" | "apart" | "drop"): void => void this.#editor.flush().then(() => this.#notes.settle(v, how)).catch(failed);
    return html`<section class="remark version" aria-label=${t("version.title")}><h2>${t("version.title")}</h2><p>${t("version.text", { time: ago(v.at) })}</p>
      <h3>${v.words.title}</h3><pre tabindex="0">${v.words.text}</pre>
      <div class="buttons"><button @click=${() => settle("take")}>${t("version.take")}</button><button @click=${() => settle("apart")}>${t("version.apart")}</button>
        <button class="plain" @click=${() => settle("drop")}>${t("version.drop")}</button></div></section>`;
  }

  #theirs(owner: string, id: string): TemplateResult {
    const shelf = this.#notes.shelves.get(owner);
    const note = shelf?.entries.get(id)?.note;
    if (!shelf || !note) return html`${this.#back()}<p class="remark" role="status">${t("note.gone")}</p>`;
    return html`${this.#back()}<p class="quiet">${t("note.readonly", { name: shelf.friend.name })}</p><h2>${note.title || t("untitled")}</h2><div class="text">${note.text}</div>`;
  }

  #people(): TemplateResult {
    return html`<dialog id="people" aria-labelledby="people-title"><form method="dialog"><h2 id="people-title">${t("friends")}</h2><p>${t("choose.text")}</p>
      <div class="stack"><button type="button" @click=${() => this.#then("people", this.#kith.people().then(() => this.#kith.host === "page" && this.#dialog()?.showModal()))}>${t("manage")}</button>
        <button type="button" @click=${() => this.#then("asking", this.#kith.friends.choose())}>${t("choose")}</button><button>${t("close")}</button></div></form></dialog>`;
  }

  #dialog(): HTMLDialogElement | null {
    return document.querySelector<HTMLDialogElement>("#people");
  }

  /** Does what the person decides about; in the shell of a node it is the shell that leads there. */
  #then(to: "people" | "asking", doing: Promise<unknown>): void {
    this.#dialog()?.close();
    if (this.#kith.host === "node" && parent !== window) notice(t(`shell.${to}`));
    doing.catch((error: { status?: number }) => error.status === 403 || failed(error)); // who says no needs not be told
  }

  async #add(): Promise<void> {
    try {
      await this.#editor.flush();
      const folder = this.#within.startsWith("f ") ? this.#within.slice(2) : "";
      const { id } = await this.#notes.add({ ...empty, folder });
      location.hash = `#/note/${id}`;
      this.#editor.focusNext();
    } catch (error) {
      failed(error);
    }
  }

  async #delete(e: Entry): Promise<void> {
    const title = e.note.title || t("untitled");
    if (!(await confirmed({ title: t("delete.title", { title }), text: t("delete.text"), yes: t("delete.yes"), no: t("cancel") }))) return;
    try {
      this.#editor.leave();
      await this.#notes.delete(e.id);
      location.hash = "#/";
    } catch (error) {
      failed(error);
    }
  }
}

const people = html`<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8"><circle cx="9" cy="8" r="3.5" /><path d="M2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M16 4.8a3.5 3.5 0 0 1 0 6.4M18 14.4c2 .8 3.2 2.6 3.5 5.6" /></svg>`;

void begin({
  app: "notes", title: t("title"), wants: ["data", "friends"],
  welcome: {
    title: t("welcome.title"), text: t("welcome.text"), start: t("welcome.start"), invited: t("welcome.invited"),
    asking: t("welcome.asking"), refused: t("welcome.refused"), shell: t("welcome.shell"),
  },
  failed,
  run: (kith, root) => {
    void new Page(kith, root);
  },
});

