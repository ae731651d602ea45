// How long the worker waits for peers before it asks the host. Asking early
// makes every visitor a burden to the host; asking late makes them wait.
import type { Chance } from "../protocol.ts";

/** The limits of waiting, in milliseconds and octets a second. */
export const limits = {
  /** Longest wait of something that the page cannot be painted without. */
  paint: 1200,
  /** Longest wait of a picture, a film, or what a script asks for. */
  rest: 15_000,
  /** The same as long as peers give as much as they may be expected to. */
  brisk: 30_000,
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
   * A piece that no peer has is asked of the host by one visitor after the other, so
   * that each has time to give it to the rest: a turn is twice what a piece takes of
   * late from the host, within these. After so many turns nobody waits any more.
   */
  turn: [800, 3000] as const,
  turns: 5,
  /** So long after the last byte, peers are held to be giving. */
  giving: 800,
} as const;

/** A piece that is wanted. */
export interface Wait {
  /** Whether the page cannot be painted without it. */
  readonly paint: boolean;
  /** How long it was waited for. */
  readonly waited: number;
  /** Octets of it and of what was wanted before it. */
  readonly ahead: number;
  /** Milliseconds that a piece took of late from the host; 0 for none. */
  readonly fromHost: number;
}

/**
 * For how many more milliseconds to wait for peers until it is asked again; 0
 * means that it is the host's turn. chance is undefined where no page meets peers.
 */
export function patience(chance: Chance | undefined, wait: Wait): number {
  if (chance === undefined) {
    return 0;
  }
  const rest = chance.rate >= limits.slowest ? limits.brisk : limits.rest;
  const left = (wait.paint ? limits.paint : rest) - wait.waited;
  if (left <= 0) {
    return 0;
  }
  if (!chance.available) {
    return Math.max(0, Math.min(left, limits.slice, unseen(chance, wait)));
  }
  const among = Math.min(wait.waited, chance.met);
  if (chance.idle >= limits.stall && among >= limits.stall) {
    return 0;
  }
  const expected = Math.max(limits.least, (1500 * wait.ahead) / Math.max(chance.rate, limits.slowest));
  if (among < expected) {
    return Math.min(left, expected - among, limits.slice);
  }
  // Later than was to be expected: worth more patience only while bytes come.
  return !wait.paint && chance.idle < limits.stall ? Math.min(left, limits.slice) : 0;
}

/** How long to wait for a piece that no peer has. */
function unseen(chance: Chance, wait: Wait): number {
  if (wait.paint) {
    return chance.peers === 0 ? Math.min(chance.joining, limits.joinPaint - wait.waited) : 0;
  }
  const among = Math.min(wait.waited, chance.met);
  const [shortest, longest] = limits.turn;
  const turn = Math.max(shortest, Math.min(longest, 2 * wait.fromHost));
  const due = turn * Math.min(limits.turns, chance.before) - among;
  // Where peers give other pieces meanwhile, this one is likely to come too.
  const giving = chance.peers > 0 && chance.idle < Math.max(limits.giving, turn) ? turn * limits.turns - among : 0;
  return Math.max(chance.joining, due, giving);
}
