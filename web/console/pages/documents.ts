import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Audience, OwnDocument, Receipt, SharingState } from "../api/sharing.ts";
import { failure } from "../failure.ts";
import { entriesOf, folderFromEntries, folderFromFiles, named, type Folder } from "../folder.ts";
import "../parts/audience.ts";
import { audienceText, byID } from "../parts/audience.ts";
import { bar } from "../parts/charts.ts";
import { gate } from "../parts/gate.ts";
import { icon } from "../parts/icon.ts";
import "../parts/lists.ts";
import { save } from "../parts/save.ts";
import { Following, Part, type Kith } from "../part.ts";
import { format, t } from "../text/index.ts";
import { moment } from "../text/format.ts";
import { shown } from "../text/shown.ts";

const some = 200;

/** Files on their way from the browser into the library. */
interface Work {
  readonly done: number;
  readonly total: number;
  readonly file: string;
  readonly stop: AbortController;
}

/** The person's own documents: keep, share, delete, and who was asked to erase what. */
export class DocumentsPage extends Part {
  static override properties = {
    kith: { attribute: false }, list: { state: true }, error: { state: true }, over: { state: true }, work: { state: true },
    filter: { state: true }, most: { state: true }, audience: { state: true }, sharing: { state: true },
  };
  declare kith: Kith;
  declare list: readonly OwnDocument[] | undefined;
  declare error: unknown;
  declare over: boolean;
  declare work: Work | undefined;
  declare filter: string;
  declare most: number;
  /** Who may see what is dropped. */
  declare audience: Audience;
  /** The document whose audience is being changed, and to what. */
  declare sharing: { readonly path: string; readonly audience: Audience } | undefined;
  #known = "";
  #reads = 0;

  constructor() {
    super();
    this.over = false;
    this.filter = "";
    this.most = some;
    this.audience = { kind: "nobody" };
    new Following(this, () => this.kith.live);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.work?.stop.abort();
  }

  /** Lists anew when there is more or less than before. */
  protected override updated(): void {
    const s = this.kith.live.sharing;
    if (!s || s.person.locked) {
      return;
    }
    const known = `${s.person.documents} ${s.person.octets} ${JSON.stringify([s.lists, s.friends.map((f) => f.name), s.receipts.length])}`;
    if (known !== this.#known) {
      this.#known = known;
      void this.#read();
    }
  }

  override render(): TemplateResult {
    return html`<div class="page documents-page"><header class="title"><div class="what"><h1>${t("documents.title")}</h1><p class="lead">${t("documents.lead")}</p></div></header>
      ${gate(this.kith, (s) => html`${this.work ? this.#progress(this.work) : this.#drop(s)} ${this.#documents(s)} ${this.#receipts(s.receipts)}
        <kith-lists .kith=${this.kith}></kith-lists>`)}</div>`;
  }

  #drop(s: SharingState): TemplateResult {
    return html`<div class="choose keep">
      <div class="drop ${this.over ? "over" : ""}" @dragover=${this.#dragover} @dragleave=${() => (this.over = false)} @drop=${this.#dropped}>${icon("document")}
        <h2>${t("keep.drop")}</h2><p>${t("keep.drop.text")}</p>
        <label class="button">${t("keep.choose")}<input type="file" class="visually-hidden" multiple @change=${this.#chosen} /></label></div>
      <div class="in-place"><kith-audience .audience=${this.audience} .friends=${s.friends} .lists=${s.lists} name="keep" .change=${(a: Audience) => (this.audience = a)}></kith-audience></div></div>`;
  }

