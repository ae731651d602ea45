/**
 * Errors that reach a person: a kind, a message that names the input, and a hint
 * that says the next step. The kinds are those of internal/fault.
 */
export type FaultKind =
  | "internal" | "invalid" | "not_found" | "forbidden" | "conflict" | "in_use" | "too_large" | "rate_limited"
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

const statuses: Record<FaultKind, number> = {
  internal: 500, invalid: 400, not_found: 404, forbidden: 403, conflict: 409, in_use: 409, too_large: 413, rate_limited: 429,
  unreachable: 504, corrupt: 502, no_space: 507, unsupported: 501, not_running: 503, canceled: 499,
};

/** What other rooms' errors and the platform's call the same kinds. */
const aliases: Record<string, FaultKind> = {
  missing: "not_found", large: "too_large",
  AbortError: "canceled", TimeoutError: "unreachable", QuotaExceededError: "no_space",
};

/** What kind an error is. */
export function kindOf(error: unknown): FaultKind {
  if (!(error instanceof Error)) return "internal";
  const kind = "kind" in error ? String(error.kind) : error.name;
  return kind in statuses ? (kind as FaultKind) : (aliases[kind] ?? "internal");
}

/** The HTTP status that an error is answered with. */
export const statusOf = (error: unknown): number => statuses[kindOf(error)];
