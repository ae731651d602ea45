/**
 * Everything that this device keeps, sealed at rest: buckets of small values in a
 * file of pages (pages.ts), and bodies in files of their own (files.ts). What is
 * deleted or replaced cannot be opened any more, even with the store's key.
 *
 * One store has one owner: the handles are exclusive, and a second one is refused
 * with the fault "in_use".
 */
import type { Bucket, Files, Store } from "../contract.ts";
import { Fault } from "../fault.ts";
import { Buckets } from "./buckets.ts";
import type { Folder } from "./file.ts";
import { BodyFiles } from "./files.ts";
import { Pages } from "./pages.ts";

export { opfs } from "./opfs.ts";
export { storeKey } from "./key.ts";
export type { FileHandle, Folder } from "./file.ts";

export interface StoreOptions {
  /** Where it is: opfs(name) in a dedicated worker. */
  folder: Folder;
  /** The store's key, 32 octets: storeKey(name). */
  key: Uint8Array;
  /** The names of files() that there are; all are listed once, here. */
  files?: readonly string[];
  random?: (octets: number) => Uint8Array;
  /** Octets that are kept for deleting where there is no room: 256 KiB. */
  reserve?: number;
}

/** Pages of the store that did not open are counted in `broken`. */
export async function openStore(o: StoreOptions): Promise<Store & { readonly broken: number }> {
  if (o.key.length !== 32) throw new Fault("invalid", `a store's key has 32 octets, not ${o.key.length}`);
  const random = o.random ?? ((n) => crypto.getRandomValues(new Uint8Array(n)));
  const file = await o.folder.open("pages", true);
  if (!file) throw new Fault("internal", "the store was not made");
  const pages = new Pages(file, o.key, random, o.reserve ?? 256 << 10);
  try {
    const buckets = new Buckets(pages, await pages.load());
    const files = new Map<string, BodyFiles>();
    for (const name of o.files ?? ["bodies", "copies"]) {
      const folder = await o.folder.folder(name);
      files.set(name, new BodyFiles(folder, await folder.list()));
    }
    return new Opened(o.folder, pages, buckets, files);
  } catch (e) {
    pages.close();
    throw e;
  }
}

class Opened implements Store {
  readonly #folder: Folder;
  readonly #pages: Pages;
  readonly #buckets: Buckets;
  readonly #files: Map<string, BodyFiles>;

  constructor(folder: Folder, pages: Pages, buckets: Buckets, files: Map<string, BodyFiles>) {
    this.#folder = folder;
    this.#pages = pages;
    this.#buckets = buckets;
    this.#files = files;
  }

  get broken(): number {
    return this.#buckets.broken;
  }

  bucket(name: string): Bucket {
    return this.#buckets.bucket(name);
  }

  files(name: string): Files {
    const files = this.#files.get(name);
    if (!files) throw new Fault("internal", `no files called ${name}`);
    return files;
  }

  usage(): Promise<{ used: number; allowed: number }> {
    return this.#folder.usage();
  }

  async close(): Promise<void> {
    await this.#buckets.settle();
    this.#pages.close();
    for (const f of this.#files.values()) await f.close();
  }
}
