import { agoIn, speak, type Values } from "../../common/text.ts";
import type en from "./messages/en.json";

/** Every message there is. */
export type Key = keyof typeof en;

const tongue = await speak<Key>({
  en: () => import("./messages/en.json", { with: { type: "json" } }),
  de: () => import("./messages/de.json", { with: { type: "json" } }),
});
tongue.mark(document.documentElement);

/** What the app says for key. */
export function t(key: Key, values: Values = {}): string {
  return tongue.text(key, values);
}

/** How long ago something was. */
export const ago = agoIn(tongue.locale, t("now"));
