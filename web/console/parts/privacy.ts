import { html, nothing, type TemplateResult } from "lit";
import { browserOf, guarantees, type Browser } from "../leaks.ts";
import type { Mode, Site } from "../api/types.ts";
import { t } from "../text/index.ts";
import { icon } from "./icon.ts";

/** What the section asks of the page. */
export interface PrivacyActions {
  choose(mode: Mode): void;
  save(mode: Mode, allow: readonly string[]): void;
}

/** What the site may do, and what that means in this browser. */
export function privacySection(s: Site, chosen: Mode | undefined, actions: PrivacyActions): TemplateResult {
  const saved = s.mode ?? "site";
  const mode = chosen ?? saved;
  const allow = (s.allow ?? []).join("\n");
  const submit = (e: SubmitEvent): void => {
    e.preventDefault();
    const text = new FormData(e.target as HTMLFormElement).get("allow");
    const list = typeof text === "string" ? text.split(/\s+/).filter((x) => x !== "") : (s.allow ?? []);
    actions.save(mode, list);
  };
  const option = (value: Mode): TemplateResult => html`<label class="option ${mode === value ? "chosen" : ""}">
    <input type="radio" name="mode" value=${value} .checked=${mode === value} @change=${() => actions.choose(value)} />
    <span><strong>${t(`privacy.${value}`)}</strong><span>${t(`privacy.${value}.text`)}</span></span></label>`;
  return html`<section aria-labelledby="privacy" class="privacy"><h2 id="privacy">${t("privacy.title")}</h2>
    <form @submit=${submit}>
      <fieldset><legend class="visually-hidden">${t("privacy.title")}</legend>${option("site")}${option("app")}</fieldset>
      ${mode === "app"
        ? html`<label for="allow">${t("privacy.allow")} <span class="optional">${t("optional")}</span></label>
            <textarea id="allow" name="allow" rows="3" dir="ltr" spellcheck="false" placeholder="https://api.example.org" .value=${allow} aria-describedby="allow-hint"></textarea>
            <p class="hint" id="allow-hint">${t("privacy.allow.hint")}</p>
            ${leaks(browserOf(navigator.userAgent))}`
        : nothing}
      ${mode !== saved || mode === "app"
        ? html`<div class="buttons"><button class="primary">${t("privacy.save")}</button></div>`
        : nothing}
    </form></section>`;
}

/** What each browser keeps an app from, and what it still lets through. */
function leaks(mine: Browser): TemplateResult {
  return html`<div class="leaks"><h3>${t("leaks.title")}</h3>
    ${guarantees.map(
      (g) => html`<details ?open=${g.browser === mine}><summary>${t(`browser.${g.browser}`)}
        ${g.browser === mine ? html`<span class="badge">${t("leaks.mine")}</span>` : nothing}</summary>
        <ul>${g.closed.map((x) => html`<li class="closed">${icon("check")}<span>${t(`leak.${x}.closed`)}</span></li>`)}
          ${g.open.map((x) => html`<li class="left">${icon("warning")}<span>${t(`leak.${x}.open`)}</span></li>`)}</ul></details>`,
    )}</div>`;
}
