// The words of an app: a file of messages for each language, and times that go with them.
export { speak } from "../../web/console/text/tongue.ts";
export type { Values } from "../../web/console/text/catalogue.ts";

const steps = [["second", 60], ["minute", 60], ["hour", 24], ["day", 7]] as const;

/** Says how long ago something was, or when it was a week ago and more. */
export function agoIn(locale: string, justNow: string): (at: number, now?: number) => string {
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  return (at, now = Date.now()) => {
    let value = Math.round((at - now) / 1000);
    for (const [unit, next] of steps) {
      if (Math.abs(value) < next) return unit === "second" || value === 0 ? justNow : relative.format(value, unit);
      value = Math.round(value / next);
    }
    return new Date(at).toLocaleDateString(locale, { day: "numeric", month: "long", year: "numeric" });
  };
}
