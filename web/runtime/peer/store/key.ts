/**
 * The store's key, kept wrapped: the key that wraps it is one that cannot leave
 * the browser, and lies in IndexedDB with it. Forgetting both is the end of all
 * that the store holds.
 */
const table = "keys";
const row = "store";

interface Kept {
  wrapping: CryptoKey;
  nonce: Uint8Array;
  wrapped: ArrayBuffer;
}

/** The key of the store of this origin; made when there is none. */
export async function storeKey(database: string): Promise<Uint8Array> {
  const db = await openDatabase(database);
  try {
    const kept = (await request(db.transaction(table).objectStore(table).get(row))) as Kept | undefined;
    if (kept) {
      return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: kept.nonce as BufferSource }, kept.wrapping, kept.wrapped));
    }
    const key = crypto.getRandomValues(new Uint8Array(32));
    const nonce = crypto.getRandomValues(new Uint8Array(12));
    const wrapping = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const wrapped = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, wrapping, key);
    const change = db.transaction(table, "readwrite", { durability: "strict" });
    change.objectStore(table).put({ wrapping, nonce, wrapped } satisfies Kept, row);
    await new Promise<void>((done, failed) => {
      change.oncomplete = () => done();
      change.onerror = change.onabort = () => failed(change.error ?? new Error("the key was not kept"));
    });
    return key;
  } finally {
    db.close();
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(table);
  return request(opening);
}

function request<T>(r: IDBRequest<T>): Promise<T> {
  return new Promise((done, failed) => {
    r.onsuccess = () => done(r.result);
    r.onerror = () => failed(r.error ?? new Error("IndexedDB failed"));
  });
}
