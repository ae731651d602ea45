import type { LP2PConnection } from "./connection.ts";
import { shape } from "./idl.ts";
import { Source, sourceInit } from "./source.ts";

/** How a request is made. */
export interface LP2PRequestOptions {
  /** What the peer is told of this one, once both agreed. */
  nickname?: string;
  /** Extension: gives the request up. */
  signal?: AbortSignal;
  /** Extension: the device to ask, one of lp2p.kith.devices(); otherwise the person chooses. */
  device?: string;
  /** Extension: has the person choose, even where they let this app reach one device without asking. */
  choose?: boolean;
}

let behind: (face: LP2PRequest) => Source;

/** Asks for a connection with a peer (Local Peer-to-Peer API, LP2PRequest). */
export class LP2PRequest {
  readonly #source: Source;

  static {
    behind = (face) => face.#source;
  }

  constructor(options: LP2PRequestOptions = {}) {
    this.#source = new Source(true, sourceInit(options, "LP2PRequestOptions"), () => undefined);
  }

  /** Fulfilled when the people on both sides agreed; until then the page learns nothing. */
  async start(): Promise<LP2PConnection> {
    const connection = await this.#source.start();
    if (!connection) {
      throw new DOMException("the node began without a connection", "OperationError");
    }
    return connection;
  }

  /** Extension: gives the request up. */
  stop(): void {
    this.#source.stop();
  }
}

shape(LP2PRequest, "LP2PRequest");

/** What is behind a request. */
export function requestSource(face: LP2PRequest): Source {
  return behind(face);
}
