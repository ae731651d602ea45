import { dictionary, handlerAttributes, requireArguments, shape, unsignedShort, usvString } from "./idl.ts";
import type { Link, Party } from "./link.ts";
import { frameKind, type NodeMessage } from "./wire.ts";

/** How createDataChannel() makes a channel. */
export interface LP2PDataChannelInit {
  /** The name of a subprotocol; "" for none. */
  protocol?: string;
  /** Which number the channel has, 0 to 65534; chosen when it is left out. */
  id?: number;
}

/** The states of a channel, as those of RTCDataChannel. */
export type LP2PDataChannelState = "connecting" | "open" | "closing" | "closed";

/** What a channel sends. */
export type LP2PData = string | Blob | ArrayBuffer | ArrayBufferView<ArrayBuffer>;

/** The largest number of a channel: 65535 is not one (Local Peer-to-Peer API, data channel extension). */
const largestID = 65534;
/** The most octets of a label or a subprotocol, as in WebRTC. */
const longestLabel = 65535;
/** What a message takes of the window beside its octets, so that empty ones are bounded too. */
const messageCost = 32;

/** Octets that wait to be sent, or a Blob that has to be read first. */
interface Waiting {
  readonly kind: number;
  readonly size: number;
  readonly data: Uint8Array | Blob;
}

/** What is behind a channel: the facade below has the standard's members and nothing else. */
export class Channel implements Party {
  readonly face: LP2PDataChannel;
  readonly label: string;
  readonly protocol: string;
  id: number | null;
  state: LP2PDataChannelState = "connecting";
  binaryType: BinaryType = "arraybuffer";
  buffered = 0;
  lowThreshold = 0;

  readonly #queue: Waiting[] = [];
  #draining = false;
  /** Octets of the messages that the node has not passed on yet, in order, and their cost together. */
  readonly #sent: number[] = [];
  #unacknowledged = 0;
  #link: Link | undefined;
  #number = 0;
  #gone: () => void = () => undefined;

  constructor(face: LP2PDataChannel, label: string, protocol: string, id: number | null) {
    this.face = face;
    this.label = label;
    this.protocol = protocol;
    this.id = id;
  }

  /** Ties the channel to its number on the line. gone is called when it is over. */
  attach(link: Link, number: number, gone: () => void): void {
    this.#link = link;
    this.#number = number;
    this.#gone = gone;
  }

  /** Takes a channel that the other side opened as open, before anybody hears of it. */
  begin(): void {
    this.state = "open";
  }

  hear(m: NodeMessage): void {
    switch (m.op) {
      case "opened":
        if (this.state === "connecting") {
          this.id = m.channel ?? this.id;
          this.state = "open";
          this.#fire("open");
        }
        break;
      case "credit":
        this.#acknowledge(m.bytes);
        void this.#drain();
        break;
      case "closed":
        this.#end(false);
        break;
      case "failed":
        this.#end(true);
        break;
    }
  }

