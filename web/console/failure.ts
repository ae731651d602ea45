import { html, nothing, type TemplateResult } from "lit";
import { ApiError } from "./api/client.ts";
import { icon } from "./parts/icon.ts";
import { t } from "./text/index.ts";

/** What is said of an error: the node's own words, or the console's where the node said nothing. */
export function describe(error: unknown): { readonly message: string; readonly hint: string } {
  if (error instanceof ApiError) {
    return error.kind === "offline"
      ? { message: t("error.offline"), hint: t("error.offline.hint") }
      : { message: error.message, hint: error.hint };
  }
  return { message: error instanceof Error ? error.message : String(error), hint: "" };
}

/** An error beside the field or button it came from. */
export function failure(error: unknown, id: string): TemplateResult {
  const { message, hint } = describe(error);
  return html`<div class="failure" role="alert" id=${id}>${icon("warning")}
    <div><p>${sentence(message)}</p>${hint ? html`<p class="hint">${sentence(hint)}</p>` : nothing}</div></div>`;
}

/** The node's messages begin with a small letter, unless with a name, and have no full stop. */
export function sentence(text: string): string {
  const word = /^[a-z]+(?:-[a-z]+)*(?=[\s,:])/.test(text);
  const first = word ? text.charAt(0).toLocaleUpperCase() + text.slice(1) : text;
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}
