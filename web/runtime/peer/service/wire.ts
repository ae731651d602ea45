/**
 * Requests and answers over a port, with bodies that flow. A small body is in the
 * message itself; a larger one comes in chunks, of which no more are under way
 * than the reader gave credit for. It needs nothing but postMessage, so that it
 * is the same between a service worker and the peer's worker, and between pages.
 */

/** What carries messages: a MessagePort, or something like one. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
  close(): void;
}

/** Who asks. */
export interface From {
  /** The path of the app: the scope of its service worker, or the folder of its page. */
  scope: string;
  /** The page, as the service worker knows it. */
  client: string;
}

/** A request as it travels. */
export interface Call {
  method: string;
  url: string;
  headers: [string, string][];
  from: From;
}

/** The head of an answer. */
export interface Head { status: number; headers: [string, string][] }

export type Octets = Uint8Array<ArrayBuffer>;

type Message =
  | ({ t: "ask"; n: number; body: Octets | null; flows: boolean } & Call)
  | ({ t: "answer"; n: number; body: Octets | null; flows: boolean } & Head)
  /** The person is asked, or was. */
  | { t: "person"; n: number; ask: string }
  | { t: "pull" | "end" | "fail" | "cancel"; n: number }
  | { t: "chunk"; n: number; data: Octets };

/** Chunks under way before the reader asked for more. */
const credit = 3;

/** The other side is gone; whether it did what it was asked to is not known. */
export class Lost extends Error {
  constructor() {
    super("the peer went away");
    this.name = "Lost";
  }
}

/** What flows out, as the other side asks for it. */
class Outflow {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #post: (m: Message, transfer?: Transferable[]) => void;
  readonly #n: number;
  #credit = credit;
  #busy = false;

  constructor(n: number, body: ReadableStream<Uint8Array>, post: (m: Message, transfer?: Transferable[]) => void) {
    this.#n = n;
    this.#reader = body.getReader();
    this.#post = post;
    void this.#flow();
  }

  pull(): void {
    this.#credit++;
    void this.#flow();
  }

  cancel(): void {
    this.#credit = 0;
    void this.#reader.cancel().catch(() => undefined);
  }

  async #flow(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#credit > 0) {
        const { done, value } = await this.#reader.read();
        if (done) {
          this.#post({ t: "end", n: this.#n });
          return; // stays busy
        }
        if (value.length > 0) {
          this.#credit--;
          const data = own(value);
          this.#post({ t: "chunk", n: this.#n, data }, [data.buffer]);
        }
      }
      this.#busy = false;
    } catch {
      this.#post({ t: "fail", n: this.#n });
    }
  }
}

/** Octets whose buffer holds nothing else, so that it can be handed over. */
function own(data: Uint8Array): Octets {
  return data.byteLength === data.buffer.byteLength && data.buffer instanceof ArrayBuffer ? (data as Octets) : data.slice();
}

/** What flows in. */
class Inflow {
  readonly stream: ReadableStream<Uint8Array>;
  #control: ReadableStreamDefaultController<Uint8Array> | undefined;
  ended = false;

  constructor(pull: () => void, cancel: () => void) {
    this.stream = new ReadableStream<Uint8Array>({
      start: (c) => void (this.#control = c),
      pull,
      cancel: () => {
        this.ended = true;
        cancel();
      },
    }, { highWaterMark: 1 });
  }

  /** Takes a message of the other side. */
  take(m: Message): void {
    if (this.ended) return;
    this.ended = m.t !== "chunk";
    if (m.t === "chunk") this.#control?.enqueue(m.data);
    else if (m.t === "end") this.#control?.close();
    else this.#control?.error(new Lost());
  }
}

interface Pending {
  answer: (head: Head, body: Octets | ReadableStream<Uint8Array> | null) => void;
  fail: (error: Error) => void;
  person: (ask: string) => void;
  out: Outflow | undefined;
  in: Inflow | undefined;
}

/** An answer as it came. */
export interface Answered extends Head { body: Octets | ReadableStream<Uint8Array> | null }

/** How a request is made. */
export interface Making {
  body: Octets | ReadableStream<Uint8Array> | null;
  signal?: AbortSignal | undefined;
  /** Hears the id of what the person is asked, and "" when they decided. */
  person?: ((ask: string) => void) | undefined;
}

/** The side that asks. */
export class Caller {
  readonly #port: Port;
  readonly #pending = new Map<number, Pending>();
  #n = 0;
  #lost = false;

  constructor(port: Port) {
    this.#port = port;
    port.onmessage = (e) => this.#take(e.data as Message);
  }

  /** Whether something is still under way. */
  get busy(): boolean {
    return this.#pending.size > 0;
  }

