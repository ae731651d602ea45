import { html, nothing, type TemplateResult } from "lit";
import type { Invitation } from "../api/sharing.ts";
import type { Kith } from "../part.ts";
import { format, t } from "../text/index.ts";
import { moment } from "../text/format.ts";
import { copyable } from "./copy.ts";
import { qr } from "./qr.ts";

/** A link that waits for somebody: to copy, to scan, to make worthless. */
export function invitationCard(i: Invitation, kith: Kith): TemplateResult {
  const link = i.link ?? "";
  const until = moment(i.expires);
  const title = i.for ? t("invitation.for", { name: i.for }) : t("invitation.anybody");
  return html`<article class="publication invitation" aria-labelledby="invitation-${i.id}">
    <div class="addresses"><h3 id="invitation-${i.id}">${title}</h3>
      ${link ? html`<dl><div><dt>${t("invitation.link")}</dt><dd>${copyable(link, t("invitation.link"))}</dd></div></dl>` : nothing}
      <p class="hint">${t("invitation.once", { time: until ? format.moment(until, new Date()) : "?" })}</p>
      <div class="buttons"><button type="button" @click=${() => void cancel(i, kith)}>${t("invitation.cancel")}<span class="visually-hidden"> ${title}</span></button></div></div>
    ${link ? html`<figure>${qr(link, t("invitation.qr"))}<figcaption>${t("invitation.qr.text")}</figcaption></figure>` : nothing}
  </article>`;
}

async function cancel(i: Invitation, kith: Kith): Promise<void> {
  try {
    await kith.client.sharing.cancelInvitation(i.id);
    kith.say(t("invitation.cancelled"));
  } catch (error) {
    kith.fail(error);
  }
}
