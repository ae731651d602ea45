/** Text of somebody else on one line, without the characters that turn or hide what stands beside them. */
export function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").replace(/[\p{Cf}\p{Co}\p{Cs}]/gu, "");
}
