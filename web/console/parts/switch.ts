import { html, type TemplateResult } from "lit";

/** A switch with its label beside it, or only for assistive technology. */
export function toggle(
  on: boolean,
  label: string,
  change: (on: boolean) => void,
  hidden = false,
): TemplateResult {
  return html`<label class="switch"><input type="checkbox" role="switch" .checked=${on}
    @change=${(e: Event) => change((e.target as HTMLInputElement).checked)} /><span class=${hidden ? "visually-hidden" : ""}>${label}</span></label>`;
}
