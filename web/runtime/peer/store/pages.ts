/**
 * The file of pages. A page is a header of 64 octets and its content, and begins
 * at a multiple of 512:
 *
 *     "kith" ‖ kind (1) ‖ 0 (3) ‖ batch (8) ‖ length (4) ‖ 0 (4) ‖ salt (32) ‖ check (8)
 *
 * The content of a data page is sealed under HMAC(store key, "kith page 1" ‖ salt),
 * which seals nothing else; so overwriting the header is the end of the content. A
 * commit page says in the clear which pages its batch takes the place of.
 *
 * A batch is: its data pages, flush, its commit page, flush (now it counts), the
 * headers of what it replaces overwritten, flush. The last commit page that is
 * whole decides what is there; a tab that is killed anywhere in between leaves all
 * of a batch or nothing, and opening finishes the rest.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { Fault } from "../fault.ts";
import { type FileHandle, refused } from "./file.ts";

const block = 512;
const header = 64;
const roomy = 64; // blocks that any usual page fits into
const data = 1;
const commit = 2;
const magic = 0x6b697468;

/** A page that is there. */
export interface Page {
  readonly at: number; // blocks
  readonly blocks: number;
  readonly batch: number;
}

/** A data page that was read; undefined is one that does not open. */
export interface Loaded {
  page: Page;
  plain: Uint8Array | undefined;
}

interface Found extends Page {
  kind: number;
  raw: Uint8Array; // header and content
}

const text = new TextEncoder();

export class Pages {
  readonly #file: FileHandle;
  readonly #key: Uint8Array;
  readonly #random: (octets: number) => Uint8Array;
  readonly #reserve: number; // blocks
  #free: { at: number; blocks: number }[] = []; // in order, no two side by side
  #end = 0; // blocks
  #live = 0; // blocks
  #batch = 0;
  #last: Page | undefined; // the commit page
  #broken = false;

  /** Of the reserve, in octets, only what deletes may use: so it can where there is no room. */
  constructor(file: FileHandle, key: Uint8Array, random: (octets: number) => Uint8Array, reserve: number) {
    this.#file = file;
    this.#key = key;
    this.#random = random;
    this.#reserve = Math.ceil(reserve / block);
  }

