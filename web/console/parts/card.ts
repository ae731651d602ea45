import { html, nothing, type TemplateResult } from "lit";
import { linkKind } from "../api/sharing.ts";
import type { Card } from "../api/nearby.ts";
import type { Kith } from "../part.ts";
import { placeHash } from "../router.ts";
import { t } from "../text/index.ts";
import { icon } from "./icon.ts";

/** A link that a device in the room handed over. It is used when the person says so, and forgotten then. */
export function card(c: Card, kith: Kith): TemplateResult | typeof nothing {
  const kind = linkKind(c.link);
  if (kind === undefined) {
    return nothing;
  }
  const id = `card-${c.id}`;
  return html`<article class="ask" aria-labelledby=${id}>${icon(kind === "friend" ? "friends" : "nearby")}
    <div><h2 id=${id}>${t(`card.${kind}`, { name: c.name })}</h2><p>${t(`card.${kind}.text`)}</p>
      <div class="buttons"><button type="button" class="primary" @click=${() => void use(c, kind, kith)}>${t(`card.${kind}.yes`)}</button>
        <button type="button" @click=${() => void drop(c, kith)}>${t("card.no")}</button></div></div></article>`;
}

async function use(c: Card, kind: "friend" | "device", kith: Kith): Promise<void> {
  try {
    if (kind === "device") {
      await kith.client.sharing.acceptDevice(c.link);
      location.hash = placeHash({ page: "devices" });
    } else {
      const friend = await kith.client.sharing.accept(c.link, "");
      location.hash = placeHash({ page: "friend", id: friend.id });
    }
    await kith.client.nearby.dropCard(c.id);
  } catch (error) {
    kith.fail(error);
  }
}

async function drop(c: Card, kith: Kith): Promise<void> {
  try {
    await kith.client.nearby.dropCard(c.id);
  } catch (error) {
    kith.fail(error);
  }
}
