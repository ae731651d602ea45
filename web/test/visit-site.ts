// A site in memory whose index is as plain as can be: files one after the other,
// cut into pieces of one size.
import type { FileEntry, Index, SiteInfo, Span } from "../runtime/types.ts";

export const pieceSize = 1024;

/** Files by path; each is filled with bytes that its path makes. */
export function files(sizes: Readonly<Record<string, number>>): ReadonlyMap<string, Uint8Array> {
  return new Map(Object.entries(sizes).map(([path, size]) => {
    let seed = [...path].reduce((n, c) => (n * 31 + c.charCodeAt(0)) >>> 0, 7);
    return [path, Uint8Array.from({ length: size }, () => (seed = (seed * 1103515245 + 12345) >>> 0) >>> 24)];
  }));
}

/** The index of files, and all their bytes. */
export function siteOf(all: ReadonlyMap<string, Uint8Array>, kind: SiteInfo["kind"] = "torrent"): Index & { readonly data: Uint8Array } {
  const data = Uint8Array.from([...all.values()].flatMap((x) => [...x]));
  const entries = new Map<string, FileEntry>();
  let offset = 0;
  for (const [path, bytes] of all) {
    const start = offset;
    entries.set(path, { path, size: bytes.length, spans: (from, to) => spans(start + from, start + to) });
    offset += bytes.length;
  }
  const file = (path: string): FileEntry | undefined =>
    entries.get(path) ?? (kind === "front" ? undefined : entries.get(path === "" ? "index.html" : `${path}/index.html`));
  const length = (i: number): number => Math.min(pieceSize, data.length - i * pieceSize);
  return {
    kind, data, file, length,
    filled: length,
    swarm: new Uint8Array(20),
    pieces: Math.ceil(data.length / pieceSize),
    bytes: data.length,
    verify: async (i, piece) => Buffer.compare(piece, data.subarray(i * pieceSize, (i + 1) * pieceSize)) === 0,
    content: (_, piece) => piece,
    folder: (path) => [...entries.keys()].some((p) => p.startsWith(`${path}/`)),
    files: () => entries.values(),
  };
}

function* spans(from: number, to: number): Iterable<Span> {
  for (let at = from; at < to; ) {
    const piece = Math.floor(at / pieceSize);
    const begin = at - piece * pieceSize;
    const end = Math.min(pieceSize, begin + to - at);
    yield { piece, begin, end };
    at += end - begin;
  }
}
