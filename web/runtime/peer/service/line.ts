// A service worker's line to the peer's worker, which some page of the origin
// started. Pages come and go, and the service worker is stopped and started:
// whoever leads says so, and is asked to.
import type { Clients } from "../../worker/scope.ts";
import { Caller, type Port } from "./wire.ts";

/** Milliseconds. */
export const waits = {
  /** A page that is loading leads within this time, or is not waited for. */
  coming: 4000,
  /** Pages are asked again, for one may have come that heard nothing. */
  again: 500,
} as const;

/** The name of the lock that the worker with an id holds as long as it lives. */
export function alive(id: string): string {
  return `kith-peer-${id}`;
}

/** What a page says that leads. The port comes with it. */
export interface Lead { readonly kith: "peer"; readonly id: string }

export function isLead(value: unknown): value is Lead {
  const v = value as Partial<Lead> | null;
  return v?.kith === "peer" && typeof v.id === "string";
}

/** Whether a message asks who leads. */
export function asksForPeer(value: unknown): boolean {
  return (value as { kith?: unknown } | null)?.kith === "peer?";
}

/** Calls when the worker with this id is gone. */
export async function whenGone(id: string, gone: () => void): Promise<void> {
  await navigator.locks.request(alive(id), { mode: "shared" }, () => undefined).catch(() => undefined);
  gone();
}

/** The line to the worker that is there, or to the next one. */
export class Line {
  readonly #clients: Clients;
  #caller: Caller | undefined;
  #waiting = new Set<(caller: Caller | undefined) => void>();

  constructor(clients: Clients) {
    this.#clients = clients;
  }

  /** Takes the port of a page that leads. */
  adopt(lead: Lead, port: Port): void {
    const caller = new Caller(port);
    const before = this.#caller;
    this.#caller = caller;
    if (before && !before.busy) before.end(); // one that is busy ends with its worker
    void whenGone(lead.id, () => {
      if (this.#caller === caller) this.#caller = undefined;
      caller.end();
    });
    this.#waiting.forEach((w) => w(caller));
    this.#waiting.clear();
  }

  /** The line, undefined when there is none within ms. */
  async get(ms: number = waits.coming): Promise<Caller | undefined> {
    if (this.#caller || ms <= 0) return this.#caller;
    return new Promise((resolve) => {
      const timers: ReturnType<typeof setTimeout>[] = [];
      const done = (caller: Caller | undefined): void => {
        timers.forEach(clearTimeout);
        this.#waiting.delete(done);
        resolve(caller);
      };
      this.#waiting.add(done);
      for (let at = waits.again; at < ms; at += waits.again) timers.push(setTimeout(() => void this.#call(done), at));
      timers.push(setTimeout(() => done(undefined), ms));
      void this.#call(done);
    });
  }

  /** Asks all pages who leads; gives up where there is none. */
  async #call(done: (caller: undefined) => void): Promise<void> {
    const pages = await this.#clients.matchAll({ type: "window", includeUncontrolled: true });
    if (pages.length === 0) return done(undefined);
    for (const p of pages) p.postMessage({ kith: "peer?" });
  }
}
