// memory.js: the host of a page that can keep nothing.
import { Host } from "../../../runtime/peer/host/host.ts";
import { MemoryKeep, MemoryStore } from "../../../runtime/peer/host/memory.ts";
import type { Handler } from "./transport.ts";

/** A host in this page. */
export function memoryHost(): Handler {
  const host = new Host({ store: new MemoryStore(Date.now), keep: new MemoryKeep(), now: Date.now });
  return {
    ask: (call, making) => host.handle({
      ...call, body: making.body, signal: making.signal ?? new AbortController().signal, person: making.person ?? (() => undefined),
    }),
  };
}
