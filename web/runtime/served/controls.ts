import { h, icon, say } from "../element.ts";
import type { Visit } from "../page/visit.ts";
import { t } from "../text.ts";
import type { Privacy } from "../types.ts";

const ways = ["direct", "relay", "http"] as const satisfies readonly Privacy[];

/** What a visitor can choose on the page "who served me". */
export class Controls {
  readonly stop: HTMLButtonElement;
  readonly clear: HTMLButtonElement;
  readonly seed: HTMLElement;
  readonly privacy: HTMLElement;
  readonly node: HTMLElement;
  readonly dialog: HTMLDialogElement;
  readonly #visit: Visit;
  readonly #seeds = h("input", { type: "checkbox", role: "switch", id: "seed", "aria-describedby": "seed-text" });
  readonly #ways = new Map<Privacy, HTMLInputElement>();
  readonly #always = h("input", { type: "checkbox" });
  readonly #nodeText = h("p", { class: "hint" });
  readonly #nodeOffer = h("div", { class: "buttons" });
  readonly #nodeUndo = h("button", { type: "button" }, t("node.undo"));

  constructor(visit: Visit, cleared: () => void) {
    this.#visit = visit;
    this.stop = h("button", { type: "button", title: t("stop.text") });
    this.stop.addEventListener("click", () => void visit.choose({ paused: !visit.settings.paused }));
    this.clear = h("button", { type: "button" }, icon("trash"), t("clear"));
    this.dialog = this.#dialog(cleared);
    this.clear.addEventListener("click", () => this.dialog.showModal());
    this.seed = h("div", { class: "row" },
      h("div", {}, h("label", { for: "seed" }, t("seed.title")), h("p", { class: "hint", id: "seed-text" }, t("seed.text"))),
      h("span", { class: "switch" }, this.#seeds));
    this.#seeds.addEventListener("change", () => void this.#seed());
    this.privacy = this.#privacySection();
    this.node = this.#nodeSection();
  }

  /** Shows what is chosen. */
  show(): void {
    const { settings } = this.#visit;
    say(this.stop, settings.paused ? t("resume") : t("stop"));
    this.#seeds.checked = settings.seed;
    for (const [way, input] of this.#ways) {
      input.checked = settings.privacy === way;
    }
    const chosen = settings.node !== "";
    this.#nodeOffer.hidden = chosen;
    this.#nodeUndo.hidden = !chosen;
    say(this.#nodeText, t(chosen ? "node.chosen" : "node.text"));
  }

  async #seed(): Promise<void> {
    const seed = this.#seeds.checked;
    if (seed) {
      await navigator.storage.persist().catch(() => false); // asked for by a click, as browsers want it
    }
    await this.#visit.choose({ seed });
  }

  #privacySection(): HTMLElement {
    const options = ways.map((way) => {
      const input = h("input", { type: "radio", name: "privacy", value: way });
      input.addEventListener("change", () => void this.#visit.choose({ privacy: way }));
      this.#ways.set(way, input);
      return h("label", { class: "option" }, input, h("span", {}, h("strong", {}, t(`privacy.${way}`)), h("span", {}, t(`privacy.${way}.text`))));
    });
    return h("section", { class: "privacy", "aria-labelledby": "privacy" }, h("h2", { id: "privacy" }, t("privacy.title")),
      h("fieldset", {}, h("legend", { class: "visually-hidden" }, t("privacy.title")), ...options));
  }

  #nodeSection(): HTMLElement {
    const open = h("button", { type: "button", class: "primary" }, icon("open"), t("node.open"));
    open.addEventListener("click", () => void this.#visit.openWithNode("/", this.#always.checked));
    this.#nodeUndo.addEventListener("click", () => void this.#visit.choose({ node: "" }));
    this.#nodeOffer.append(h("label", { class: "check" }, this.#always, t("node.always")), open);
    return h("section", { "aria-labelledby": "node" }, h("h2", { id: "node" }, t("node.title")),
      h("div", { class: "card" }, h("div", { class: "row" }, h("div", {}, this.#nodeText), this.#nodeOffer, this.#nodeUndo)));
  }

  #dialog(cleared: () => void): HTMLDialogElement {
    const cancel = h("button", { type: "button" }, t("cancel"));
    const sure = h("button", { type: "button", class: "danger" }, t("clear.do"));
    const dialog = h("dialog", { "aria-labelledby": "clear-title" }, h("h2", { id: "clear-title" }, t("clear.title")),
      h("p", {}, t("clear.text")), h("div", { class: "buttons" }, cancel, sure));
    cancel.addEventListener("click", () => dialog.close());
    sure.addEventListener("click", () => {
      dialog.close();
      void this.#visit.clear().then(cleared);
    });
    return dialog;
  }
}
