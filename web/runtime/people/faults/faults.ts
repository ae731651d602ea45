// What the peer says went wrong, in another language than its own. The peer is the
// same for all and speaks English, as developers read it; these pages fetch the
// other words when they first need them.
import type { Language } from "../../../console/text/language.ts";

/** Texts by the peer's own words, {} for what it fills in, and by kinds of errors. */
export type Faults = Readonly<Record<string, string>>;

const languages: Readonly<Partial<Record<Language, () => Promise<{ readonly default: Faults }>>>> = {
  de: () => import("./faults-de.json", { with: { type: "json" } }),
};

/** Fetches what faults are called in a language; undefined for the peer's own. */
export async function faultsIn(language: string): Promise<Faults | undefined> {
  return (await languages[language as Language]?.())?.default;
}

/** What an error says, by the peer's words for it or, where these are not known, by its kind. */
export function translate(faults: Faults, e: { readonly kind: string; readonly message: string; readonly hint: string }): { readonly message: string; readonly hint: string } {
  const message = sayLike(faults, e.message);
  return message === undefined
    ? { message: faults[e.kind] ?? faults["internal"] ?? e.message, hint: "" }
    : { message, hint: sayLike(faults, e.hint) ?? "" };
}

/** A text by the words that it is like; the more of these are fixed the better. */
function sayLike(faults: Faults, text: string): string | undefined {
  const exact = faults[text];
  if (exact !== undefined) {
    return exact;
  }
  const holed = Object.keys(faults).filter((k) => k.includes("{}")).sort((a, b) => b.length - a.length);
  for (const words of holed) {
    const [all, ...filled] = pattern(words).exec(text) ?? [];
    if (all !== undefined) {
      return faults[words]?.replace(/\{(\d)\}/g, (_, n: string) => filled[Number(n) - 1] ?? "");
    }
  }
  return undefined;
}

function pattern(words: string): RegExp {
  return new RegExp(`^${words.split("{}").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("(.*)")}$`, "s");
}
