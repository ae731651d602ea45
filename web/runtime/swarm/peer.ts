// One peer: what it said, what it was asked, and what it asks. Whom to ask for
// what, and whom to give, is the engine's business.
import { Bits } from "./bits.ts";
import { hex } from "./bytes.ts";
import * as kind from "./kind.ts";
import type { Pipe } from "./pipe.ts";
import { Rate } from "./rate.ts";
import * as wire from "./wire.ts";

/** Milliseconds, octets and counts. */
export const bounds = {
  /** A peer introduces itself within this time. */
  handshake: 20_000,
  /** A peer that says nothing for so long is gone. */
  silence: 150_000,
  /** So long without a word of ours, and we say that we are there. */
  keepAlive: 60_000,
  /** A peer that owes blocks and gives none for so long is asked for no more. */
  snub: 8_000,
  /** Blocks that a peer may ask for at a time. */
  requests: 512,
  /** What a peer that does not say takes at a time, as most programs do. */
  unsaidRequests: 250,
  /** Blocks that a peer may send without having been asked. */
  unasked: 1024,
  /** No more is handed to a connection that has as much left to send as it sends in a quarter of a second, within these. */
  highWater: [512 * 1024, 2 * 1024 * 1024] as const,
  /** Fewest blocks asked for at a time. */
  leastPipeline: 16,
} as const;

/** A stretch of a piece. */
export interface Block {
  readonly piece: number;
  readonly begin: number;
  readonly length: number;
}

/** A block that a peer was asked for, and when. */
export interface Asked extends Block {
  readonly at: number;
}

/** What a peer tells its engine. */
export interface Listener {
  /** The peer introduced itself; false sends it away. */
  meets(p: Peer): boolean;
  /** The peer has more than it had: all, or piece i. */
  has(p: Peer, i: number | undefined): void;
  /** What the peer lets us take, or wants of us, changed. */
  changed(p: Peer): void;
  /** The peer will not give blocks that it was asked for. */
  refused(p: Peer, blocks: Iterable<Block>): void;
  /** A block that was asked for came. */
  block(p: Peer, b: Asked, data: Uint8Array): void;
  /** The peer asks for a block: whether it may have it. */
  mayHave(p: Peer, b: Block): boolean;
  /** There is room to send. */
  drained(p: Peer): void;
  /** The peer is gone. */
  left(p: Peer): void;
}

/** What a peer is told first. */
export interface Introduction {
  readonly swarm: Uint8Array;
  readonly id: Uint8Array;
  readonly client: string;
  readonly have: Bits;
}

/** A connection to a peer. */
export class Peer {
  readonly pipe: Pipe;
  readonly has: Bits;
  /** hexadecimal; "" until the peer introduced itself. */
  id = "";
  client = "";
  amChoking = true;
  amInterested = false;
  choking = true;
  interested = false;
  snubbed = false;
  closed = false;
  /** How many pieces it has that we lack. */
  useful = 0;
  readonly down = new Rate();
  readonly up = new Rate();
  /** What it was asked for and has not given, by keyOf. */
  readonly asked = new Map<number, Asked>();
  /** What it asks for. */
  readonly wants: Block[] = [];
  /** Whether blocks for it are being read. */
  serving = false;

  readonly #listener: Listener;
  readonly #intro: Introduction;
  readonly #splitter: wire.Splitter;
  readonly #born: number;
  #fast = false;
  #takes: number = bounds.unsaidRequests;
  #heard: number;
  #said: number;
  #gave: number;
  #unasked = 0;
  #opened = false;
  #out: Uint8Array[] = [];
  #outSize = 0;

  constructor(pipe: Pipe, intro: Introduction, listener: Listener, now: number) {
    this.pipe = pipe;
    this.has = new Bits(intro.have.size);
    this.#intro = intro;
    this.#listener = listener;
    this.#born = this.#heard = this.#said = this.#gave = now;
    this.#splitter = new wire.Splitter(intro.have.size, (m) => this.#hear(m));
    pipe.onData = (data) => {
      this.#heard = performance.now();
      if (!this.closed && !this.#splitter.push(data)) {
        this.close();
      }
    };
    pipe.onDrain = () => listener.drained(this);
    pipe.onClose = () => this.close();
    this.send(wire.handshake(intro.swarm, intro.id));
  }