  /** Makes a request. It rejects with Lost when the other side is gone before it answered. */
  ask(call: Call, making: Making): Promise<Answered> {
    if (this.#lost) return Promise.reject(new Lost());
    const n = ++this.#n;
    const { signal } = making;
    return new Promise<Answered>((resolve, reject) => {
      const give = (): void => {
        this.#post({ t: "cancel", n });
        this.#pending.get(n)?.out?.cancel();
        this.#pending.delete(n);
        reject(signal?.reason instanceof Error ? signal.reason : new DOMException("The request was given up.", "AbortError"));
      };
      if (signal?.aborted) return give();
      signal?.addEventListener("abort", give, { once: true });
      const flows = making.body instanceof ReadableStream ? making.body : undefined;
      const body = making.body instanceof Uint8Array ? making.body : null;
      this.#pending.set(n, {
        answer: (head, body) => {
          signal?.removeEventListener("abort", give);
          resolve({ ...head, body });
        },
        fail: reject, person: making.person ?? (() => undefined), out: undefined, in: undefined,
      });
      this.#post({ t: "ask", n, ...call, body, flows: flows !== undefined });
      const pending = this.#pending.get(n);
      if (flows && pending) {
        pending.out = new Outflow(n, flows, (m, transfer) => this.#post(m, transfer));
      }
    });
  }

  /** The other side is gone. */
  end(): void {
    this.#lost = true;
    for (const p of this.#pending.values()) {
      p.out?.cancel();
      p.in?.take({ t: "fail", n: 0 });
      p.fail(new Lost());
    }
    this.#pending.clear();
    this.#port.close();
  }

  #take(m: Message): void {
    const p = this.#pending.get(m.n);
    if (!p) return;
    switch (m.t) {
      case "answer":
        return this.#answered(m, p);
      case "person":
        return p.person(m.ask);
      case "pull":
        return p.out?.pull();
      case "cancel":
        return p.out?.cancel();
      case "chunk":
      case "end":
      case "fail":
        p.in?.take(m);
        if (m.t !== "chunk") this.#pending.delete(m.n);
    }
  }

  #answered(m: Message & { t: "answer" }, p: Pending): void {
    const { n } = m;
    if (!m.flows) {
      this.#pending.delete(n);
      p.out?.cancel();
      return p.answer({ status: m.status, headers: m.headers }, m.body);
    }
    p.in = new Inflow(
      () => this.#post({ t: "pull", n }),
      () => {
        this.#pending.delete(n);
        this.#post({ t: "cancel", n });
      },
    );
    p.answer({ status: m.status, headers: m.headers }, p.in.stream);
  }

  #post(m: Message, transfer: Transferable[] = []): void {
    if (!this.#lost) this.#port.postMessage(m, transfer);
  }
}

/** A request as it came. */
export interface Incoming extends Call {
  body: Octets | ReadableStream<Uint8Array> | null;
  /** Aborts when who asked gave it up. */
  signal: AbortSignal;
  /** Tells the page that the person is asked; "" that they decided. */
  person(ask: string): void;
}

/** What is answered when there is nobody to do it: the worker could not start. */
const failed: Answered = { status: 503, headers: [["Kith-Host", "page"], ["Retry-After", "5"], ["Cache-Control", "no-store"]], body: null };

interface Serving { abort: AbortController; in: Inflow | undefined; out: Outflow | undefined }

/** The side that answers. */
export class Callee {
  readonly #port: Port;
  readonly #handle: (call: Incoming) => Promise<Answered>;
  readonly #serving = new Map<number, Serving>();

  constructor(port: Port, handle: (call: Incoming) => Promise<Answered>) {
    this.#port = port;
    this.#handle = handle;
    port.onmessage = (e) => this.#take(e.data as Message);
  }

  /** Whoever asks is gone: what is under way is given up. */
  end(): void {
    for (const s of this.#serving.values()) this.#cancel(s);
    this.#serving.clear();
    this.#port.close();
  }

  #take(m: Message): void {
    if (m.t === "ask") {
      void this.#serve(m);
      return;
    }
    const s = this.#serving.get(m.n);
    if (!s) return;
    switch (m.t) {
      case "pull":
        return s.out?.pull();
      case "cancel":
        this.#cancel(s);
        this.#serving.delete(m.n);
        return;
      default:
        return s.in?.take(m);
    }
  }

  #cancel(s: Serving): void {
    s.abort.abort();
    s.out?.cancel();
    s.in?.take({ t: "fail", n: 0 });
  }

  async #serve(m: Message & { t: "ask" }): Promise<void> {
    const { n, method, url, headers, from } = m;
    const s: Serving = { abort: new AbortController(), in: undefined, out: undefined };
    this.#serving.set(n, s);
    if (m.flows) {
      s.in = new Inflow(() => this.#post({ t: "pull", n }), () => this.#post({ t: "cancel", n }));
    }
    const person = (ask: string): void => this.#post({ t: "person", n, ask });
    const call = { method, url, headers, from, body: s.in?.stream ?? m.body, signal: s.abort.signal, person };
    const answer = await this.#handle(call).catch((): Answered => failed);
    if (!this.#serving.has(n)) {
      if (answer.body instanceof ReadableStream) void answer.body.cancel().catch(() => undefined);
      return;
    }
    const head = { status: answer.status, headers: answer.headers };
    if (answer.body instanceof ReadableStream) {
      this.#post({ t: "answer", n, ...head, body: null, flows: true });
      s.out = new Outflow(n, answer.body, (out, transfer) => {
        this.#post(out, transfer);
        if (out.t !== "chunk") this.#serving.delete(n);
      });
      return;
    }
    this.#serving.delete(n);
    this.#post({ t: "answer", n, ...head, body: answer.body && own(answer.body), flows: false });
  }

  #post(m: Message, transfer: Transferable[] = []): void {
    this.#port.postMessage(m, transfer);
  }
}
