/**
 * Direct channels between two browsers (spec/private-sharing.md §5.4): two devices of a
 * relation that are both there meet, by sealed messages, and put their envelopes to one
 * another from then on. It is what exchange/ calls Direct.
 */
import { MessageKind, type Message } from "../contract.ts";
import { Fault } from "../fault.ts";
import { hex, peek } from "../seal/index.ts";
import type { Making } from "./connections.ts";
import { describe, encodeMeet, parseMeet, sdpOf, type Meet } from "./description.ts";
import { minute, usual, type DirectLimits, type DirectOptions } from "./options.ts";
import type { Pipe } from "./pipe.ts";
import { Session } from "./session.ts";

const mostContexts = 16;

/** A meeting, from its offer until its channel ends. */
interface Link {
  id: string;
  relation: string;
  offered: boolean; // by this side
  answered: boolean;
  contexts: Set<string>; // by which the device at the other end sends
  making?: Making;
  session?: Session;
  timer?: ReturnType<typeof setTimeout>;
  used: number;
}

/** What is known of a relation. */
interface Side {
  heard: number;
  failures: number;
  next: number; // when this side may offer again
  answers: number[]; // when offers were answered
}

export class Direct {
  readonly #o: DirectOptions;
  readonly #limits: DirectLimits;
  readonly #links = new Map<string, Link>(); // by meeting
  readonly #sides = new Map<string, Side>();
  #closed = false;

  constructor(o: DirectOptions) {
    this.#o = o;
    this.#limits = { ...usual, ...o.limits };
  }

  /** Whether there is a channel to the device with this context, or to any of the relation. */
  reaches(relation: string, context?: string): boolean {
    return this.#to(relation, context) !== undefined;
  }

  /** Puts an envelope: true when a device of the other side has kept what it says. */
  async put(relation: string, context: string | undefined, id: string, envelope: Uint8Array, signal: AbortSignal): Promise<boolean> {
    const link = this.#to(relation, context);
    if (!link?.session || signal.aborted) return false;
    link.used = this.#o.world.now();
    return link.session.put(id, envelope, signal);
  }

  /** The other side was heard by a relay: a device of it is there. */
  heard(relation: string): void {
    this.#side(relation).heard = this.#o.world.now();
  }

