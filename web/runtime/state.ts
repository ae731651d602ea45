// What this origin's runtime remembers in the browser: a handful of records in
// one IndexedDB, which pages and the service worker both reach.

const table = "state";

/** Records by key. Every method rejects where the browser keeps nothing. */
export class State {
  #db: Promise<IDBDatabase> | undefined;
  readonly #name: string;

  constructor(name = "kith-visit") {
    this.#name = name;
  }

  async get(key: string): Promise<unknown> {
    return this.#run("readonly", (s) => s.get(key));
  }

  async put(key: string, value: unknown): Promise<void> {
    await this.#run("readwrite", (s) => s.put(value, key));
  }

  async delete(key: string): Promise<void> {
    await this.#run("readwrite", (s) => s.delete(key));
  }

  async #run<T>(mode: IDBTransactionMode, ask: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const db = await (this.#db ??= this.#open());
    return new Promise((resolve, reject) => {
      const tx = db.transaction(table, mode);
      const request = ask(tx.objectStore(table));
      tx.oncomplete = () => resolve(request.result);
      tx.onabort = () => reject(tx.error);
    });
  }

  #open(): Promise<IDBDatabase> {
    const opened = new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(this.#name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(table);
      request.onsuccess = () => {
        const forget = (): void => {
          this.#db = undefined;
        };
        request.result.onclose = forget;
        // Whoever clears the origin's data must not have to wait for us.
        request.result.onversionchange = () => {
          request.result.close();
          forget();
        };
        resolve(request.result);
      };
      request.onerror = () => reject(request.error);
    });
    opened.catch(() => {
      this.#db = undefined;
    });
    return opened;
  }
}
