// Words and numbers as the browser's language has them.
import { direction } from "../console/text/language.ts";
import { browser } from "./api.ts";

export function t(name: string, ...values: string[]): string {
  return browser.i18n.getMessage(name, values);
}

const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** A number of bytes. */
export function bytes(n: number, language: string): string {
  let unit = 0;
  let value = Math.max(0, n);
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return new Intl.NumberFormat(language, {
    style: "unit", unit: units[unit] ?? "byte", unitDisplay: unit === 0 ? "long" : "short", maximumFractionDigits: digits,
  }).format(value);
}

/** Puts the messages into a page whose elements name them in data-text, and its language. */
export function fill(root: Document): void {
  root.documentElement.lang = t("language");
  root.documentElement.dir = direction(t("language"));
  for (const e of root.querySelectorAll<HTMLElement>("[data-text]")) {
    e.textContent = t(e.dataset["text"] ?? "");
  }
  for (const e of root.querySelectorAll<HTMLInputElement>("[data-placeholder]")) {
    e.placeholder = t(e.dataset["placeholder"] ?? "");
  }
}
