import { cutRelay } from "../seal/index.ts";
import { target } from "./address.ts";
import { gone, refusedBy } from "./error.ts";
import { type Sender, Session, type SessionOptions } from "./session.ts";
import type { Delivery } from "./subscription.ts";
import { sleep, until, within } from "./wait.ts";

/** The choices of a Pool; each has a default. */
export interface PoolOptions {
  /** How to talk to the relay at a URL. */
  session?: (relay: string) => SessionOptions;
  /** The time over which those who listen come back to a relay that moves: 30 seconds. */
  movedWithin?: number;
  /** The shortest and the longest wait before trying again: a quarter of a second and a minute. */
  least?: number;
  most?: number;
  /** Tells by the event "online" that there is a network again: the global scope. */
  network?: EventTarget;
}

/** The place of one session. */
interface Line {
  session?: Session;
  opening?: Promise<Session>;
}

/**
 * Keeps sessions to relays, one for sending and one for receiving with each, so that
 * none sees both (spec/mailbox.md §7), and makes them anew when they end, with what
 * was subscribed. A relay's address may end in # and its id, which it then has to have.
 * Close it.
 */
export class Pool {
  readonly #o: PoolOptions;
  readonly #closed = new AbortController();
  readonly #lines = new Map<string, Line>();
  readonly #open = new Set<Session>();
  readonly #sleepers = new Set<AbortController>();
  readonly #poke = (): void => this.poke();
  readonly #network: EventTarget | undefined;

  constructor(o: PoolOptions = {}) {
    this.#o = o;
    this.#network = o.network ?? (typeof addEventListener === "function" ? globalThis as unknown as EventTarget : undefined);
    this.#network?.addEventListener("online", this.#poke);
  }

  /** Ends all sessions and subscriptions. */
  close(): void {
    this.#network?.removeEventListener("online", this.#poke);
    this.#closed.abort(gone());
    for (const s of this.#open) s.close();
  }

  /** Tries again at once what waits to be tried again, and whether sessions still live. */
  poke(): void {
    for (const s of this.#sleepers) s.abort();
    for (const s of this.#open) {
      within(5_000, [], (signal) => s.ping(signal)).catch(() => s.close());
    }
  }

  /** Sends a message as Session.put does, over as many sessions as it takes until signal ends. */
  put(relay: string, to: Sender, id: Uint8Array, days: number, body: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.send(relay, (s) => s.put(to, id, days, body, signal), signal);
  }

  /**
   * Does f on the session for sending, again when the session ends under it: it has
   * to be something that may be done twice. What the relay refuses or wants to have
   * waited for fails at once.
   */
  send<T>(relay: string, f: (s: Session) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#try(relay, "send", f, signal);
  }

  /** send on the session for receiving: for newQueue, delete, push. */
  receive<T>(relay: string, f: (s: Session) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#try(relay, "receive", f, signal);
  }

  /**
   * Has handle called with what comes into a queue, one after another, until stop is
   * called or the pool is closed, over as many sessions as it takes. What was not
   * acknowledged when a session ended comes again. trouble is told why there is no
   * subscription just now, and undefined when there is one again.
   */
  subscribe(
    relay: string, recipient: Uint8Array, credit: number, handle: (d: Delivery) => Promise<void> | void,
    trouble: (error: unknown) => void = () => undefined,
  ): () => void {
    target(cutRelay(relay).url, "ws", "");
    const stop = new AbortController();
    const end = (): void => stop.abort(gone());
    if (this.#closed.signal.aborted) end();
    this.#closed.signal.addEventListener("abort", end);
    void this.#listen(relay, recipient, credit, handle, trouble, stop.signal)
      .finally(() => this.#closed.signal.removeEventListener("abort", end));
    return end;
  }

  async #listen(
    relay: string, recipient: Uint8Array, credit: number, handle: (d: Delivery) => Promise<void> | void,
    trouble: (error: unknown) => void, signal: AbortSignal,
  ): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      let wait = this.#backoff(attempt);
      try {
        const s = await this.#session(relay, "receive", signal);
        await s.subscribe(recipient, credit, handle, signal);
        attempt = -1;
        trouble(undefined);
        const moved = await ending(s, signal);
        if (signal.aborted) return await this.#unsubscribe(s, recipient);
        wait = moved ? Math.random() * (this.#o.movedWithin ?? 30_000) : this.#backoff(0);
        trouble(s.ended.reason ?? gone());
      } catch (e) {
        if (signal.aborted) return;
        trouble(e);
      }
      await this.#sleep(wait, signal).catch(() => undefined);
    }
  }

  /** Tells the relay, unless the session is at its end anyway. */
  async #unsubscribe(s: Session, recipient: Uint8Array): Promise<void> {
    if (!this.#closed.signal.aborted) await s.unsubscribe(recipient).catch(() => undefined);
  }

  async #try<T>(relay: string, kind: string, f: (s: Session) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      let said: unknown;
      let opened = false;
      try {
        const s = await this.#session(relay, kind, signal);
        opened = true;
        return await f(s);
      } catch (e) {
        if (signal.aborted || refusedBy(e, "no", "other", "wait") || opened && !refusedBy(e, "gone")) throw e;
        said = e;
      }
      await this.#sleep(this.#backoff(attempt), signal).catch(() => { throw said; });
    }
  }

  /** A random part of what is longer each time, so that not all come back at once. */
  #backoff(attempt: number): number {
    return Math.random() * Math.min((this.#o.least ?? 250) * 2 ** Math.min(attempt, 16), this.#o.most ?? 60_000);
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const poked = new AbortController();
    this.#sleepers.add(poked);
    try {
      await within(ms + 60_000, [signal, this.#closed.signal, poked.signal], (s) => sleep(ms, s));
    } catch (e) {
      if (signal.aborted || this.#closed.signal.aborted) throw e;
    } finally {
      this.#sleepers.delete(poked);
    }
  }

  /** Returns a line's session. One caller opens it, the others wait. */
  async #session(relay: string, kind: string, signal: AbortSignal): Promise<Session> {
    const at = `${kind} ${relay}`;
    this.#closed.signal.throwIfAborted();
    let line = this.#lines.get(at);
    if (!line) this.#lines.set(at, line = {});
    const s = line.session;
    if (s && !s.ended.aborted && !s.moved.aborted) return s;
    delete line.session; // one that moves ends by itself, when what is at work on it had its time
    line.opening ??= this.#dial(relay, line);
    return until(line.opening, signal);
  }

  async #dial(relay: string, line: Line): Promise<Session> {
    try {
      const { url, id } = cutRelay(relay);
      const s = await Session.open(url, { ...this.#o.session?.(url), ...(id ? { relay: id } : {}) }, this.#closed.signal);
      this.#open.add(s);
      s.ended.addEventListener("abort", () => this.#open.delete(s));
      return line.session = s;
    } finally {
      delete line.opening;
    }
  }
}

/** Waits until the session ends or moves, or signal ends; says whether it moves. */
function ending(s: Session, signal: AbortSignal): Promise<boolean> {
  return new Promise((done) => {
    const all = [s.ended, s.moved, signal];
    const over = (): void => {
      for (const a of all) a.removeEventListener("abort", over);
      done(s.moved.aborted);
    };
    for (const a of all) a.addEventListener("abort", over);
    if (all.some((a) => a.aborted)) over();
  });
}
