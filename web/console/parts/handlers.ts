import { html, nothing, type TemplateResult } from "lit";
import type { Kith } from "../part.ts";
import { handlerURL } from "../router.ts";
import { t } from "../text/index.ts";

/** Links that a browser may hand to a page (HTML §8.9.1.1, safelisted schemes and web+). */
const schemes = ["web+wtp", "magnet", "ipfs", "ipns", "dweb"] as const;

/**
 * Buttons that make this node open a browser's links of the peer-to-peer web.
 * Not every browser takes every scheme; one that refuses is said.
 */
export function handlers(kith: Kith): TemplateResult | typeof nothing {
  if (typeof navigator.registerProtocolHandler !== "function") {
    return nothing;
  }
  return html`<section aria-labelledby="links"><h2 id="links">${t("links.title")}</h2>
    <p class="hint">${t("links.lead")}</p>
    <div class="buttons">${schemes.map(
      (s) => html`<button type="button" data-scheme=${s} @click=${() => register(kith, s)}>${t("links.take", { scheme: `${s}:` })}</button>`,
    )}</div></section>`;
}

function register(kith: Kith, scheme: string): void {
  try {
    navigator.registerProtocolHandler(scheme, handlerURL(location.href));
    kith.say(t("links.asked", { scheme: `${scheme}:` }));
  } catch {
    kith.say(t("links.refused", { scheme: `${scheme}:` }));
  }
}
