import en from "../messages/en.json" with { type: "json" };
import { Catalogue, type Values } from "./catalogue.ts";
import { Format } from "./format.ts";

/** Every message there is. */
export type Key = keyof typeof en;

const catalogue = new Catalogue("en", en);

/** Numbers and times as the person's browser writes them. */
export const format = new Format(navigator.language);

/** What the console says for key. */
export function t(key: Key, values: Values = {}): string {
  return catalogue.text(key, values);
}
