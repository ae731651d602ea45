// Where transports and those who want them meet. On one connection either page
// may construct a transport, and either may listen; the requester's side dials.
import type { Connection } from "./connection.ts";
import type { Session } from "./session.ts";

/** Someone who takes a transport that the peer offers. */
type Taker = (connection: Connection, number: number) => void;

/** What the connections of one source, or one connection alone, have to give. */
export class Rendezvous {
  /** Whether this side asked for the connection. It dials. */
  readonly requester: boolean;
  readonly #connections = new Set<Connection>();
  /** Offers nobody took yet, oldest first. */
  readonly #offers: { readonly connection: Connection; readonly number: number }[] = [];
  /** Constructed transports that wait for an offer. */
  readonly #waiting: { readonly of: Connection | undefined; readonly session: Session }[] = [];
  /** Connections whose peer constructed a transport and waits for a listener here. */
  readonly #wanted: Connection[] = [];
  #listener: { readonly take: Taker; readonly dial: (c: Connection) => void } | undefined;

  constructor(requester: boolean) {
    this.requester = requester;
  }

  add(c: Connection): void {
    this.#connections.add(c);
    for (const w of this.#waiting) {
      if (w.of === undefined) {
        c.link.say({ op: "want", id: c.number });
      }
    }
  }

  remove(c: Connection): void {
    this.#connections.delete(c);
    drop(this.#offers, (o) => o.connection === c);
    drop(this.#wanted, (w) => w === c);
    for (const w of drop(this.#waiting, (x) => x.of === c)) {
      w.session.fail("the connection is over");
    }
  }

  /** Finds a peer for a transport that was constructed: of c, or of whichever connection comes. */
  meet(session: Session, c: Connection | undefined): void {
    if (c && (this.requester || c.over)) {
      session.dial(c);
      return;
    }
    const at = this.#offers.findIndex((o) => c === undefined || o.connection === c);
    const offer = this.#offers[at];
    if (offer) {
      this.#offers.splice(at, 1);
      session.acceptFrom(offer.connection, offer.number);
      return;
    }
    this.#waiting.push({ of: c, session });
    for (const to of c ? [c] : this.#connections) {
      to.link.say({ op: "want", id: to.number });
    }
  }

  /** Forgets a transport that nobody waits for any more. */
  leave(session: Session): void {
    drop(this.#waiting, (w) => w.session === session);
  }

  /** Gives every transport that the peers construct to one listener. */
  listen(take: Taker, dial: (c: Connection) => void): void {
    this.#listener = { take, dial };
    for (const o of this.#offers.splice(0)) {
      take(o.connection, o.number);
    }
    for (const c of this.#wanted.splice(0)) {
      dial(c);
    }
  }

  get listened(): boolean {
    return this.#listener !== undefined;
  }

  /** The peer offers a transport. */
  offered(c: Connection, number: number): void {
    const at = this.#waiting.findIndex((w) => w.of === undefined || w.of === c);
    const waiting = this.#waiting[at];
    if (waiting) {
      this.#waiting.splice(at, 1);
      waiting.session.acceptFrom(c, number);
    } else if (this.#listener) {
      this.#listener.take(c, number);
    } else {
      this.#offers.push({ connection: c, number });
    }
  }

  /** The peer constructed a transport and asks to be dialled. */
  wanted(c: Connection): void {
    if (!this.requester) {
      return;
    }
    if (this.#listener) {
      this.#listener.dial(c);
    } else if (this.#wanted.length < c.link.limits.transports) {
      this.#wanted.push(c);
    }
  }
}

/** Takes out of list, and returns, what matches. */
function drop<T>(list: T[], matches: (x: T) => boolean): T[] {
  const out = list.filter(matches);
  const rest = list.filter((x) => !matches(x));
  list.splice(0, list.length, ...rest);
  return out;
}
