// A page of the tests: it makes the connections of its worker, and asks it things.
import { serveConnections } from "../../../web/runtime/peer/direct/window.ts";
import type { Call, Page, Result } from "./calls.ts";

declare global {
  var device: Page;
}

// As in a browser that cannot hand channels to workers.
if (location.hash === "#stay") {
  const post = MessagePort.prototype.postMessage as (m: unknown, transfer?: unknown) => void;
  MessagePort.prototype.postMessage = function (this: MessagePort, m: unknown, transfer?: unknown) {
    if (Array.isArray(transfer) && transfer[0] instanceof RTCDataChannel) throw new TypeError("not transferable");
    post.call(this, m, transfer);
  };
}

const worker = new Worker("/worker.js", { type: "module" });
const { port1, port2 } = new MessageChannel();
serveConnections(port1);
worker.postMessage({ port: port2 }, [port2]);

let last = 0;
const waiting = new Map<number, (r: Result) => void>();
worker.onmessage = (e: MessageEvent<Result>) => {
  waiting.get(e.data.id)?.(e.data);
  waiting.delete(e.data.id);
};
globalThis.device = {
  call: (name, ...args) => new Promise((resolve, reject) => {
    const id = ++last;
    waiting.set(id, (r) => r.error === undefined ? resolve(r.value as never) : reject(new Error(r.error)));
    worker.postMessage({ id, name, args } satisfies Call);
  }),
};
