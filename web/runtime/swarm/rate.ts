// Octets a second, as an average that forgets.

const memory = 2000;

/** Measures a rate. */
export class Rate {
  #value = 0;
  #at = 0;
  total = 0;

  add(octets: number, now: number): void {
    this.#value = this.at(now) + (octets * 1000) / memory;
    this.#at = now;
    this.total += octets;
  }

  /** The rate at a time in milliseconds. */
  at(now: number): number {
    return this.#value * Math.exp((this.#at - now) / memory);
  }
}
