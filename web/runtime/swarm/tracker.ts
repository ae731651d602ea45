// The connection to one WebSocket tracker: it announces, comes back when it
// breaks, and hands on what the tracker says.
import { readSaid, type Said } from "./signal.ts";

/** Milliseconds. */
const bounds = {
  /** Between announces, if the tracker does not say. */
  interval: 120_000,
  least: 5_000,
  most: 30 * 60_000,
  /** Until the connection is tried again; doubled each time. */
  firstRetry: 1_000,
  lastRetry: 5 * 60_000,
} as const;

/** An offer in an announce. */
export interface Offer {
  readonly offer_id: string;
  readonly offer: { readonly type: "offer"; readonly sdp: string };
}

/** What a tracker needs of the swarm. */
export interface Announcer {
  /** The names of the swarm and of us, as strings of octets. */
  readonly swarm: string;
  readonly id: string;
  progress(): { readonly downloaded: number; readonly uploaded: number; readonly left: number };
  /** Makes offers for one announce to this tracker; there may be none. */
  offers(tracker: Tracker): Promise<readonly Offer[]>;
  said(tracker: Tracker, said: Exclude<Said, { kind: "interval" | "failure" }>): void;
  changed(): void;
}

/** One tracker. */
export class Tracker {
  readonly url: string;
  /** What is wrong with it; "" for nothing. */
  error = "";
  /** How many others it knows of; undefined as long as it did not say. */
  others: number | undefined;
  /** How many of them lack something. */
  leeches: number | undefined;
  readonly #announcer: Announcer;
  #socket: WebSocket | undefined;
  #retry: number = bounds.firstRetry;
  #interval: number = bounds.interval;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #started = false;
  #announcing = false;
  /** Whether the last announce brought no offers because it was not known that anybody is there. */
  #blind = false;
  #closed = false;

  constructor(url: string, announcer: Announcer) {
    this.url = url;
    this.#announcer = announcer;
    this.#open();
  }

  /** Announces now, and then again and again. Offers cost much: first it is asked whether anybody is there to take them. */
  async announce(blind = !this.others): Promise<void> {
    if (this.#socket?.readyState !== WebSocket.OPEN || this.#announcing) {
      return;
    }
    this.#announcing = true;
    try {
      const offers = blind ? [] : await this.#announcer.offers(this);
      this.#blind = blind;
      const event = this.#started ? undefined : "started";
      this.#say({ numwant: offers.length, offers, ...this.#announcer.progress(), event });
      this.#started = true;
    } finally {
      this.#announcing = false;
    }
    this.#later(this.#interval, () => void this.announce());
  }

  /** Answers an offer. */
  answer(peer: string, offer: string, sdp: string): void {
    this.#say({ to_peer_id: peer, offer_id: offer, answer: { type: "answer", sdp } });
  }

  /** Goes to the tracker at once if it is waiting to try again. */
  hurry(): void {
    if (!this.#socket && !this.#closed) {
      this.#retry = bounds.firstRetry;
      this.#open();
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    if (this.#started) {
      this.#say({ numwant: 0, ...this.#announcer.progress(), event: "stopped" });
    }
    this.#socket?.close();
  }

  #say(what: Readonly<Record<string, unknown>>): void {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      const { swarm, id } = this.#announcer;
      this.#socket.send(JSON.stringify({ action: "announce", info_hash: swarm, peer_id: id, ...what }));
    }
  }

  #open(): void {
    clearTimeout(this.#timer);
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.url);
    } catch (error) {
      this.#fail(String(error)); // an address that is none: not to be tried again
      return;
    }
    this.#socket = socket;
    socket.onopen = () => {
      this.#retry = bounds.firstRetry;
      this.#fail("");
      void this.announce();
    };
    socket.onmessage = (e: MessageEvent<unknown>) => this.#hear(e.data);
    socket.onclose = () => {
      this.#socket = undefined;
      this.#started = false;
      this.others = this.leeches = undefined;
      if (!this.#closed) {
        this.#fail("the tracker cannot be reached");
        // Not all at the same moment, when a tracker comes back.
        this.#later(this.#retry * (0.5 + Math.random()), () => this.#open());
        this.#retry = Math.min(2 * this.#retry, bounds.lastRetry);
      }
    };
  }

  #hear(data: unknown): void {
    const said = readSaid(data, this.#announcer.swarm);
    switch (said?.kind) {
      case "interval":
        this.#interval = Math.min(Math.max(said.seconds * 1000, bounds.least), bounds.most);
        this.#count(said.seeds, said.leeches);
        return;
      case "failure":
        this.#fail(said.reason);
        return;
      case "offer":
      case "answer":
        this.#announcer.said(this, said);
    }
  }

  /** Takes how many are there, ourselves among them. */
  #count(seeds: number | undefined, leeches: number | undefined): void {
    const us = this.#announcer.progress().left > 0 ? 1 : 0;
    const told = seeds !== undefined && leeches !== undefined;
    this.others = told ? Math.max(0, seeds + leeches - 1) : undefined;
    this.leeches = told ? Math.max(0, leeches - us) : undefined;
    this.error = "";
    this.#announcer.changed();
    if (this.#blind && this.others !== 0) {
      void this.announce(false);
    }
  }

  #later(ms: number, what: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = this.#closed ? undefined : setTimeout(what, ms);
  }

  #fail(error: string): void {
    if (this.error !== error) {
      this.error = error;
      this.#announcer.changed();
    }
  }
}
