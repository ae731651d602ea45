// Looks up what the console says. A message is text with {holes}, or one text
// for each plural category of its "count".

export type Message = string | Readonly<Record<string, string>>;
export type Values = Readonly<Record<string, string | number>>;

/** The messages of one language. */
export class Catalogue {
  readonly locale: string;
  readonly #messages: Readonly<Record<string, Message>>;
  readonly #plural: Intl.PluralRules;
  readonly #number: Intl.NumberFormat;

  constructor(locale: string, messages: Readonly<Record<string, Message>>) {
    this.locale = locale;
    this.#messages = messages;
    this.#plural = new Intl.PluralRules(locale);
    this.#number = new Intl.NumberFormat(locale);
  }

  /** The message with its holes filled; numbers are written in the language's way. */
  text(key: string, values: Values = {}): string {
    return this.#choose(key, values).replace(/\{(\w+)\}/g, (hole, name: string) => {
      const value = values[name] ?? hole;
      return typeof value === "number" ? this.#number.format(value) : value;
    });
  }

  #choose(key: string, values: Values): string {
    const message = this.#messages[key];
    if (message === undefined) {
      return key;
    }
    if (typeof message === "string") {
      return message;
    }
    const count = values["count"];
    const category = typeof count === "number" ? this.#plural.select(count) : "other";
    return message[category] ?? message["other"] ?? key;
  }
}
