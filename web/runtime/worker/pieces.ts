// Gets the pieces of one version of a site: from this device, from peers by way
// of the leading page, or from the host. Whatever the source, a piece is
// verified before it is used.
import type { Index, PieceStore, SiteInfo } from "../types.ts";
import type { Link } from "./link.ts";
import { patience } from "./patience.ts";

export const bounds = {
  /** Pieces asked of the host at once. */
  hostLanes: 6,
  /** Octets of pieces kept in memory. */
  memory: 16 * 1024 * 1024,
  /** Milliseconds for which it is believed what is on this device: pages keep pieces too. */
  known: 2000,
  /** Pieces of a site up to which they are listed; in larger ones each is looked for by itself. */
  listed: 4096,
  /** Milliseconds after which the host is held to be gone. */
  hostSilence: 15_000,
  /** Milliseconds that a piece is waited for when the host does not have it. */
  withoutHost: 60_000,
} as const;

/** A piece that was neither on this device, nor with peers, nor with the host. */
export class MissingPiece extends Error {
  /** Whether the host could not be reached at all. */
  readonly hostGone: boolean;

  constructor(piece: number, hostGone: boolean) {
    super(`piece ${piece} is neither with peers nor with the host`);
    this.hostGone = hostGone;
  }
}

interface Job {
  readonly done: Promise<Uint8Array>;
  readonly stop: AbortController;
  waiting: number;
}

/** A piece that is waited for, since began. */
interface Waiting {
  readonly paint: boolean;
  readonly began: number;
  readonly ahead: number;
}

/** Where a piece may come from before peers are asked: an older version of the site. */
export type Earlier = (piece: number) => Promise<Uint8Array | undefined>;

/** The pieces of one version. */
export class Pieces {
  readonly #info: SiteInfo;
  readonly #index: Index;
  readonly #store: PieceStore;
  readonly #link: Link;
  readonly #earlier: Earlier;
  readonly #jobs = new Map<number, Job>();
  readonly #memory = new Map<number, Uint8Array>();
  #inMemory = 0;
  #known: { readonly at: number; readonly have: Promise<Set<number>> } | undefined;
  #ahead = 0;
  /** Milliseconds that a piece takes from the host, as an average that forgets. */
  #hostTime = 0;
  #lanes = 0;
  readonly #queue: { readonly paint: boolean; readonly go: () => void }[] = [];

  constructor(info: SiteInfo, index: Index, store: PieceStore, link: Link, earlier: Earlier) {
    this.#info = info;
    this.#index = index;
    this.#store = store;
    this.#link = link;
    this.#earlier = earlier;
  }

  /** Piece i as it travels. paint says that the page cannot be painted without it. */
  async get(i: number, paint: boolean, signal: AbortSignal): Promise<Uint8Array> {
    const kept = this.#memory.get(i);
    if (kept) {
      return kept;
    }
    signal.throwIfAborted();
    let job = this.#jobs.get(i);
    if (!job) {
      job = this.#begin(i, paint);
    }
    const mine = job;
    mine.waiting++;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        if (--mine.waiting === 0) {
          mine.stop.abort();
        }
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", leave, { once: true });
      mine.done.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  }

  /** The content of piece i, to which spans refer. */
  async content(i: number, paint: boolean, signal: AbortSignal): Promise<Uint8Array> {
    return this.#index.content(i, await this.get(i, paint, signal));
  }

  /** Piece i if it is on this device. */
  async stored(i: number): Promise<Uint8Array | undefined> {
    const kept = this.#memory.get(i);
    if (kept) {
      return kept;
    }
    if (!(await this.#mayHave(i))) {
      return undefined;
    }
    const data = await this.#store.get(i).catch(() => undefined);
    return data && (await this.#index.verify(i, data)) ? data : undefined;
  }

  /** Whether it is worth to look for piece i on this device: one list costs less than many looks. */
  async #mayHave(i: number): Promise<boolean> {
    if (this.#index.pieces > bounds.listed) {
      return true;
    }
    const now = performance.now();
    if (!this.#known || now - this.#known.at > bounds.known) {
      this.#known = { at: now, have: this.#store.have().catch(() => new Set<number>()) };
    }
    return (await this.#known.have).has(i);
  }

  /** Keeps piece i, which the browser had already; wrong ones are not taken. */
  async adopt(i: number, data: Uint8Array): Promise<void> {
    if (data.length === this.#index.length(i) && (await this.#index.verify(i, data))) {
      await this.#pass(i, data, 0);
    }
  }

  /** Builds piece i from the version before and returns its size; undefined where that cannot be. */
  async carry(i: number): Promise<number | undefined> {
    return (await this.#fromEarlier(i))?.length;
  }

  #begin(i: number, paint: boolean): Job {
    const stop = new AbortController();
    const size = this.#index.length(i);
    this.#ahead += size;
    const done = this.#find(i, paint, stop.signal).finally(() => {
      this.#ahead -= size;
      this.#jobs.delete(i);
      stop.abort();
    });
    done.catch(() => undefined); // whoever waits hears of it; nobody may
    const job: Job = { done, stop, waiting: 0 };
    this.#jobs.set(i, job);
    return job;
  }

