// The editor: what is written is kept half a second later, and what comes from
// elsewhere meanwhile is put together with it.
import { html, type TemplateResult } from "lit";
import { failing, notice } from "../../common/dialog.ts";
import { same, wordsOf, type Words } from "./note.ts";
import type { Entry, Notes, Saved } from "./notes.ts";
import { ago, t } from "./text.ts";

const failed = failing(t);

/** Milliseconds after the last key until it is kept. */
const rest = 500;

/** A note that is written at. */
interface Draft {
  /** The version that is written over. */
  base: Entry;
  /** The fields that show it, and what they were last set to or kept as. */
  form?: HTMLFormElement;
  shown: Words;
  /** How many writes there are to wait for, and their end. */
  waiting: number;
  saving: Promise<void>;
}

export class Editor {
  readonly #notes: Notes;
  readonly #changed: () => void;
  #draft: Draft | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #said = "";
  #focus = false;

  constructor(notes: Notes, changed: () => void) {
    this.#notes = notes;
    this.#changed = changed;
    for (const event of ["hashchange", "pagehide", "visibilitychange"]) addEventListener(event, () => void this.flush());
  }

  /** The fields for a note. Their values are set by show(), not drawn: a person may be writing. */
  form(e: Entry): TemplateResult {
    if (this.#draft?.base.id !== e.id) this.#open(e);
    return html`<form class="editor" aria-label=${t("note")} @input=${() => this.#written()} @submit=${(s: Event) => s.preventDefault()}>
      <label class="hidden" for="title">${t("note.title")}</label><input id="title" name="title" class="title" placeholder=${t("note.title")} maxlength="300" autocomplete="off" />
      <div class="where"><div class="field"><label for="folder">${t("note.folder")}</label><input id="folder" name="folder" list="folders" maxlength="100" autocomplete="off" /></div>
        <div class="field"><label for="labels">${t("note.labels")}</label><input id="labels" name="labels" placeholder=${t("note.labels.hint")} autocomplete="off" /></div></div>
      <datalist id="folders">${[...new Set([...this.#notes.mine.values()].map((n) => n.note.folder))].filter(Boolean).map((f) => html`<option value=${f}></option>`)}</datalist>
      <label class="hidden" for="text">${t("note.text")}</label><textarea id="text" name="text" maxlength="500000"></textarea>
      <p class="quiet" role="status">${this.#said || t("note.saved", { time: ago(e.note.at) })}</p></form>`;
  }

  #open(e: Entry): void {
    void this.flush();
    this.#draft = { base: e, shown: wordsOf(e.note), waiting: 0, saving: Promise.resolve() };
    this.#said = "";
  }

  /** Brings the fields up to date after drawing, where nothing waits to be kept. */
  show(): void {
    const d = this.#draft;
    const form = document.querySelector<HTMLFormElement>(".editor");
    if (!form || !d) return;
    if (d.form === form && (d.waiting > 0 || this.#timer || !same(read(form), d.shown))) return;
    const now = this.#notes.mine.get(d.base.id);
    if (!now || d.waiting > 0) return;
    d.base = now;
    d.form = form;
    fill(form, d, wordsOf(now.note));
    if (this.#focus) field(form, "title").focus();
    this.#focus = false;
  }

  focusNext(): void {
    this.#focus = true;
  }

  #written(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), rest);
    this.#said = t("note.saving");
    this.#changed();
  }

  /** Keeps what was written. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const d = this.#draft;
    const words = d?.form && read(d.form);
    if (!d || !words || same(words, d.shown)) {
      if (!d?.waiting) this.#said = "";
      this.#changed();
      return d?.saving ?? Promise.resolve();
    }
    d.shown = words;
    d.waiting++;
    d.saving = d.saving.then(() => this.#save(d, words)).finally(() => {
      d.waiting--;
      this.#changed();
    });
    return d.saving;
  }

  async #save(d: Draft, words: Words): Promise<void> {
    try {
      this.#saved(d, words, await this.#notes.save(d.base, words));
    } catch (error) {
      d.shown = wordsOf(d.base.note);
      this.#said = t("note.failed");
      failed(error);
    }
  }

  #saved(d: Draft, words: Words, { how, entry }: Saved): void {
    if (this.#draft === d) this.#said = how === "merged" ? t("note.merged") : "";
    if (how === "beside") notice(t("version.new"));
    if (how === "revived") notice(t("note.revived"));
    if (how === "revived" && this.#draft === d) location.hash = `#/note/${entry.id}`;
    if (how === "saved" || (d.form && d.waiting === 1 && same(read(d.form), words))) {
      d.base = entry;
      if (how !== "saved" && d.form) fill(d.form, d, wordsOf(entry.note));
      return;
    }
    // More was typed meanwhile, over what was sent and not over what is there now: the next
    // write finds that its version is not the last, and is put together with it.
    d.base = { ...entry, etag: '"none"', note: { ...entry.note, ...words } };
  }

  /** Forgets what was written and not kept. */
  leave(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#draft = undefined;
  }
}

function read(form: HTMLFormElement): Words {
  const value = (name: string): string => field(form, name).value;
  const labels = value("labels").split(",").map((l) => l.trim()).filter((l) => l !== "");
  return { title: value("title"), text: value("text"), folder: value("folder").trim(), labels: Object.fromEntries(labels.map((l) => [l, true as const])) };
}

function fill(form: HTMLFormElement, d: Draft, words: Words): void {
  if (!same(read(form), words)) {
    for (const name of ["title", "text", "folder"] as const) set(field(form, name), words[name]);
    set(field(form, "labels"), Object.keys(words.labels).join(", "));
  }
  d.shown = words;
}

type Field = HTMLInputElement | HTMLTextAreaElement;

const field = (form: HTMLFormElement, name: string): Field => form.elements.namedItem(name) as Field;

/** Sets a value and leaves the caret where it was in the words around it. */
function set(f: Field, value: string): void {
  if (f.value === value) return;
  const { value: before, selectionStart, selectionEnd } = f;
  f.value = value;
  if (document.activeElement !== f || selectionStart === null || selectionEnd === null) return;
  const moved = (at: number): number => {
    const tail = before.slice(at);
    return value.startsWith(before.slice(0, at)) ? at : value.endsWith(tail) ? value.length - tail.length : Math.min(at, value.length);
  };
  f.setSelectionRange(moved(selectionStart), moved(selectionEnd));
}