  take(kind: number, payload: Uint8Array<ArrayBuffer>): void {
    if (this.state === "open" || this.state === "closing") {
      this.face.dispatchEvent(new MessageEvent("message", { data: this.#received(kind, payload) }));
    }
  }

  lost(): void {
    this.#end(true);
  }

  send(data: unknown): void {
    const waiting = toWaiting(data);
    if (this.state !== "open" || !this.#link) {
      throw new DOMException(`the channel is ${this.state}`, "InvalidStateError");
    }
    const most = this.#link.limits.message;
    if (waiting.size > most) {
      throw new TypeError(`a message has at most ${most} octets, and this one ${waiting.size}`);
    }
    this.buffered += waiting.size;
    this.#queue.push(waiting);
    void this.#drain();
  }

  close(): void {
    if (this.state === "closing" || this.state === "closed") {
      return;
    }
    this.state = "closing";
    if (!this.#link) {
      queueMicrotask(() => this.#end(false));
    } else if (this.#queue.length === 0 && !this.#draining) {
      this.#link.say({ op: "close", id: this.#number });
    } // else what waits is sent first
  }

  /** Ends a channel whose connection is over. */
  drop(error: boolean): void {
    this.#end(error);
  }

  #received(kind: number, payload: Uint8Array<ArrayBuffer>): unknown {
    if (kind === frameKind.string) {
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(payload);
    }
    const own = payload.slice().buffer;
    return this.binaryType === "blob" ? new Blob([own]) : own;
  }

  /** Sends what waits, in order, as far as the window goes. */
  async #drain(): Promise<void> {
    const link = this.#link;
    if (!link || this.#draining) {
      return;
    }
    this.#draining = true;
    for (let next = this.#queue[0]; next && this.#unacknowledged < link.limits.window; next = this.#queue[0]) {
      let octets: Uint8Array;
      try {
        octets = next.data instanceof Uint8Array ? next.data : new Uint8Array(await next.data.arrayBuffer());
      } catch {
        this.#end(true); // the file behind a Blob changed or went away
        break;
      }
      if (this.state === "closed") {
        break;
      }
      this.#queue.shift();
      this.#sent.push(octets.byteLength);
      this.#unacknowledged += octets.byteLength + messageCost;
      link.send(next.kind, this.#number, octets);
    }
    this.#draining = false;
    if (this.state === "closing" && this.#queue.length === 0) {
      link.say({ op: "close", id: this.#number });
    }
  }

  #acknowledge(cost: number): void {
    this.#unacknowledged -= cost;
    let passed = 0;
    for (let left = cost, first = this.#sent[0]; first !== undefined && left >= first + messageCost; first = this.#sent[0]) {
      this.#sent.shift();
      left -= first + messageCost;
      passed += first;
    }
    this.#lower(passed);
  }

  #lower(bytes: number): void {
    const before = this.buffered;
    this.buffered = Math.max(0, before - bytes);
    if (before > this.lowThreshold && this.buffered <= this.lowThreshold) {
      this.#fire("bufferedamountlow");
    }
  }

  #end(failed: boolean): void {
    if (this.state === "closed") {
      return;
    }
    const asked = this.state === "closing";
    this.#queue.length = 0;
    this.#link?.leave(this.#number);
    this.#gone();
    if (failed) {
      this.state = "closed";
      this.#fire("error");
    } else if (!asked) {
      this.state = "closing";
      this.#fire("closing");
    }
    this.state = "closed";
    this.#fire("close");
  }

  #fire(type: string): void {
    this.face.dispatchEvent(new Event(type));
  }
}

function toWaiting(data: unknown): Waiting {
  if (data instanceof Blob) {
    return { kind: frameKind.blob, size: data.size, data };
  }
  if (data instanceof ArrayBuffer) {
    return { kind: frameKind.arrayBuffer, size: data.byteLength, data: new Uint8Array(data.slice(0)) };
  }
  if (ArrayBuffer.isView(data)) {
    if (!(data.buffer instanceof ArrayBuffer)) {
      throw new TypeError("a view of a SharedArrayBuffer cannot be sent");
    }
    const copy = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
    return { kind: frameKind.arrayBuffer, size: copy.byteLength, data: copy };
  }
  const text = new TextEncoder().encode(usvString(data));
  return { kind: frameKind.string, size: text.byteLength, data: text };
}

/** Reads an LP2PDataChannelInit. */
export function channelInit(value: unknown): { protocol: string; id: number | null } {
  const init = dictionary(value, "LP2PDataChannelInit");
  const id = init["id"] === undefined ? null : unsignedShort(init["id"], "id");
  if (id !== null && id > largestID) {
    throw new TypeError(`id: a channel has a number of 0 to ${largestID}`);
  }
  const protocol = init["protocol"] === undefined ? "" : usvString(init["protocol"]);
  return { protocol: short(protocol, "protocol"), id };
}

function short(text: string, what: string): string {
  if (text.length > longestLabel || new TextEncoder().encode(text).byteLength > longestLabel) {
    throw new TypeError(`${what}: longer than ${longestLabel} octets`);
  }
  return text;
}

let behind: (face: LP2PDataChannel) => Channel;

/** A channel for messages between two peers (Local Peer-to-Peer API, LP2PDataChannel). */
export class LP2PDataChannel extends EventTarget {
  readonly #channel: Channel;

