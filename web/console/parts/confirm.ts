import { html, type TemplateResult } from "lit";
import { Part } from "../part.ts";
import { t } from "../text/index.ts";

/** A question before something that cannot be taken back. */
export interface Question {
  readonly title: string;
  readonly text: string;
  readonly action: string;
}

/** The one dialog of the console. */
export class ConfirmDialog extends Part {
  static override properties = { question: { state: true } };
  declare question: Question;
  #answer: (sure: boolean) => void = () => undefined;

  constructor() {
    super();
    this.question = { title: "", text: "", action: "" };
  }

  /** Asks, and resolves to whether the person is sure. */
  async ask(question: Question): Promise<boolean> {
    this.#answer(false); // whoever asked before, and whose answer is still on its way
    this.question = question;
    await this.updateComplete;
    const dialog = this.querySelector("dialog");
    dialog?.showModal();
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  override render(): TemplateResult {
    return html`<dialog aria-labelledby="confirm-title" aria-describedby="confirm-text" @close=${this.#closed}>
      <h2 id="confirm-title">${this.question.title}</h2>
      <p id="confirm-text">${this.question.text}</p>
      <div class="buttons">
        <button type="button" @click=${() => this.#close("")}>${t("cancel")}</button>
        <button type="button" class="danger" @click=${() => this.#close("yes")}>${this.question.action}</button>
      </div>
    </dialog>`;
  }

  #close(value: string): void {
    this.querySelector("dialog")?.close(value);
  }

  #closed(): void {
    const dialog = this.querySelector("dialog");
    if (dialog?.open) {
      return; // the next question is asked already
    }
    this.#answer(dialog?.returnValue === "yes");
    if (dialog) {
      dialog.returnValue = "";
    }
  }
}

customElements.define("kith-confirm", ConfirmDialog);
