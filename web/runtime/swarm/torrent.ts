// The index of a torrent: its info dictionary (BEP 3, BEP 47), in the way in
// which Kith's nodes read it, so that both agree about paths.
import { decode, entry, type Value } from "./bencode.ts";
import { bad, concat, digest, equal, fromHex, text } from "./bytes.ts";
import { Catalogue, checkPath, limits, RunFile } from "./catalogue.ts";
import type { FileEntry, Index, SiteInfo } from "../types.ts";

/** A file as it is listed. */
interface Listed {
  readonly parts: readonly string[];
  readonly size: number;
  readonly offset: number;
  readonly link: readonly string[] | undefined;
}

const mostLinks = 16;

/** Opens the info dictionary of info.swarm. */
export async function openTorrent(info: SiteInfo, data: Uint8Array): Promise<Index> {
  const swarm = await digest("SHA-1", data);
  if (!equal(swarm, fromHex(info.swarm))) {
    bad("is not that of the torrent");
  }
  return new Torrent(swarm, decode(data, 64 + 16 * limits.files));
}

class Torrent implements Index {
  readonly kind = "torrent";
  readonly swarm: Uint8Array;
  readonly pieces: number;
  readonly bytes: number;
  readonly #hashes: Uint8Array;
  readonly #pieceLength: number;
  readonly #span: number;
  /** In hybrids padding does not travel (BEP 52). */
  readonly #hybrid: boolean;
  /** Where the content of a piece ends, of those that end with padding. */
  readonly #ends: ReadonlyMap<number, number>;
  readonly #catalogue: Catalogue;

  constructor(swarm: Uint8Array, v: Value) {
    this.swarm = swarm;
    const hashes = entry(v, "pieces");
    const length = entry(v, "piece length");
    if (!(hashes instanceof Uint8Array) || hashes.length % 20 !== 0) {
      bad("has no piece hashes of version 1");
    }
    if (typeof length !== "number" || length < 1 || length > limits.piece) {
      bad("has pieces that are too long, or have no length");
    }
    const { files, span, pads, keepTop } = readFiles(v);
    const hybrid = entry(v, "meta version") === 2;
    this.#hashes = hashes;
    this.#pieceLength = length;
    this.#span = span;
    this.pieces = Math.ceil(span / length);
    if (this.pieces > limits.pieces || hashes.length !== this.pieces * 20) {
      bad(`has ${hashes.length / 20} piece hashes for ${this.pieces} pieces`);
    }
    this.#hybrid = hybrid;
    this.#ends = endsBefore(pads, length, span);
    this.bytes = span - (hybrid ? pads.reduce((n, p) => n + p.size, 0) : 0);
    this.#catalogue = settle(files, length, !hybrid && !keepTop);
  }

  length(i: number): number {
    return this.#hybrid ? this.filled(i) : this.#whole(i);
  }

  filled(i: number): number {
    return this.#ends.get(i) ?? this.#whole(i);
  }

