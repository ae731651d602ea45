// The words of an app, from one file of messages.

/** What an app says for key; {name} is filled in, and with a count "key.one" or "key.other" is taken. */
export type Text<M> = (key: keyof M & string, values?: Readonly<Record<string, string | number>>) => string;

/** Makes the text function of a file of messages. */
export function texts<M extends Readonly<Record<string, string>>>(messages: M): Text<M> {
  const plural = new Intl.PluralRules("en");
  return (key, values = {}) => {
    const count = values["count"];
    const form = typeof count === "number" ? messages[`${key}.${plural.select(count)}`] : undefined;
    return (form ?? messages[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
  };
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const steps = [["second", 60], ["minute", 60], ["hour", 24], ["day", 7]] as const;

/** How long ago something was, or when it was a week ago and more. */
export function ago(at: number, now = Date.now()): string {
  let value = Math.round((at - now) / 1000);
  for (const [unit, next] of steps) {
    if (Math.abs(value) < next) return relative.format(unit === "second" ? 0 : value, unit === "second" ? "minute" : unit).replace("this minute", "just now");
    value = Math.round(value / next);
  }
  return new Date(at).toLocaleDateString("en", { day: "numeric", month: "long", year: "numeric" });
}
