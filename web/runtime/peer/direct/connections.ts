/** The worker's part of direct connections: a window at the other end of a port makes them. */
import { Fault } from "../fault.ts";
import type { Pipe } from "./pipe.ts";
import type { FromWindow, ToWindow } from "./wire.ts";

/** A connection in the making. */
export interface Making {
  /** How this side is reached. */
  readonly sdp: Promise<string>;
  /** The channel, when it is open; rejected when the connection fails or close is called. */
  readonly opened: Promise<Pipe>;
  /** Takes the other side's answer. */
  accept(sdp: string): void;
  close(): void;
}

/** What makes connections. */
export interface Connections {
  /** Offers a connection, or answers the offer of another side. */
  make(config: RTCConfiguration, offer?: string): Making;
}

/** Connections that a window makes, by serveConnections. */
export class WindowConnections implements Connections {
  readonly #port: MessagePort;
  readonly #all = new Map<number, Link>();
  #last = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = (e: MessageEvent<FromWindow>) => this.#all.get(e.data.id)?.hear(e.data);
  }

  make(config: RTCConfiguration, offer?: string): Making {
    const id = ++this.#last;
    const link = new Link(id, (m, transfer) => this.#port.postMessage(m, transfer ?? []), () => this.#all.delete(id));
    this.#all.set(id, link);
    this.#port.postMessage({ rtc: "make", id, config, ...(offer === undefined ? {} : { offer }) } satisfies ToWindow);
    return link;
  }
}

/** A promise and its two ends. */
function deferred<T>(): { promise: Promise<T>; resolve: (v: T) => void; reject: (e: unknown) => void } {
  let resolve: (v: T) => void = () => undefined;
  let reject: (e: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => undefined); // nobody may be waiting
  return { promise, resolve, reject };
}

/** One connection, before it is a pipe and after. */
class Link implements Making, Pipe {
  onClose: () => void = () => undefined;
  readonly #id: number;
  readonly #say: (m: ToWindow, transfer?: Transferable[]) => void;
  readonly #forget: () => void;
  readonly #sdp = deferred<string>();
  readonly #opened = deferred<Pipe>();
  #channel: RTCDataChannel | undefined;
  #inWindow = 0; // octets on their way to a channel that stayed there
  #ended = false;
  #onData: ((octets: Uint8Array) => void) | undefined;
  #early: Uint8Array[] = []; // came before anybody listened

  constructor(id: number, say: (m: ToWindow, transfer?: Transferable[]) => void, forget: () => void) {
    this.#id = id;
    this.#say = say;
    this.#forget = forget;
  }

  get sdp(): Promise<string> {
    return this.#sdp.promise;
  }

  get opened(): Promise<Pipe> {
    return this.#opened.promise;
  }

  get buffered(): number {
    return this.#channel?.bufferedAmount ?? this.#inWindow;
  }

  get onData(): (octets: Uint8Array) => void {
    return this.#onData ?? (() => undefined);
  }

  set onData(f: (octets: Uint8Array) => void) {
    this.#onData = f;
    for (const octets of this.#early.splice(0)) f(octets);
  }

  accept(sdp: string): void {
    this.#say({ rtc: "accept", id: this.#id, sdp });
  }

  send(octets: Uint8Array): void {
    if (this.#ended) return;
    if (!this.#channel) {
      this.#inWindow += octets.length;
      return this.#say({ rtc: "send", id: this.#id, octets: octets.slice() });
    }
    try {
      this.#channel.send(octets as Uint8Array<ArrayBuffer>);
    } catch {
      this.#end(true); // it has just closed, or its buffer is full
    }
  }

  close(): void {
    this.#end(false);
  }

  /** Takes what the window says. */
  hear(m: FromWindow): void {
    if (m.rtc === "channel") {
      if (m.channel) this.#take(m.channel);
    } else if (m.rtc === "described") {
      this.#sdp.resolve(m.sdp);
    } else if (m.rtc === "open") {
      this.#opened.resolve(this);
    } else if (m.rtc === "data") {
      this.#came(m.octets);
    } else if (m.rtc === "left") {
      this.#inWindow -= m.octets;
    } else {
      this.#end(true);
    }
  }

  #take(channel: RTCDataChannel): void {
    this.#channel = channel;
    channel.binaryType = "arraybuffer";
    channel.onmessage = (e: MessageEvent<unknown>) => {
      if (e.data instanceof ArrayBuffer) this.#came(new Uint8Array(e.data));
      else this.#end(true);
    };
    channel.onclose = () => this.#end(true);
    if (channel.readyState === "open") this.#opened.resolve(this);
    else channel.onopen = () => this.#opened.resolve(this);
  }

  #came(octets: Uint8Array): void {
    if (this.#ended) return;
    if (this.#onData) this.#onData(octets);
    else this.#early.push(octets);
  }

  #end(tell: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    const over = new Fault("unreachable", "no direct connection");
    this.#sdp.reject(over);
    this.#opened.reject(over);
    this.#channel?.close();
    this.#say({ rtc: "close", id: this.#id });
    this.#forget();
    if (tell) this.onClose();
  }
}
