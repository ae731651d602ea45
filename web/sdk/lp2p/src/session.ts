// What is behind an LP2PQuicTransport: one transport of a connection.
import type { Connection } from "./connection.ts";
import type { Link, Party } from "./link.ts";
import type { Rendezvous } from "./rendezvous.ts";
import { octetsOf, Stream, streamError, type BidirectionalStream } from "./streams.ts";
import { frameKind, type NodeMessage } from "./wire.ts";

/** How a transport was closed (WebTransportCloseInfo). */
export interface CloseInfo {
  /** A number of the app's own. */
  closeCode: number;
  /** Words for it, 1,024 octets at most. */
  reason: string;
}

/** The most octets of a reason (WebTransport §6.10). */
const longestReason = 1024;
/** Octets of datagrams that may wait for the browser before new ones are dropped. */
const datagramBacklog = 1 << 20;

type Incoming<T> = { readonly stream: ReadableStream<T>; readonly control: () => ReadableStreamDefaultController<T> | undefined };

/** A transport from before it has a peer until it is closed. */
export class Session implements Party {
  readonly ready: Promise<void>;
  readonly closed: Promise<CloseInfo>;
  readonly draining: Promise<void> = new Promise(() => undefined); // a peer nearby never asks to drain
  readonly bidirectional: ReadableStream<BidirectionalStream>;
  readonly unidirectional: ReadableStream<ReadableStream<Uint8Array<ArrayBuffer>>>;
  readonly datagrams: Datagrams;

  #link: Link | undefined;
  #number = 0;
  #state: "connecting" | "connected" | "closed" | "failed" = "connecting";
  readonly #streams = new Set<Stream>();
  readonly #bidi: Incoming<BidirectionalStream>;
  readonly #uni: Incoming<ReadableStream<Uint8Array<ArrayBuffer>>>;
  #rendezvous: Rendezvous | undefined;
  #readyNow: () => void = () => undefined;
  #notReady: (e: Error) => void = () => undefined;
  #closedNow: (i: CloseInfo) => void = () => undefined;
  #brokenNow: (e: Error) => void = () => undefined;

  constructor() {
    this.ready = new Promise((resolve, reject) => {
      this.#readyNow = resolve;
      this.#notReady = reject;
    });
    this.closed = new Promise((resolve, reject) => {
      this.#closedNow = resolve;
      this.#brokenNow = reject;
    });
    this.ready.catch(() => undefined);
    this.closed.catch(() => undefined);
    this.#bidi = incoming();
    this.#uni = incoming();
    this.bidirectional = this.#bidi.stream;
    this.unidirectional = this.#uni.stream;
    this.datagrams = new Datagrams((octets) => this.#sendDatagram(octets));
  }

  /** Waits at a rendezvous for a peer. */
  waitAt(rendezvous: Rendezvous, c: Connection | undefined): void {
    this.#rendezvous = rendezvous;
    rendezvous.meet(this, c);
  }

  /** Opens the transport to the peer of a connection. */
  dial(c: Connection): void {
    if (c.over) {
      this.fail("the connection is over");
    } else if (this.#state === "connecting") {
      this.#attach(c.link, c.link.enter(this));
      c.link.say({ op: "open-transport", id: this.#number, connection: c.number });
    }
  }

  /** Takes the transport that the peer offered. */
  acceptFrom(c: Connection, number: number): void {
    if (this.#state !== "connecting") {
      c.link.say({ op: "close", id: number });
      return;
    }
    c.link.join(number, this);
    this.#attach(c.link, number);
    c.link.say({ op: "accept", id: number });
  }

  hear(m: NodeMessage): void {
    switch (m.op) {
      case "opened":
        this.#open();
        break;
      case "stream":
        this.#incomingStream(m);
        break;
      case "closed":
        this.#end({ closeCode: m.code ?? 0, reason: m.reason ?? "" });
        break;
      case "failed":
        this.fail(m.message);
        break;
    }
  }

  lost(error: DOMException): void {
    this.fail(error.message);
  }

  close(info: CloseInfo): void {
    if (this.#state === "closed" || this.#state === "failed") {
      return;
    }
    if (this.#state === "connecting") {
      const error = streamError("the transport was closed before it was ready", "session");
      this.#rendezvous?.leave(this);
      this.#link?.say({ op: "close", id: this.#number });
      this.#break(error);
      return;
    }
    this.#link?.say({ op: "close", id: this.#number, code: info.closeCode, reason: cut(info.reason) });
    this.#end({ closeCode: info.closeCode, reason: cut(info.reason) });
  }

  /** Ends the transport with an error. */
  fail(message: string): void {
    if (this.#state === "connecting" || this.#state === "connected") {
      this.#break(streamError(message, "session"));
    }
  }

  async createBidirectional(): Promise<BidirectionalStream> {
    const stream = await this.#create(true);
    return { readable: stream.readable!, writable: stream.writable! };
  }

  async createUnidirectional(): Promise<WritableStream<BufferSource>> {
    const stream = await this.#create(false);
    return stream.writable!;
  }

  get state(): string {
    return this.#state;
  }

  #attach(link: Link, number: number): void {
    this.#link = link;
    this.#number = number;
    this.datagrams.limit(link.limits.datagram);
  }

  #open(): void {
    if (this.#state === "connecting") {
      this.#state = "connected";
      this.#readyNow();
    }
  }

  async #create(bidi: boolean): Promise<Stream> {
    if (this.#state === "closed" || this.#state === "failed") {
      throw new DOMException("the transport is closed", "InvalidStateError");
    }
    await this.ready;
    const link = this.#link;
    if (!link || this.#state !== "connected") {
      throw new DOMException("the transport is closed", "InvalidStateError");
    }
    if (this.#streams.size >= link.limits.streams) {
      throw new DOMException(`a transport has at most ${link.limits.streams} streams at once`, "QuotaExceededError");
    }
    const stream: Stream = new Stream(link, { read: bidi, write: true }, () => this.#streams.delete(stream));
    this.#streams.add(stream);
    link.say({ op: "open-stream", id: stream.enter(), transport: this.#number, bidi });
    await stream.ready;
    return stream;
  }

  #incomingStream(m: Extract<NodeMessage, { op: "stream" }>): void {
    const link = this.#link;
    if (!link) {
      return;
    }
    const stream: Stream = new Stream(link, { read: true, write: m.bidi }, () => this.#streams.delete(stream));
    this.#streams.add(stream);
    stream.join(m.id);
    if (m.bidi) {
      this.#bidi.control()?.enqueue({ readable: stream.readable!, writable: stream.writable! });
    } else {
      this.#uni.control()?.enqueue(stream.readable!);
    }
  }

  take(kind: number, payload: Uint8Array<ArrayBuffer>): void {
    if (kind === frameKind.datagram) {
      this.datagrams.receive(payload);
    }
  }

  #sendDatagram(octets: Uint8Array): void {
    // Datagrams may be lost: those that nobody takes away are.
    if (this.#link && this.#state === "connected" && this.#link.queued < datagramBacklog) {
      this.#link.send(frameKind.datagram, this.#number, octets);
    }
  }

  #end(info: CloseInfo): void {
    if (this.#state === "closed" || this.#state === "failed") {
      return;
    }
    if (this.#state === "connecting") {
      this.fail("the peer closed the transport");
      return;
    }
    this.#state = "closed";
    this.#over(streamError("the transport is closed", "session"), false);
    this.#closedNow(info);
  }

  #break(error: Error): void {
    this.#state = "failed";
    this.#over(error, true);
    this.#notReady(error);
    this.#brokenNow(error);
  }

