// Numbers as people read them, by Intl.

/** Writes numbers, sizes and times in one language. */
export class Format {
  readonly #locale: string;
  readonly #whole: Intl.NumberFormat;
  readonly #share: Intl.NumberFormat;

  constructor(locale: string) {
    this.#locale = locale;
    this.#whole = new Intl.NumberFormat(locale);
    this.#share = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  }

  number(n: number): string {
    return this.#whole.format(n);
  }

  /** A share of 0 to 1. It says 100% only when all is there, and 0% only when nothing is. */
  percent(share: number): string {
    const bounded = Math.min(Math.max(share, 0), 1);
    const shown = bounded > 0 && bounded < 1 ? Math.min(Math.max(bounded, 0.01), 0.99) : bounded;
    return this.#share.format(shown);
  }

  /** A size in powers of 1000: "0 B", "999 B", "1.5 kB", "12 MB". */
  bytes(n: number): string {
    return this.#size(n, (unit) => unit);
  }

  /** A rate: "1.5 MB/s". */
  rate(n: number): string {
    return this.#size(n, (unit) => `${unit}-per-second`);
  }

  #size(n: number, name: (unit: string) => string): string {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"];
    let value = Math.max(0, n);
    let i = 0;
    // 999.5 would be written as 1000.
    while (value >= 999.5 && i < units.length - 1) {
      value /= 1000;
      i++;
    }
    const digits = i > 0 && value < 9.95 ? 1 : 0;
    const unit = units[i] ?? "byte";
    if (unit === "byte") {
      // "5 B", not "5 byte", which is what Intl's short form says.
      const second = name(unit) === unit ? "" : "/s";
      return `${this.#whole.format(Math.round(value))}\u00a0B${second}`;
    }
    return new Intl.NumberFormat(this.#locale, {
      style: "unit",
      unit: name(unit),
      unitDisplay: "short",
      minimumFractionDigits: 0,
      maximumFractionDigits: digits,
    }).format(value).replace(" ", "\u00a0");
  }

  /** A span of seconds in its two largest units: "3 days, 4 hours", "42 seconds". */
  duration(seconds: number): string {
    const units: readonly (readonly [string, number])[] = [
      ["day", 86400],
      ["hour", 3600],
      ["minute", 60],
      ["second", 1],
    ];
    let rest = Math.max(0, Math.floor(seconds));
    const parts: string[] = [];
    for (const [unit, size] of units) {
      const n = Math.floor(rest / size);
      rest -= n * size;
      if (n > 0 || (unit === "second" && parts.length === 0)) {
        parts.push(new Intl.NumberFormat(this.#locale, { style: "unit", unit, unitDisplay: "long" }).format(n));
      }
      if (parts.length === 2) {
        break;
      }
    }
    return new Intl.ListFormat(this.#locale, { type: "unit", style: "long" }).format(parts);
  }

  /** Several things, one after the other: "Ada, Ben, Cem". */
  list(parts: readonly string[]): string {
    return new Intl.ListFormat(this.#locale, { type: "unit" }).format(parts);
  }

  /** How long ago or from now: "5 minutes ago", "now". */
  relative(when: Date, now: Date, style: "long" | "narrow" = "long"): string {
    const seconds = (when.getTime() - now.getTime()) / 1000;
    const format = new Intl.RelativeTimeFormat(this.#locale, { numeric: "auto", style });
    const size = Math.abs(seconds);
    if (size < 10) {
      return format.format(0, "second");
    }
    if (size < 60) {
      return format.format(Math.round(seconds), "second");
    }
    if (size < 3600) {
      return format.format(Math.round(seconds / 60), "minute");
    }
    if (size < 86400) {
      return format.format(Math.round(seconds / 3600), "hour");
    }
    return format.format(Math.round(seconds / 86400), "day");
  }

  /** A moment: the time when it is today, else date and time. */
  moment(when: Date, now: Date): string {
    const today = when.toDateString() === now.toDateString();
    return new Intl.DateTimeFormat(this.#locale, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" })
      .format(when);
  }
}

/** Reads a moment of the API; undefined for an absent or zero one. */
export function moment(text: string | undefined): Date | undefined {
  if (!text || text.startsWith("0001-")) {
    return undefined;
  }
  const when = new Date(text);
  return Number.isNaN(when.getTime()) ? undefined : when;
}
