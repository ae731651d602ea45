/** Waiting: everything that waits has a deadline and ends when it is told to. */

/** Runs f with a signal that ends after ms or with any of the parents. */
export async function within<T>(
  ms: number, parents: readonly (AbortSignal | undefined)[], f: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const stop = (e: Event): void => own.abort((e.target as AbortSignal).reason);
  const timer = setTimeout(() => own.abort(new DOMException("nobody answered in time", "TimeoutError")), ms);
  for (const p of parents) {
    if (p?.aborted) own.abort(p.reason);
    p?.addEventListener("abort", stop);
  }
  try {
    return await f(own.signal);
  } finally {
    clearTimeout(timer);
    for (const p of parents) p?.removeEventListener("abort", stop);
  }
}

/** A promise that fails when the signal ends first. What it waits for goes on. */
export function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** Waits; it fails when the signal ends first. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  return until(new Promise<void>((done) => { timer = setTimeout(done, ms); }), signal).finally(() => clearTimeout(timer));
}

/** Lets so many in at once, in the order in which they came. */
export class Gate {
  #room: number;
  readonly #line: (() => void)[] = [];

  constructor(room: number) {
    this.#room = room;
  }

  /** Runs f when there is room for it, or fails when the signal ends before. */
  async pass<T>(signal: AbortSignal, f: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#room > 0) this.#room--;
    else await this.#queue(signal);
    try {
      return await f();
    } finally {
      this.#leave();
    }
  }

  async #queue(signal: AbortSignal): Promise<void> {
    let mine = (): void => undefined;
    const turn = new Promise<void>((done) => { mine = done; });
    this.#line.push(mine);
    try {
      await until(turn, signal);
    } catch (e) {
      const at = this.#line.indexOf(mine);
      if (at >= 0) this.#line.splice(at, 1);
      else this.#leave(); // it was let in at the same moment
      throw e;
    }
  }

  #leave(): void {
    const next = this.#line.shift();
    if (next) next();
    else this.#room++;
  }
}