  #over(error: Error, failed: boolean): void {
    this.#link?.leave(this.#number);
    for (const stream of [...this.#streams]) {
      stream.fail(error);
    }
    this.datagrams.end(failed ? error : undefined);
    for (const control of [this.#bidi.control(), this.#uni.control()]) {
      try {
        if (failed) {
          control?.error(error);
        } else {
          control?.close();
        }
      } catch {
        // its reader cancelled it already
      }
    }
  }
}

/** A stream of incoming things and the way to put some in. */
function incoming<T>(): Incoming<T> {
  let control: ReadableStreamDefaultController<T> | undefined;
  const stream = new ReadableStream<T>({
    start: (c) => {
      control = c;
    },
    cancel: () => {
      control = undefined;
    },
  });
  return { stream, control: () => control };
}

function cut(reason: string): string {
  const octets = new TextEncoder().encode(reason);
  return octets.byteLength <= longestReason ? reason : new TextDecoder().decode(octets.subarray(0, longestReason)).replace(/\uFFFD$/, "");
}

/** The datagrams of a transport (WebTransportDatagramDuplexStream). */
export class Datagrams {
  /** Those that came. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Takes those to be sent; one that is too large is lost. */
  readonly writable: WritableStream<BufferSource>;
  /** Milliseconds after which one that came is not worth reading; null for no end. */
  incomingMaxAge: number | null = null;
  /** Has no effect: they are sent at once. */
  outgoingMaxAge: number | null = null;
  /** How many that came wait to be read, before the oldest go. */
  incomingHighWaterMark: number = 64;
  /** Has no effect: they are sent at once. */
  outgoingHighWaterMark: number = 64;
  #most = 1024;
  #control: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #sink: WritableStreamDefaultController | undefined;
  /** Received and not read: the oldest go when there are too many. */
  readonly #waiting: { readonly octets: Uint8Array<ArrayBuffer>; readonly at: number }[] = [];

  constructor(send: (octets: Uint8Array) => void) {
    this.readable = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (c) => {
          this.#control = c;
        },
        pull: () => this.#hand(),
        cancel: () => {
          this.#control = undefined;
        },
      },
      { highWaterMark: 0 },
    );
    this.writable = new WritableStream<BufferSource>({
      start: (c) => {
        this.#sink = c;
      },
      write: (chunk) => {
        const octets = octetsOf(chunk);
        if (octets.byteLength <= this.#most) {
          send(octets);
        } // a larger one is lost, as WebTransport §5.3 has it
      },
    });
  }

  /** Octets of the largest that can be sent. */
  get maxDatagramSize(): number {
    return this.#most;
  }

  /** @internal */
  limit(most: number): void {
    this.#most = most;
  }

  /** @internal */
  receive(octets: Uint8Array<ArrayBuffer>): void {
    this.#waiting.push({ octets: octets.slice(), at: performance.now() });
    while (this.#waiting.length > Math.max(1, this.incomingHighWaterMark)) {
      this.#waiting.shift();
    }
    if ((this.#control?.desiredSize ?? 0) > 0 || this.#wanted) {
      this.#hand();
    }
  }

  /** @internal */
  end(error: Error | undefined): void {
    try {
      if (error) {
        this.#control?.error(error);
      } else {
        this.#control?.close();
      }
    } catch {
      // cancelled already
    }
    this.#sink?.error(error ?? streamError("the transport is closed", "session"));
  }

  #wanted = false;

  /** Gives the reader the next one; when there is none, the next that comes. */
  #hand(): void {
    const next = this.#waiting.find((d) => this.incomingMaxAge === null || performance.now() - d.at <= this.incomingMaxAge);
    this.#wanted = next === undefined;
    if (next) {
      this.#waiting.splice(0, this.#waiting.indexOf(next) + 1);
      this.#control?.enqueue(next.octets);
    }
  }
}