  static {
    behind = (face) => face.#channel;
    handlerAttributes(
      LP2PDataChannel.prototype,
      ["open", "error", "closing", "close", "message", "bufferedamountlow"],
      (v) => typeof v === "object" && v !== null && #channel in v,
    );
  }

  /** A channel made this way belongs to no connection and never opens: connections make theirs. */
  constructor(label: string, dataChannelDict: LP2PDataChannelInit = {}) {
    requireArguments("LP2PDataChannel", arguments.length, 1);
    super();
    const text = short(usvString(label), "label");
    const { protocol, id } = channelInit(dataChannelDict);
    this.#channel = new Channel(this, text, protocol, id);
  }

  /** What the opener called it. */
  get label(): string {
    return this.#channel.label;
  }

  /** The name of a subprotocol; "" for none. */
  get protocol(): string {
    return this.#channel.protocol;
  }

  /** Its number in the connection; null until it is known. */
  get id(): number | null {
    return this.#channel.id;
  }

  /** What messages of octets come as. */
  get binaryType(): BinaryType {
    return this.#channel.binaryType;
  }

  set binaryType(value: BinaryType) {
    const channel = this.#channel;
    if (value === "blob" || value === "arraybuffer") {
      channel.binaryType = value; // an enumeration: other values are ignored (Web IDL §3.2.18)
    }
  }

  /**
   * Sends a message. Messages arrive whole and in order.
   *
   * @throws {DOMException} InvalidStateError while the channel is not open, a TypeError for a message that is too large.
   */
  send(data: LP2PData): void {
    const channel = this.#channel;
    requireArguments("send", arguments.length, 1);
    channel.send(data);
  }

  /** Ends the channel; what was sent before still arrives. */
  close(): void {
    this.#channel.close();
  }

  /** Extension: the state, as RTCDataChannel has it. */
  get readyState(): LP2PDataChannelState {
    return this.#channel.state;
  }

  /** Extension: octets handed to send() that the node has not passed on to the other device yet. */
  get bufferedAmount(): number {
    return this.#channel.buffered;
  }

  /** Extension: when bufferedAmount falls to this, "bufferedamountlow" is fired. */
  get bufferedAmountLowThreshold(): number {
    return this.#channel.lowThreshold;
  }

  set bufferedAmountLowThreshold(value: number) {
    this.#channel.lowThreshold = Number(value) >>> 0;
  }
}

/** The event handlers of a channel. */
export interface LP2PDataChannel {
  /** Messages can be sent. */
  onopen: ((this: LP2PDataChannel, event: Event) => unknown) | null;
  /** The channel broke. */
  onerror: ((this: LP2PDataChannel, event: Event) => unknown) | null;
  /** The channel is about to end. */
  onclosing: ((this: LP2PDataChannel, event: Event) => unknown) | null;
  /** The channel is over. */
  onclose: ((this: LP2PDataChannel, event: Event) => unknown) | null;
  /** A message came. */
  onmessage: ((this: LP2PDataChannel, event: MessageEvent) => unknown) | null;
  /** Extension: what waits to be sent is little enough again. */
  onbufferedamountlow: ((this: LP2PDataChannel, event: Event) => unknown) | null;
}

shape(LP2PDataChannel, "LP2PDataChannel");

/** What is behind a channel. */
export function channelOf(face: LP2PDataChannel): Channel {
  return behind(face);
}
