import type { Ask, Inbox, Mailbox, PartyKind } from "../contract.ts";

/**
 * Something that a Core wants done. Effects are durable in the Core where they have to
 * be; who runs them may lose them.
 */
export type Effect =
  /** A body in a queue, by a direct channel when that is said. Core.done takes the outcome of this and the next three. */
  | { do: "put"; job: number; mailbox: Mailbox; id: string; days: number; body: Uint8Array; direct?: Directly }
  | { do: "create"; job: number; mailbox: Mailbox; days: 1 | 7 | 21 }
  /** Replaces a queue's sender key. */
  | { do: "lock"; job: number; mailbox: Mailbox }
  | { do: "delete"; job: number; mailbox: Mailbox }
  /** Erases a delivery at the mailbox. */
  | { do: "ack"; ref: number }
  /** Gives a delivery back, not to be offered to this device for so many ms. */
  | { do: "back"; ref: number; wait: number }
  /** A request to be answered: Core.answered or Core.decline take the outcome. */
  | { do: "serve"; token: number; from: string; kind: PartyKind; ask: Ask }
  /** A request of this device was answered, or is over. */
  | { do: "arrived"; id: string }
  /** The inboxes have changed. */
  | { do: "listen" };

/** Whom a direct channel leads to: an answer is for the device whose context this is. */
export interface Directly {
  relation: string;
  context?: string;
}

/** A body that a mailbox, or a direct channel, gave to this device. */
export interface Delivery {
  ref: number;
  inbox: Inbox;
  body: Uint8Array;
  direct?: boolean;
}

/** What became of a put, create, lock or delete. */
export interface Outcome {
  /** It is done, durably. */
  accepted: boolean;
  /** How long the relay asked to wait, ms. */
  wait?: number;
  /** The relay answered, and has no such queue or key. */
  refused?: boolean;
}
