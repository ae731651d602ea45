// Range requests (RFC 9110 §14).

/** Bytes [from, to) of a file. */
export interface Part {
  readonly from: number;
  readonly to: number;
}

/**
 * What a Range header asks of a file: one part; "whole" where there is no such
 * header, or one that may be ignored (another unit, several parts, no range at
 * all); "none" for one that lies outside (416).
 */
export function readRange(header: string | null, size: number): Part | "whole" | "none" {
  const found = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? "");
  const [first, last] = [found?.[1] ?? "", found?.[2] ?? ""];
  if (first === "" && last === "") {
    return "whole";
  }
  if (first === "") {
    const length = Number(last);
    return length > 0 && size > 0 ? { from: Math.max(0, size - length), to: size } : "none";
  }
  const from = Number(first);
  const to = last === "" ? size : Math.min(Number(last) + 1, size);
  if (last !== "" && Number(last) < from) {
    return "whole"; // not a valid range: ignored (RFC 9110 §14.1.1)
  }
  return from < size ? { from, to } : "none";
}

/** Whether one of the tags in a condition is etag, compared weakly (RFC 9110 §13.1.2). */
export function matchesTag(condition: string | null, etag: string): boolean {
  const list = (condition ?? "").trim();
  if (list === "*") {
    return true;
  }
  return (list.match(/(?:W\/)?"[^"]*"/g) ?? []).some((tag) => tag.replace(/^W\//, "") === etag);
}
