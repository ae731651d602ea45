// A server that must not be reached, and remembers who did.
import { createSocket } from "node:dgram";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Where to send things that should not arrive, and what arrived. */
export interface Sink {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  readonly port: number;
  /** The first segment of each path that was asked for; "udp" for a datagram, "tcp" for a connection. */
  readonly hits: Set<string>;
  close(): Promise<void>;
}

/** Starts a sink on TCP and UDP of one port. */
export async function sink(): Promise<Sink> {
  const hits = new Set<string>();
  const server = createServer((request, response) => {
    hits.add((request.url ?? "/").split(/[/?]/)[1] ?? "");
    response.writeHead(200, { "Access-Control-Allow-Origin": "*", "Content-Type": "text/html" });
    response.end("<p>taken");
  });
  server.on("connection", () => hits.add("tcp"));
  server.on("upgrade", (request, socket) => {
    hits.add((request.url ?? "/").split(/[/?]/)[1] ?? "");
    socket.destroy();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const udp = createSocket("udp4", () => hits.add("udp"));
  await new Promise<void>((done) => udp.bind(port, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    hits,
    close: async () => {
      udp.close();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
