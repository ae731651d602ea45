/** Keys that cannot leave the browser, in IndexedDB. */
import type { KeyStore } from "./options.ts";

const table = "keys";

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed"));
  });
}

/** The keys of this origin, or nothing where there is no IndexedDB. */
export function browserKeys(name = "kith keys"): KeyStore | undefined {
  if (typeof indexedDB === "undefined") return undefined;
  const opened = async (): Promise<IDBDatabase> => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => void request.result.createObjectStore(table);
    return settled(request);
  };
  const within = async <T>(mode: IDBTransactionMode, f: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    const db = await opened();
    try {
      const transaction = db.transaction(table, mode);
      const done = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new Error("IndexedDB failed"));
      });
      const result = await settled(f(transaction.objectStore(table)));
      await done;
      return result;
    } finally {
      db.close();
    }
  };
  return {
    find: (device) => within<CryptoKey | undefined>("readonly", (s) => s.get(device)),
    keep: async (device, key) => void (await within("readwrite", (s) => s.put(key, device))),
  };
}
