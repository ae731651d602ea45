import { html, type TemplateResult } from "lit";

/**
 * A switch. label is its name for assistive technology and begins with shown,
 * the text beside it. A fixed one cannot be moved.
 */
export function toggle(on: boolean, label: string, change: (on: boolean) => void, shown = "", fixed = false): TemplateResult {
  return html`<label class="switch"><input type="checkbox" role="switch" .checked=${on} ?disabled=${fixed} aria-label=${label}
    @change=${(e: Event) => change((e.target as HTMLInputElement).checked)} />${shown}</label>`;
}
