import type { Mailbox } from "../contract.ts";
import { Fault } from "../fault.ts";
import { firstSender, Gate, gone, type Pool, refusedBy, type Sender, until } from "../mailbox/index.ts";
import type { Oblivious } from "../mailbox/oblivious.ts";
import { cutRelay, hex, publicKey, unhex } from "../seal/index.ts";
import type { Direct } from "./direct.ts";
import type { Effect } from "./effect.ts";

/** What a Courier carries. */
export type Load = Effect & { do: "put" | "create" | "lock" | "delete" };

/** How messages go to relays through another one (spec/mailbox.md §4). */
export interface Hop {
  /** The relay that they go through. */
  url: string;
  /** Keeps back what is for relays whose addresses do not say their ids. */
  only?: boolean;
  /** Makes what sends to the relay at URL to, whose id is given: of mailbox/oblivious.ts, which few need. */
  send(through: string, to: string, relay: Uint8Array): Pick<Oblivious, "put">;
}

/** How many names of queues are remembered. */
const mostSenders = 4096;

/** Carries to relays and direct channels what a Core wants there. */
export class Courier {
  readonly #pool: Pool;
  readonly #direct: Direct | undefined;
  readonly #sending: number;
  readonly #hop: Hop | undefined;
  readonly #hops = new Map<string, Pick<Oblivious, "put">>();
  readonly #gates = new Map<string, Gate>();
  readonly #senders = new Map<string, Uint8Array>();

  /** sending is how many things are asked of one relay at once. */
  constructor(pool: Pool, sending: number, direct: Direct | undefined, hop: Hop | undefined) {
    this.#pool = pool;
    this.#hop = hop;
    this.#sending = sending;
    this.#direct = direct;
  }

  /** Does what an effect wants; when it resolves that is done, durably. */
  async carry(e: Load, signal: AbortSignal): Promise<void> {
    if (e.do === "put" && e.direct) return this.#putDirect(e, e.direct, signal);
    const { relay } = e.mailbox;
    let gate = this.#gates.get(relay);
    if (!gate) this.#gates.set(relay, gate = new Gate(this.#sending));
    await gate.pass(signal, async () => {
      switch (e.do) {
        case "put":
          return this.#put(e, signal);
        case "create":
          return this.create(e.mailbox, e.days, signal);
        case "lock":
          return this.#lock(e.mailbox, signal);
        case "delete":
          return this.#remove(e.mailbox, signal);
      }
    });
  }

  async #put(e: Load & { do: "put" }, signal: AbortSignal): Promise<void> {
    const { relay } = e.mailbox;
    const { url, id } = cutRelay(relay);
    const to = await this.sender(e.mailbox);
    if (!this.#hop || this.#hop.url === url || !id && !this.#hop.only) {
      return this.#pool.put(relay, to, unhex(e.id), e.days, e.body, signal);
    }
    if (!id) throw new Fault("unsupported", `the address of ${relay} does not say its id, so that nothing can be sent to it through another`);
    let through = this.#hops.get(relay);
    if (!through) this.#hops.set(relay, through = this.#hop.send(this.#hop.url, url, id));
    await through.put(to, unhex(e.id), e.days, e.body, signal);
  }

  async #putDirect(e: Load & { do: "put" }, to: { relation: string; context?: string }, signal: AbortSignal): Promise<void> {
    if (!this.#direct || !await until(this.#direct.put(to.relation, to.context, e.id, e.body, signal), signal)) throw gone();
  }

  /** Who may send into a queue. */
  async sender(m: Mailbox): Promise<Sender> {
    if (!m.sender) throw new Fault("internal", "a queue without the sender's key");
    const at = hex(m.sender);
    if (this.#senders.size > mostSenders) this.#senders.clear();
    const id = this.#senders.get(at) ?? (await firstSender(m.sender)).id;
    this.#senders.set(at, id);
    return { id, seed: m.lock ?? m.sender };
  }

  /** Makes a queue of which both seeds are known. */
  async create({ relay, recipient, sender }: Mailbox, days: 1 | 7 | 21, signal: AbortSignal): Promise<void> {
    if (!recipient || !sender) throw new Fault("internal", "a queue without its keys");
    const key = await publicKey(sender);
    await this.#pool.receive(relay, (s) => s.newQueue(recipient, key, days, signal), signal);
  }

  /** When the relay refuses, it may have locked before: then the new key is the one in force. */
  async #lock(m: Mailbox, signal: AbortSignal): Promise<void> {
    const locked = await this.sender(m);
    await this.#pool.send(m.relay, async (s) => {
      try {
        await s.lock({ id: locked.id, seed: m.sender ?? locked.seed }, locked.seed, signal);
      } catch (e) {
        if (!refusedBy(e, "no")) throw e;
        await s.proveSender(locked, signal);
      }
    }, signal);
  }

  /** Removes a queue. One that is not there is removed; only its recipient can. */
  async #remove({ relay, recipient }: Mailbox, signal: AbortSignal): Promise<void> {
    if (!recipient) return;
    await this.#pool.receive(relay, (s) => s.delete(recipient, signal), signal).catch((e: unknown) => {
      if (!refusedBy(e, "no")) throw e;
    });
  }
}
