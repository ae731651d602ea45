import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { Part } from "../part.ts";
import { t } from "../text/index.ts";
import { icon } from "./icon.ts";

/** Something said in passing. */
export interface Notice {
  readonly text: string;
  readonly hint?: string;
  readonly kind: "note" | "failure";
  readonly action?: { readonly label: string; readonly run: () => void };
  /** Milliseconds it stays; failures stay until they are closed. */
  readonly stay?: number;
}

const usualStay = 5000;

/** The notices at the foot of the page. */
export class Notices extends Part {
  static override properties = { list: { state: true } };
  declare list: readonly Notice[];

  constructor() {
    super();
    this.list = [];
  }

  add(notice: Notice): void {
    this.list = [...this.list.slice(-2), notice];
    if (notice.kind === "note") {
      setTimeout(() => this.#drop(notice), notice.stay ?? usualStay);
    }
  }

  #drop(notice: Notice): void {
    this.list = this.list.filter((n) => n !== notice);
  }

  override render(): TemplateResult {
    return html`<div class="notices" role="status" aria-live="polite">
      ${repeat(this.list, (n) => n, (n) => this.#notice(n))}</div>`;
  }

  #notice(n: Notice): TemplateResult {
    return html`<div class="notice ${n.kind}">
      <div><p>${n.text}</p>${n.hint ? html`<p class="hint">${n.hint}</p>` : nothing}</div>
      ${n.action
        ? html`<button type="button" class="action" @click=${() => {
            n.action?.run();
            this.#drop(n);
          }}>${n.action.label}</button>`
        : nothing}
      <button type="button" class="square" aria-label=${t("close")} @click=${() => this.#drop(n)}>${icon("close")}</button>
    </div>`;
  }
}

customElements.define("kith-notices", Notices);
