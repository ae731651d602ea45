import type en from "../messages/en.json";
import type { Values } from "./catalogue.ts";
import { speak } from "./tongue.ts";

/** Every message there is. */
export type Key = keyof typeof en;

const tongue = await speak<Key>({
  en: () => import("../messages/en.json", { with: { type: "json" } }),
  de: () => import("../messages/de.json", { with: { type: "json" } }),
});
tongue.mark(document.documentElement);

/** Numbers and times as they go with the texts. */
export const { format, language } = tongue;

/** What the console says for key. */
export function t(key: Key, values: Values = {}): string {
  return tongue.text(key, values);
}
