// What the tests of the swarm engine stand on: sites made by hand, pieces in
// memory, and connections without a network.
import { encode, type Value } from "../../runtime/swarm/bencode.ts";
import { concat, digest, hex, utf8 } from "../../runtime/swarm/bytes.ts";
import type { Pipe } from "../../runtime/swarm/pipe.ts";
import type { PieceStore, SiteInfo } from "../../runtime/types.ts";

/** A site's description with nothing in it but what is said. */
export function siteInfo(more: Partial<SiteInfo>): SiteInfo {
  return {
    version: 1, kind: "torrent", address: "", label: "", name: "", id: "a", swarm: "", index: "", piece: "",
    trackers: [], ice: "", webtransport: [], peer: "", node: "", badge: false, ...more,
  };
}

/** Octets that look random and are the same in every run. */
export function noise(length: number, seed = 1): Uint8Array {
  const next = dice(seed);
  return Uint8Array.from({ length }, () => Math.floor(next() * 256));
}

/** Numbers of [0, 1), the same in every run (mulberry32). */
export function dice(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Changes, removes or adds a few octets. */
export function mutate(data: Uint8Array, next: () => number): Uint8Array {
  let out = Uint8Array.from(data);
  for (let n = 1 + Math.floor(next() * 4); n > 0; n--) {
    const at = Math.floor(next() * out.length);
    switch (Math.floor(next() * 4)) {
      case 0:
        out[at] = Math.floor(next() * 256);
        break;
      case 1:
        out[at] = (out[at] ?? 0) ^ (1 << Math.floor(next() * 8));
        break;
      case 2:
        out = concat(out.subarray(0, at), out.subarray(at + 1 + Math.floor(next() * 8))) as Uint8Array<ArrayBuffer>;
        break;
      default:
        out = concat(out.subarray(0, at), noise(1 + Math.floor(next() * 8), at), out.subarray(at)) as Uint8Array<ArrayBuffer>;
    }
  }
  return out;
}

export interface FileOfTorrent {
  readonly path: string;
  readonly data?: Uint8Array;
  readonly pad?: number;
  readonly link?: string;
}

export interface Torrent {
  readonly info: SiteInfo;
  readonly index: Uint8Array;
  readonly pieces: readonly Uint8Array[];
}

/** A torrent of files in their order. */
export async function torrent(files: readonly FileOfTorrent[], pieceLength: number, more: Readonly<Record<string, Value>> = {}): Promise<Torrent> {
  const all = concat(...files.map((f) => f.data ?? new Uint8Array(f.pad ?? 0)));
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < all.length; at += pieceLength) {
    pieces.push(all.slice(at, at + pieceLength));
  }
  const hashes = await Promise.all(pieces.map((p) => digest("SHA-1", p)));
  const list = files.map((f) => dict({
    ...(f.pad === undefined ? {} : { attr: utf8("p") }),
    ...(f.link === undefined ? {} : { attr: utf8("l"), "symlink path": f.link.split("/").map(utf8) }),
    length: f.data?.length ?? f.pad ?? 0,
    path: f.path.split("/").map(utf8),
  }));
  const index = encode(dict({ files: list, name: utf8("a site"), "piece length": pieceLength, pieces: concat(...hashes), ...more }));
  return { info: siteInfo({ kind: "torrent", swarm: hex(await digest("SHA-1", index)) }), index, pieces };
}

/** A dictionary with its keys in order. */
export function dict(v: Readonly<Record<string, Value>>): Value {
  return new Map(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Pieces in memory. */
export class Memory implements PieceStore {
  readonly kept = new Map<number, Uint8Array>();
  room = Infinity;

  have(): Promise<Set<number>> {
    return Promise.resolve(new Set(this.kept.keys()));
  }

  get(i: number): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.kept.get(i));
  }

  put(i: number, data: Uint8Array): Promise<void> {
    if (this.kept.size >= this.room) {
      return Promise.reject(new DOMException("no room", "QuotaExceededError"));
    }
    this.kept.set(i, data);
    return Promise.resolve();
  }

  clear(): Promise<void> {
    this.kept.clear();
    return Promise.resolve();
  }
}

/** One end of a connection in memory. */
export class End implements Pipe {
  readonly kind: Pipe["kind"];
  readonly initiator: boolean;
  address = "";
  buffered = 0;
  onData: ((data: Uint8Array) => void) | undefined;
  onDrain: (() => void) | undefined;
  onClose: (() => void) | undefined;
  other: End | undefined;
  closed = false;
  /** Changes what is sent; undefined sends nothing. */
  alter: (data: Uint8Array) => Uint8Array | undefined = (data) => data;

  constructor(initiator: boolean, kind: Pipe["kind"]) {
    this.initiator = initiator;
    this.kind = kind;
  }

  send(data: Uint8Array): void {
    this.buffered += data.length;
    setImmediate(() => {
      this.buffered -= data.length;
      const altered = this.alter(data.slice());
      if (altered && this.other && !this.other.closed) {
        this.other.onData?.(altered);
      }
      this.onDrain?.();
    });
  }

  close(): void {
    if (!this.closed) {
      this.closed = true;
      const { other } = this;
      setImmediate(() => {
        if (other && !other.closed) {
          other.closed = true;
          other.onClose?.();
        }
      });
    }
  }
}

/** Two ends of one connection. */
export function ends(kind: Pipe["kind"] = "webrtc"): readonly [End, End] {
  const a = new End(true, kind);
  const b = new End(false, kind);
  a.other = b;
  b.other = a;
  return [a, b];
}

/** Waits until something is so. */
export async function until(what: string, is: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !is(); ) {
    if (Date.now() > end) {
      throw new Error(`it never came that ${what}`);
    }
    await new Promise((done) => setTimeout(done, 5));
  }
}
