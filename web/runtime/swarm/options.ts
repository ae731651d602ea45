// What a swarm can be told.
import type { Privacy } from "../types.ts";

/** Settings of a swarm; what is left out is as in defaults. */
export interface SwarmOptions {
  /** How others are met. */
  readonly privacy?: Privacy;
  /** Whether others may take from us. */
  readonly upload?: boolean;
  /** Most peers at a time. */
  readonly maxPeers?: number;
  /** Most peers that take from us at a time. */
  readonly uploadSlots?: number;
  /** Most offers in one announce; each costs a socket. */
  readonly offers?: number;
  /** Octets of unfinished pieces. */
  readonly memory?: number;
  /** Octets of finished pieces that are kept at hand for others. */
  readonly cache?: number;
  /** Octets fetched ahead of a reader. */
  readonly lookAhead?: number;
  /** Most blocks asked of one peer at a time. */
  readonly pipeline?: number;
  /** Leaves the host alone, which has its turn when no other peer has what is wanted (worker/patience.ts). */
  readonly spareHost?: boolean;
  /** How we introduce ourselves to peers. */
  readonly client?: string;
}

/** What holds for what is left out. */
export const defaults: Required<SwarmOptions> = {
  privacy: "direct",
  upload: true,
  maxPeers: 24,
  uploadSlots: 8,
  offers: 5,
  memory: 32 * 1024 * 1024,
  cache: 16 * 1024 * 1024,
  lookAhead: 2 * 1024 * 1024,
  pipeline: 512,
  spareHost: false,
  client: "Kith visitor",
};

/** A count from outside: nothing for what is none. */
export function wholeNumber(n: number): number {
  return Number.isSafeInteger(n) && n > 0 ? n : 0;
}