  #progress(w: Work): TemplateResult {
    return html`<section class="work" aria-labelledby="keep-title"><h2 id="keep-title">${t("keep.busy")}</h2>
      ${bar(w.total > 0 ? w.done / w.total : undefined, t("keep.busy"))}
      <p class="figures"><span></span><span>${t("publish.of", { done: format.bytes(w.done), total: format.bytes(w.total) })}</span></p>
      <p class="file" dir="ltr">${w.file || "\u00a0"}</p>
      <div class="buttons"><button type="button" @click=${() => w.stop.abort()}>${t("cancel")}</button></div></section>`;
  }

  #documents(s: SharingState): TemplateResult {
    const list = this.list ?? [];
    const found = list.filter((d) => d.path.toLowerCase().includes(this.filter.toLowerCase()));
    return html`<section aria-labelledby="kept"><div class="heading"><h2 id="kept">${t("documents.kept", { count: s.person.documents, size: format.bytes(s.person.octets) })}</h2>
      ${list.length > 5 ? html`<label class="filter">${icon("search")}<span class="visually-hidden">${t("sites.filter")}</span>
        <input id="filter" type="search" placeholder=${t("sites.filter")} .value=${this.filter} @input=${(e: Event) => (this.filter = (e.target as HTMLInputElement).value)} /></label>` : nothing}</div>
      ${this.error ? failure(this.error, "documents-error") : nothing}
      ${this.list && list.length === 0 ? html`<p class="none">${t("documents.empty")}</p>` : nothing}
      ${found.length > 0 ? html`<ul class="documents">${repeat(found.slice(0, this.most), (d) => d.path, (d) => this.#document(d, s))}</ul>` : nothing}
      ${found.length > this.most ? html`<div class="buttons"><button type="button" @click=${() => (this.most += some)}>${t("documents.more", { count: found.length - this.most })}</button></div>` : nothing}</section>`;
  }

  #document(d: OwnDocument, s: SharingState): TemplateResult {
    const changed = moment(d.modified);
    const open = this.sharing?.path === d.path ? this.sharing : undefined;
    const name = shown(d.path);
    const quiet = (what: string): TemplateResult => html`<span class="visually-hidden">${what} ${name}</span>`;
    return html`<li>${icon("document")}<div class="what"><strong dir="auto">${name}</strong>
      <span class="hint">${format.bytes(d.size)}${changed ? ` · ${format.moment(changed, new Date())}` : ""}${d.here ? "" : ` · ${t("documents.elsewhere")}`}</span>
      <span class="hint seen">${icon(d.audience?.kind === "all" || d.audience?.kind === "some" ? "friends" : "lock")} ${t("documents.seen", { who: audienceText(d.audience) })}</span></div>
      <div class="buttons"><button type="button" aria-expanded=${open !== undefined} @click=${(e: Event) => void this.#opens(e, open ? undefined : d)}>${icon("friends")} ${t("documents.share")}${quiet("")}</button>
        <button type="button" class="square" title=${t("theirs.save")} @click=${() => void this.#save(d)}>${icon("down")}${quiet(t("theirs.save"))}</button>
        <button type="button" class="square" title=${t("documents.delete")} @click=${() => void this.#delete(d)}>${icon("trash")}${quiet(t("documents.delete"))}</button></div>
      ${open ? html`<form class="sharing" @submit=${(e: SubmitEvent) => void this.#share(e, d, open.audience)} @keydown=${(e: KeyboardEvent) => e.key === "Escape" && this.#closes(e)}>
        <kith-audience .audience=${open.audience} .friends=${s.friends} .lists=${s.lists} name="share" .change=${(audience: Audience) => (this.sharing = { path: d.path, audience })}></kith-audience>
        <p class="hint">${t("documents.unshare")}</p>
        <div class="buttons"><button class="primary">${t("save")}</button><button type="button" @click=${(e: Event) => this.#closes(e)}>${t("cancel")}</button></div></form>` : nothing}</li>`;
  }

  /** Opens the form of one document, or none, and goes into it. */
  async #opens(e: Event, d: OwnDocument | undefined): Promise<void> {
    const row = (e.currentTarget as HTMLElement).closest("li");
    this.sharing = d && { path: d.path, audience: d.audience ?? { kind: "nobody" } };
    await this.updateComplete;
    const picker = row?.querySelector<Part>("kith-audience");
    await picker?.updateComplete;
    picker?.querySelector<HTMLElement>("input:checked")?.focus();
  }

  /** Closes the form; the focus goes back to what opened it. */
  #closes(e: Event): void {
    const opener = (e.currentTarget as HTMLElement).closest("li")?.querySelector<HTMLElement>("[aria-expanded]");
    this.sharing = undefined;
    opener?.focus();
  }

  #receipts(list: readonly Receipt[]): TemplateResult | typeof nothing {
    if (list.length === 0) {
      return nothing;
    }
    return html`<section aria-labelledby="receipts"><h2 id="receipts">${t("receipts.title")}</h2><p class="hint">${t("receipts.text")}</p>
      <ul class="documents">${list.map((r) => {
        const asked = moment(r.asked);
        const paths = (r.paths ?? []).map(shown);
        return html`<li class="receipt ${r.state}">${icon(r.state === "confirmed" ? "check" : r.state === "asked" ? "skipped" : "warning")}
          <div class="what"><strong dir="auto">${r.friend ? r.friend : t("receipts.friends", { count: r.friends ?? 0 })}</strong>
          <span class="hint" dir="auto">${paths.length > 3 ? t("receipts.many", { name: paths[0] ?? "", count: paths.length - 1 }) : paths.join(", ") || t("receipts.shredded")}${asked ? ` · ${format.moment(asked, new Date())}` : ""}</span></div>
          <span class="badge ${r.state === "confirmed" ? "" : r.state === "asked" ? "soft" : "alarm"}">${t(`receipts.${r.state}`)}</span></li>`;
      })}</ul></section>`;
  }

  async #read(): Promise<void> {
    const read = ++this.#reads;
    try {
      const list = await this.kith.client.sharing.documents();
      if (read !== this.#reads) {
        return; // it was asked again, or something was deleted, since
      }
      this.list = list;
      this.error = undefined;
    } catch (error) {
      this.error = error;
    }
  }

  #dragover(e: DragEvent): void {
    e.preventDefault();
    this.over = true;
  }

  #dropped(e: DragEvent): void {
    e.preventDefault();
    this.over = false;
    if (e.dataTransfer) {
      void this.#keep(folderFromEntries(entriesOf(e.dataTransfer.items)));
    }
  }

  #chosen(e: Event): void {
    const input = e.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length > 0) {
      void this.#keep(Promise.resolve(folderFromFiles(files)));
    }
  }

  async #keep(reading: Promise<Folder>): Promise<void> {
    const stop = new AbortController();
    const audience = byID(this.audience, this.kith.live.sharing?.friends ?? []);
    try {
      const { files, bytes } = named(await reading);
      const there = new Set(this.list?.map((d) => d.path));
      const [taken] = files.filter((f) => there.has(f.path));
      if (taken && !(await this.kith.confirm({ title: t("keep.replace.title", { name: taken.path }), text: t("keep.replace.text"), action: t("keep.replace") }))) {
        return;
      }
      let before = 0;
      for (const { path, file } of files) {
        this.work = { done: before, total: bytes, file: path, stop };
        await this.kith.client.sharing.keep(path, file, audience, (sent) => (this.work = { done: before + sent, total: bytes, file: path, stop }), stop.signal);
        before += file.size;
      }
      this.kith.say(t("keep.done", { count: files.length }));
    } catch (error) {
      this.kith.fail(error);
    } finally {
      this.work = undefined;
      void this.#read();
    }
  }

  async #share(e: SubmitEvent, d: OwnDocument, audience: Audience): Promise<void> {
    e.preventDefault();
    const opener = (e.currentTarget as HTMLElement).closest("li")?.querySelector<HTMLElement>("[aria-expanded]");
    try {
      await this.kith.client.sharing.show(d.path, byID(audience, this.kith.live.sharing?.friends ?? []));
      this.sharing = undefined;
      opener?.focus();
      await this.#read();
      this.kith.say(t("saved"));
    } catch (error) {
      this.kith.fail(error);
    }
  }

  async #save(d: OwnDocument): Promise<void> {
    try {
      save(await this.kith.client.sharing.openDocument(d.path), d.path);
    } catch (error) {
      this.kith.fail(error);
    }
  }

  async #delete(d: OwnDocument): Promise<void> {
    if (!(await this.kith.confirm({ title: t("documents.delete.title", { name: shown(d.path) }), text: t("documents.delete.text"), action: t("documents.delete") }))) {
      return;
    }
    try {
      const { receipts } = await this.kith.client.sharing.deleteDocument(d.path);
      this.#reads++;
      this.list = this.list?.filter((x) => x.path !== d.path);
      this.kith.say(t("documents.deleted", { count: receipts?.length ?? 0 }));
    } catch (error) {
      this.kith.fail(error);
    }
  }
}

customElements.define("kith-documents", DocumentsPage);