  /** Octets that are not on their way yet. */
  get buffered(): number {
    return this.pipe.buffered + this.#outSize;
  }

  /** Whether it takes more octets now. */
  takes(now: number): boolean {
    const [least, most] = bounds.highWater;
    return !this.closed && this.buffered < Math.max(least, Math.min(most, this.up.at(now) / 4));
  }

  /** How many more blocks it may be asked for now. */
  room(most: number, now: number): number {
    if (this.choking || this.closed || this.id === "") {
      return 0;
    }
    const depth = this.snubbed ? 1 : bounds.leastPipeline + Math.ceil(this.down.at(now) / wire.blockLength);
    return Math.min(depth, most, this.#takes) - this.asked.size;
  }

  /** Sends messages; those of one moment go together. */
  send(data: Uint8Array): void {
    if (this.closed) {
      return;
    }
    if (this.#out.length === 0) {
      queueMicrotask(() => this.#flush());
    }
    this.#out.push(data);
    this.#outSize += data.length;
    this.#said = performance.now();
  }

  ask(b: Block, now: number): void {
    if (this.asked.size === 0) {
      this.#gave = now;
    }
    this.asked.set(keyOf(b), { ...b, at: now });
    this.send(wire.message(kind.request, b.piece, b.begin, b.length));
  }

  /** Takes back that a block was asked for. */
  cancel(b: Block): void {
    if (this.asked.delete(keyOf(b))) {
      this.#unasked--; // it may be on its way
      this.send(wire.message(kind.cancel, b.piece, b.begin, b.length));
    }
  }

  choke(yes: boolean): void {
    if (this.amChoking !== yes) {
      this.amChoking = yes;
      if (yes) {
        for (const b of this.wants.splice(0)) {
          this.#reject(b);
        }
      }
      this.send(wire.message(yes ? kind.choke : kind.unchoke));
    }
  }

  interest(yes: boolean): void {
    if (this.amInterested !== yes) {
      this.amInterested = yes;
      this.send(wire.message(yes ? kind.interested : kind.notInterested));
    }
  }

  give(b: Block, data: Uint8Array, now: number): void {
    this.up.add(b.length, now);
    this.send(wire.block(b.piece, b.begin, b.length, data));
  }

  /** Answers a request with no. */
  deny(b: Block): void {
    this.#reject(b);
  }

  /** Looks at what time did; called now and then. */
  tick(now: number): void {
    if (now - this.#heard > bounds.silence || (this.id === "" && now - this.#born > bounds.handshake)) {
      this.close();
      return;
    }
    if (now - this.#said > bounds.keepAlive) {
      this.send(wire.keepAlive());
    }
    if (this.asked.size > 0 && now - this.#gave > bounds.snub) {
      this.snubbed = true;
      this.#gave = now;
      this.#giveUp();
    }
  }

  close(): void {
    if (!this.closed) {
      this.closed = true;
      this.pipe.onData = this.pipe.onDrain = this.pipe.onClose = undefined;
      this.pipe.close();
      this.#listener.left(this);
    }
  }

  #flush(): void {
    const [only] = this.#out;
    if (this.closed || !only) {
      return;
    }
    let data = only;
    if (this.#out.length > 1) {
      data = new Uint8Array(this.#outSize);
      let at = 0;
      for (const part of this.#out) {
        data.set(part, at);
        at += part.length;
      }
    }
    this.#out = [];
    this.#outSize = 0;
    this.pipe.send(data);
  }

  #reject(b: Block): void {
    if (this.#fast) {
      this.send(wire.message(kind.reject, b.piece, b.begin, b.length));
    }
  }

  /** Leaves what was asked for to others. */
  #giveUp(): void {
    const blocks = [...this.asked.values()];
    for (const b of blocks) {
      this.cancel(b);
    }
    this.#listener.refused(this, blocks);
  }

