// The files of a site by path, whatever kind of index they come from.
import { bad } from "./bytes.ts";
import type { FileEntry, Span } from "../types.ts";

/** What an index may ask of this browser. */
export const limits = {
  /** Files, and folders. */
  files: 200_000,
  pathParts: 128,
  pathLength: 4096,
  /** Octets of one piece. */
  piece: 64 * 1024 * 1024,
  pieces: 1 << 24,
  /** Octets of the whole site. */
  bytes: 2 ** 40,
} as const;

/** Files and the folders they lie in. */
export class Catalogue {
  readonly #files = new Map<string, FileEntry>();
  readonly #folders = new Set<string>([""]);

  /** Adds a file. Its path must be checked: see checkPath. */
  add(file: FileEntry): void {
    const { path } = file;
    if (this.#files.has(path) || this.#folders.has(path)) {
      bad(`has ${JSON.stringify(path.slice(0, 200))} twice`);
    }
    this.#files.set(path, file);
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      this.addFolder(path.slice(0, at));
    }
  }

  addFolder(path: string): void {
    if (this.#files.has(path)) {
      bad(`has ${JSON.stringify(path.slice(0, 200))} as a file and as a folder`);
    }
    this.#folders.add(path);
    if (this.#files.size + this.#folders.size > 2 * limits.files) {
      bad("has too many files");
    }
  }

  /** The file at path, or a folder's index.html. */
  file(path: string): FileEntry | undefined {
    return this.#files.get(path) ?? this.#files.get(path === "" ? "index.html" : `${path}/index.html`);
  }


  folder(path: string): boolean {
    return this.#folders.has(path);
  }

  files(): Iterable<FileEntry> {
    return this.#files.values();
  }
}

/** Refuses names that lead elsewhere, or nowhere. */
export function checkName(name: string): string {
  if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) {
    bad(`has the name ${JSON.stringify(name.slice(0, 200))}, which leads outside`);
  }
  return name;
}

/** Makes a path of checked names. */
export function checkPath(parts: readonly string[]): string {
  const path = parts.map(checkName).join("/");
  if (parts.length > limits.pathParts || path.length > limits.pathLength) {
    bad("has a path that is too long");
  }
  return path;
}

/** A file in a run of pieces that are equally long but for the last of the run. */
export class RunFile implements FileEntry {
  readonly path: string;
  readonly size: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly #offset: number;
  readonly #pieceLength: number;

  /** offset is where the file begins, counted from piece 0 as if all pieces were of pieceLength. */
  constructor(path: string, size: number, offset: number, pieceLength: number, type?: string, headers?: Readonly<Record<string, string>>) {
    this.path = path;
    this.size = size;
    this.#offset = offset;
    this.#pieceLength = pieceLength;
    if (type !== undefined) {
      this.type = type;
    }
    if (headers !== undefined) {
      this.headers = headers;
    }
  }

  *spans(from: number, to: number): Iterable<Span> {
    const length = this.#pieceLength;
    const end = this.#offset + Math.min(to, this.size);
    for (let at = this.#offset + Math.max(0, from); at < end; ) {
      const piece = Math.floor(at / length);
      const stop = Math.min(end, (piece + 1) * length);
      yield { piece, begin: at - piece * length, end: stop - piece * length };
      at = stop;
    }
  }
}
