// Where there is no service worker, pages reach the worker of the leading page
// by a broadcast channel: what ports say, with who it is for.
import type { Port } from "../service/wire.ts";

const name = "kith-peer";

type Said =
  /** Who leads? Answered by hello with the id of the worker. */
  | { readonly air: "hello?"; readonly page: string }
  | { readonly air: "hello"; readonly page: string; readonly id: string }
  | { readonly air: "up" | "down"; readonly page: string; readonly id: string; readonly m: unknown }
  | { readonly air: "bye"; readonly page: string; readonly id: string };

/** Hands what pages say to ports of the worker with this id, until the result is called. */
export function serveAir(id: string, port: () => MessagePort): () => void {
  const channel = new BroadcastChannel(name);
  const ports = new Map<string, MessagePort>();
  const serve = (page: string): MessagePort => {
    const mine = port();
    mine.onmessage = (e) => channel.postMessage({ air: "down", page, id, m: e.data } satisfies Said);
    ports.set(page, mine);
    return mine;
  };
  channel.onmessage = (e: MessageEvent<Said>) => {
    const s = e.data;
    if (s.air === "hello?") {
      channel.postMessage({ air: "hello", page: s.page, id } satisfies Said);
    } else if (s.air === "up" && s.id === id) {
      (ports.get(s.page) ?? serve(s.page)).postMessage(s.m);
    } else if (s.air === "bye" && s.id === id) {
      ports.get(s.page)?.close();
      ports.delete(s.page);
    }
  };
  return () => {
    channel.close();
    ports.forEach((p) => p.close());
  };
}

/** Finds the page that leads, and a port to its worker; undefined when none says so within ms. */
export function findAir(ms: number): Promise<{ id: string; port: Port } | undefined> {
  const channel = new BroadcastChannel(name);
  const page = crypto.randomUUID();
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      channel.close();
      resolve(undefined);
    }, ms);
    channel.onmessage = (e: MessageEvent<Said>) => {
      const s = e.data;
      if (s.air !== "hello" || s.page !== page) return;
      clearTimeout(timer);
      resolve({ id: s.id, port: airPort(channel, page, s.id) });
    };
    channel.postMessage({ air: "hello?", page } satisfies Said);
  });
}

function airPort(channel: BroadcastChannel, page: string, id: string): Port {
  const port: Port = {
    onmessage: null,
    postMessage: (m) => channel.postMessage({ air: "up", page, id, m } satisfies Said),
    close: () => {
      channel.postMessage({ air: "bye", page, id } satisfies Said);
      channel.close();
    },
  };
  channel.onmessage = (e: MessageEvent<Said>) => {
    const s = e.data;
    if (s.air === "down" && s.page === page && s.id === id) {
      port.onmessage?.(new MessageEvent("message", { data: s.m }));
    }
  };
  return port;
}
