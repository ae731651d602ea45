import { Fault } from "../fault.ts";
import type { FileHandle, Folder } from "./file.ts";

// The DOM's types know sync access handles in workers alone.
interface SyncHandle {
  read(into: Uint8Array, options: { at: number }): number;
  write(octets: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}
const patience = 2000; // ms
const pause = 50;

type SyncFile = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncHandle> };

/** A folder of the origin's private file system; to be used in a dedicated worker. */
export async function opfs(name: string): Promise<Folder> {
  const root = await navigator.storage.getDirectory();
  return new OpfsFolder(await root.getDirectoryHandle(name, { create: true }));
}

class OpfsFolder implements Folder {
  readonly #at: FileSystemDirectoryHandle;

  constructor(at: FileSystemDirectoryHandle) {
    this.#at = at;
  }

  async open(name: string, create: boolean): Promise<FileHandle | undefined> {
    let file;
    try {
      file = await this.#at.getFileHandle(name, { create });
    } catch (e) {
      if (isNamed(e, "NotFoundError")) return undefined;
      throw e;
    }
    // A worker that just ended may have it for a moment yet.
    for (const until = Date.now() + patience; ; await new Promise((done) => setTimeout(done, pause))) {
      try {
        return new OpfsFile(await (file as SyncFile).createSyncAccessHandle());
      } catch (e) {
        if (!isNamed(e, "NoModificationAllowedError", "InvalidStateError")) throw e;
        if (Date.now() < until) continue;
        throw new Fault("in_use", `the file ${name} is open in another tab`, "close the other tabs of this app", e);
      }
    }
  }

  async remove(name: string): Promise<void> {
    try {
      await this.#at.removeEntry(name);
    } catch (e) {
      if (!isNamed(e, "NotFoundError")) throw e;
    }
  }

  async list(): Promise<string[]> {
    const names = [];
    for await (const [name, handle] of this.#at.entries()) {
      if (handle.kind === "file") names.push(name);
    }
    return names;
  }

  async folder(name: string): Promise<Folder> {
    return new OpfsFolder(await this.#at.getDirectoryHandle(name, { create: true }));
  }

  async usage(): Promise<{ used: number; allowed: number }> {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    return { used: usage, allowed: quota };
  }
}

class OpfsFile implements FileHandle {
  readonly #handle: SyncHandle;

  constructor(handle: SyncHandle) {
    this.#handle = handle;
  }

  read(into: Uint8Array, at: number): number {
    return this.#handle.read(into, { at });
  }

  write(octets: Uint8Array, at: number): number {
    return this.#handle.write(octets, { at });
  }

  truncate(size: number): void {
    this.#handle.truncate(size);
  }

  size(): number {
    return this.#handle.getSize();
  }

  flush(): void {
    this.#handle.flush();
  }

  close(): void {
    this.#handle.close();
  }
}

function isNamed(e: unknown, ...names: string[]): boolean {
  return e instanceof Error && names.includes(e.name);
}
