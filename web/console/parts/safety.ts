import { html, type TemplateResult } from "lit";

/** A code for two people to compare, in the groups in which it is read out. */
export function safetyCode(code: string): TemplateResult {
  const groups = code.split(/\s+/).filter((g) => g !== "");
  return html`<p class="safety" dir="ltr"><span class="visually-hidden">${code}</span>
    ${groups.map((g) => html`<span aria-hidden="true">${g}</span>`)}</p>`;
}