  async verify(i: number, data: Uint8Array): Promise<boolean> {
    if (i < 0 || i >= this.pieces || data.length !== this.length(i)) {
      return false;
    }
    const padding = this.#whole(i) - data.length;
    const hash = await digest("SHA-1", padding > 0 ? concat(data, new Uint8Array(padding)) : data);
    return equal(hash, this.#hashes.subarray(20 * i, 20 * i + 20));
  }

  content(_: number, data: Uint8Array): Uint8Array {
    return data;
  }

  file(path: string): FileEntry | undefined {
    return this.#catalogue.file(path);
  }

  folder(path: string): boolean {
    return this.#catalogue.folder(path);
  }

  files(): Iterable<FileEntry> {
    return this.#catalogue.files();
  }

  #whole(i: number): number {
    return Math.min(this.#pieceLength, this.#span - i * this.#pieceLength);
  }
}

/** Reads "files", or "length" of a single file. */
function readFiles(v: Value): { files: Listed[]; span: number; pads: { offset: number; size: number }[]; keepTop: boolean } {
  const list = entry(v, "files") ?? [v];
  if (!Array.isArray(list) || list.length === 0 || list.length > limits.files) {
    bad("has no files, or too many");
  }
  const files: Listed[] = [];
  const pads: { offset: number; size: number }[] = [];
  let span = 0;
  let keepTop = false;
  for (const f of list as readonly Value[]) {
    const attr = asText(entry(f, "attr"));
    const link = attr.includes("l") ? texts(entry(f, "symlink path")) : undefined;
    const size = entry(f, "length") ?? (link ? 0 : -1);
    if (typeof size !== "number" || size < 0 || (link && size > 0) || span + size > limits.bytes) {
      bad("has a file whose length is missing or too large");
    }
    const parts = f === v ? [cleanName(v)] : texts(notEmpty(entry(f, "path.utf-8")) ?? entry(f, "path"));
    if (attr.includes("p")) {
      // A pad file of this name says that a folder all files share belongs to the site.
      keepTop ||= parts.join("/") === ".pad/root";
      pads.push({ offset: span, size });
    } else {
      files.push({ parts, size, offset: span, link });
    }
    span += size;
  }
  return { files, span, pads, keepTop };
}

function asText(v: Value | undefined): string {
  return v instanceof Uint8Array ? text(v) : "";
}

function notEmpty(v: Value | undefined): Value | undefined {
  return Array.isArray(v) && v.length > 0 ? (v as readonly Value[]) : undefined;
}

function texts(v: Value | undefined): string[] {
  if (!Array.isArray(v) || v.length === 0 || v.length > limits.pathParts) {
    bad("has a file without a usable path");
  }
  return (v as readonly Value[]).map((p) => (p instanceof Uint8Array ? text(p) : bad("has a path that is not text")));
}

/** The name of a torrent of a single file, made one part of a path. */
function cleanName(v: Value): string {
  const name = (asText(entry(v, "name.utf-8")) || asText(entry(v, "name"))).replace(/[/\0]/g, "_").slice(0, 255);
  return name === "" || name === "." || name === ".." ? "site" : name;
}

/** Where the content of those pieces ends that end with padding. */
function endsBefore(pads: readonly { offset: number; size: number }[], pieceLength: number, span: number): Map<number, number> {
  const ends = new Map<number, number>();
  for (const { offset, size } of pads) {
    const end = offset + size;
    const fills = end - (offset - (offset % pieceLength)) === pieceLength || (end === span && size < pieceLength);
    if (offset % pieceLength !== 0 && fills) {
      ends.set(Math.floor(offset / pieceLength), offset % pieceLength);
    }
  }
  return ends;
}

/** Gives the files their paths, without a folder that all share. */
function settle(files: readonly Listed[], pieceLength: number, strip: boolean): Catalogue {
  const top = files[0]?.parts[0];
  const shared = strip && files.every((f) => f.parts.length > 1 && f.parts[0] === top) ? 1 : 0;
  const byPath = new Map<string, Listed>();
  for (const f of files) {
    checkPath(f.parts);
    byPath.set(f.parts.slice(shared).join("/"), f);
  }
  const catalogue = new Catalogue();
  for (const f of files) {
    const target = follow(f, byPath, shared);
    if (target) {
      catalogue.add(new RunFile(f.parts.slice(shared).join("/"), target.size, target.offset, pieceLength));
    }
  }
  return catalogue;
}

/** What a symbolic link leads to (BEP 47); links that leave the site, or lead round, are left out. */
function follow(f: Listed, byPath: ReadonlyMap<string, Listed>, shared: number): Listed | undefined {
  let at: Listed | undefined = f;
  for (let i = 0; at?.link && i < mostLinks; i++) {
    at = byPath.get(at.link.slice(shared).join("/"));
  }
  return at?.link ? undefined : at;
}
