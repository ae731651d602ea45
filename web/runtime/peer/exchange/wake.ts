import type { Mailbox } from "../contract.ts";
import type { Pool } from "../mailbox/index.ts";

/** Web Push subscriptions with the queues that a device listens to (spec/mailbox.md §5). */
export class Waker {
  readonly #pool: Pool;
  readonly #subscriptions = new Map<string, PushSubscriptionJSON | undefined>(); // by relay

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** The key that a relay's pushes are signed by; undefined when it wakes nobody. */
  key(relay: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#pool.receive(relay, async (s) => s.limits.pushKey, signal);
  }

  /** Notes what is left with the queues on a relay from now on, and leaves it with these. */
  async set(relay: string, subscription: PushSubscriptionJSON | undefined, now: readonly Mailbox[], signal: AbortSignal): Promise<void> {
    this.#subscriptions.set(relay, subscription);
    await Promise.all(now.filter((m) => m.relay === relay).map((m) => this.leave(m, signal)));
  }

  /** Whether something is to be left with a queue. */
  wants(m: Mailbox): boolean {
    return this.#subscriptions.get(m.relay) !== undefined;
  }

  /** Leaves with a queue what was noted for its relay. */
  async leave({ relay, recipient }: Mailbox, signal: AbortSignal): Promise<void> {
    if (recipient) await this.#pool.receive(relay, (s) => s.push(recipient, this.#subscriptions.get(relay), signal), signal);
  }
}
