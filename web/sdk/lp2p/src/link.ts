// The page's one line to its node: a WebSocket that everything shares.
import { nodeAddress } from "./place.ts";
import { frame, subprotocol, unframe, type Limits, type NodeMessage, type PageMessage } from "./wire.ts";

/** Something of the page that the node has news for. */
export interface Party {
  /** What the node says of it. */
  hear(message: NodeMessage): void;
  /** Octets for it. */
  take?(kind: number, payload: Uint8Array<ArrayBuffer>): void;
  /** The line is gone, and with it everything on the node's side. */
  lost(error: DOMException): void;
}

/** What the node says first. */
export type Welcome = Extract<NodeMessage, { op: "welcome" }>;

/** An open line. */
export class Link {
  readonly welcome: Welcome;
  readonly #socket: WebSocket;
  readonly #parties = new Map<number, Party>();
  #next = 1;
  #over: DOMException | undefined;

  constructor(socket: WebSocket, welcome: Welcome) {
    this.welcome = welcome;
    this.#socket = socket;
    socket.onmessage = (e: MessageEvent<string | ArrayBuffer>) => this.#hear(e.data);
    socket.onclose = (e) => this.#end(e.reason || "the connection to the node is gone");
  }

  get limits(): Limits {
    return this.welcome.limits;
  }

  /** Octets that the browser has not handed to the node yet. */
  get queued(): number {
    return this.#socket.bufferedAmount;
  }

  /** Takes a new number for party. */
  enter(party: Party): number {
    const id = this.#next;
    this.#next += 2;
    this.join(id, party);
    return id;
  }

  /** Listens for party at a number that the node chose. */
  join(id: number, party: Party): void {
    this.#parties.set(id, party);
  }

  leave(id: number): void {
    this.#parties.delete(id);
  }

  say(message: PageMessage): void {
    if (!this.#over) {
      this.#socket.send(JSON.stringify(message));
    }
  }

  send(kind: number, id: number, payload: Uint8Array): void {
    if (!this.#over) {
      this.#socket.send(frame(kind, id, payload));
    }
  }

  #hear(data: string | ArrayBuffer): void {
    if (typeof data !== "string") {
      const f = unframe(data);
      if (f) {
        this.#parties.get(f.id)?.take?.(f.kind, f.payload);
      }
      return;
    }
    const message = JSON.parse(data) as NodeMessage;
    if ("source" in message) {
      this.#parties.get(message.source)?.hear(message);
    } else if ("connection" in message) {
      this.#parties.get(message.connection)?.hear(message);
    } else if ("transport" in message) {
      this.#parties.get(message.transport)?.hear(message);
    } else if ("id" in message) {
      this.#parties.get(message.id)?.hear(message);
    }
  }

  #end(reason: string): void {
    this.#over = new DOMException(reason, "NetworkError");
    if (current?.link === this) {
      current = undefined;
    }
    const all = [...this.#parties.values()];
    this.#parties.clear();
    for (const party of all) {
      party.lost(this.#over);
    }
  }
}

/** The line of this global object, once it was asked for. */
let current: { readonly opening: Promise<Link>; link?: Link } | undefined;

/** The line to the node; it is opened when it is first needed, and again after it broke. */
export function link(): Promise<Link> {
  if (!current) {
    const entry: { opening: Promise<Link>; link?: Link } = { opening: open() };
    current = entry;
    entry.opening.then(
      (l) => (entry.link = l),
      () => {
        if (current === entry) {
          current = undefined;
        }
      },
    );
  }
  return current.opening;
}

async function open(): Promise<Link> {
  const { url, protocols } = nodeAddress(subprotocol);
  const socket = new WebSocket(url, protocols);
  socket.binaryType = "arraybuffer";
  return new Promise<Link>((resolve, reject) => {
    const fail = (e: CloseEvent): void => {
      reject(new DOMException(e.reason || "no Kith node answers this page", "NetworkError"));
    };
    socket.onclose = fail;
    socket.onmessage = (e: MessageEvent<unknown>) => {
      const first = typeof e.data === "string" ? (JSON.parse(e.data) as NodeMessage) : undefined;
      if (first?.op === "welcome" && first.version === 1) {
        resolve(new Link(socket, first));
        return;
      }
      socket.close();
      reject(new DOMException("the node speaks another version", "NotSupportedError"));
    };
  });
}
