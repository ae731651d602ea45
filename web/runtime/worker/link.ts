// The worker's way to the page that meets the peers. Pages come and go, and the
// worker is stopped and started: whoever leads says so, and is asked to.
import { readAnswer, type Ask, type Chance, type ToPage } from "../protocol.ts";
import type { Clients } from "./scope.ts";

/** Milliseconds. */
export const waits = {
  /** A page says within this time that it leads, or will. */
  reply: 300,
  /** A page that led a moment ago is busy, rather than gone, as long as it is silent for no longer. */
  busy: 2000,
  /** A page that is loading its runtime leads within this time, or is not waited for. */
  coming: 3000,
  /** Pages are not asked who leads more often. */
  again: 1000,
} as const;

/** A piece that was asked of the leading page. */
interface Wanted {
  readonly id: string;
  readonly piece: number;
  readonly urgent: boolean;
  readonly resolve: (data: Uint8Array) => void;
}

/** The connection to the leading page, or to the next one. */
export class Link {
  readonly #clients: Clients;
  #port: MessagePort | undefined;
  #id = "";
  #next = 0;
  #comingUntil = 0;
  #askedAt = -Infinity;
  readonly #wanted = new Map<number, Wanted>();
  readonly #chances = new Map<number, (c: Chance | undefined) => void>();
  readonly #arrived = new EventTarget();
  readonly #gots: Ask[] = [];
  #news = news();

  constructor(clients: Clients) {
    this.#clients = clients;
  }

  /** Takes the port of a page that leads version id. */
  adopt(id: string, port: MessagePort): void {
    this.#port?.close();
    this.#port = port;
    this.#id = id;
    this.#comingUntil = 0;
    port.onmessage = (e: MessageEvent<unknown>) => this.#hear(port, e.data);
    // Fires in newer browsers when the page is gone; others are found silent.
    port.addEventListener("close", () => this.#lose(port));
    for (const [n, w] of this.#wanted) {
      if (w.id === id) {
        this.#say({ ask: "want", n, piece: w.piece, urgent: w.urgent });
      }
    }
    for (const got of this.#gots.splice(0)) {
      this.#say(got);
    }
    this.#wake();
    this.#tell();
  }

  /** Resolves when there is another chance than there was. */
  get news(): Promise<void> {
    return this.#news.promise;
  }

  /** A page will lead soon. */
  expect(): void {
    this.#comingUntil = Math.max(this.#comingUntil, performance.now() + waits.coming);
    this.#wake();
  }

  /** Asks whoever leads, now or later, for a piece; never rejects but by signal. */
  want(id: string, piece: number, urgent: boolean, signal: AbortSignal): Promise<Uint8Array> {
    const n = this.#next++;
    return new Promise((resolve, reject) => {
      this.#wanted.set(n, { id, piece, urgent, resolve });
      signal.addEventListener("abort", () => {
        if (this.#wanted.delete(n)) {
          this.#say({ ask: "drop", n });
        }
        reject(signal.reason as Error);
      }, { once: true });
      if (this.#id === id) {
        this.#say({ ask: "want", n, piece, urgent });
      }
    });
  }

  /** What may be hoped for of peers; undefined where no page meets them, or none that says so at once where hurry is needed. */
  async chance(id: string, piece: number, hurry: boolean): Promise<Chance | undefined> {
    if (!this.#port) {
      await this.#look();
    }
    if (!this.#port) {
      const joining = this.#comingUntil - performance.now();
      return joining > 0 ? { peers: 0, met: 0, available: false, before: 0, joining, idle: Infinity, rate: 0 } : undefined;
    }
    if (this.#id !== id) {
      return undefined;
    }
    const n = this.#next++;
    const answered = new Promise<Chance | undefined>((resolve) => {
      this.#chances.set(n, resolve);
      setTimeout(() => resolve(undefined), hurry ? waits.reply : waits.busy);
    });
    this.#say({ ask: "chance", n, piece });
    const chance = await answered;
    if (!chance && this.#chances.delete(n)) {
      void this.#look(); // silent: somebody else may lead by now
    }
    return chance;
  }

  /** Says that a piece of version id came from the host. */
  got(id: string, piece: number, bytes: number): void {
    if (this.#id === id && this.#port) {
      this.#say({ ask: "got", piece, bytes });
    } else if (this.#gots.length < 4096) {
      this.#gots.push({ ask: "got", piece, bytes });
    }
  }

  /** Tells all pages something. */
  async tell(message: ToPage): Promise<number> {
    const pages = await this.#clients.matchAll({ type: "window", includeUncontrolled: true });
    for (const page of pages) {
      page.postMessage(message);
    }
    return pages.length;
  }

  /** Asks the pages who leads and waits until one answers, but not for long. */
  async #look(): Promise<void> {
    const now = performance.now();
    if (now - this.#askedAt < waits.again) {
      // Asked a moment ago: what is left of the time for an answer is waited for.
      await this.#heard(waits.reply - (now - this.#askedAt));
      return;
    }
    this.#askedAt = now;
    if ((await this.tell({ kith: "who leads" })) > 0) {
      await this.#heard(waits.reply);
    }
  }

  async #heard(within: number): Promise<void> {
    if (within > 0 && performance.now() >= this.#comingUntil) {
      await new Promise((done) => {
        this.#arrived.addEventListener("arrived", done, { once: true });
        setTimeout(done, within);
      });
    }
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = news();
  }

  #wake(): void {
    this.#arrived.dispatchEvent(new Event("arrived"));
  }

  #say(ask: Ask): void {
    this.#port?.postMessage(ask);
  }

  #lose(port: MessagePort): void {
    if (this.#port === port) {
      this.#port = undefined;
      this.#id = "";
      this.#askedAt = -Infinity;
    }
  }

  #hear(port: MessagePort, data: unknown): void {
    const answer = readAnswer(data);
    switch (answer?.answer) {
      case "piece": {
        const wanted = this.#wanted.get(answer.n);
        this.#wanted.delete(answer.n);
        wanted?.resolve(answer.data);
        return;
      }
      case "chance": {
        const resolve = this.#chances.get(answer.n);
        this.#chances.delete(answer.n);
        resolve?.(answer.chance);
        return;
      }
      case "bye":
        this.#lose(port);
        this.#tell();
        return;
      case "news":
        this.#tell();
        return;
      case "failed": // the wait goes on: another leader may come
      case undefined:
    }
  }
}

/** A promise and what resolves it. */
function news(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
