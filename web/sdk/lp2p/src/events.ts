import { LP2PConnection } from "./connection.ts";
import { LP2PDataChannel } from "./datachannel.ts";
import { dictionary, domString, interfaceType, requireArguments, shape } from "./idl.ts";

/** How an LP2PConnectionEvent is made. */
export interface LP2PConnectionEventInit extends EventInit {
  /** The new connection. */
  connection: LP2PConnection;
}

/** How an LP2PDataChannelEvent is made. */
export interface LP2PDataChannelEventInit extends EventInit {
  /** The new channel. */
  channel: LP2PDataChannel;
}

/** Reads a required member of a dictionary. */
function required<T>(init: Readonly<Record<string, unknown>>, name: string, is: (v: unknown) => v is T): T {
  if (init[name] === undefined) {
    throw new TypeError(`Required member ${name} is undefined.`);
  }
  return interfaceType(init[name], is, name);
}

/** Says that a peer connected. */
export class LP2PConnectionEvent extends Event {
  readonly #connection: LP2PConnection;

  constructor(type: string, connectionEventInitDict: LP2PConnectionEventInit) {
    requireArguments("LP2PConnectionEvent", arguments.length, 2);
    const init = dictionary(connectionEventInitDict, "LP2PConnectionEventInit");
    const is = (v: unknown): v is LP2PConnection => v instanceof LP2PConnection;
    const connection = required(init, "connection", is);
    super(domString(type), init);
    this.#connection = connection;
  }

  /** The new connection. */
  get connection(): LP2PConnection {
    return this.#connection;
  }
}

/** Says that the peer opened a channel. */
export class LP2PDataChannelEvent extends Event {
  readonly #channel: LP2PDataChannel;

  constructor(type: string, DataChannelEventInitDict: LP2PDataChannelEventInit) {
    requireArguments("LP2PDataChannelEvent", arguments.length, 2);
    const init = dictionary(DataChannelEventInitDict, "LP2PDataChannelEventInit");
    const is = (v: unknown): v is LP2PDataChannel => v instanceof LP2PDataChannel;
    const channel = required(init, "channel", is);
    super(domString(type), init);
    this.#channel = channel;
  }

  /** The new channel. */
  get channel(): LP2PDataChannel {
    return this.#channel;
  }
}

shape(LP2PConnectionEvent, "LP2PConnectionEvent");
shape(LP2PDataChannelEvent, "LP2PDataChannelEvent");
