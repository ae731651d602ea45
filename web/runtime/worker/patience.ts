// How long the worker waits for peers before it asks the host. Asking early
// makes every visitor a burden to the host; asking late makes them wait.
import type { Chance } from "../protocol.ts";

/** The limits of waiting, in milliseconds and octets a second. */
export const limits = {
  /** Longest wait of something that the page cannot be painted without. */
  paint: 1200,
  /** Longest wait of a picture, a film, or what a script asks for. */
  rest: 15_000,
  /** What the page cannot be painted without waits so long for peers to be found. */
  joinPaint: 150,
  /** After so long without a byte from peers, they are given up for a piece. */
  stall: 4000,
  /** Shortest wait for a piece that a peer has. */
  least: 300,
  /** After so long, what a wait is worth is looked at again. */
  slice: 500,
  /** What peers are thought to give as long as it was not measured. */
  slowest: 128 * 1024,
  /**
   * Among peers that lack a piece, one asks the host for it: after a time of chance
   * from the first of these on, of the second for each peer, up to the third.
   */
  unseen: { soonest: 200, each: 900, latest: 8000 },
} as const;

/** A piece that is wanted. */
export interface Wait {
  /** Whether the page cannot be painted without it. */
  readonly paint: boolean;
  /** How long it was waited for. */
  readonly waited: number;
  /** Octets of it and of what was wanted before it. */
  readonly ahead: number;
  /** A number of [0, 1) that stays the same for the piece in this browser. */
  readonly dice: number;
}

/**
 * For how many more milliseconds to wait for peers until it is asked again; 0
 * means that it is the host's turn. chance is undefined where no page meets peers.
 */
export function patience(chance: Chance | undefined, wait: Wait): number {
  const left = (wait.paint ? limits.paint : limits.rest) - wait.waited;
  if (chance === undefined || left <= 0) {
    return 0;
  }
  if (chance.peers === 0) {
    const joining = wait.paint ? Math.min(chance.joining, limits.joinPaint - wait.waited) : chance.joining;
    return Math.max(0, Math.min(left, joining));
  }
  if (!chance.available) {
    const { soonest, each, latest } = limits.unseen;
    const unseen = soonest + wait.dice * Math.min(latest, each * chance.peers);
    return wait.paint ? 0 : Math.max(0, Math.min(left, unseen - wait.waited));
  }
  if (chance.idle >= limits.stall && wait.waited >= limits.stall) {
    return 0;
  }
  const expected = Math.max(limits.least, (1500 * wait.ahead) / Math.max(chance.rate, limits.slowest));
  if (wait.waited < expected) {
    return Math.min(left, expected - wait.waited, limits.slice);
  }
  // Later than was to be expected: worth more patience only while bytes come.
  return !wait.paint && chance.idle < limits.stall ? Math.min(left, limits.slice) : 0;
}
