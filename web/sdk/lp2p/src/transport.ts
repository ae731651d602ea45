import { LP2PConnection, connectionOf, type Connection } from "./connection.ts";
import { dictionary, illegalConstructor, requireArguments, shape } from "./idl.ts";
import { LP2PReceiver, receiverSource } from "./receiver.ts";
import { LP2PRequest, requestSource } from "./request.ts";
import { Session, type CloseInfo, type Datagrams } from "./session.ts";
import type { Source } from "./source.ts";
import type { BidirectionalStream } from "./streams.ts";

/** Nothing can be chosen yet (the specification leaves it open). */
export type LP2PQuicTransportInit = Readonly<Record<string, never>>;

/** Nothing can be chosen yet (the specification leaves it open). */
export type LP2PQuicTransportListenerInit = Readonly<Record<string, never>>;

const own = Symbol("transport");

let behind: (face: LP2PQuicTransport) => Session;

/**
 * Streams and datagrams between two peers, in the shape of WebTransport (Local
 * Peer-to-Peer API, LP2PQuicTransport). It inherits from WebTransport where the
 * browser has it, by its prototype alone: WebTransport's own constructor would
 * connect to a server.
 */
export class LP2PQuicTransport {
  readonly #session: Session;

  static {
    behind = (face) => face.#session;
  }

  constructor(source: LP2PRequest | LP2PReceiver | LP2PConnection, quicTransportDict: LP2PQuicTransportInit = {}) {
    requireArguments("LP2PQuicTransport", arguments.length, 1);
    dictionary(quicTransportDict, "LP2PQuicTransportInit");
    this.#session = new Session();
    if ((source as unknown) === own) {
      return; // the caller finds a peer for it
    }
    if (source instanceof LP2PConnection) {
      const connection = connectionOf(source);
      this.#session.waitAt(connection.transports, connection);
    } else {
      begin(this.#session, sourceOf(source, "LP2PQuicTransport"));
    }
  }

  /** Fulfilled when streams can be opened; rejected when it does not come to that. */
  get ready(): Promise<void> {
    return this.#session.ready;
  }

  /** Fulfilled when the transport was closed, by either side; rejected when it broke. */
  get closed(): Promise<CloseInfo> {
    return this.#session.closed;
  }

  /** Fulfilled when the transport is about to end. */
  get draining(): Promise<void> {
    return this.#session.draining;
  }

  /** Whether datagrams can be sent, once it is known. */
  get reliability(): "pending" | "supports-unreliable" {
    return this.#session.state === "connecting" ? "pending" : "supports-unreliable";
  }

  /** Always "default". */
  get congestionControl(): "default" {
    void this.#session;
    return "default";
  }

  /** Always "": there are no subprotocols. */
  get protocol(): string {
    void this.#session;
    return "";
  }

  /** Always null: no request was made. */
  get responseHeaders(): null {
    void this.#session;
    return null;
  }

  /** Always null. */
  get anticipatedConcurrentIncomingUnidirectionalStreams(): null {
    void this.#session;
    return null;
  }

  /** Always null. */
  get anticipatedConcurrentIncomingBidirectionalStreams(): null {
    void this.#session;
    return null;
  }

  /** Messages that may be lost, of little delay. */
  get datagrams(): Datagrams {
    return this.#session.datagrams;
  }

  /** Streams that the peer opened, in both directions. */
  get incomingBidirectionalStreams(): ReadableStream<BidirectionalStream> {
    return this.#session.bidirectional;
  }

  /** Streams that the peer opened to send. */
  get incomingUnidirectionalStreams(): ReadableStream<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return this.#session.unidirectional;
  }

  /** Opens a stream in both directions. */
  async createBidirectionalStream(): Promise<BidirectionalStream> {
    return this.#session.createBidirectional();
  }

  /** Opens a stream to send. */
  async createUnidirectionalStream(): Promise<WritableStream<BufferSource>> {
    return this.#session.createUnidirectional();
  }

