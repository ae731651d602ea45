/** A data channel as octets that go both ways, wherever it lives. */
export interface Pipe {
  /** Octets that were sent and have not left. */
  readonly buffered: number;
  /** Sends octets; nothing happens after the end. */
  send(octets: Uint8Array): void;
  onData: (octets: Uint8Array) => void;
  /** Called once, when it ends and not by close. */
  onClose: () => void;
  close(): void;
}

/** What every browser takes as one message of a data channel. */
export const longestPiece = 16 << 10;
