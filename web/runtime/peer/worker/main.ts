// worker.js: the dedicated worker of the page that leads. It alone has the
// documents, the keys and the connections; ports bring it requests.
import { alive } from "../service/line.ts";
import { Callee, type Port } from "../service/wire.ts";
import type { FromWorker, ToWorker } from "../page/place.ts";
import { openPeer, type Peer } from "./boot.ts";

interface Scope {
  postMessage(m: FromWorker): void;
  onmessage: ((e: MessageEvent) => void) | null;
}

/** Held as long as the store is open: the next worker waits until this one is really gone. */
const storeLock = "kith-store";

/** Forever, as far as a worker lives. */
const forever = new Promise<never>(() => undefined);

/** Serves requests until the page goes. */
function begin(scope: Scope): void {
  const id = crypto.randomUUID();
  let connections: (port: MessagePort) => void = () => undefined;
  const window = new Promise<MessagePort>((resolve) => { connections = resolve; });
  const opened: Promise<Peer> = new Promise((resolve, reject) => {
    const open = async (): Promise<void> => {
      try {
        resolve(await openPeer(() => scope.postMessage({ kith: "persist" }), await window));
      } catch (error) {
        reject(error as Error);
        scope.postMessage({ kith: "failed", why: String(error) });
      }
      await forever;
    };
    void navigator.locks.request(storeLock, open);
  });
  opened.catch(() => undefined); // said to whoever asks
  scope.onmessage = (e: MessageEvent) => {
    const [port] = e.ports;
    if ((e.data as ToWorker).kith === "connections") {
      if (port) connections(port);
    } else if (port) {
      const callee = new Callee(port as Port, async (call) => (await opened).host.handle(call));
      port.addEventListener("close", () => callee.end());
    }
  };
  // Who waits for this lock learns that the worker is gone.
  void navigator.locks.request(alive(id), () => {
    scope.postMessage({ kith: "ready", id });
    return forever;
  });
}

begin(self as unknown as Scope);
