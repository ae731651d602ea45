// The page that meets the peers, on behalf of all pages of its origin and of
// their worker.
import { readAsk, type Answer, type Chance, type ToWorker } from "../protocol.ts";
import type { Settings } from "../settings.ts";
import type { State } from "../state.ts";
import type { Index, SiteInfo, Swarm, SwarmStats } from "../types.ts";
import { watchMetered } from "./metered.ts";
import { readTotals, type Totals, type View } from "./view.ts";

/**
 * Milliseconds within which first peers are expected: when it is not known whether
 * there are any, when a tracker says so, and when the last time nobody could be
 * reached though it did; and within which others follow the first.
 */
const joinFor = { unknown: 2500, known: 6000, barred: 800, following: 1500 } as const;

/** Milliseconds. */
const saveEvery = 2000;
/** For so long the swarm's state is good for chances: the worker asks for many pieces at a time. */
const recent = 50;

const totalsKey = "totals";
const barredKey = "barred";

/** What a leader leads with. */
export interface Lead {
  readonly info: SiteInfo;
  readonly index: Index;
  readonly swarm: Swarm;
  readonly settings: Settings;
  readonly state: State;
  /** Octets of the site that this page had of the host before there was a worker. */
  readonly before: number;
  /** Called when there is something new to see. */
  readonly changed: (view: View) => void;
}

/** Leads until it is closed. */
export class Leader {
  readonly #lead: Lead;
  readonly #began = performance.now();
  readonly #closed = new AbortController();
  readonly #ports = new Set<MessagePort>();
  #settings: Settings;
  #seeding: AbortController | undefined;
  #metered = false;
  #base: Totals | undefined;
  #downloaded = 0;
  #lastBytes = -Infinity;
  #firstPeer = Infinity;
  /** What the worker's chances depend on, as it was last told. */
  #told = "";
  #looked: { readonly at: number; readonly stats: SwarmStats } | undefined;
  #savedAt = 0;
  #barred = false;

