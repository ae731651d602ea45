// Finished pieces: those at hand, and those that are kept on this device.
import type { Bits } from "./bits.ts";
import type { Index, PieceStore } from "../types.ts";

/** Reads and keeps pieces; what was used last stays in memory. */
export class Shelf {
  readonly #index: Index;
  readonly #store: PieceStore;
  readonly #have: Bits;
  readonly #room: number;
  readonly #lost: (i: number) => void;
  readonly #near = new Map<number, Uint8Array>();
  readonly #reading = new Map<number, Promise<Uint8Array | undefined>>();
  #used = 0;

  constructor(index: Index, store: PieceStore, have: Bits, room: number, lost: (i: number) => void) {
    this.#index = index;
    this.#store = store;
    this.#have = have;
    this.#room = room;
    this.#lost = lost;
  }

  /** Learns what is kept. A piece without content needs not be fetched. */
  async begin(): Promise<void> {
    for (let i = 0; i < this.#index.pieces; i++) {
      if (this.#index.length(i) === 0) {
        this.#have.add(i);
      }
    }
    for (const i of await this.#store.have().catch(() => new Set<number>())) {
      this.#have.add(i);
    }
  }

  /** Piece i, if it is in memory. */
  near(i: number): Uint8Array | undefined {
    return this.#near.get(i);
  }

  /** Piece i, verified. What turns out not to be there is not offered any more. */
  get(i: number): Promise<Uint8Array | undefined> {
    const near = this.#near.get(i);
    if (near) {
      return Promise.resolve(this.#touch(i, near));
    }
    let reading = this.#reading.get(i);
    if (!reading) {
      reading = this.#read(i).finally(() => this.#reading.delete(i));
      this.#reading.set(i, reading);
    }
    return reading;
  }

  /** Keeps a verified piece; rejects when there is no room. */
  async put(i: number, data: Uint8Array): Promise<void> {
    this.#touch(i, data);
    await this.#store.put(i, data);
    this.#have.add(i);
  }

  async #read(i: number): Promise<Uint8Array | undefined> {
    const empty = this.#index.length(i) === 0;
    const data = empty ? new Uint8Array(0) : await this.#store.get(i).catch(() => undefined);
    if (data?.length === this.#index.length(i) && (await this.#index.verify(i, data))) {
      return this.#touch(i, data);
    }
    if (this.#have.delete(i)) {
      this.#lost(i);
    }
    return undefined;
  }

  #touch(i: number, data: Uint8Array): Uint8Array {
    if (!this.#near.delete(i)) {
      this.#used += data.length;
    }
    this.#near.set(i, data);
    for (const [oldest, old] of this.#near) {
      if (this.#used <= this.#room || oldest === i) {
        break;
      }
      this.#near.delete(oldest);
      this.#used -= old.length;
    }
    return data;
  }
}
