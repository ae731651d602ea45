import { gone } from "./error.ts";
import type { Msg } from "./record.ts";
import type { Session } from "./session.ts";

/**
 * A message that is leased to a session: acknowledge it within the relay's lease,
 * or it is offered again, here or elsewhere.
 */
export class Delivery {
  readonly message: Msg;
  readonly #session: Session;

  constructor(session: Session, message: Msg) {
    this.#session = session;
    this.message = message;
  }

  get body(): Uint8Array {
    return this.message.body;
  }

  /** Ends when the session does that it came by, and with it the lease. */
  get lost(): AbortSignal {
    return this.#session.ended;
  }

  /** Erases the message at the relay: when it resolves it is gone for good. */
  ack(signal?: AbortSignal): Promise<void> {
    return this.#session.ack(this.message.recipient, [this.message.number], signal);
  }

  /** Gives the message back, not to be offered to this session for so many seconds. */
  back(seconds: number, signal?: AbortSignal): Promise<void> {
    return this.#session.back(this.message.recipient, this.message.number, seconds, signal);
  }
}

/** A queue that is listened to: hands on one message after another, and gives new credit as it goes. */
export class Subscription {
  readonly #credit: number;
  readonly #handle: (d: Delivery) => Promise<void> | void;
  readonly #more: (used: number) => void;
  readonly #waiting: Delivery[] = [];
  #used = 0;
  #busy = false;
  #ended = false;

  constructor(credit: number, handle: (d: Delivery) => Promise<void> | void, more: (used: number) => void) {
    this.#credit = credit;
    this.#handle = handle;
    this.#more = more;
  }

  end(): void {
    this.#ended = true;
    this.#waiting.length = 0;
  }

  /** Takes what came; a relay that sends far more than it has credit for is at fault. */
  take(d: Delivery): void {
    if (this.#ended) return;
    if (this.#waiting.length >= 2 * this.#credit) {
      throw gone(new Error("the relay sends more than was asked for"));
    }
    this.#waiting.push(d);
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let d = this.#waiting.shift(); d; d = this.#waiting.shift()) {
      try {
        await this.#handle(d);
      } catch {
        // Whoever handles keeps its own errors; the message comes again by its lease.
      }
      if (this.#ended) return;
      if (2 * ++this.#used >= this.#credit || this.#waiting.length === 0) {
        this.#more(this.#used);
        this.#used = 0;
      }
    }
    this.#busy = false;
  }
}
