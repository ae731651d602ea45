// Which language a page speaks. Its texts come in a file for each language, of
// which one alone is fetched.
import type { Message } from "./catalogue.ts";

/** The languages that every catalogue has; the first is for those who read none of them. */
export const languages = ["en", "de"] as const;
export type Language = (typeof languages)[number];

/** Where a person's choice is kept, for all pages of an origin. */
const setting = "kith-language";

/** The language that the person chose; undefined while they leave it to the browser. */
export function chosen(): Language | undefined {
  try {
    const said = localStorage.getItem(setting);
    return languages.find((l) => l === said);
  } catch {
    return undefined; // storage is switched off
  }
}

/** Keeps the person's choice; pages take it when they are loaded again. */
export function choose(language: Language | undefined): void {
  if (language === undefined) {
    localStorage.removeItem(setting);
  } else {
    localStorage.setItem(setting, language);
  }
}

/** The language that comes first among those wanted (BCP 47). */
export function pick(wanted: readonly string[]): Language {
  for (const w of wanted) {
    const found = languages.find((l) => w.toLowerCase().split("-")[0] === l);
    if (found) {
      return found;
    }
  }
  return languages[0];
}

/** The locale in which numbers and dates go with texts in language: the person's own, if it is of it. */
export function localeOf(language: string, wanted: readonly string[]): string {
  return wanted.find((w) => w === language || w.startsWith(`${language}-`)) ?? language;
}

const fromRight = /^(?:ar|arc|ckb|dv|fa|he|ks|ku|nqo|ps|sd|ug|ur|yi)\b/;

/** The direction in which a language is written. */
export function direction(language: string): "ltr" | "rtl" {
  return fromRight.test(language) ? "rtl" : "ltr";
}

/** Texts by key. Each catalogue says its own language under "language". */
export type Messages<Key extends string> = Readonly<Record<Key | "language", Message>>;

/** Brings in the catalogue of a language. */
export type Loaders<Key extends string> = Readonly<Record<Language, () => Promise<{ readonly default: Messages<Key> }>>>;

/** Fetches the catalogue of the language, and of another where that one cannot be had. */
export async function load<Key extends string>(language: Language, from: Loaders<Key>): Promise<Messages<Key>> {
  let failed: unknown;
  for (const l of [language, ...languages.filter((l) => l !== language)]) {
    try {
      return (await from[l]()).default;
    } catch (e) {
      failed = e;
    }
  }
  throw failed;
}
