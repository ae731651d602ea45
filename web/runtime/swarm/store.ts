// Pieces kept on this device, in IndexedDB: of what browsers have it is the
// fastest for pieces of these sizes (docs/decisions/0010), it is there in pages
// and in service workers, and several tabs may write at once.
import type { PieceStore, SiteInfo } from "../types.ts";

const database = "kith-pieces";
const pieceTable = "pieces";
const siteTable = "sites";

/** Versions whose last use is noted not more often than this, in milliseconds. */
const noteEvery = 60_000;

/** Most pieces in one transaction. */
const batch = 16;

interface Queued {
  readonly i: number;
  readonly data: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (why: unknown) => void;
}

/** Opens what is kept of a version of a site. */
export function openStore(info: SiteInfo): Promise<PieceStore> {
  const store = new Store(info.id, database);
  void store.note().catch(() => undefined); // where nothing can be kept, putting says so
  return Promise.resolve(store);
}

/** Forgets the pieces of a version, whose index need not be known any more. */
export async function forgetStore(id: string): Promise<void> {
  await new Store(id, database).clear();
}

/** One version's pieces. The keys are [version, piece]. */
export class Store implements PieceStore {
  readonly #id: string;
  readonly #name: string;
  #db: Promise<IDBDatabase> | undefined;
  #noted = -Infinity;
  readonly #queue: Queued[] = [];
  #writing = false;

  constructor(id: string, name: string) {
    this.#id = id;
    this.#name = name;
  }

  async have(): Promise<Set<number>> {
    const keys = await this.#run("readonly", pieceTable, (s) => s.getAllKeys(all(this.#id))).catch(() => []);
    return new Set(keys.map((k) => (k as [string, number])[1]));
  }

  async get(i: number): Promise<Uint8Array | undefined> {
    const data: unknown = await this.#run("readonly", pieceTable, (s) => s.get([this.#id, i]));
    return data instanceof Uint8Array ? data : undefined;
  }

  async put(i: number, data: Uint8Array): Promise<void> {
    // A view is kept together with all of its buffer, if that is not prevented.
    const own = data.byteLength === data.buffer.byteLength ? data : data.slice();
    await new Promise<void>((resolve, reject) => {
      this.#queue.push({ i, data: own, resolve, reject });
      void this.#write();
    });
    void this.note().catch(() => undefined);
  }

  async clear(): Promise<void> {
    await this.#forget(this.#id);
  }

  /** Notes that this version is in use. */
  async note(): Promise<void> {
    if (performance.now() - this.#noted >= noteEvery) {
      this.#noted = performance.now();
      await this.#run("readwrite", siteTable, (s) => s.put(Date.now(), this.#id));
    }
  }

  /** Writes what is queued, as much as came meanwhile at a time: a transaction costs more than a small piece. */
  async #write(): Promise<void> {
    if (this.#writing) {
      return;
    }
    this.#writing = true;
    for (let most: number = batch; this.#queue.length > 0; ) {
      const some = this.#queue.slice(0, most);
      try {
        await this.#run("readwrite", pieceTable, (s) => some.map(({ i, data }) => s.put(data, [this.#id, i])).at(-1) as IDBRequest);
        this.#queue.splice(0, some.length).forEach((q) => q.resolve());
        most = batch;
      } catch (error) {
        if (some.length > 1) {
          most = 1; // some of them may fit
        } else if (!isFull(error) || !(await this.#evict().catch(() => false))) {
          this.#queue.shift()?.reject(error);
        }
      }
    }
    this.#writing = false;
  }

  /** Forgets the version that was not used for longest, unless it is this one; false when there is none. */
  async #evict(): Promise<boolean> {
    const [ids, times] = await Promise.all([
      this.#run("readonly", siteTable, (s) => s.getAllKeys()),
      this.#run("readonly", siteTable, (s) => s.getAll() as IDBRequest<unknown[]>),
    ]);
    const [oldest] = ids
      .map((id, i) => ({ id: String(id), used: Number(times[i]) || 0 }))
      .filter(({ id }) => id !== this.#id)
      .sort((a, b) => a.used - b.used);
    if (oldest) {
      await this.#forget(oldest.id);
    }
    return oldest !== undefined;
  }

  async #forget(id: string): Promise<void> {
    await this.#run("readwrite", pieceTable, (s) => s.delete(all(id)));
    await this.#run("readwrite", siteTable, (s) => s.delete(id));
  }

  async #run<T>(mode: IDBTransactionMode, table: string, ask: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const db = await (this.#db ??= this.#open());
    return new Promise((resolve, reject) => {
      // What is lost with the power is fetched again.
      const tx = db.transaction(table, mode, { durability: "relaxed" });
      const request = ask(tx.objectStore(table));
      tx.oncomplete = () => resolve(request.result);
      tx.onabort = () => reject(tx.error ?? request.error ?? new DOMException("the browser keeps nothing", "AbortError"));
    });
  }

  #open(): Promise<IDBDatabase> {
    const opened = new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(this.#name, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(pieceTable);
        request.result.createObjectStore(siteTable);
      };
      request.onsuccess = () => {
        const db = request.result;
        db.onclose = () => this.#lose();
        // Whoever clears the origin's data must not have to wait for us.
        db.onversionchange = () => {
          db.close();
          this.#lose();
        };
        resolve(db);
      };
      request.onerror = () => reject(request.error ?? new Error("the browser keeps nothing"));
    });
    opened.catch(() => this.#lose());
    return opened;
  }

  #lose(): void {
    this.#db = undefined;
  }
}

function all(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id], [id, []]);
}

function isFull(error: unknown): boolean {
  return error instanceof DOMException && error.name === "QuotaExceededError";
}
