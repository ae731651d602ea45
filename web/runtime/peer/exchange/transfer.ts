import type { Body, Mailbox, Relation, Reply, World } from "../contract.ts";
import { Fault } from "../fault.ts";
import { Chunks as Shelf, Gate, type Part, type Pool, refusedBy, sleep, within } from "../mailbox/index.ts";
import {
  type ChunkRef, type Chunks, chunkRoom, chunkSize, chunkSizes, cutRelay, newChunkRef, newSeed, openChunk, sealChunk,
} from "../seal/index.ts";
import type { Courier } from "./courier.ts";

/** How many chunks of one body are on their way at once. */
const uploads = 3;
/** Bounds of fetching a chunk. */
const fetchTries = 6;
const fetchPause = 500;

/** What bodies in chunks need of the Peer (spec §5.3). */
export interface Carrier {
  pool: Pool;
  world: World;
  patience: number;
  courier: Courier;
}

/** Cuts a body into chunks, seals them and puts each on the first relay of the asker's that takes it. */
export async function upload(c: Carrier, r: Relation, reply: Reply, body: Body, signal: AbortSignal): Promise<Chunks> {
  const each = chunkSize(reply.size);
  const room = chunkRoom(each);
  const key = newSeed((n) => c.world.random(n));
  const at: ChunkRef[] = [];
  const gate = new Gate(uploads);
  const stop = new AbortController();
  await within(0x7fff_ffff, [signal, stop.signal], async (s) => {
    const put = (i: number): Promise<void> => gate.pass(s, async () => {
      const part = await body.read(i * room, Math.min((i + 1) * room, reply.size));
      at[i] = await shelve(c, r, await sealChunk(key, i, part, each), s);
    });
    await Promise.all(Array.from({ length: Math.ceil(reply.size / room) }, (_, i) => put(i).catch((e: unknown) => {
      stop.abort(e);
      throw e;
    })));
  });
  return { key, size: reply.size, each, at };
}

async function shelve(c: Carrier, r: Relation, chunk: Uint8Array, signal: AbortSignal): Promise<ChunkRef> {
  let said: unknown = new Fault("unreachable", "there is no relay to put chunks on");
  for (const m of r.out) {
    try {
      return await within(2 * c.patience, [signal], (s) => shelveAt(c, m, chunk, s));
    } catch (e) {
      said = new Fault("unreachable", `put a part where a friend can fetch it: ${m.relay}`, "", e);
    }
  }
  throw said;
}

async function shelveAt(c: Carrier, m: Mailbox, chunk: Uint8Array, signal: AbortSignal): Promise<ChunkRef> {
  const to = await c.courier.sender(m);
  const [ticket] = await c.pool.send(m.relay, (s) => s.tickets(to, chunkSizes.indexOf(chunk.length) + 1, 1, signal), signal);
  if (!ticket) throw new Fault("unreachable", "the relay gave no ticket");
  const ref = newChunkRef((n) => c.world.random(n), m.relay);
  await new Shelf(cutRelay(m.relay).url).upload(ticket, ref.id, ref.erase, chunk, signal);
  return ref;
}

/**
 * A body that is fetched chunk by chunk as it is read. Read to its end and closed, it is
 * erased where it was fetched; what was not can be had again.
 */
export class Download implements Body {
  readonly size: number;
  readonly #c: Carrier;
  readonly #chunks: Chunks;
  readonly #read = new Set<number>();
  readonly #held = new Map<number, Promise<Uint8Array>>();
  readonly #stop = new AbortController();
  readonly #over: (erase: ((signal: AbortSignal) => Promise<void>) | undefined) => void;

  /** over is told of the end; with how to erase when all was read. relays are where chunks may be. */
  constructor(
    c: Carrier, chunks: Chunks, relays: ReadonlySet<string>,
    over: (erase: ((signal: AbortSignal) => Promise<void>) | undefined) => void,
  ) {
    for (const { relay } of chunks.at) {
      if (!relays.has(relay)) throw new Fault("forbidden", `the answer is at ${JSON.stringify(relay)}, which is no relay of this relation`);
    }
    this.size = chunks.size;
    this.#c = c;
    this.#chunks = chunks;
    this.#over = over;
  }

  async read(from: number, to: number): Promise<Uint8Array> {
    const room = chunkRoom(this.#chunks.each);
    const end = Math.min(to, this.size);
    const out = new Uint8Array(Math.max(end - from, 0));
    for (let i = Math.floor(from / room); i * room < end; i++) {
      const part = await this.#part(i);
      const start = i * room;
      out.set(part.subarray(Math.max(from - start, 0), end - start), Math.max(start - from, 0));
      if (end >= start + part.length) this.#read.add(i);
    }
    return out;
  }

  close(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(new Fault("canceled", "the body was closed"));
    this.#held.clear();
    this.#over(this.#read.size < this.#chunks.at.length ? undefined : (s) => this.#erase(s));
  }

  async #erase(signal: AbortSignal): Promise<void> {
    for (const at of this.#chunks.at) {
      await new Shelf(cutRelay(at.relay).url).erase(at.id, at.erase, signal).catch(() => undefined); // it ends by itself
    }
  }

  /** Returns the i-th part, and has the next one fetched meanwhile. */
  #part(i: number): Promise<Uint8Array> {
    for (const n of this.#held.keys()) if (n !== i && n !== i + 1) this.#held.delete(n);
    for (const n of [i, i + 1]) {
      if (n >= this.#chunks.at.length || this.#held.has(n)) continue;
      const part = this.#fetch(n);
      this.#held.set(n, part);
      part.catch(() => this.#held.delete(n));
    }
    return this.#held.get(i)!;
  }

  /** Fetches one chunk, going on where an attempt broke off. */
  async #fetch(i: number): Promise<Uint8Array> {
    const at = this.#chunks.at[i]!;
    const { signal } = this.#stop;
    const part: Part = { octets: new Uint8Array(this.#chunks.each), got: 0 };
    for (let attempt = 1; ; attempt++) {
      try {
        await within(3 * this.#c.patience, [signal], (s) => new Shelf(cutRelay(at.relay).url).download(at.id, part, s));
        if (part.got !== part.octets.length) throw new Fault("unreachable", "the relay gave less than a chunk has");
        return await openChunk(this.#chunks, i, part.octets);
      } catch (e) {
        // What does not open was changed on its way, or broken off and gone on with wrongly: once more from the beginning.
        if (part.got === part.octets.length) part.got = 0;
        if (attempt === fetchTries || signal.aborted || refusedBy(e, "absent")) {
          throw new Fault("unreachable", `fetch part ${i + 1} of ${this.#chunks.at.length} from ${at.relay}`, "ask again", e);
        }
      }
      await sleep(fetchPause * 2 ** attempt, signal);
    }
  }
}
