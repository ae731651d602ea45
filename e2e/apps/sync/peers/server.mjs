// A server with documents, of another program: node server.mjs pouchdb|rxdb|yjs N
// prints {"url": …} when it serves, on loopback.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const [kind, count] = [process.argv[2], Number(process.argv[3])];

/** What each document says. */
const text = (i) => `document ${i} `.repeat(20);

const listen = (server) => new Promise((done) => server.listen(0, "127.0.0.1", () => done(server.address().port)));

/** PouchDB behind CouchDB's protocol. */
async function pouchdb() {
  const PouchDB = require("pouchdb").plugin(require("pouchdb-adapter-memory")).defaults({ adapter: "memory" });
  const db = new PouchDB("documents");
  for (let i = 0; i < count; i += 1000) {
    await db.bulkDocs(Array.from({ length: Math.min(1000, count - i) }, (_, k) => ({ _id: `many/${i + k}`, text: text(i + k) })));
  }
  const app = require("express")();
  app.use((request, answer, next) => {
    answer.set({ "Access-Control-Allow-Origin": request.get("origin") ?? "*", "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Headers": "content-type,accept", "Access-Control-Allow-Methods": "GET,POST,PUT,HEAD" });
    if (request.method === "OPTIONS") answer.sendStatus(204);
    else next();
  });
  app.use("/", require("express-pouchdb")(PouchDB, { mode: "minimumForPouchDB", inMemoryConfig: true, logPath: "/dev/null" }));
  return `http://127.0.0.1:${await listen(createServer(app))}/documents`;
}

/** RxDB's own replication by a WebSocket. */
async function rxdb() {
  const { createRxDatabase } = await import("rxdb/plugins/core");
  const { getRxStorageMemory } = await import("rxdb/plugins/storage-memory");
  const { startWebsocketServer } = await import("rxdb/plugins/replication-websocket");
  const { schema } = await import("./schema.mjs");
  const database = await createRxDatabase({ name: "server", storage: getRxStorageMemory(), multiInstance: false });
  await database.addCollections({ documents: { schema } });
  for (let i = 0; i < count; i += 1000) {
    await database.documents.bulkInsert(Array.from({ length: Math.min(1000, count - i) }, (_, k) => ({ id: `many/${i + k}`, text: text(i + k) })));
  }
  const free = createServer();
  const port = await listen(free);
  await new Promise((done) => free.close(done));
  await startWebsocketServer({ database, hostname: "127.0.0.1", port, path: "/documents" });
  return `ws://127.0.0.1:${port}/documents`;
}

/** y-websocket's server, with one map. */
async function yjs() {
  const { WebSocketServer } = require("ws");
  const { setupWSConnection, getYDoc } = await import("@y/websocket-server/utils");
  const map = getYDoc("documents").getMap("documents");
  for (let i = 0; i < count; i++) map.set(`many/${i}`, text(i));
  const server = createServer();
  new WebSocketServer({ server }).on("connection", (socket, request) => setupWSConnection(socket, request));
  return `ws://127.0.0.1:${await listen(server)}`;
}

console.log(JSON.stringify({ url: await { pouchdb, rxdb, yjs }[kind]() }));
