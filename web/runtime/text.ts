import type { Values } from "../console/text/catalogue.ts";
import { speak } from "../console/text/tongue.ts";
import type en from "./messages/en.json";

/** Every message there is. */
export type Key = keyof typeof en;

/** How the runtime speaks to this visitor. */
export const tongue = await speak<Key>({
  en: () => import("./messages/en.json", { with: { type: "json" } }),
  de: () => import("./messages/de.json", { with: { type: "json" } }),
});

/** Numbers and sizes as they go with the texts. */
export const { format } = tongue;

/** What the runtime says for key. */
export function t(key: Key, values: Values = {}): string {
  return tongue.text(key, values);
}
