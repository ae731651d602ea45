import { html, type TemplateResult } from "lit";
import { Part } from "../part.ts";
import { t } from "../text/index.ts";
import { icon } from "./icon.ts";

/** How long the button says that it copied. */
const thanks = 1600;

/** A button that copies a text. */
export class CopyButton extends Part {
  static override properties = { text: {}, what: {}, copied: { state: true } };
  declare text: string;
  /** What is copied, for people who do not see the text beside the button. */
  declare what: string;
  declare copied: boolean;

  constructor() {
    super();
    this.text = "";
    this.what = "";
    this.copied = false;
  }

  override render(): TemplateResult {
    return html`<button type="button" class="quiet square" title=${t("copy")} @click=${this.#copy}
      aria-label=${this.copied ? t("copied") : t("copyWhat", { what: this.what })}>
      ${icon(this.copied ? "check" : "copy")}</button>`;
  }

  async #copy(): Promise<void> {
    await navigator.clipboard.writeText(this.text);
    this.copied = true;
    setTimeout(() => {
      this.copied = false;
    }, thanks);
  }
}

customElements.define("kith-copy", CopyButton);

/** A row that shows a long text with a button to copy it. */
export function copyable(text: string, what: string, shown = text): TemplateResult {
  return html`<span class="copyable"><code title=${text} dir="ltr">${shown}</code><kith-copy .text=${text} .what=${what}></kith-copy></span>`;
}
