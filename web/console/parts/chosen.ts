import { html, type TemplateResult } from "lit";
import type { Friend } from "../api/sharing.ts";
import { t } from "../text/index.ts";

/** Boxes by which friends are chosen, by their IDs. */
export function friendBoxes(legend: string, friends: readonly Friend[], chosen: ReadonlySet<string>, change: (chosen: ReadonlySet<string>) => void): TemplateResult {
  const known = friends.filter((f) => !f.pending && !f.blocked);
  const set = (id: string, on: boolean): void => change(new Set(on ? [...chosen, id] : [...chosen].filter((x) => x !== id)));
  return html`<fieldset class="audience chosen"><legend>${legend}</legend>
    ${known.length === 0
      ? html`<p class="hint">${t("audience.noFriends")} <a href="#/friends">${t("friends.invite")}</a></p>`
      : known.map((f) => html`<label class="check"><input type="checkbox" .checked=${chosen.has(f.id)} @change=${(e: Event) => set(f.id, (e.target as HTMLInputElement).checked)} />
          <span><bdi>${f.name}</bdi></span></label>`)}</fieldset>`;
}
