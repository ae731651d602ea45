// What the browser loaded before the worker was in charge, or past it, is in its
// HTTP cache. From there it becomes pieces that others may have of this visitor,
// at no cost to the host.
import type { FileEntry, Index } from "../types.ts";
import { find } from "./paths.ts";

export const bounds = {
  /** Files that are looked for at a time. */
  files: 512,
  /** Octets of a file that is taken from the cache. */
  file: 32 * 1024 * 1024,
  /** Octets of pieces that lack something of another file. */
  parts: 16 * 1024 * 1024,
} as const;

/** Puts pieces together of files that come one by one. Nothing is verified here. */
export class Assembly {
  readonly #index: Index;
  readonly #parts = new Map<number, { readonly data: Uint8Array; missing: number }>();
  #octets = 0;

  constructor(index: Index) {
    this.#index = index;
  }

  /** Takes a file; wanted tells which pieces are of use. Gives the pieces of which all is here now. */
  *add(file: FileEntry, data: Uint8Array, wanted: (piece: number) => boolean): Iterable<{ readonly piece: number; readonly data: Uint8Array }> {
    let at = 0;
    for (const { piece, begin, end } of file.spans(0, file.size)) {
      const part = data.subarray(at, at + end - begin);
      at += end - begin;
      const whole = wanted(piece) ? this.#put(piece, begin, part) : undefined;
      if (whole) {
        yield { piece, data: whole };
      }
    }
  }

  #put(piece: number, begin: number, part: Uint8Array): Uint8Array | undefined {
    const length = this.#index.length(piece);
    let known = this.#parts.get(piece);
    if (!known) {
      if (this.#octets + length > bounds.parts) {
        return undefined;
      }
      known = { data: new Uint8Array(length), missing: this.#index.filled(piece) };
      this.#parts.set(piece, known);
      this.#octets += length;
    }
    if (begin + part.length > length) {
      return undefined; // the piece is wrapped
    }
    known.data.set(part, begin);
    known.missing -= part.length;
    if (known.missing > 0) {
      return undefined;
    }
    this.#parts.delete(piece);
    this.#octets -= length;
    return known.data;
  }
}

/** Takes files of these URLs out of the browser's HTTP cache; take gets the pieces that they make. */
export async function adopt(
  index: Index,
  urls: readonly string[],
  wanted: (piece: number) => boolean,
  take: (piece: number, data: Uint8Array) => Promise<unknown>,
): Promise<void> {
  const assembly = new Assembly(index);
  const seen = new Set<FileEntry>();
  for (const url of urls.slice(0, bounds.files)) {
    const target = find(index, new URL(url));
    if (target.kind !== "file" || target.status !== 200 || seen.has(target.file) || !useful(target.file, wanted)) {
      continue;
    }
    seen.add(target.file);
    const data = await cached(url, target.file.size);
    for (const whole of data ? assembly.add(target.file, data, wanted) : []) {
      await take(whole.piece, whole.data);
    }
  }
}

function useful(file: FileEntry, wanted: (piece: number) => boolean): boolean {
  return file.size > 0 && file.size <= bounds.file && [...file.spans(0, file.size)].some((s) => wanted(s.piece));
}

/** What the cache has of a URL, if it is of this size. */
async function cached(url: string, size: number): Promise<Uint8Array | undefined> {
  try {
    const response = await fetch(url, { cache: "only-if-cached", mode: "same-origin" });
    const data = response.status === 200 && !response.redirected ? new Uint8Array(await response.arrayBuffer()) : undefined;
    return data?.length === size ? data : undefined;
  } catch {
    return undefined; // it is not there
  }
}
