import { LP2PConnectionEvent } from "./events.ts";
import { handlerAttributes, shape } from "./idl.ts";
import { Source, sourceInit } from "./source.ts";

/** How a receiver is made. */
export interface LP2PReceiverOptions {
  /** What peers are told of this one, once both agreed. */
  nickname?: string;
  /** Extension: ends the receiver. */
  signal?: AbortSignal;
}

let behind: (face: LP2PReceiver) => Source;

/** Makes this page one that peers can connect to (Local Peer-to-Peer API, LP2PReceiver). */
export class LP2PReceiver extends EventTarget {
  readonly #source: Source;

  static {
    behind = (face) => face.#source;
    handlerAttributes(LP2PReceiver.prototype, ["connection"], (v) => typeof v === "object" && v !== null && #source in v);
  }

  constructor(options: LP2PReceiverOptions = {}) {
    super();
    this.#source = new Source(false, sourceInit(options, "LP2PReceiverOptions"), (connection) => {
      this.dispatchEvent(new LP2PConnectionEvent("connection", { connection }));
    });
  }

  /** Fulfilled when the person allowed it; until then the page learns nothing. */
  async start(): Promise<undefined> {
    await this.#source.start();
    return undefined;
  }

  /** Extension: nobody new connects; connections that are there stay. */
  stop(): void {
    this.#source.stop();
  }
}

/** The event handlers of a receiver. */
export interface LP2PReceiver {
  /** A peer connected. */
  onconnection: ((this: LP2PReceiver, event: LP2PConnectionEvent) => unknown) | null;
}

shape(LP2PReceiver, "LP2PReceiver");

/** What is behind a receiver. */
export function receiverSource(face: LP2PReceiver): Source {
  return behind(face);
}