  constructor(lead: Lead) {
    this.#lead = lead;
    this.#settings = lead.settings;
    const { signal } = this.#closed;
    lead.swarm.onchange = () => this.#note();
    watchMetered((m) => {
      this.#metered = m;
      this.#apply();
    }, signal);
    addEventListener("pagehide", () => void this.#save(), { signal });
    const given = setTimeout(() => {
      const { peers, trackers } = lead.swarm.stats();
      if (peers.length === 0 && trackers.some((t) => this.#visitors(t) > 0)) {
        this.#learn(true);
      }
    }, 2 * joinFor.known);
    signal.addEventListener("abort", () => clearTimeout(given));
    void this.#recall();
  }

  get id(): string {
    return this.#lead.info.id;
  }

  /** Gives the worker a way to ask for pieces. */
  serve(worker: ServiceWorker | null): void {
    if (!worker) {
      return;
    }
    const { port1, port2 } = new MessageChannel();
    const wanted = new Map<number, AbortController>();
    port1.onmessage = (e: MessageEvent<unknown>) => this.#hear(port1, wanted, e.data);
    this.#ports.add(port1);
    worker.postMessage({ kith: "lead", id: this.id } satisfies ToWorker, [port2]);
  }

  /** Does as the visitor chose. */
  change(settings: Settings): void {
    this.#settings = settings;
    this.#apply();
  }

  view(): View {
    const stats = this.#lead.swarm.stats();
    return { id: this.id, stats, uploads: !this.#metered, metered: this.#metered, totals: this.#totals(stats) };
  }

  close(): void {
    this.#closed.abort();
    this.#seeding?.abort();
    void this.#save();
    for (const port of this.#ports) {
      port.postMessage({ answer: "bye" } satisfies Answer);
      port.close();
    }
    this.#lead.swarm.onchange = undefined;
    this.#lead.swarm.close();
  }

  #apply(): void {
    const { swarm } = this.#lead;
    swarm.setPrivacy(this.#settings.privacy);
    swarm.setUpload(!this.#metered);
    if (this.#settings.seed && !this.#seeding) {
      this.#seeding = new AbortController();
      swarm.complete(this.#seeding.signal).catch(() => undefined); // stopped, or no room left
    } else if (!this.#settings.seed) {
      this.#seeding?.abort();
      this.#seeding = undefined;
    }
    this.#lead.changed(this.view());
  }

  #hear(port: MessagePort, wanted: Map<number, AbortController>, data: unknown): void {
    const ask = readAsk(data);
    const { swarm, index } = this.#lead;
    if (!ask || this.#closed.signal.aborted || ("piece" in ask && ask.piece >= index.pieces)) {
      return;
    }
    switch (ask.ask) {
      case "want": {
        const stop = new AbortController();
        wanted.set(ask.n, stop);
        swarm.want(ask.piece, ask.urgent, stop.signal).then(
          (piece) => port.postMessage({ answer: "piece", n: ask.n, data: piece } satisfies Answer),
          () => port.postMessage({ answer: "failed", n: ask.n } satisfies Answer),
        ).finally(() => wanted.delete(ask.n));
        return;
      }
      case "drop":
        wanted.get(ask.n)?.abort();
        return;
      case "chance":
        port.postMessage({ answer: "chance", n: ask.n, chance: this.#chance(ask.piece) } satisfies Answer);
        return;
      case "got":
        swarm.got(ask.piece, Math.min(ask.bytes, index.length(ask.piece)));
    }
  }

  #chance(piece: number): Chance {
    const { swarm } = this.#lead;
    const now = performance.now();
    if (!this.#looked || now - this.#looked.at > recent) {
      this.#looked = { at: now, stats: swarm.stats() };
    }
    const { stats } = this.#looked;
    const first = Math.min(this.#firstPeer, now);
    return {
      peers: met(stats),
      met: now - first,
      available: swarm.available(piece),
      before: swarm.before(piece),
      joining: Math.max(0, this.#joinUntil(stats) - now),
      idle: now - Math.max(this.#lastBytes, first),
      rate: stats.downRate,
    };
  }

  /** Until when peers may be expected whom we did not meet yet. */
  #joinUntil(stats: SwarmStats): number {
    const others = Math.max(0, ...stats.trackers.map((t) => this.#visitors(t)));
    if (this.#alone(stats) || (others > 0 && met(stats) >= others)) {
      return 0;
    }
    const most = this.#barred ? joinFor.barred : others > 0 ? joinFor.known : joinFor.unknown;
    return Math.min(this.#began + most, this.#firstPeer + joinFor.following);
  }

  /** How many others a tracker knows of, the host left out, which is a peer to them too. */
  #visitors(t: SwarmStats["trackers"][number]): number {
    return Math.max(0, (t.others ?? 0) - (this.#lead.info.peer === "" ? 0 : 1));
  }

  /** Whether every tracker that is in reach said that nobody else is there. */
  #alone(stats: SwarmStats): boolean {
    return stats.trackers.length > 0 && stats.trackers.every((t) => t.error !== "" || (t.others !== undefined && this.#visitors(t) === 0));
  }

  /** Keeps in mind whether peers that are there can be reached from here. */
  #learn(barred: boolean): void {
    if (this.#barred !== barred) {
      this.#barred = barred;
      void this.#lead.state.put(barredKey, barred).catch(() => undefined);
    }
  }

  #note(): void {
    const stats = this.#lead.swarm.stats();
    this.#looked = { at: performance.now(), stats };
    if (met(stats) > 0) {
      this.#firstPeer = Math.min(this.#firstPeer, performance.now());
      this.#learn(false);
    }
    const told = `${met(stats)} ${this.#alone(stats)}`;
    if (told !== this.#told) {
      this.#told = told;
      this.#ports.forEach((p) => p.postMessage({ answer: "news" } satisfies Answer));
    }
    if (stats.downloaded > this.#downloaded) {
      this.#downloaded = stats.downloaded;
      this.#lastBytes = performance.now();
    }
    if (performance.now() - this.#savedAt > saveEvery) {
      void this.#save();
    }
    this.#lead.changed(this.view());
  }

  #totals(stats: SwarmStats): Totals {
    const base = this.#base ?? readTotals(undefined);
    return {
      since: base.since,
      fromPeers: base.fromPeers + stats.downloaded,
      toPeers: base.toPeers + stats.uploaded,
      fromHost: base.fromHost + stats.fromHost + this.#lead.before,
    };
  }

  async #recall(): Promise<void> {
    this.#barred = (await this.#lead.state.get(barredKey).catch(() => undefined)) === true;
    this.#base = readTotals(await this.#lead.state.get(totalsKey).catch(() => undefined));
    this.#lead.changed(this.view());
  }

  async #save(): Promise<void> {
    this.#savedAt = performance.now();
    if (this.#base) {
      await this.#lead.state.put(totalsKey, this.#totals(this.#lead.swarm.stats())).catch(() => undefined);
    }
  }
}

/** How many peers are connected. */
function met(stats: SwarmStats): number {
  return stats.peers.filter((p) => p.connected && p.kind !== "host").length;
}
