import { html, type TemplateResult } from "lit";
import { chosen, choose, languages } from "../text/language.ts";
import { t } from "../text/index.ts";

/** Where a person chooses the language of these pages. */
export function languageChoice(): TemplateResult {
  const now = chosen();
  return html`<section aria-labelledby="language"><h2 id="language">${t("language.title")}</h2>
    <label for="language-choice">${t("language.label")}</label>
    <select id="language-choice" @change=${change}>
      <option value="" ?selected=${now === undefined}>${t("language.system")}</option>
      ${languages.map((l) => html`<option value=${l} lang=${l} ?selected=${now === l}>${nameOf(l)}</option>`)}
    </select></section>`;
}

/** A language by its own name. */
function nameOf(language: string): string {
  return new Intl.DisplayNames(language, { type: "language" }).of(language) ?? language;
}

function change(e: Event): void {
  const { value } = e.target as HTMLSelectElement;
  choose(languages.find((l) => l === value));
  location.reload(); // every page asks for its texts when it is loaded
}