  /** Reads what there is, and finishes what a killed process left half done. */
  async load(): Promise<Loaded[]> {
    const octets = new Uint8Array(this.#file.size());
    const length = this.#file.read(octets, 0);
    const found = scan(octets.subarray(0, length));
    const commits = found.filter((p) => p.kind === commit).sort((a, b) => b.batch - a.batch);
    const last = commits[0];
    if (!last) {
      if (found.length > 0) {
        throw new Fault("corrupt", "the store of this page is damaged", "link this device again");
      }
      await this.#begin();
      return [];
    }
    const { same, drops } = readCommit(last.raw, this.#check());
    if (!same) throw new Fault("forbidden", "the store does not open with this key");
    const gone = (p: Found): boolean => p !== last && (p.kind === commit || p.batch > last.batch || drops.has(p.at));
    this.#batch = last.batch;
    this.#last = last;
    const live = found.filter((p) => !gone(p));
    this.#layOut(live);
    this.#shred(found.filter(gone));
    this.#shrink();
    return Promise.all(live.filter((p) => p !== last).map(async (page) => ({ page, plain: await this.#open(page) })));
  }

  /** Octets of the file, and of what is there. */
  get size(): { file: number; live: number } {
    return { file: this.#end * block, live: this.#live * block };
  }

  /** Puts new pages in the place of others, all or nothing; to delete, from the reserve, too. */
  async replace(contents: Uint8Array[], drop: readonly Page[], deletes: boolean): Promise<Page[]> {
    const batch = this.#batch + 1;
    const sealed = await Promise.all(contents.map((plain) => this.#seal(batch, plain)));
    if (this.#broken) throw new Fault("not_running", "the store is closed", "reload the page");
    const written: Page[] = [];
    let last: Page;
    try {
      for (const raw of sealed) this.#write(batch, raw, written);
      if (written.length > 0) this.#file.flush();
      last = this.#write(batch, this.#commitPage(batch, drop), written);
      if (!deletes && this.#file.size() < this.#room) this.#file.truncate(this.#room);
      this.#file.flush();
    } catch (e) {
      this.#undo(written);
      throw refused(e);
    }
    const old = this.#last ? [...drop, this.#last] : drop;
    this.#batch = batch;
    this.#last = last;
    written.splice(written.indexOf(last), 1);
    this.#shred(old);
    for (const p of old) this.#release(p);
    this.#shrink();
    return written;
  }

  close(): void {
    this.#broken = true;
    this.#file.close();
  }

  async #begin(): Promise<void> {
    this.#file.truncate(0);
    await this.replace([], [], false);
  }

  #layOut(live: Page[]): void {
    let at = 0;
    for (const p of [...live].sort((a, b) => a.at - b.at)) {
      if (p.at > at) this.#free.push({ at, blocks: p.at - at });
      at = p.at + p.blocks;
      this.#live += p.blocks;
    }
    this.#end = at;
  }

  /** Overwrites headers, by which nothing opens what they stand before. */
  #shred(pages: readonly Page[]): void {
    if (pages.length === 0) return;
    try {
      const zeros = new Uint8Array(header);
      for (const p of pages) this.#file.write(zeros, p.at * block);
      this.#file.flush();
    } catch (e) {
      this.#broken = true; // what is to be gone is finished when the store opens again
      throw refused(e);
    }
  }

  #undo(written: Page[]): void {
    const size = this.#file.size(); // where there was no room there is nothing to overwrite
    this.#shred(written.filter((p) => p.at * block + header <= size));
    for (const p of written) this.#release(p);
    this.#shrink();
  }

  #write(batch: number, raw: Uint8Array, note: Page[]): Page {
    const page = this.#take(batch, Math.ceil(raw.length / block));
    note.push(page);
    new DataView(raw.buffer).setBigUint64(56, check(page.at, raw));
    if (this.#file.write(raw, page.at * block) !== raw.length) {
      throw new DOMException("no room", "QuotaExceededError");
    }
    return page;
  }

  #take(batch: number, blocks: number): Page {
    this.#live += blocks;
    const i = this.#free.findIndex((f) => f.blocks >= blocks);
    const f = this.#free[i];
    if (!f) {
      this.#end += blocks;
      return { at: this.#end - blocks, blocks, batch };
    }
    const page = { at: f.at, blocks, batch };
    if (f.blocks === blocks) this.#free.splice(i, 1);
    else this.#free[i] = { at: f.at + blocks, blocks: f.blocks - blocks };
    return page;
  }

  #release(p: Page): void {
    this.#live -= p.blocks;
    let i = this.#free.findIndex((f) => f.at > p.at);
    if (i < 0) i = this.#free.length;
    const merged = { at: p.at, blocks: p.blocks };
    const before = this.#free[i - 1];
    const after = this.#free[i];
    let [from, count] = [i, 0];
    if (after && p.at + p.blocks === after.at) {
      merged.blocks += after.blocks;
      count++;
    }
    if (before && before.at + before.blocks === p.at) {
      merged.at = before.at;
      merged.blocks += before.blocks;
      [from, count] = [i - 1, count + 1];
    }
    this.#free.splice(from, count, merged);
  }

  /** Gives what is free at the end of the file back. */
  #shrink(): void {
    const tail = this.#free.at(-1);
    if (tail && tail.at + tail.blocks === this.#end) {
      this.#free.pop();
      this.#end = tail.at;
    }
    if (this.#file.size() > this.#room) this.#file.truncate(this.#room);
  }

  /** The size of the file with the reserve. */
  get #room(): number {
    const fits = this.#free.reduce((n, f) => n + (f.blocks >= roomy ? f.blocks : 0), 0);
    return block * (this.#end + Math.max(0, this.#reserve - fits));
  }

  #check(): Uint8Array {
    return hmac(sha256, this.#key, text.encode("kith store 1")).subarray(0, 16);
  }

  #commitPage(batch: number, drop: readonly Page[]): Uint8Array {
    const raw = new Uint8Array(header + 24 + 4 * drop.length);
    head(raw, commit, batch);
    const view = new DataView(raw.buffer);
    drop.forEach((p, i) => view.setUint32(header + 24 + 4 * i, p.at));
    raw.set(this.#check(), header);
    raw.set(sha256(raw.subarray(header + 24)).subarray(0, 8), header + 16);
    return raw;
  }

  async #pageKey(salt: Uint8Array, use: "encrypt" | "decrypt"): Promise<CryptoKey> {
    const key = hmac(sha256, this.#key, new Uint8Array([...text.encode("kith page 1"), ...salt]));
    return crypto.subtle.importKey("raw", key as BufferSource, "AES-GCM", false, [use]);
  }

  async #seal(batch: number, plain: Uint8Array): Promise<Uint8Array> {
    const raw = new Uint8Array(header + plain.length + 16);
    head(raw, data, batch);
    const salt = this.#random(32);
    raw.set(salt, 24);
    const key = await this.#pageKey(salt, "encrypt");
    raw.set(new Uint8Array(await crypto.subtle.encrypt(params(raw), key, plain as BufferSource)), header);
    return raw;
  }

  async #open(p: Found): Promise<Uint8Array | undefined> {
    try {
      const key = await this.#pageKey(p.raw.subarray(24, 56), "decrypt");
      return new Uint8Array(await crypto.subtle.decrypt(params(p.raw), key, p.raw.subarray(header) as BufferSource));
    } catch {
      return undefined;
    }
  }
}

/** A key seals one page alone, so that its nonce can be zero. */
function params(raw: Uint8Array): AesGcmParams {
  return { name: "AES-GCM", iv: new Uint8Array(12), additionalData: raw.slice(0, 24) };
}

function head(raw: Uint8Array, kind: number, batch: number): void {
  const view = new DataView(raw.buffer);
  view.setUint32(0, magic);
  view.setUint8(4, kind);
  view.setBigUint64(8, BigInt(batch));
  view.setUint32(16, raw.length - header);
}

function check(at: number, raw: Uint8Array): bigint {
  const h = sha256.create().update(new Uint8Array(new Uint32Array([at]).buffer)).update(raw.subarray(0, 56)).digest();
  return new DataView(h.buffer, h.byteOffset).getBigUint64(0);
}

/** The pages of a file whose headers are whole. */
function scan(octets: Uint8Array): Found[] {
  const found: Found[] = [];
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  for (let at = 0; at + header <= octets.length; ) {
    const length = view.getUint32(at + 16);
    const raw = octets.subarray(at, at + header + length);
    const p = at / block;
    if (view.getUint32(at) !== magic || raw.length < header + length || view.getBigUint64(at + 56) !== check(p, raw)) {
      at += block;
      continue;
    }
    const kind = raw[4] ?? 0;
    const blocks = Math.ceil(raw.length / block);
    if (kind === commit && !isWhole(raw)) {
      at += block;
      continue;
    }
    found.push({ at: p, blocks, batch: Number(view.getBigUint64(at + 8)), kind, raw });
    at += blocks * block;
  }
  return found;
}

function isWhole(raw: Uint8Array): boolean {
  const sum = sha256(raw.subarray(header + 24));
  return raw.length >= header + 24 && raw.subarray(header + 16, header + 24).every((c, i) => c === sum[i]);
}

function readCommit(raw: Uint8Array, check: Uint8Array): { same: boolean; drops: Set<number> } {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const drops = new Set<number>();
  for (let at = header + 24; at + 4 <= raw.length; at += 4) drops.add(view.getUint32(at));
  return { same: check.every((c, i) => c === raw[header + i]), drops };
}
