/** What people and devices may be called. */
import { Fault } from "../fault.ts";
import { utf8 } from "../seal/index.ts";

/** In characters; a name is a segment of paths too ("bob/photos"). */
const longest = 48;
/** In octets: what the wire takes is 128, with room. */
const widest = 96;

/**
 * Makes a name of what somebody said of themselves: one line, nothing that cannot be
 * seen, no slash.
 */
export function cleanName(said: string, otherwise: string): string {
  const shown = said
    .replace(/[\p{Cf}\p{Co}\p{Cs}\ufffd]/gu, "")
    .replace(/[\p{Cc}\p{White_Space}]+/gu, " ")
    .replace(/[/\\]/g, "-")
    .trim();
  let runes = [...shown];
  if (runes.length > longest) runes = [...runes.slice(0, longest).join("").trim()];
  while (utf8(runes.join("")).length > widest) runes.pop();
  const name = runes.join("");
  return name === "" || name === "." || name === ".." ? otherwise : name;
}

/** Refuses a name that a person chose and that would be changed. */
export function checkName(said: string): string {
  const clean = cleanName(said, "");
  if (clean === "" || clean !== said.trim()) {
    throw new Fault(
      "invalid", `${JSON.stringify(said.slice(0, 60))} cannot be a name`,
      `a name has 1 to ${longest} characters, no slash, and no line breaks`,
    );
  }
  return clean;
}

/** Compares names as people do: capitals do not matter. */
export const fold = (name: string): string => name.toLowerCase();
