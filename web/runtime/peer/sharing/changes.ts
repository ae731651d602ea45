/** Counts changes, and wakes who waits for the next. */
export class Changes {
  #version = 1;
  #waiting: (() => void)[] = [];

  get version(): number {
    return this.#version;
  }

  note(): void {
    this.#version++;
    for (const w of this.#waiting.splice(0)) w();
  }

  /** Waits until there was a change after version. */
  async after(version: number, signal: AbortSignal): Promise<void> {
    while (this.#version <= version) {
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const given = (): void => reject(signal.reason as Error);
        signal.addEventListener("abort", given, { once: true });
        this.#waiting.push(() => {
          signal.removeEventListener("abort", given);
          resolve();
        });
      });
    }
  }
}
