// What other programs do in the page: each empty database is filled by its server,
// and it is said how many milliseconds that took until all was in IndexedDB.
import PouchDB from "pouchdb";
import { createRxDatabase } from "rxdb/plugins/core";
import { getRxStorageDexie } from "rxdb/plugins/storage-dexie";
import { replicateWithWebsocketServer } from "rxdb/plugins/replication-websocket";
import { IndexeddbPersistence, fetchUpdates } from "y-indexeddb";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { schema } from "./schema.mjs";

async function pouchdb(url, many) {
  const db = new PouchDB("documents");
  const from = performance.now();
  await new Promise((done, fail) => PouchDB.replicate(url, db, { batch_size: 1000 }).on("complete", done).on("error", fail));
  const took = performance.now() - from;
  return { took, have: (await db.info()).doc_count, many };
}

async function rxdb(url, many) {
  const database = await createRxDatabase({ name: "documents", storage: getRxStorageDexie(), multiInstance: false });
  await database.addCollections({ documents: { schema } });
  const from = performance.now();
  const replication = await replicateWithWebsocketServer({ collection: database.documents, url, batchSize: 1000, live: true });
  await replication.awaitInitialReplication();
  const took = performance.now() - from;
  return { took, have: await database.documents.count().exec(), many };
}

async function yjs(url, many) {
  const doc = new Y.Doc();
  const store = new IndexeddbPersistence("documents", doc);
  await store.whenSynced;
  const from = performance.now();
  const provider = new WebsocketProvider(url, "documents", doc);
  await new Promise((done) => provider.once("sync", done));
  await fetchUpdates(store); // waits for the transaction that keeps what came
  const took = performance.now() - from;
  return { took, have: doc.getMap("documents").size, many };
}

globalThis.fill = { pouchdb, rxdb, yjs };
