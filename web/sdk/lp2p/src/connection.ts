import { Channel, LP2PDataChannel, channelInit, channelOf, type LP2PDataChannelInit } from "./datachannel.ts";
import { handlerAttributes, illegalConstructor, requireArguments, shape, usvString } from "./idl.ts";
import type { Link, Party } from "./link.ts";
import type { Rendezvous } from "./rendezvous.ts";
import type { NodeMessage } from "./wire.ts";

/** What makes the constructor of a connection willing: no page has it. */
const own = Symbol("connection");

/** What is behind a connection. */
export class Connection implements Party {
  readonly link: Link;
  readonly number: number;
  readonly nickname: string;
  readonly device: string;
  readonly face: LP2PConnection;
  /** Where transports over this connection meet those who want them. */
  readonly transports: Rendezvous;
  readonly closed: Promise<void>;

  readonly #channels = new Set<Channel>();
  #announce: (face: LP2PConnection, channel: LP2PDataChannel) => void;
  #over = false;
  #settle: () => void = () => undefined;

  constructor(
    link: Link,
    m: Extract<NodeMessage, { op: "connection" }>,
    transports: Rendezvous,
    announce: (face: LP2PConnection, channel: LP2PDataChannel) => void,
  ) {
    this.link = link;
    this.number = m.id;
    this.nickname = m.nickname;
    this.device = m.device;
    this.transports = transports;
    this.#announce = announce;
    this.closed = new Promise((resolve) => (this.#settle = resolve));
    this.face = makeFace(this);
    link.join(m.id, this);
    transports.add(this);
  }

  get over(): boolean {
    return this.#over;
  }

  hear(m: NodeMessage): void {
    switch (m.op) {
      case "channel":
        this.#incoming(m);
        break;
      case "transport":
        this.transports.offered(this, m.id);
        break;
      case "wanted":
        this.transports.wanted(this);
        break;
      case "closed":
        this.#end(false);
        break;
      case "failed":
        this.#end(true);
        break;
    }
  }

  lost(): void {
    this.#end(true);
  }

  /** Opens a channel to the peer. */
  open(label: string, init: { protocol: string; id: number | null }): LP2PDataChannel {
    if (this.#over) {
      throw new DOMException("the connection is closed", "InvalidStateError");
    }
    if (this.#channels.size >= this.link.limits.channels) {
      throw new DOMException(`a connection has at most ${this.link.limits.channels} channels`, "OperationError");
    }
    if (init.id !== null && [...this.#channels].some((c) => c.id === init.id)) {
      throw new DOMException(`channel ${init.id} is in use`, "OperationError");
    }
    const face = new LP2PDataChannel(label, init.id === null ? { protocol: init.protocol } : { protocol: init.protocol, id: init.id });
    const channel = channelOf(face);
    const id = this.link.enter(channel);
    this.#keep(channel, id);
    const message = { op: "open-channel", id, connection: this.number, label: channel.label, protocol: init.protocol } as const;
    this.link.say(init.id === null ? message : { ...message, channel: init.id });
    return face;
  }

  close(): void {
    if (!this.#over) {
      this.link.say({ op: "close", id: this.number });
      this.#end(false);
    }
  }

  #incoming(m: Extract<NodeMessage, { op: "channel" }>): void {
    const face = new LP2PDataChannel(m.label, { protocol: m.protocol, id: m.channel });
    const channel = channelOf(face);
    this.link.join(m.id, channel);
    this.#keep(channel, m.id);
    channel.begin();
    this.#announce(this.face, face);
    face.dispatchEvent(new Event("open"));
  }

  #keep(channel: Channel, number: number): void {
    this.#channels.add(channel);
    channel.attach(this.link, number, () => this.#channels.delete(channel));
  }

  #end(failed: boolean): void {
    if (this.#over) {
      return;
    }
    this.#over = true;
    this.link.leave(this.number);
    for (const channel of [...this.#channels]) {
      channel.drop(failed);
    }
    this.transports.remove(this);
    this.#settle();
    this.face.dispatchEvent(new Event("close"));
  }
}

let behind: (face: LP2PConnection) => Connection;
let makeFace: (connection: Connection) => LP2PConnection;

/** A connection with another peer (Local Peer-to-Peer API, LP2PConnection). */
export class LP2PConnection extends EventTarget {
  readonly #connection: Connection;

  static {
    behind = (face) => face.#connection;
    makeFace = (connection) => new (LP2PConnection as unknown as new (key: symbol, c: Connection) => LP2PConnection)(own, connection);
    handlerAttributes(
      LP2PConnection.prototype,
      ["datachannel", "close"],
      (v) => typeof v === "object" && v !== null && #connection in v,
    );
  }

  /** Pages get connections from requests and receivers. */
  private constructor(...internal: unknown[]) {
    if (internal[0] !== own) {
      illegalConstructor();
    }
    super();
    this.#connection = internal[1] as Connection;
  }

  /**
   * Opens a channel for messages; the other page gets the event "datachannel".
   *
   * @throws {DOMException} InvalidStateError when the connection is closed, OperationError when it has too many channels or the number is taken.
   */
  createDataChannel(label: string, dataChannelDict: LP2PDataChannelInit = {}): LP2PDataChannel {
    const connection = this.#connection;
    requireArguments("createDataChannel", arguments.length, 1);
    return connection.open(usvString(label), channelInit(dataChannelDict));
  }

  /** Extension: what the peer calls itself. */
  get nickname(): string {
    return this.#connection.nickname;
  }

  /** Extension: ends the connection, with its channels and transports; "close" is fired on both sides. */
  close(): void {
    this.#connection.close();
  }

  /** Extension: fulfilled when the connection is over. */
  get closed(): Promise<void> {
    return this.#connection.closed;
  }
}

/** The event handlers of a connection. */
export interface LP2PConnection {
  /** The other page opened a channel. */
  ondatachannel: ((this: LP2PConnection, event: Event & { readonly channel: LP2PDataChannel }) => unknown) | null;
  /** Extension: the connection is over. */
  onclose: ((this: LP2PConnection, event: Event) => unknown) | null;
}

shape(LP2PConnection, "LP2PConnection");

/** What is behind a connection. */
export function connectionOf(face: LP2PConnection): Connection {
  return behind(face);
}
