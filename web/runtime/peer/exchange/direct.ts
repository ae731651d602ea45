import type { Message } from "../contract.ts";

/**
 * Channels to devices of other sides that need no relay (spec §5.4). A message has them
 * for two seconds; then it goes by relays too. What comes by one is given to
 * Peer.receive.
 */
export interface Direct {
  /** Whether there is a channel to the device with this context, or to any device of the relation. */
  reaches(relation: string, context?: string): boolean;
  /**
   * Puts an envelope: true when a device of the other side has kept what it says. With a
   * context it is an answer, for that device alone; a repeated id is the same envelope.
   */
  put(relation: string, context: string | undefined, id: string, envelope: Uint8Array, signal: AbortSignal): Promise<boolean>;
  /** Takes where the device with this context says that it can be reached; it may be told twice. */
  where?(relation: string, context: string, m: Message): void;
  /**
   * Takes a message of kind meet from the device with this context; it may be told twice.
   * False when it is for another device of this person.
   */
  meet?(relation: string, context: string, m: Message): boolean;
  /** A message of the relation, sent just now, came by a relay: somebody is there. */
  heard?(relation: string): void;
  /** A message to the relation goes by relays, for want of a channel. */
  wants?(relation: string): void;
}
