// Who may take from us: a few at a time, those first who give most, and now and
// then somebody by chance.
import type { Peer } from "./peer.ts";

/** Milliseconds. */
const every = 10_000;
const luckEvery = 30_000;

/** Hands out the upload slots. */
export class Choker {
  allowed: boolean;
  readonly #slots: number;
  readonly #peers: Iterable<Peer>;
  #at = -Infinity;
  #luckAt = -Infinity;
  #lucky: Peer | undefined;

  constructor(peers: Iterable<Peer>, slots: number, allowed: boolean) {
    this.#peers = peers;
    this.#slots = slots;
    this.allowed = allowed;
  }

  /** A peer came, went, or wants something else: a slot that is free is given at once. */
  changed(now: number): void {
    const peers = [...this.#peers];
    let taken = peers.filter((p) => !p.amChoking && p.interested).length;
    for (const p of peers) {
      if (!this.allowed || (p.amChoking === false && !p.interested)) {
        p.choke(true);
      } else if (p.amChoking && p.interested && taken < this.#slots) {
        taken++;
        p.choke(false);
      }
    }
    this.tick(now);
  }

  /** Gives the slots anew when it is time. */
  tick(now: number): void {
    if (!this.allowed || now - this.#at < every) {
      return;
    }
    this.#at = now;
    const asking = [...this.#peers].filter((p) => p.interested && !p.closed);
    // Those who give most come first; among the rest, who had least.
    asking.sort((a, b) => b.down.at(now) - a.down.at(now) || a.up.total - b.up.total);
    const chosen = new Set(asking.slice(0, Math.max(1, this.#slots - 1)));
    const others = asking.filter((p) => !chosen.has(p));
    if (!this.#lucky || !others.includes(this.#lucky) || now - this.#luckAt >= luckEvery) {
      this.#lucky = others[Math.floor(Math.random() * others.length)];
      this.#luckAt = now;
    }
    if (this.#lucky && chosen.size < this.#slots) {
      chosen.add(this.#lucky);
    }
    for (const p of this.#peers) {
      p.choke(!chosen.has(p));
    }
  }
}
