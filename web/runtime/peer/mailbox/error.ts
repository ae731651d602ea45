import { Fault, type FaultKind } from "../fault.ts";

/** What became of something that a relay was asked. */
export type Refusal =
  | "no" // absent, not allowed or ill-formed; relays do not say which
  | "wait" // a queue is full, or too much was asked for
  | "gone" // the session has ended: what was not answered may have been done
  | "other" // the relay is not the one expected
  | "absent"; // there is no such chunk, or not any more

const kinds: { [r in Refusal]: FaultKind } = {
  no: "forbidden", wait: "rate_limited", gone: "unreachable", other: "forbidden", absent: "not_found",
};

/** What a relay did not do. */
export class RelayError extends Fault {
  readonly refusal: Refusal;
  /** How long the relay asks to wait. */
  readonly seconds: number;

  constructor(refusal: Refusal, message: string, seconds = 0, cause?: unknown) {
    super(kinds[refusal], message, "", cause);
    this.name = "RelayError";
    this.refusal = refusal;
    this.seconds = seconds;
  }
}

/** Whether an error says so. */
export function refusedBy(error: unknown, ...refusals: Refusal[]): boolean {
  return error instanceof RelayError && refusals.includes(error.refusal);
}

/** The error for a relay that asks to wait. */
export function wait(seconds: number): RelayError {
  return new RelayError("wait", `the relay asks to wait for ${seconds} seconds`, seconds);
}

/** The error for a session that ended. */
export function gone(cause?: unknown): RelayError {
  return new RelayError("gone", "the session with the relay has ended", 0, cause);
}
