import { html, nothing, type TemplateResult } from "lit";
import type { AppPick } from "../api/apps.ts";
import { readListing } from "../api/sharing.ts";
import { failure } from "../failure.ts";
import { Following, Part, type Kith } from "../part.ts";
import { t } from "../text/index.ts";
import { shown } from "../text/shown.ts";

/** How many places are shown; the rest is found by its name. */
const most = 100;

/** Picks a document or folder, of the person's own or of a friend, that an app is to have. */
export class MountPicker extends Part {
  static override properties = {
    kith: { attribute: false }, app: {}, folder: { type: Boolean }, change: { attribute: false }, friend: { state: true }, from: { state: true }, apps: { state: true },
    places: { state: true }, error: { state: true }, filter: { state: true }, path: { state: true }, writable: { state: true },
  };
  declare kith: Kith;
  /** The app that asks. */
  declare app: string;
  /** Whether it wants a folder. */
  declare folder: boolean;
  declare change: (pick: AppPick | undefined) => void;
  /** The ID of whose documents are looked at; "" for the person's own. */
  declare friend: string;
  /** The app whose documents they are; "" for those of no app. */
  declare from: string;
  /** The apps of which there may be something. */
  declare apps: readonly string[];
  declare places: readonly string[] | undefined;
  declare error: unknown;
  declare filter: string;
  declare path: string | undefined;
  declare writable: boolean;
  #reading = new AbortController();

  constructor() {
    super();
    this.app = "";
    this.folder = true;
    this.change = () => undefined;
    this.friend = "";
    this.from = "";
    this.apps = [];
    this.filter = "";
    this.writable = false;
    new Following(this, () => this.kith.live);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#reading.abort();
  }

  override render(): TemplateResult {
    const friends = (this.kith.live.sharing?.friends ?? []).filter((f) => !f.pending && !f.blocked);
    const apps = [...new Set([...this.apps, ...(this.kith.live.apps?.apps ?? []).map((a) => a.app)])].filter((a) => this.friend !== "" || a !== this.app).sort();
    return html`<div class="mount">
      <label for="mount-whose">${t("mount.whose")}</label>
      <select id="mount-whose" @change=${(e: Event) => this.#look((e.target as HTMLSelectElement).value, this.from)}>
        <option value="" ?selected=${this.friend === ""}>${t("mount.own")}</option>
        ${friends.map((f) => html`<option value=${f.id} ?selected=${this.friend === f.id}>${f.name}</option>`)}</select>
      <label for="mount-from">${t("mount.from")}</label>
      <select id="mount-from" @change=${(e: Event) => this.#look(this.friend, (e.target as HTMLSelectElement).value)}>
        <option value="" ?selected=${this.from === ""}>${t("mount.files")}</option>
        ${apps.map((a) => html`<option value=${a} ?selected=${this.from === a}>${a}</option>`)}</select>
      ${this.error ? failure(this.error, "mount-error") : nothing} ${this.#choose()}
      ${this.friend === "" ? html`<label class="check"><input type="checkbox" .checked=${this.writable} @change=${this.#write} /> ${t("mount.writable")}</label>` : nothing}</div>`;
  }

  #choose(): TemplateResult | typeof nothing {
    if (!this.places) {
      return this.error ? nothing : html`<p class="none" role="status">${t("sites.loading")}</p>`;
    }
    const found = this.places.filter((p) => p.toLowerCase().includes(this.filter.toLowerCase()));
    return html`${this.places.length > 8 ? html`<label for="mount-filter">${t("sites.filter")}</label>
        <input id="mount-filter" type="search" .value=${this.filter} @input=${(e: Event) => (this.filter = (e.target as HTMLInputElement).value)} />` : nothing}
      <fieldset class="audience"><legend>${t(this.folder ? "mount.folder" : "mount.document")}</legend>
        ${found.length === 0 ? html`<p class="hint">${t("mount.none")}</p>` : nothing}
        ${found.slice(0, most).map((p) => html`<label class="check"><input type="radio" name="mount-path" .checked=${this.path === p} @change=${() => this.#pick(p)} />
          <span dir="auto">${p === "" ? t("mount.all") : shown(p)}</span></label>`)}</fieldset>`;
  }

  #look(friend: string, from: string): void {
    this.friend = friend;
    this.from = friend === "" && from === this.app ? "" : from;
    this.path = undefined;
    this.places = undefined;
    this.change(undefined);
    void this.#read();
  }

  #write(e: Event): void {
    this.writable = (e.target as HTMLInputElement).checked;
    this.#tell();
  }

  #pick(path: string): void {
    this.path = path;
    this.#tell();
  }

  #tell(): void {
    this.change(this.path === undefined ? undefined : {
      path: this.path, app: this.from, ...(this.friend === "" ? { writable: this.writable } : { friend: this.friend }),
    });
  }

  async #begin(): Promise<void> {
    void this.#read();
    try {
      this.apps = (await this.kith.client.apps.held()).map((h) => h.app).filter((a) => a !== "");
    } catch (error) {
      this.error = error;
    }
  }

  /** Lists what there is to pick from. */
  async #read(): Promise<void> {
    this.#reading.abort();
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    try {
      const paths = this.friend === "" ? await this.#own() : await this.#theirs(signal);
      if (!signal.aborted) {
        this.places = this.folder ? folders(paths) : paths;
        this.error = undefined;
      }
    } catch (error) {
      if (!signal.aborted) {
        this.error = error;
      }
    }
  }

  async #own(): Promise<readonly string[]> {
    return (await this.kith.client.sharing.documents(this.from)).map((d) => d.path);
  }

  async #theirs(signal: AbortSignal): Promise<readonly string[]> {
    const base = this.from === "" ? "" : `.app/${this.from}/`;
    const answer = await this.kith.client.sharing.fetch(this.friend, base, signal);
    if (answer.pending !== undefined) {
      throw new Error(t("mount.away"));
    }
    return readListing(await answer.body.text()).filter((d) => d.path.startsWith(base) && (base !== "" || !d.path.startsWith(".app/"))).map((d) => d.path.slice(base.length));
  }
}

/** The folders that documents are in, and the one of everything. */
export function folders(paths: readonly string[]): readonly string[] {
  const all = new Set([""]);
  for (const path of paths) {
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
      all.add(path.slice(0, at + 1));
    }
  }
  return [...all].sort();
}

customElements.define("kith-mount", MountPicker);
