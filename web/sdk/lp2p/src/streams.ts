// Streams of a transport over the line to the node, with credit in both
// directions: a slow reader on either side stops the writer on the other.
import type { Link, Party } from "./link.ts";
import { frameKind, type NodeMessage } from "./wire.ts";

/** The most octets of one frame: other streams get a turn between two. */
const largestFrame = 64 << 10;

/** A stream in both directions, as WebTransportBidirectionalStream. */
export interface BidirectionalStream {
  /** What the peer sends. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What the peer gets. */
  readonly writable: WritableStream<BufferSource>;
}

/** An error as WebTransport reports it; where there is no WebTransport, a NetworkError. */
export function streamError(message: string, source: "stream" | "session", code: number | null = null): Error {
  const streamErrorCode = code;
  // The constructor once took everything in one dictionary, and browsers still do.
  const ways = [
    () => new WebTransportError(message, { source, streamErrorCode }),
    () => new (WebTransportError as unknown as new (init: object) => WebTransportError)(code === null ? { message } : { message, streamErrorCode }),
  ];
  for (const way of typeof WebTransportError === "function" ? ways : []) {
    try {
      const error = way();
      if (error.message === message) {
        return error;
      }
    } catch {
      // the other way, then
    }
  }
  return new DOMException(message, "NetworkError");
}

/** The code by which a stream is given up: that of a WebTransportError, or 0 (WebTransport §14.5). */
function codeOf(reason: unknown): number {
  const code = (reason as { streamErrorCode?: unknown } | null | undefined)?.streamErrorCode;
  return typeof code === "number" ? code : 0;
}

/** One stream: the half that is read, the half that is written, or both. */
export class Stream implements Party {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  readonly writable: WritableStream<BufferSource> | undefined;
  readonly ready: Promise<void>;

  readonly #link: Link;
  readonly #gone: () => void;
  #number = 0;
  #opened: () => void = () => undefined;
  #refused: (e: Error) => void = () => undefined;

  #reader: ReadableByteStreamController | undefined;
  #received = 0;
  #credited = 0;

  #writer: WritableStreamDefaultController | undefined;
  #window: number;
  #more: () => void = () => undefined;

  #readOver: boolean;
  #writeOver: boolean;

  constructor(link: Link, halves: { readonly read: boolean; readonly write: boolean }, gone: () => void) {
    this.#link = link;
    this.#gone = gone;
    this.#window = link.limits.window;
    this.#readOver = !halves.read;
    this.#writeOver = !halves.write;
    this.ready = new Promise((resolve, reject) => {
      this.#opened = resolve;
      this.#refused = reject;
    });
    this.ready.catch(() => undefined);
    this.readable = halves.read ? this.#makeReadable() : undefined;
    this.writable = halves.write ? this.#makeWritable() : undefined;
  }

  /** Takes the number of a stream that this side opens. */
  enter(): number {
    this.#number = this.#link.enter(this);
    return this.#number;
  }

  /** Takes the number of a stream that the peer opened. */
  join(number: number): void {
    this.#number = number;
    this.#link.join(number, this);
    this.#opened();
  }

  hear(m: NodeMessage): void {
    switch (m.op) {
      case "opened":
        this.#opened();
        break;
      case "credit":
        this.#window += m.bytes;
        this.#more();
        break;
      case "fin":
        this.#endReading();
        break;
      case "reset":
        this.#breakReading(streamError("the peer gave the stream up", "stream", m.code));
        break;
      case "stop-sending":
        this.#breakWriting(streamError("the peer reads no more of the stream", "stream", m.code));
        break;
      case "closed":
        this.fail(streamError("the transport is closed", "session"));
        break;
      case "failed":
        this.fail(streamError(m.message, "stream"));
        break;
    }
  }

  take(_kind: number, payload: Uint8Array<ArrayBuffer>): void {
    if (!this.#readOver && payload.byteLength > 0) {
      this.#received += payload.byteLength;
      this.#reader?.enqueue(payload.slice());
    }
  }

  lost(error: DOMException): void {
    this.fail(streamError(error.message, "session"));
  }

  /** Breaks both halves. */
  fail(error: Error): void {
    this.#refused(error);
    this.#breakReading(error);
    this.#breakWriting(error);
  }

  #makeReadable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const room = this.#link.limits.window;
    return new ReadableStream({
      type: "bytes",
      start: (controller) => {
        this.#reader = controller;
      },
      pull: () => this.#credit(),
      cancel: (reason: unknown) => {
        this.#link.say({ op: "stop-sending", id: this.#number, code: codeOf(reason) });
        this.#readOver = true;
        this.#leave();
      },
    }, { highWaterMark: room }) as ReadableStream<Uint8Array<ArrayBuffer>>;
  }

  /** Tells the peer how much was read since it was told last, a good part of the window at a time. */
  #credit(): void {
    const room = this.#link.limits.window;
    const queued = room - (this.#reader?.desiredSize ?? room);
    const taken = this.#received - Math.max(0, queued) - this.#credited;
    if (taken >= room / 4 || (queued <= 0 && taken > 0)) {
      this.#credited += taken;
      this.#link.say({ op: "credit", id: this.#number, bytes: taken });
    }
  }

  #makeWritable(): WritableStream<BufferSource> {
    return new WritableStream<BufferSource>({
      start: (controller) => {
        this.#writer = controller;
      },
      write: (chunk) => this.#write(chunk),
      close: () => {
        this.#link.say({ op: "fin", id: this.#number });
        this.#writeOver = true;
        this.#leave();
      },
      abort: (reason: unknown) => {
        this.#link.say({ op: "reset", id: this.#number, code: codeOf(reason) });
        this.#writeOver = true;
        this.#more();
        this.#leave();
      },
    });
  }

  async #write(chunk: BufferSource): Promise<void> {
    await this.ready;
    let rest = octetsOf(chunk);
    while (rest.byteLength > 0) {
      while (this.#window <= 0 && !this.#writeOver) {
        await new Promise<void>((resolve) => (this.#more = resolve));
      }
      if (this.#writeOver) {
        return; // the stream was given up meanwhile, and says so itself
      }
      const now = rest.subarray(0, Math.min(this.#window, largestFrame));
      rest = rest.subarray(now.byteLength);
      this.#window -= now.byteLength;
      this.#link.send(frameKind.stream, this.#number, now);
    }
  }

  #endReading(): void {
    if (this.#readOver) {
      return;
    }
    this.#readOver = true;
    this.#reader?.close();
    this.#reader?.byobRequest?.respond(0);
    this.#leave();
  }

  #breakReading(error: Error): void {
    if (!this.#readOver) {
      this.#readOver = true;
      this.#reader?.error(error);
      this.#leave();
    }
  }

  #breakWriting(error: Error): void {
    if (!this.#writeOver) {
      this.#writeOver = true;
      this.#writer?.error(error);
      this.#more();
      this.#leave();
    }
  }

  #leave(): void {
    if (this.#readOver && this.#writeOver) {
      this.#link.leave(this.#number);
      this.#gone();
    }
  }
}

/** A copy of what a chunk holds. */
export function octetsOf(chunk: unknown): Uint8Array {
  if (chunk instanceof ArrayBuffer) {
    return new Uint8Array(chunk.slice(0));
  }
  if (ArrayBuffer.isView(chunk)) {
    return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice();
  }
  throw new TypeError("a stream of octets takes an ArrayBuffer or a view of one");
}