  /** A message goes by relays: if the other side is there, the next one need not. */
  wants(relation: string): void {
    const side = this.#side(relation);
    const now = this.#o.world.now();
    if (now < side.next || now - side.heard > this.#limits.here) return;
    if (this.#of(relation).length > 0 || !this.#may(relation)) return;
    side.next = now + Math.min(this.#limits.again * 2 ** Math.min(side.failures, 16), this.#limits.longest);
    void this.#open(this.#add(hex(this.#o.world.random(16)), relation, true));
  }

  /**
   * Takes a message of kind meet; it may come twice, in two contexts. False when it is
   * for another device of this person.
   */
  meet(relation: string, context: string, m: Message): boolean {
    let meet: Meet;
    try {
      meet = parseMeet(m.body ?? new Uint8Array());
    } catch (error) {
      this.#log("refused a meeting", relation, error);
      return true;
    }
    if (Math.abs(this.#o.world.now() - m.sent) > this.#limits.late) return true;
    const link = this.#links.get(meet.id);
    if (!link) return meet.answers ? false : this.#offered(relation, context, meet);
    if (link.relation !== relation || link.offered !== meet.answers) return true;
    note(link, context);
    if (meet.answers && !link.answered) {
      link.answered = true;
      link.making?.accept(sdpOf(meet.side, false));
    }
    return true;
  }

  /** The relation is over. */
  forget(relation: string): void {
    for (const link of this.#of(relation)) this.#end(link);
    this.#sides.delete(relation);
  }

  close(): void {
    this.#closed = true;
    for (const link of [...this.#links.values()]) this.#end(link);
  }

  #log(what: string, relation: string, error: unknown): void {
    this.#o.world.log("debug", what, { relation: relation.slice(0, 8), error });
  }

  #side(relation: string): Side {
    let side = this.#sides.get(relation);
    if (!side) this.#sides.set(relation, side = { heard: -Infinity, failures: 0, next: -Infinity, answers: [] });
    return side;
  }

  #of(relation: string): Link[] {
    return [...this.#links.values()].filter((l) => l.relation === relation);
  }

  /** The open channel that was heard last. */
  #to(relation: string, context?: string): Link | undefined {
    let best: Link | undefined;
    for (const l of this.#of(relation)) {
      if (!l.session?.open || (context !== undefined && !l.contexts.has(context))) continue;
      if (!best?.session || l.session.heard > best.session.heard) best = l;
    }
    return best;
  }

  #may(relation: string): boolean {
    return !this.#closed && this.#links.size < this.#limits.channels && this.#o.allowed?.(relation) !== false;
  }

  #add(id: string, relation: string, offered: boolean): Link {
    const link: Link = { id, relation, offered, answered: false, contexts: new Set(), used: this.#o.world.now() };
    this.#links.set(id, link);
    link.timer = setTimeout(() => this.#fail(link, "nobody came to the meeting"), this.#limits.open);
    return link;
  }

  /** Answers an offer, unless this side's own stands: of two the smaller does, on both sides. */
  #offered(relation: string, context: string, meet: Meet): boolean {
    const now = this.#o.world.now();
    const side = this.#side(relation);
    side.answers = side.answers.filter((at) => now - at < minute);
    const mine = this.#of(relation);
    const offer = mine.find((l) => l.offered && !l.answered);
    if (offer && offer.id < meet.id) return true;
    if (offer) this.#end(offer);
    if (mine.length >= this.#limits.ofRelation || side.answers.length >= this.#limits.answers || !this.#may(relation)) return true;
    side.answers.push(now);
    const link = this.#add(meet.id, relation, false);
    note(link, context);
    void this.#open(link, sdpOf(meet.side, true));
    return true;
  }

  /** Makes the connection, says how this side is reached, and waits for the channel. */
  async #open(link: Link, offer?: string): Promise<void> {
    try {
      const config = await this.#o.config?.() ?? {};
      if (!this.#links.has(link.id)) return;
      const making = link.making = this.#o.connections.make(config, offer);
      const side = describe(await making.sdp);
      await this.#o.send({
        to: link.relation, kind: MessageKind.meet, body: encodeMeet({ id: link.id, answers: !link.offered, side }),
        lifetime: minute, replaces: true,
      });
      this.#opened(link, await making.opened);
    } catch (error) {
      this.#fail(link, error);
    }
  }

  #opened(link: Link, pipe: Pipe): void {
    if (!this.#links.has(link.id)) return pipe.close();
    const { relation } = link;
    const side = this.#side(relation);
    side.failures = 0;
    link.session = new Session(pipe, {
      now: () => this.#o.world.now(),
      take: (_, envelope) => this.#take(link, envelope),
      ended: () => this.#end(link),
      limits: this.#o.session,
    });
    this.#watch(link);
    this.#o.changed?.(relation);
  }

  /** Closes a channel that nobody uses. */
  #watch(link: Link): void {
    clearTimeout(link.timer);
    link.timer = setTimeout(() => {
      const unused = this.#o.world.now() - link.used >= this.#limits.idle;
      if (unused && !link.session?.busy) this.#end(link);
      else this.#watch(link);
    }, this.#limits.idle);
  }

  async #take(link: Link, envelope: Uint8Array): Promise<boolean> {
    link.used = this.#o.world.now();
    note(link, peek(envelope).context);
    return this.#o.receive(link.relation, envelope);
  }

  #fail(link: Link, error: unknown): void {
    if (!this.#links.has(link.id)) return;
    this.#log("no direct channel", link.relation, error instanceof Error ? error : new Fault("unreachable", String(error)));
    if (link.offered) this.#side(link.relation).failures++;
    this.#end(link);
  }

  #end(link: Link): void {
    if (!this.#links.delete(link.id)) return;
    clearTimeout(link.timer);
    link.session?.close();
    link.making?.close();
    if (link.session) this.#o.changed?.(link.relation);
  }
}

/** Remembers a context by which the device at the other end sends. */
function note(link: Link, context: string): void {
  if (link.contexts.size >= mostContexts) for (const first of link.contexts) { link.contexts.delete(first); break; }
  link.contexts.add(context);
}