  async #find(i: number, paint: boolean, signal: AbortSignal): Promise<Uint8Array> {
    const here = (await this.stored(i)) ?? (await this.#fromEarlier(i));
    if (here) {
      return this.#remember(i, here);
    }
    const peers = this.#fromPeers(i, paint, signal);
    peers.catch(() => undefined); // ends with the job, which says why
    const wait = { paint, began: performance.now(), ahead: this.#ahead };
    try {
      for (;;) {
        const inTime = await this.#patiently(i, wait, peers, signal);
        if (inTime) {
          return this.#remember(i, inTime);
        }
        const queued = await this.#lane(paint);
        // While it stood in the queue, peers may have come.
        if (queued && (await this.#patience(i, wait)) > 0) {
          this.#leaveLane();
          continue;
        }
        return this.#remember(i, await Promise.race([peers, this.#fromHost(i, signal)]));
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!(await this.#link.chance(this.#info.id, i, false))) {
        throw error; // nobody else to wait for
      }
      const late = new Promise<never>((_, reject) => setTimeout(() => reject(error as Error), bounds.withoutHost));
      return this.#remember(i, await Promise.race([peers, late]));
    }
  }

  /** Waits for peers as long as it is worth it; undefined when it is the host's turn. */
  async #patiently(i: number, wait: Waiting, peers: Promise<Uint8Array>, signal: AbortSignal): Promise<Uint8Array | undefined> {
    for (;;) {
      const ms = await this.#patience(i, wait);
      signal.throwIfAborted();
      const got = await soon(peers, ms, this.#link.news);
      if (got || ms <= 0) {
        return got;
      }
    }
  }

  async #patience(i: number, wait: Waiting): Promise<number> {
    const chance = await this.#link.chance(this.#info.id, i, wait.paint);
    return patience(chance, { ...wait, waited: performance.now() - wait.began, fromHost: this.#hostTime });
  }

  /** The first of what leading pages give that is the piece. */
  async #fromPeers(i: number, paint: boolean, signal: AbortSignal): Promise<Uint8Array> {
    for (;;) {
      const data = await this.#link.want(this.#info.id, i, paint, signal);
      if (data.length === this.#index.length(i) && (await this.#index.verify(i, data))) {
        return data;
      }
    }
  }

  /** Fetches a piece from the host, in a lane that is left at the end. */
  async #fromHost(i: number, signal: AbortSignal): Promise<Uint8Array> {
    try {
      signal.throwIfAborted();
      const began = performance.now();
      const length = this.#index.length(i);
      const filled = this.#index.filled(i); // padding need not travel
      const response = await fetch(this.#info.piece + i, {
        headers: filled < length ? { Range: `bytes=0-${filled - 1}` } : {},
        signal: AbortSignal.any([signal, AbortSignal.timeout(bounds.hostSilence)]),
      }).catch(() => {
        throw new MissingPiece(i, true);
      });
      const data = response.ok ? await read(response, length, response.status === 206 ? filled : length) : undefined;
      if (!data || !(await this.#index.verify(i, data))) {
        throw new MissingPiece(i, response.status >= 500);
      }
      this.#hostTime += (performance.now() - began - this.#hostTime) / (this.#hostTime === 0 ? 1 : 4);
      void this.#pass(i, data, response.status === 206 ? filled : length); // whoever waits needs not wait for the disk
      return data;
    } finally {
      this.#leaveLane();
    }
  }

  #leaveLane(): void {
    this.#lanes--;
    this.#queue.shift()?.go();
  }

  /** Waits for a lane to the host; says whether it had to queue. */
  async #lane(paint: boolean): Promise<boolean> {
    if (this.#lanes < bounds.hostLanes) {
      this.#lanes++;
      return false;
    }
    await new Promise<void>((go) => {
      const turn = { paint, go: () => { this.#lanes++; go(); } };
      const behind = paint ? this.#queue.findIndex((q) => !q.paint) : -1;
      this.#queue.splice(behind < 0 ? this.#queue.length : behind, 0, turn);
    });
    return true;
  }

  async #fromEarlier(i: number): Promise<Uint8Array | undefined> {
    const data = await this.#earlier(i).catch(() => undefined);
    if (!data || data.length !== this.#index.length(i) || !(await this.#index.verify(i, data))) {
      return undefined;
    }
    await this.#pass(i, data, 0);
    return data;
  }

  /** Keeps a piece for others; what cannot be kept is shown all the same, but cannot be passed on. */
  async #pass(i: number, data: Uint8Array, fromHost: number): Promise<void> {
    await this.#store.put(i, data).then(() => {
      void this.#known?.have.then((have) => have.add(i));
      this.#link.got(this.#info.id, i, fromHost);
    }, () => undefined);
  }

  #remember(i: number, data: Uint8Array): Uint8Array {
    if (!this.#memory.has(i)) {
      this.#memory.set(i, data);
      this.#inMemory += data.length;
    }
    for (const [oldest, old] of this.#memory) {
      if (this.#inMemory <= bounds.memory || oldest === i) {
        break;
      }
      this.#memory.delete(oldest);
      this.#inMemory -= old.length;
    }
    return data;
  }
}

/** What promise gives within ms milliseconds, unless it is interrupted. */
async function soon<T>(promise: Promise<T>, ms: number, interrupt: Promise<void>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, over, interrupt.then(() => undefined)]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads a body of exactly filled octets, the beginning of length; undefined for any other. */
async function read(response: Response, length: number, filled: number): Promise<Uint8Array | undefined> {
  const out = new Uint8Array(length);
  let at = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
    if (at + part.value.length > filled) {
      void reader?.cancel();
      return undefined;
    }
    out.set(part.value, at);
    at += part.value.length;
  }
  return at === filled ? out : undefined;
}
