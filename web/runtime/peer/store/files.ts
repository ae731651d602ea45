import type { Body, Files } from "../contract.ts";
import { Fault } from "../fault.ts";
import { type FileHandle, type Folder, refused } from "./file.ts";

const mostIdle = 32; // files that stay open though nobody reads them
const piece = 1 << 20;
// How much of a file is overwritten before it is removed. The rest is of no use
// without the key that whoever writes bodies overwrites.
const mostOverwritten = 16 << 20;

interface Open {
  opening: Promise<FileHandle | undefined>;
  users: number;
  gone: boolean;
}

/** Bodies: a file each. A handle is its file's only one, so all who read share it. */
export class BodyFiles implements Files {
  readonly #folder: Folder;
  readonly #open = new Map<string, Open>(); // the last used last
  readonly #names: Set<string>;

  constructor(folder: Folder, names: string[]) {
    this.#folder = folder;
    this.#names = new Set(names);
  }

  async open(name: string): Promise<Body | undefined> {
    const o = this.#use(name, false);
    const handle = await o?.opening;
    if (!o || !handle) return undefined;
    const size = handle.size();
    let closed = false;
    return {
      size,
      read: async (from, to) => {
        if (o.gone || closed) throw new Fault("not_found", "what was read was deleted meanwhile");
        const octets = new Uint8Array(Math.max(0, Math.min(to, size) - from));
        return octets.subarray(0, handle.read(octets, from));
      },
      close: () => {
        if (!closed) void this.#leave(o);
        closed = true;
      },
    };
  }

  async write(name: string, at: number, octets: Uint8Array): Promise<void> {
    await this.#with(name, true, (handle) => append(handle, at, octets));
  }

  async size(name: string): Promise<number> {
    return (await this.#with(name, false, (handle) => handle.size())) ?? 0;
  }

  async flush(name: string): Promise<void> {
    await this.#with(name, false, (handle) => handle.flush());
  }

  async remove(name: string): Promise<void> {
    const o = this.#use(name, false);
    this.#open.delete(name);
    this.#names.delete(name);
    const handle = await o?.opening;
    if (o && handle) {
      o.gone = true;
      overwrite(handle);
      handle.close();
    }
    await this.#folder.remove(name);
  }

  async list(): Promise<string[]> {
    return [...this.#names];
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const o of all) {
      const handle = await o.opening;
      o.gone = true;
      handle?.close();
    }
  }

  async #with<T>(name: string, create: boolean, f: (handle: FileHandle) => T): Promise<T | undefined> {
    const o = this.#use(name, create);
    if (!o) return undefined;
    try {
      const handle = await o.opening;
      if (o.gone) throw new Fault("not_found", "what was written was deleted meanwhile");
      return handle && f(handle);
    } finally {
      await this.#leave(o);
    }
  }

  /** A file for one more user. */
  #use(name: string, create: boolean): Open | undefined {
    if (!create && !this.#names.has(name)) return undefined;
    const o = this.#open.get(name) ?? { opening: this.#folder.open(name, create), users: 0, gone: false };
    o.opening.catch(() => this.#open.get(name) === o && this.#open.delete(name));
    this.#names.add(name);
    this.#open.delete(name);
    this.#open.set(name, o);
    o.users++;
    return o;
  }

  /** Closes files that nobody uses, but for those that were used last. */
  async #leave(o: Open): Promise<void> {
    o.users--;
    let spare = this.#open.size - mostIdle;
    for (const [name, idle] of [...this.#open]) {
      if (spare-- <= 0) return;
      if (idle.users > 0) continue;
      const handle = await idle.opening;
      if (idle.users === 0 && this.#open.get(name) === idle) {
        this.#open.delete(name);
        handle?.close();
      }
    }
  }
}

function append(file: FileHandle, at: number, octets: Uint8Array): void {
  const size = file.size();
  if (at > size) throw new Fault("conflict", `octets ${size} to ${at - 1} are missing`);
  if (at < size) file.truncate(at);
  try {
    if (file.write(octets, at) !== octets.length) throw new DOMException("no room", "QuotaExceededError");
  } catch (e) {
    file.truncate(at);
    throw refused(e);
  }
}

function overwrite(file: FileHandle): void {
  const size = Math.min(file.size(), mostOverwritten);
  const zeros = new Uint8Array(Math.min(size, piece));
  for (let at = 0; at < size; at += piece) {
    file.write(zeros.subarray(0, Math.min(piece, size - at)), at);
  }
  file.flush();
}
