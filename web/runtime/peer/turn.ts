/**
 * The turn: one operation at a time enters the cores of the peer, in the order in
 * which they asked. Nothing that waits for a network may hold it.
 */
export class Turn {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs f when everything before it is done; its failure is only its own. */
  take<T>(f: () => Promise<T> | T): Promise<T> {
    const mine = this.#last.then(f);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
