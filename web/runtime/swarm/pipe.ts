// A two-way stream of octets to a peer, whatever carries it.

/** A connection. Its owner sets the three handlers before anything is sent. */
export interface Pipe {
  readonly kind: "webrtc" | "webtransport";
  /** The peer's address where known. */
  readonly address: string;
  /** Whether the connection was our wish. */
  readonly initiator: boolean;
  /** Octets that were handed over and are not on their way yet. */
  readonly buffered: number;
  /** Hands octets over; they must not be changed after. */
  send(data: Uint8Array): void;
  /** Called with what arrives, in order; the octets may be kept. */
  onData: ((data: Uint8Array) => void) | undefined;
  /** Called when buffered became small again. */
  onDrain: (() => void) | undefined;
  /** Called once, when the connection is gone, but not by close. */
  onClose: (() => void) | undefined;
  close(): void;
}
