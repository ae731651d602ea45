// A piece that is being fetched, block by block.
import type { Block, Peer } from "./peer.ts";
import { blockLength } from "./wire.ts";

const free = 0;
const asked = 1;
const here = 2;

/** A piece in the making. */
export class Job {
  readonly piece: number;
  readonly data: Uint8Array;
  /** Blocks that nobody was asked for. */
  free: number;
  /** Blocks that are not here. */
  missing: number;
  /** Who gave something of it. */
  readonly from = new Set<Peer>();
  /** After a failure, one peer alone gives a piece, so that it is known who lies. */
  readonly alone: boolean;
  #only: Peer | undefined;
  #next = 0;
  /** What is behind this is zero, and not asked for. */
  readonly #filled: number;
  readonly #blocks: Uint8Array;

  constructor(piece: number, length: number, filled: number, alone: boolean) {
    this.piece = piece;
    this.data = new Uint8Array(length);
    this.#filled = filled;
    this.#blocks = new Uint8Array(Math.ceil(filled / blockLength));
    this.free = this.missing = this.#blocks.length;
    this.alone = alone;
  }

  /** Whether p may be asked for blocks of it. */
  open(p: Peer): boolean {
    return !this.alone || this.#only === undefined || this.#only === p;
  }

  /** The next block that nobody was asked for; it counts as asked of p now. */
  take(p: Peer): Block | undefined {
    while (this.#next < this.#blocks.length && this.#blocks[this.#next] !== free) {
      this.#next++;
    }
    if (this.free === 0 || this.#next >= this.#blocks.length || !this.open(p)) {
      return undefined;
    }
    this.#only = p;
    this.#blocks[this.#next] = asked;
    this.free--;
    return this.block(this.#next);
  }

  /** Blocks that were asked for and are not here. */
  *waiting(): Iterable<Block> {
    for (let n = 0; n < this.#blocks.length; n++) {
      if (this.#blocks[n] === asked) {
        yield this.block(n);
      }
    }
  }

  /** Nobody is asked for a block any more. */
  release(b: Block): void {
    const n = b.begin / blockLength;
    if (this.#blocks[n] === asked) {
      this.#blocks[n] = free;
      this.free++;
      this.#next = Math.min(this.#next, n);
    }
  }

  /** The only giver of a piece is gone or slow: another one begins anew. */
  abandon(p: Peer): void {
    if (this.alone && this.#only === p) {
      this.#only = undefined;
      this.from.clear();
      this.#blocks.fill(free);
      this.free = this.missing = this.#blocks.length;
      this.#next = 0;
    }
  }

  /** Takes a block; false when it is here already. */
  put(p: Peer, b: Block, data: Uint8Array): boolean {
    const n = b.begin / blockLength;
    if (this.#blocks[n] === here || !this.open(p) || this.#blocks[n] === undefined) {
      return false;
    }
    if (this.#blocks[n] === free) {
      this.free--;
    }
    this.#blocks[n] = here;
    this.missing--;
    this.data.set(data, b.begin);
    this.from.add(p);
    return true;
  }

  private block(n: number): Block {
    const begin = n * blockLength;
    return { piece: this.piece, begin, length: Math.min(blockLength, this.#filled - begin) };
  }
}
