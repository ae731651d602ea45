import { html, nothing, type TemplateResult } from "lit";
import type { Publication, PublishProgress } from "../api/types.ts";
import { failure } from "../failure.ts";
import { entriesOf, folderFromEntries, folderFromFiles, type Folder } from "../folder.ts";
import { bar } from "../parts/charts.ts";
import { icon } from "../parts/icon.ts";
import { publicationCard } from "../parts/publication.ts";
import { Part, type Kith } from "../part.ts";
import { format, t } from "../text/index.ts";
import { upload } from "../upload.ts";

/** What is going on: bytes sent to the node, then bytes it read. */
interface Work {
  readonly stage: "reading" | "sending" | "publishing";
  readonly done: number;
  readonly total: number;
  readonly file: string;
}

/** Publishing: choose a folder, watch it go, take its addresses. */
export class PublishPage extends Part {
  static override properties = {
    kith: { attribute: false },
    folder: { state: true },
    work: { state: true },
    error: { state: true },
    result: { state: true },
    earlier: { state: true },
    over: { state: true },
  };
  declare kith: Kith;
  declare folder: Folder | undefined;
  declare work: Work | undefined;
  declare error: unknown;
  declare result: Publication | undefined;
  declare earlier: readonly Publication[];
  declare over: boolean;
  #stop = new AbortController();

  constructor() {
    super();
    this.earlier = [];
    this.over = false;
  }

  protected override firstUpdated(): void {
    void this.#list();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop.abort();
  }

  override render(): TemplateResult {
    return html`<div class="page publish">
      <header class="title"><h1>${t("publish.title")}</h1><p class="lead">${t("publish.lead")}</p></header>
      ${this.error ? failure(this.error, "publish-error") : nothing} ${this.#step()}
      ${this.earlier.length > 0 ? this.#published() : nothing}
    </div>`;
  }

