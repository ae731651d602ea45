// A set of small numbers, as BEP 3 writes it: the first is the highest bit.

/** The pieces that somebody has. */
export class Bits {
  readonly size: number;
  readonly octets: Uint8Array;
  count = 0;

  constructor(size: number) {
    this.size = size;
    this.octets = new Uint8Array(Math.ceil(size / 8));
  }

  get full(): boolean {
    return this.count === this.size;
  }

  has(i: number): boolean {
    return ((this.octets[i >> 3] ?? 0) & (128 >> (i & 7))) !== 0;
  }

  /** Whether i was not there before. */
  add(i: number): boolean {
    if (i < 0 || i >= this.size || this.has(i)) {
      return false;
    }
    this.octets[i >> 3] = (this.octets[i >> 3] ?? 0) | (128 >> (i & 7));
    this.count++;
    return true;
  }

  /** Whether i was there before. */
  delete(i: number): boolean {
    if (!this.has(i)) {
      return false;
    }
    this.octets[i >> 3] = (this.octets[i >> 3] ?? 0) & ~(128 >> (i & 7));
    this.count--;
    return true;
  }

  fill(): void {
    for (let i = 0; i < this.size; i++) {
      this.add(i);
    }
  }

  /** Reads a bitfield; false for one of another length, or with bits behind its end. */
  read(octets: Uint8Array): boolean {
    if (octets.length !== this.octets.length) {
      return false;
    }
    let count = 0;
    for (let i = 0; i < octets.length * 8; i++) {
      if (((octets[i >> 3] ?? 0) & (128 >> (i & 7))) !== 0) {
        count++;
        if (i >= this.size) {
          return false;
        }
      }
    }
    this.octets.set(octets);
    this.count = count;
    return true;
  }
}
