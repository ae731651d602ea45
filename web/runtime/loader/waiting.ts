// How long pictures wait for the worker. It is counted in turns of the page, not
// by the clock: where processor time is short, the worker takes longer and so do
// the turns.

/** Milliseconds and turns. */
export const waiting = {
  /** One turn, when nothing is in the way. */
  turn: 100,
  /** Turns that pictures on show wait for the next step of the worker's installation, and the others. */
  shown: 50,
  others: 80,
  /** Whatever comes between, the longest wait. */
  longest: 20_000,
} as const;

/** What is done when the wait has lasted too long. */
export interface Patience {
  /** Gives what is on show its pictures. */
  readonly showing: () => void;
  /** Gives everything its pictures. */
  readonly all: () => void;
}

/**
 * Counts turns. The function that is returned says that the worker came a step
 * further; the signal ends the wait.
 */
export function wait(over: Patience, signal: AbortSignal): () => void {
  let still = 0;
  const began = performance.now();
  const turn = (): void => {
    if (signal.aborted) {
      return;
    }
    still++;
    if (still >= waiting.others || performance.now() - began >= waiting.longest) {
      over.all();
      return;
    }
    if (still === waiting.shown) {
      over.showing();
    }
    setTimeout(turn, waiting.turn);
  };
  setTimeout(turn, waiting.turn);
  return () => {
    still = 0;
  };
}
