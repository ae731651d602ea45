// Builds pieces of a site's new version from what is kept of the one before:
// most files of most sites stay as they were, though their pieces move.
import type { FileEntry, Index } from "../types.ts";
import type { Earlier } from "./pieces.ts";

/** A run of a piece's content that lies in a file of the earlier version. */
interface Part {
  readonly begin: number;
  readonly end: number;
  readonly file: FileEntry;
  readonly from: number;
}

/** Returns what finds pieces of next in before, of which stored gives pieces. What it finds is not verified yet. */
export function earlierPieces(
  next: Index,
  before: Index,
  stored: (piece: number) => Promise<Uint8Array | undefined>,
): Earlier {
  const parts = plan(next, before);
  return async (piece) => {
    const mine = parts.get(piece) ?? [];
    const length = mine.reduce((n, p) => Math.max(n, p.end), 0);
    if (length === 0 || length !== next.length(piece)) {
      return undefined; // some of it is new, or it is wrapped
    }
    const out = new Uint8Array(length);
    for (const part of mine) {
      if (!(await copy(part, out, before, stored))) {
        return undefined;
      }
    }
    return out;
  };
}

function plan(next: Index, before: Index): Map<number, Part[]> {
  const parts = new Map<number, Part[]>();
  for (const file of next.files()) {
    const old = before.file(file.path);
    if (!old || old.path !== file.path) {
      continue;
    }
    let from = 0;
    for (const { piece, begin, end } of file.spans(0, file.size)) {
      const known = parts.get(piece) ?? [];
      known.push({ begin, end, file: old, from });
      parts.set(piece, known);
      from += end - begin;
    }
  }
  return parts;
}

async function copy(
  part: Part,
  out: Uint8Array,
  before: Index,
  stored: (piece: number) => Promise<Uint8Array | undefined>,
): Promise<boolean> {
  const to = part.from + part.end - part.begin;
  if (to > part.file.size) {
    return false;
  }
  let at = part.begin;
  for (const span of part.file.spans(part.from, to)) {
    const data = await stored(span.piece);
    const content = data && before.content(span.piece, data);
    if (!content || content.length < span.end) {
      return false;
    }
    out.set(content.subarray(span.begin, span.end), at);
    at += span.end - span.begin;
  }
  return at === part.end;
}
