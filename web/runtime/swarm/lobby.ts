// Where those who were met wait until it is known what the site is made of:
// meeting people takes as long as reading the index, and need not wait for it.
import type { Engine } from "./engine.ts";
import type { Pipe } from "./pipe.ts";

/** The engine, as far as those who look for peers need it, be it there or not yet. */
export class Lobby {
  onneed: ((lost: boolean) => void) | undefined;
  readonly #most: number;
  #engine: Engine | undefined;
  #waiting: Pipe[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** The engine is there: it takes those who wait. */
  enter(engine: Engine): void {
    this.#engine = engine;
    engine.onneed = (lost) => this.onneed?.(lost);
    for (const pipe of this.#waiting.splice(0)) {
      pipe.onClose = undefined;
      engine.connect(pipe);
    }
  }

  get free(): number {
    return this.#engine?.free ?? Math.max(0, this.#most - this.#waiting.length);
  }

  get room(): boolean {
    return this.#engine?.room ?? this.free > 0;
  }

  get full(): boolean {
    return this.#engine?.full ?? false;
  }

  get met(): number {
    return this.#engine?.met ?? this.#waiting.length;
  }

  get useful(): number {
    return this.#engine?.useful ?? 0;
  }

  get progress(): Engine["progress"] {
    return this.#engine?.progress ?? { downloaded: 0, uploaded: 0, left: 1 };
  }

  knows(id: string): boolean {
    return this.#engine?.knows(id) ?? false;
  }

  connect(pipe: Pipe): void {
    if (this.#engine) {
      this.#engine.connect(pipe);
      return;
    }
    this.#waiting.push(pipe);
    pipe.onClose = () => {
      this.#waiting = this.#waiting.filter((p) => p !== pipe);
    };
  }

  disconnect(): void {
    this.#engine?.disconnect();
    this.#waiting.splice(0).forEach((p) => p.close());
  }

  changed(): void {
    this.#engine?.onchange?.();
  }
}
