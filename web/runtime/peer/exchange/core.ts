import type { Ask, Effects, Mailbox, Outgoing } from "../contract.ts";
import { Fault } from "../fault.ts";
import type { Response } from "../seal/index.ts";
import { deliver } from "./deliver.ts";
import type { Delivery, Effect, Outcome } from "./effect.ts";
import type { CoreOptions } from "./options.ts";
import { allAsked, ask, type Asked, asked, cancel } from "./question.ts";
import { apply, done, hurry, nowhere, send } from "./send.ts";
import { answer, backFailed, decline, servingOf } from "./serve.ts";
import { Inner } from "./state.ts";
import { next, tick } from "./tick.ts";

/** What is known of a relation's exchange. */
export interface Status {
  /** When something last came from the other side; 0 for never. */
  heard: number;
  /** There is a direct channel to a device of the other side. */
  direct: boolean;
  /** The messages that no mailbox has accepted, and the requests without an answer. */
  waiting: number;
  asked: number;
  /**
   * No relay of the other side has a mailbox of theirs any more: they were away for very
   * long, or are no more.
   */
  refused: boolean;
  /** When it was last noticed that the other side came back from a backup; 0 for never. */
  restored: number;
}

/**
 * The protocol of one device (spec/private-sharing.md §3.1, §3.2 and §5): it seals what
 * is to be sent, keeps it until a mailbox has accepted it, opens what comes, drops what
 * came before, asks friends and has them answered, and changes epochs. It has neither a
 * network nor a clock: what has to be done it returns as effects. One call at a time
 * enters it (turn.ts). All that it returns happened durably before it returns it.
 */
export class Core {
  readonly #c: Inner;

  /** Makes a Core of what the bucket holds. */
  constructor(o: CoreOptions) {
    this.#c = new Inner(o);
  }

  async #do(f: (c: Inner) => Promise<void> | void): Promise<Effect[]> {
    await f(this.#c);
    return this.#c.end();
  }

  /** Keeps messages until they are accepted by a mailbox, or their time is over. */
  send(...out: Outgoing[]): Promise<Effect[]> {
    return this.#do(async (c) => { await send(c, ...out); });
  }

  /** Does what person or library want done. */
  apply(e: Effects): Promise<Effect[]> {
    return this.#do((c) => apply(c, e));
  }

  /**
   * Takes what a mailbox gave to this device. Its delivery is acknowledged or given
   * back by the effects, now or later.
   */
  async deliver(d: Delivery): Promise<Effect[]> {
    try {
      return await this.#do((c) => deliver(c, d));
    } catch (error) {
      this.#c.world.log("warn", "cannot take a message", { error });
      return [{ do: "back", ref: d.ref, wait: backFailed }];
    }
  }

  /** Takes what became of a put, create, lock or delete. */
  async done(job: number, m: Mailbox, direct: boolean, o: Outcome): Promise<Effect[]> {
    await done(this.#c, job, m, direct, o);
    return this.#c.endLater();
  }

  /** Keeps a request and sends it until it is answered, cancelled, or `wait` ms are over. */
  async ask(to: string, q: Ask, wait?: number): Promise<{ id: string; effects: Effect[] }> {
    const id = await ask(this.#c, to, q, wait);
    return { id, effects: await this.#c.end() };
  }

  /** Returns a request of this device. */
  asked(id: string): Asked {
    return asked(this.#c, id);
  }

  /** Returns the requests that were not cancelled or forgotten, oldest first. */
  allAsked(): Asked[] {
    return allAsked(this.#c);
  }

  /** Ends a request, or forgets its answer. What still comes of it is dropped. */
  cancel(id: string): Promise<Effect[]> {
    return this.#do((c) => cancel(c, id));
  }

  /** Sends the answer to a request. */
  async answered(token: number, response: Response): Promise<Effect[]> {
    try {
      return await this.#do((c) => answer(c, token, servingOf(c, token), response));
    } catch (error) {
      this.#c.world.log("warn", "cannot keep an answer", { error });
      return this.decline(token);
    }
  }

  /** Leaves a request to another own device, or to this one later. */
  decline(token: number): Promise<Effect[]> {
    return this.#do((c) => decline(c, token));
  }

  /** Tries everything again at once: the network has changed. */
  hurry(): Promise<Effect[]> {
    return this.#do((c) => hurry(c));
  }

  /** Says that a relay answers again: what waits for it goes at once. */
  reachable(relay: string): Promise<Effect[]> {
    return this.#do((c) => hurry(c, relay));
  }

  /** Does what is due: it is called at next, and may be called at any time. */
  tick(): Promise<Effect[]> {
    return this.#do(tick);
  }

  /** When tick is to be called. */
  next(): number {
    return next(this.#c);
  }

  /** Makes durable what waits for it. */
  flush(): Promise<void> {
    return this.#c.commit();
  }

  async status(relation: string): Promise<Status> {
    const c = this.#c;
    if (!await c.o.people.relation(relation)) throw new Fault("not_found", `there is no relation ${relation}`);
    const st = c.state(relation);
    const waiting = [...c.jobs.values()].filter((j) => j.to === relation && j.kept.length === 0);
    const of = (l: Iterable<{ to: string }>): number => [...l].filter((x) => x.to === relation).length;
    return {
      heard: st.heard, restored: st.rolled, direct: c.o.reaches?.(relation) ?? false,
      waiting: waiting.length, refused: waiting.some(nowhere),
      asked: of([...c.asks.values()].filter((a) => !a.answer && !a.over)),
    };
  }
}
