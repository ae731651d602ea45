import { Catalogue, type Values } from "../console/text/catalogue.ts";
import { Format } from "../console/text/format.ts";
import en from "./messages/en.json" with { type: "json" };

/** Every message there is. */
export type Key = keyof typeof en;

const catalogue = new Catalogue("en", en);

/** Numbers and sizes as the person's browser writes them. */
export const format = new Format(navigator.language);

/** What the runtime says for key. */
export function t(key: Key, values: Values = {}): string {
  return catalogue.text(key, values);
}
