import { Catalogue, type Values } from "./catalogue.ts";
import { Format } from "./format.ts";
import { chosen, direction, load, localeOf, pick, type Loaders } from "./language.ts";

/** What pages speak with: texts, and numbers and dates that go with them. */
export class Tongue<Key extends string> {
  /** The language of the texts, for lang. */
  readonly language: string;
  /** The language as numbers and dates are written in it. */
  readonly locale: string;
  readonly format: Format;
  readonly #catalogue: Catalogue;

  constructor(language: string, locale: string, catalogue: Catalogue) {
    this.language = language;
    this.locale = locale;
    this.format = new Format(locale);
    this.#catalogue = catalogue;
  }

  get direction(): "ltr" | "rtl" {
    return direction(this.language);
  }

  /** The text for key. */
  text(key: Key, values: Values = {}): string {
    return this.#catalogue.text(key, values);
  }

  /** Says the language of a page, or of a part of one, to those who read it aloud, hyphenate and lay it out. */
  mark(root: HTMLElement): void {
    root.lang = this.language;
    root.dir = this.direction;
  }
}

/** Fetches the texts in the language that the person chose, or that their browser is set to. */
export async function speak<Key extends string>(from: Loaders<Key>): Promise<Tongue<Key>> {
  const own = chosen();
  const messages = await load(own ?? pick(navigator.languages), from);
  const language = String(messages.language);
  const locale = localeOf(language, navigator.languages);
  return new Tongue(language, locale, new Catalogue(locale, messages));
}