  #hear(m: Uint8Array): void {
    if (this.closed) {
      return;
    }
    if (this.id === "") {
      this.#meet(m);
      return;
    }
    const what = m[0] ?? 255;
    const view = new DataView(m.buffer, m.byteOffset, m.byteLength);
    const numbers = Math.min(3, (m.length - 1) >> 2);
    const [a = -1, b = -1, c = -1] = Array.from({ length: numbers }, (_, i) => view.getUint32(1 + 4 * i));
    const first = !this.#opened;
    this.#opened ||= what !== kind.extended;
    this.#understand(what, m, a, b, c, first);
  }

  #understand(what: number, m: Uint8Array, a: number, b: number, c: number, first: boolean): void {
    switch (what) {
      case kind.choke:
        this.choking = true;
        // With BEP 6 each request is answered by itself; without it all are forgotten.
        if (!this.#fast) {
          this.#forget();
        }
        this.#listener.changed(this);
        break;
      case kind.unchoke:
        this.choking = false;
        this.#listener.changed(this);
        break;
      case kind.interested:
      case kind.notInterested:
        this.interested = what === kind.interested;
        this.#listener.changed(this);
        break;
      case kind.have:
        if (this.has.add(a)) {
          this.#listener.has(this, a);
        }
        break;
      case kind.bitfield:
        if (!first || !this.has.read(m.subarray(1))) {
          this.close();
          return;
        }
        this.#listener.has(this, undefined);
        break;
      case kind.haveAll:
        if (!first) {
          this.close();
          return;
        }
        this.has.fill();
        this.#listener.has(this, undefined);
        break;
      case kind.request:
        this.#asked({ piece: a, begin: b, length: c });
        break;
      case kind.piece:
        this.#block(a, b, m.subarray(9));
        break;
      case kind.cancel: {
        const at = this.wants.findIndex((w) => w.piece === a && w.begin === b && w.length === c);
        if (at >= 0) {
          this.#reject({ piece: a, begin: b, length: c });
          this.wants.splice(at, 1);
        }
        break;
      }
      case kind.reject:
        this.#refused({ piece: a, begin: b, length: c });
        break;
      case kind.extended:
        if (m[1] === 0) {
          const { client, requests } = wire.readExtended(m.subarray(2));
          this.client = client || this.client;
          this.#takes = requests ?? this.#takes;
        }
    }
  }

  #meet(m: Uint8Array): void {
    const hello = wire.readHandshake(m, this.#intro.swarm);
    if (!hello) {
      this.close();
      return;
    }
    this.id = hex(hello.peer);
    this.client = wire.clientOf(hello.peer);
    this.#fast = hello.fast;
    if (!this.#listener.meets(this)) {
      this.close();
      return;
    }
    if (hello.extended) {
      this.send(wire.extended(this.#intro.client, bounds.requests));
    }
    const { have } = this.#intro;
    if (hello.fast && have.full && have.size > 0) {
      this.send(wire.message(kind.haveAll));
    } else if (have.count > 0) {
      this.send(wire.bitfield(have.octets));
    } else if (hello.fast) {
      this.send(wire.message(kind.haveNone));
    }
  }

  #asked(b: Block): void {
    if (b.length < 1 || b.length > wire.longestBlock || this.wants.length > bounds.requests) {
      this.close();
    } else if (this.amChoking || !this.#listener.mayHave(this, b)) {
      this.#reject(b);
    } else {
      this.wants.push(b);
      this.#listener.drained(this);
    }
  }

  #block(piece: number, begin: number, data: Uint8Array): void {
    const key = keyOf({ piece, begin });
    const asked = this.asked.get(key);
    if (asked?.length !== data.length) {
      if (++this.#unasked > bounds.unasked) {
        this.close();
      }
      return;
    }
    const now = performance.now();
    this.asked.delete(key);
    this.#gave = now;
    this.snubbed = false;
    this.down.add(data.length, now);
    this.#listener.block(this, asked, data);
  }

  #refused(b: Block): void {
    if (this.asked.delete(keyOf(b))) {
      this.#listener.refused(this, [b]);
    }
  }

  #forget(): void {
    const blocks = [...this.asked.values()];
    this.asked.clear();
    this.#listener.refused(this, blocks);
  }
}

/** Names a block; there are at most 4096 in a piece. */
export function keyOf(b: { readonly piece: number; readonly begin: number }): number {
  return b.piece * 4096 + Math.floor(b.begin / wire.blockLength);
}
