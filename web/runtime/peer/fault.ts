/**
 * Errors that reach a person: a kind, a message that names the input, and a hint
 * that says the next step. The kinds are those of internal/fault.
 */
export type FaultKind =
  | "internal" | "invalid" | "not_found" | "forbidden" | "conflict" | "too_large" | "rate_limited"
  | "unreachable" | "corrupt" | "no_space" | "unsupported" | "not_running" | "canceled";

export class Fault extends Error {
  readonly kind: FaultKind;
  readonly hint: string;

  constructor(kind: FaultKind, message: string, hint = "", cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "Fault";
    this.kind = kind;
    this.hint = hint;
  }
}

/** What kind an error is; what the platform throws is told by its name. */
export function kindOf(error: unknown): FaultKind {
  if (error instanceof Fault) return error.kind;
  switch (error instanceof Error ? error.name : "") {
    case "AbortError":
      return "canceled";
    case "TimeoutError":
      return "unreachable";
    case "QuotaExceededError":
      return "no_space";
  }
  return "internal";
}

/** The HTTP status that an error is answered with. */
export function statusOf(error: unknown): number {
  return {
    internal: 500, invalid: 400, not_found: 404, forbidden: 403, conflict: 409, too_large: 413, rate_limited: 429,
    unreachable: 504, corrupt: 502, no_space: 507, unsupported: 501, not_running: 503, canceled: 499,
  }[kindOf(error)];
}
