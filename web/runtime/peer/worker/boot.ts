// What the worker is made of.
import { Host, MemoryKeep, MemoryStore } from "../host/index.ts";

/** A running peer. */
export interface Peer { host: Host }

/** Opens what this origin keeps. wrote is called when something of the person's is kept for the first time. */
export function openPeer(wrote: () => void): Promise<Peer> {
  const store = new MemoryStore(Date.now);
  const unwatch = store.watch((c) => {
    if (c.kind === "document") {
      unwatch();
      wrote();
    }
  });
  return Promise.resolve({ host: new Host({ store, keep: new MemoryKeep(), now: Date.now }) });
}