  #step(): TemplateResult {
    if (this.work) {
      return this.#progress(this.work);
    }
    if (this.result) {
      return html`<section class="result" aria-labelledby="result-title">
        <h2 id="result-title" tabindex="-1">${icon("check")} ${t("publish.done", { name: this.result.name })}</h2>
        ${publicationCard(this.result)}
        <div class="buttons"><button type="button" @click=${() => (this.result = undefined)}>${t("publish.another")}</button></div>
      </section>`;
    }
    return this.folder ? this.#confirm(this.folder) : this.#choose();
  }

  #choose(): TemplateResult {
    return html`<div class="choose">
      <div class="drop ${this.over ? "over" : ""}" @dragover=${this.#dragover} @dragleave=${() => (this.over = false)} @drop=${this.#drop}>
        ${icon("folder")}
        <h2>${t("publish.drop")}</h2>
        <p>${t("publish.drop.text")}</p>
        <label class="button">${t("publish.choose")}
          <input type="file" class="visually-hidden" webkitdirectory multiple @change=${this.#chosen} /></label>
      </div>
      <form class="in-place" @submit=${this.#inPlace}>
        <h2>${t("publish.path.title")}</h2>
        <p id="path-hint">${t("publish.path.text")}</p>
        <label for="path">${t("publish.path")}</label>
        <input id="path" name="path" required dir="ltr" autocomplete="off" spellcheck="false" placeholder="/home/ada/site" aria-describedby="path-hint" />
        ${this.#nameField()}
        <div class="buttons"><button class="primary">${t("publish.button")}</button></div>
      </form>
    </div>`;
  }

  #nameField(): TemplateResult {
    return html`<label for="mutable">${t("publish.name")} <span class="optional">${t("optional")}</span></label>
      <input id="mutable" name="name" autocomplete="off" spellcheck="false" placeholder=${t("publish.name.example")} aria-describedby="mutable-hint" />
      <p class="hint" id="mutable-hint">${t("publish.name.hint")}</p>`;
  }

  #confirm(folder: Folder): TemplateResult {
    const index = folder.files.some((f) => f.path === "index.html");
    return html`<form class="confirm" @submit=${this.#upload}>
      <div class="choice">${icon("folder")}
        <div><strong>${folder.name || t("publish.loose")}</strong>
          <p>${t("publish.chosen", { count: folder.files.length, size: format.bytes(folder.bytes) })}</p></div></div>
      ${index ? nothing : html`<p class="remark">${icon("warning")} ${t("publish.noindex")}</p>`}
      ${this.#nameField()}
      <div class="buttons">
        <button type="button" @click=${() => (this.folder = undefined)}>${t("cancel")}</button>
        <button class="primary">${t("publish.button")}</button>
      </div>
    </form>`;
  }

  #progress(work: Work): TemplateResult {
    const share = work.total > 0 ? work.done / work.total : undefined;
    return html`<section class="work" aria-labelledby="work-title">
      <h2 id="work-title">${t(`publish.${work.stage}`)}</h2>
      ${bar(share, t(`publish.${work.stage}`))}
      <p class="figures"><span>${share === undefined ? "" : format.percent(share)}</span>
        <span>${t("publish.of", { done: format.bytes(work.done), total: format.bytes(work.total) })}</span></p>
      <p class="file" dir="ltr">${work.file || "\u00a0"}</p>
      <div class="buttons"><button type="button" @click=${() => this.#stop.abort()}>${t("cancel")}</button></div>
    </section>`;
  }

  #published(): TemplateResult {
    return html`<section aria-labelledby="earlier"><h2 id="earlier">${t("publish.earlier")}</h2>
      <ul class="earlier">${this.earlier.map(
        (p) => html`<li><details><summary><strong>${p.name}</strong>
          <span class="address" dir="ltr">${p.folder}</span>
          <span class="when">${t("publish.chosen", { count: p.files, size: format.bytes(p.bytes) })}</span></summary>
          ${publicationCard(p)}</details></li>`,
      )}</ul></section>`;
  }

  #dragover(e: DragEvent): void {
    e.preventDefault();
    this.over = true;
  }

  async #drop(e: DragEvent): Promise<void> {
    e.preventDefault();
    this.over = false;
    if (!e.dataTransfer) {
      return;
    }
    await this.#read(folderFromEntries(entriesOf(e.dataTransfer.items)));
  }

  async #chosen(e: Event): Promise<void> {
    await this.#read(Promise.resolve(folderFromFiles((e.target as HTMLInputElement).files ?? [])));
  }

  async #read(reading: Promise<Folder>): Promise<void> {
    this.error = undefined;
    this.work = { stage: "reading", done: 0, total: 0, file: "" };
    try {
      const folder = await reading;
      if (folder.files.length === 0) {
        throw new Error(t("publish.empty"));
      }
      this.folder = folder;
    } catch (error) {
      this.error = error;
    } finally {
      this.work = undefined;
    }
  }

  async #upload(e: SubmitEvent): Promise<void> {
    e.preventDefault();
    const folder = this.folder;
    if (!folder) {
      return;
    }
    const name = field(e, "name");
    await this.#run(async (signal) => {
      const sending = (done: number): void => {
        this.work = { stage: "sending", done, total: folder.bytes, file: "" };
      };
      sending(0);
      const id = await upload(this.kith.client, folder, sending, signal);
      const request = { site: folder.name || "site", ...(name ? { name } : {}) };
      return this.kith.client.publishUpload(id, request, (p) => this.#publishing(p), signal);
    });
  }

  async #inPlace(e: SubmitEvent): Promise<void> {
    e.preventDefault();
    const name = field(e, "name");
    const request = {
      folder: field(e, "path"),
      ...(name ? { name } : {}),
    };
    await this.#run((signal) => this.kith.client.publishFolder(request, (p) => this.#publishing(p), signal));
  }

  #publishing(p: PublishProgress): void {
    this.work = { stage: "publishing", done: p.bytes, total: p.total, file: p.file ?? "" };
  }

  /** Runs the work, shows its progress, and then its result or what went wrong. */
  async #run(work: (signal: AbortSignal) => Promise<Publication>): Promise<void> {
    this.#stop = new AbortController();
    this.error = undefined;
    this.work = { stage: "publishing", done: 0, total: 0, file: "" };
    try {
      this.result = await work(this.#stop.signal);
      this.folder = undefined;
      void this.#list();
    } catch (error) {
      this.error = this.#stop.signal.aborted ? undefined : error;
    } finally {
      this.work = undefined;
    }
    await this.updateComplete;
    this.querySelector<HTMLElement>("#result-title")?.focus();
  }

  async #list(): Promise<void> {
    try {
      this.earlier = await this.kith.client.publications();
    } catch {
      this.earlier = []; // the frame says that the node is not there
    }
  }
}

/** The text of a form's field. */
function field(e: SubmitEvent, name: string): string {
  const value = new FormData(e.target as HTMLFormElement).get(name);
  return typeof value === "string" ? value.trim() : "";
}

customElements.define("kith-publish", PublishPage);
