// What runs in the pages of these tests: a visitor made of the swarm engine
// alone, without loader and worker.
import { decode, encode, entry, type Value } from "../../../../web/runtime/swarm/bencode.ts";
import { concat, digest, hex, utf8 } from "../../../../web/runtime/swarm/bytes.ts";
import { openIndex, openStore, openSwarm, type SwarmOptions } from "../../../../web/runtime/swarm/index.ts";
import { Store } from "../../../../web/runtime/swarm/store.ts";
import type { Index, PieceStore, SiteInfo, Swarm } from "../../../../web/runtime/types.ts";

/** A torrent, by what a page can be told. */
export interface Told {
  readonly info: SiteInfo;
  /** The index, as a string of octets. */
  readonly index: string;
}

/** Octets that look random and are the same everywhere. */
function noise(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const out = new Uint32Array(Math.ceil(length / 4));
  let x = seed * 2654435761 + 1;
  for (let i = 0; i < out.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    out[i] = x;
  }
  return new Uint8Array(out.buffer, 0, length);
}

const spell = (b: Uint8Array): string => Array.from(b, (c) => String.fromCharCode(c)).join("");
const octets = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));

async function describe(index: Uint8Array, trackers: readonly string[]): Promise<Told> {
  const swarm = hex(await digest("SHA-1", index));
  const info: SiteInfo = {
    version: 1, kind: "torrent", address: `wtp://${swarm}`, label: `wtp-${swarm}`, name: "test", id: swarm, swarm,
    index: "", piece: "", trackers, ice: "", webtransport: [], peer: "", node: "", badge: false,
  };
  return { info, index: spell(index) };
}

/** One visitor. */
class Visitor {
  index: Index | undefined;
  store: PieceStore | undefined;
  swarm: Swarm | undefined;

  /** Makes a torrent of noise. */
  async make(length: number, pieceLength: number, seed: number, trackers: readonly string[]): Promise<Told> {
    const data = noise(length, seed);
    const hashes: Uint8Array[] = [];
    for (let at = 0; at < length; at += pieceLength) {
      hashes.push(await digest("SHA-1", data.subarray(at, at + pieceLength)));
    }
    const file = new Map<string, Value>([["length", length], ["path", [utf8("noise.bin")]]]);
    return describe(encode(new Map<string, Value>([
      ["files", [file]], ["name", utf8("test")], ["piece length", pieceLength], ["pieces", concat(...hashes)],
    ])), trackers);
  }

  /** The torrent that a .torrent file describes. */
  async read(torrent: string, trackers: readonly string[]): Promise<Told> {
    const info = entry(decode(octets(torrent), 10_000), "info");
    return describe(encode(info ?? 0), trackers);
  }

  /** The .torrent file of a torrent. */
  file(t: Told): string {
    return `d4:info${t.index}e`;
  }

  /** Joins the swarm with what is kept, after all of the noise of this seed was put there. */
  async join(t: Told, options: SwarmOptions = {}, seed?: number): Promise<void> {
    this.index = await openIndex(t.info, octets(t.index));
    this.store = await openStore(t.info);
    if (seed !== undefined) {
      const data = noise(this.index.bytes, seed);
      for (let i = 0, at = 0; i < this.index.pieces; at += this.index.length(i++)) {
        await this.store.put(i, data.slice(at, at + this.index.length(i)));
      }
    }
    this.swarm = await openSwarm(t.info, this.index, this.store, options);
  }

  get have(): number {
    return this.swarm?.stats().have ?? 0;
  }

  /** Fetches everything; octets a second, from the first to the last, in MB/s, and milliseconds until the first. */
  async complete(): Promise<{ readonly first: number; readonly rate: number; readonly ms: number }> {
    const swarm = this.swarm as Swarm;
    const began = performance.now();
    let first = 0;
    const look = setInterval(() => {
      if (swarm.stats().downloaded > 0) {
        first = performance.now();
        clearInterval(look);
      }
    }, 5);
    await swarm.complete(new AbortController().signal);
    clearInterval(look);
    const end = performance.now();
    return { first: first - began, rate: swarm.stats().downloaded / (end - first) / 1000, ms: end - began };
  }

  async want(i: number, urgent = true): Promise<boolean> {
    const data = await (this.swarm as Swarm).want(i, urgent, AbortSignal.timeout(60_000));
    return (this.index as Index).verify(i, data);
  }

  /** The SHA-256 of a file, read from what peers give. */
  async read256(path: string): Promise<string> {
    const [index, swarm] = [this.index as Index, this.swarm as Swarm];
    const file = index.file(path);
    const parts: Uint8Array[] = [];
    for (const s of file?.spans(0, file.size) ?? []) {
      const data = await swarm.want(s.piece, true, AbortSignal.timeout(60_000));
      parts.push(index.content(s.piece, data).subarray(s.begin, s.end));
    }
    return hex(await digest("SHA-256", concat(...parts)));
  }

  /** What is kept, by number. */
  async kept(): Promise<number> {
    return (await (this.store as PieceStore).have()).size;
  }

  leave(): void {
    this.swarm?.close();
  }
}

const page = { visitor: new Visitor(), Store, noise, octets, spell };
export type Page = typeof page;
(globalThis as unknown as { kith: Page }).kith = page;