  /** Streams share the line to the node in turn: groups would change nothing, so there are none. */
  createSendGroup(): never {
    void this.#session;
    throw new DOMException("send groups are not supported", "NotSupportedError");
  }

  /** Always refused: the keys of the connection stay with the node. */
  async exportKeyingMaterial(): Promise<never> {
    void this.#session;
    throw new DOMException("the keys of the connection stay with the node", "NotSupportedError");
  }

  /** Nothing is counted. */
  async getStats(): Promise<Readonly<Record<string, never>>> {
    void this.#session;
    return {};
  }

  /** Ends the transport with all its streams. */
  close(closeInfo: Partial<CloseInfo> = {}): void {
    const session = this.#session;
    const info = dictionary(closeInfo, "WebTransportCloseInfo");
    session.close({ closeCode: Number(info["closeCode"] ?? 0) >>> 0, reason: String(info["reason"] ?? "") });
  }
}

inherit();
shape(LP2PQuicTransport, "LP2PQuicTransport");

/** Puts WebTransport's prototype behind ours. */
function inherit(): void {
  if (typeof WebTransport === "function") {
    Object.setPrototypeOf(LP2PQuicTransport, WebTransport);
    Object.setPrototypeOf(LP2PQuicTransport.prototype, WebTransport.prototype as object);
  }
}

/** Starts a source, if it is not, and waits for a peer on what comes of it. */
function begin(session: Session, source: Source): void {
  session.waitAt(source.transports, undefined);
  source.start().then(
    (connection) => {
      if (connection) {
        // A request has one connection, and this side dials.
        source.transports.leave(session);
        session.dial(connectionOf(connection));
      }
    },
    (e: unknown) => session.fail(e instanceof Error ? e.message : String(e)),
  );
}

function sourceOf(value: unknown, what: string): Source {
  if (value instanceof LP2PRequest) {
    return requestSource(value);
  }
  if (value instanceof LP2PReceiver) {
    return receiverSource(value);
  }
  throw new TypeError(`${what}: the source is a request, a receiver or a connection`);
}

function transportWithout(): LP2PQuicTransport {
  return new LP2PQuicTransport(own as unknown as LP2PRequest);
}

/** Gives out the transports that peers open (Local Peer-to-Peer API, LP2PQuicTransportListener). */
export class LP2PQuicTransportListener {
  readonly #ready: Promise<undefined>;
  readonly #incoming: ReadableStream<LP2PQuicTransport>;

  constructor(source: LP2PRequest | LP2PReceiver, quicTransportListenerDict: LP2PQuicTransportListenerInit = {}) {
    requireArguments("LP2PQuicTransportListener", arguments.length, 1);
    dictionary(quicTransportListenerDict, "LP2PQuicTransportListenerInit");
    if (source instanceof LP2PConnection) {
      illegalConstructor();
    }
    const from = sourceOf(source, "LP2PQuicTransportListener");
    if (from.transports.listened) {
      throw new DOMException("another listener has the transports of this source", "InvalidStateError");
    }
    let control: ReadableStreamDefaultController<LP2PQuicTransport> | undefined;
    this.#incoming = new ReadableStream({
      start: (c) => {
        control = c;
      },
      cancel: () => {
        control = undefined;
        from.stop();
      },
    });
    from.transports.listen(
      (c, number) => {
        const transport = transportWithout();
        behind(transport).acceptFrom(c, number);
        control?.enqueue(transport);
      },
      (c: Connection) => {
        const transport = transportWithout();
        behind(transport).dial(c);
        control?.enqueue(transport);
      },
    );
    this.#ready = from.start().then(() => undefined);
    this.#ready.catch((e: unknown) => control?.error(e));
  }

  /** Fulfilled when peers can find this page. */
  get ready(): Promise<undefined> {
    return this.#ready;
  }

  /** The transports that peers opened. */
  get incomingTransports(): ReadableStream<LP2PQuicTransport> {
    return this.#incoming;
  }
}

shape(LP2PQuicTransportListener, "LP2PQuicTransportListener");
