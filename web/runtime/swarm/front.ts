// The index of a website behind a front: a signed manifest of its files
// (spec/front.md).
import { bad, concat, digest, equal, fromBase64, fromHex, swarmName, text, utf8 } from "./bytes.ts";
import { RunFile } from "./catalogue.ts";
import type { FileEntry, Index, SiteInfo } from "../types.ts";

const opening = "kith-front-1";
const longestLine = 256;
/** The bounds of spec/front.md §2 and §3. */
const bounds = {
  document: 64 * 1024 * 1024,
  pieceLength: [16 * 1024, 4 * 1024 * 1024] as const,
  pieces: 1 << 20,
  path: 2048,
  size: 2 ** 40,
  type: 256,
  headers: 8192,
} as const;

type Members = Readonly<Record<string, unknown>>;

/** Opens the manifest of info.address, which info.key must have signed; now is in milliseconds. */
export async function openFront(info: SiteInfo, data: Uint8Array, now: number = Date.now()): Promise<Index> {
  const swarm = await swarmName("front", data);
  if (!equal(swarm, fromHex(info.swarm))) {
    bad("is not that of the swarm");
  }
  const manifest = record(await openSigned(info, data), "manifest");
  if (manifest["key"] !== info.key || origin(manifest["site"]) !== origin(info.address)) {
    bad("is that of another site");
  }
  const expires = integer(manifest["expires"], Number.MAX_SAFE_INTEGER, "expires");
  if (integer(manifest["sequence"], Number.MAX_SAFE_INTEGER, "sequence") < 1 || !(expires > Number(manifest["created"]))) {
    bad("has a sequence or times that cannot be");
  }
  return expires * 1000 > now ? new Front(swarm, manifest) : bad("has expired");
}

/** Checks the signature and returns what was signed. */
async function openSigned(info: SiteInfo, data: Uint8Array): Promise<unknown> {
  const head = data.subarray(0, longestLine);
  const first = head.indexOf(10);
  const second = head.indexOf(10, first + 1);
  if (data.length > bounds.document || first < 0 || second < 0 || text(data.subarray(0, first)) !== opening) {
    bad("is not a front's manifest");
  }
  const signature = fromBase64(text(data.subarray(first + 1, second)));
  const key = fromBase64(info.key ?? "");
  if (signature?.length !== 64 || key?.length !== 32) {
    bad("has no signature, or the site no key");
  }
  const payload = data.subarray(second + 1);
  const signed = concat(utf8("kith front manifest 1\0"), payload) as Uint8Array<ArrayBuffer>;
  const imported = await crypto.subtle.importKey("raw", key as Uint8Array<ArrayBuffer>, "Ed25519", false, ["verify"]);
  if (!(await crypto.subtle.verify("Ed25519", imported, signature as Uint8Array<ArrayBuffer>, signed))) {
    bad("has a signature that is not the site's");
  }
  try {
    return JSON.parse(text(payload));
  } catch {
    return bad("is not JSON");
  }
}

class Front implements Index {
  readonly kind = "front";
  readonly swarm: Uint8Array;
  readonly pieces: number;
  readonly bytes: number;
  readonly #lengths: number[] = [];
  readonly #hashes: Uint8Array[] = [];
  readonly #files = new Map<string, FileEntry>();

  constructor(swarm: Uint8Array, manifest: Members) {
    this.swarm = swarm;
    const [least, most] = bounds.pieceLength;
    const pieceLength = integer(manifest["pieceLength"], most, "pieceLength");
    if (pieceLength < least || (pieceLength & (pieceLength - 1)) !== 0) {
      bad("has pieces of a length that cannot be");
    }
    for (const f of list(manifest["files"], "files")) {
      this.#add(record(f, "file"), pieceLength);
    }
    this.pieces = this.#lengths.length;
    this.bytes = this.#lengths.reduce((n, l) => n + l, 0);
  }

  #add(f: Members, pieceLength: number): void {
    const path = f["path"];
    if (typeof path !== "string" || path.length > bounds.path || !/^\/(?!\.kith\/)[!"$-~]*$/.test(path)) {
      bad("has a file without a usable path");
    }
    const size = integer(f["size"], bounds.size, "size");
    const hashes = list(f["hashes"] ?? [], "hashes");
    const offset = this.#lengths.length * pieceLength;
    if (hashes.length !== Math.ceil(size / pieceLength) || this.#lengths.length + hashes.length > bounds.pieces) {
      bad(`has ${hashes.length} hashes for a file of ${size} octets, or too many`);
    }
    hashes.forEach((h, i) => {
      const hash = typeof h === "string" ? fromBase64(h) : undefined;
      this.#hashes.push(hash?.length === 32 ? hash : bad("has a hash that is none"));
      this.#lengths.push(Math.min(pieceLength, size - i * pieceLength));
    });
    const name = path.slice(1);
    if (this.#files.has(name)) {
      bad(`has ${JSON.stringify(path)} twice`);
    }
    this.#files.set(name, new RunFile(name, size, offset, pieceLength, readType(f["type"]), readHeaders(f["headers"])));
  }

  length(i: number): number {
    return this.#lengths[i] ?? 0;
  }

  filled(i: number): number {
    return this.length(i);
  }

  async verify(i: number, data: Uint8Array): Promise<boolean> {
    const hash = this.#hashes[i];
    return hash !== undefined && data.length === this.#lengths[i] && equal(hash, await digest("SHA-256", data));
  }

  content(_: number, data: Uint8Array): Uint8Array {
    return data;
  }

  /** Exactly what was asked of the website, query included: it has no folders. */
  file(path: string): FileEntry | undefined {
    return this.#files.get(path);
  }

  folder(): boolean {
    return false;
  }

  files(): Iterable<FileEntry> {
    return this.#files.values();
  }
}

function origin(value: unknown): string {
  return typeof value === "string" && URL.canParse(value) ? new URL(value).origin : bad("names no website");
}

function record(value: unknown, what: string): Members {
  return typeof value === "object" && value !== null ? (value as Members) : bad(`has a ${what} that is no object`);
}

function list(value: unknown, what: string): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : bad(`has ${what} that are no list`);
}

function integer(value: unknown, most: number, what: string): number {
  const ok = typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
  return ok ? value : bad(`has a ${what} that is no number, or out of bounds`);
}

function readType(value: unknown): string | undefined {
  if (value === undefined || value === "") {
    return undefined;
  }
  return typeof value === "string" && value.length <= bounds.type && !/[\r\n\0]/.test(value) ? value : bad("has a media type that is none");
}

function readHeaders(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) {
    return undefined;
  }
  const headers: Record<string, string> = {};
  let length = 0;
  for (const [name, v] of Object.entries(record(value, "list of headers"))) {
    if (!/^[a-z0-9-]+$/.test(name) || typeof v !== "string" || /[\r\n\0]/.test(v)) {
      bad("has a header that is none");
    }
    length += name.length + v.length;
    headers[name] = v;
  }
  return length <= bounds.headers ? headers : bad("has headers that are too long");
}
