// Streams of WebTransport as pipes: a native peer's server, known by the hashes
// of its certificates (WebTransport §6.9).
import { fromBase64 } from "./bytes.ts";
import type { Pipe } from "./pipe.ts";
import type { Endpoint } from "../types.ts";

/** Milliseconds and octets. */
const bounds = {
  connect: 5_000,
  lowWater: 256 * 1024,
} as const;

/** Whether this browser has WebTransport. */
export function canDial(): boolean {
  return typeof WebTransport === "function";
}

/** Connects to an endpoint. */
export async function dial(e: Endpoint): Promise<Pipe> {
  const hashes = e.hashes.flatMap((h) => {
    const value = fromBase64(h.replace(/-/g, "+").replace(/_/g, "/"));
    return value?.length === 32 ? [{ algorithm: "sha-256", value: value as Uint8Array<ArrayBuffer> }] : [];
  });
  const session = new WebTransport(e.url, { serverCertificateHashes: hashes, congestionControl: "throughput" });
  session.closed.catch(() => undefined);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${e.url} does not answer`)), bounds.connect);
  });
  try {
    const connected = session.ready.then(() => session.createBidirectionalStream());
    connected.catch(() => undefined);
    return new Stream(session, await Promise.race([connected, late]), e.url);
  } catch (error) {
    session.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

class Stream implements Pipe {
  readonly kind = "webtransport";
  readonly initiator = true;
  readonly address: string;
  buffered = 0;
  onData: ((data: Uint8Array) => void) | undefined;
  onDrain: (() => void) | undefined;
  onClose: (() => void) | undefined;
  readonly #session: WebTransport;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #closed = false;

  constructor(session: WebTransport, stream: WebTransportBidirectionalStream, url: string) {
    this.#session = session;
    this.address = new URL(url).host;
    this.#writer = stream.writable.getWriter() as WritableStreamDefaultWriter<Uint8Array>;
    this.#writer.closed.catch(() => undefined);
    void this.#read(stream.readable.getReader() as ReadableStreamDefaultReader<Uint8Array>);
  }

  send(data: Uint8Array): void {
    this.buffered += data.length;
    this.#writer.write(data).then(
      () => {
        this.buffered -= data.length;
        if (this.buffered <= bounds.lowWater) {
          this.onDrain?.();
        }
      },
      () => this.#gone(),
    );
  }

  close(): void {
    this.#closed = true;
    this.#session.close();
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    try {
      for (let part = await reader.read(); part.value; part = await reader.read()) {
        this.onData?.(part.value);
      }
    } catch {
      // The session broke: the same as its end.
    }
    this.#gone();
  }

  #gone(): void {
    if (!this.#closed) {
      const { onClose } = this;
      this.close();
      onClose?.();
    }
  }
}
