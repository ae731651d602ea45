import type { AppState } from "./apps.ts";
import { ApiError, type Client } from "./client.ts";
import type { ServerEvent } from "./lines.ts";
import type { NearbyState, PageState } from "./nearby.ts";
import type { SharingState } from "./sharing.ts";
import type { TourState } from "./tour.ts";
import type { Site, Status } from "./types.ts";

/** How the console stands with the node. */
export type Connection = "connecting" | "online" | "lost" | "refused";

/** One moment of traffic, in bytes a second. */
export interface Traffic {
  readonly down: number;
  readonly up: number;
}

const firstRetry = 500;
const longestRetry = 10_000;
/** The node sends its status every three seconds. */
const longestSilence = 20_000;
const samples = 60;

/**
 * What the node is doing, kept up to date by its server-sent events. It reconnects by itself and tells its
 * listeners of every change by the event "change".
 */
export class Live extends EventTarget {
  connection: Connection = "connecting";
  sites: readonly Site[] = [];
  status: Status | undefined;
  /** Devices nearby, and the web pages that want to talk to them; undefined where that is off. */
  nearby: NearbyState | undefined;
  pages: PageState | undefined;
  /** The person, friends, devices and what waits; undefined where private sharing is off. */
  sharing: SharingState | undefined;
  /** What web apps want and may; undefined where private sharing is off. */
  apps: AppState | undefined;
  /** How far the first steps are; undefined until it is known. */
  tour: TourState | undefined;
  /** False until the first list of sites came. */
  loaded = false;
  readonly traffic: Traffic[] = [];

  readonly #client: Client;
  readonly #sites: boolean;
  #stop = new AbortController();
  #wake: () => void = () => undefined;

  /** Without sites there is only what friends and apps are about. */
  constructor(client: Client, { sites = true }: { readonly sites?: boolean } = {}) {
    super();
    this.#client = client;
    this.#sites = sites;
  }

  start(): void {
    this.#stop = new AbortController();
    void this.#follow(this.#stop.signal);
    void this.#sample(this.#stop.signal);
  }

  stop(): void {
    this.#stop.abort();
    this.#wake();
  }

  /** Tries to connect at once instead of waiting for the next attempt. */
  retry(): void {
    this.#wake();
  }

  site(label: string): Site | undefined {
    return this.sites.find((s) => s.label === label);
  }

  /** Puts a change in place before the node confirms it, so that a switch moves when it is pressed. */
  assume(label: string, change: Partial<Site>): void {
    this.sites = this.sites.map((s) => (s.label === label ? { ...s, ...change } : s));
    this.#changed();
  }

  /** Takes what the node answered about the first steps, before its events say so. */
  toured(tour: TourState): void {
    this.tour = tour;
    this.#changed();
  }

  /** Takes a question off the desk that the person answered, before the node says so. */
  answered(ask: string): void {
    if (this.pages) {
      this.pages = { ...this.pages, asks: this.pages.asks.filter((a) => a.id !== ask) };
      this.#changed();
    }
  }

  /** The same for a question of a web app. */
  answeredApp(ask: string): void {
    if (this.apps) {
      this.apps = { ...this.apps, asks: this.apps.asks.filter((a) => a.id !== ask) };
      this.#changed();
    }
  }

  /** Takes a removed site off the list before the node says so. */
  forget(label: string): void {
    this.sites = this.sites.filter((s) => s.label !== label);
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
  }

  async #follow(signal: AbortSignal): Promise<void> {
    let wait = firstRetry;
    while (!signal.aborted) {
      try {
        await this.#once(signal, () => {
          wait = firstRetry;
        });
      } catch (e) {
        if (signal.aborted) {
          return;
        }
        if (e instanceof ApiError && (e.kind === "unauthorized" || e.kind === "forbidden")) {
          this.connection = "refused";
          this.#changed();
          return;
        }
      }
      if (signal.aborted) {
        return;
      }
      this.connection = "lost";
      this.#changed();
      await this.#sleep(wait);
      wait = Math.min(wait * 2, longestRetry);
    }
  }

  /** Connects, and follows the events until they end. */
  async #once(signal: AbortSignal, connected: () => void): Promise<void> {
    if (this.#sites) {
      this.status = await this.#client.status(signal);
      this.sites = await this.#client.sites(signal);
    }
    this.loaded = true;
    this.connection = "online";
    connected();
    this.#changed();
    for await (const event of this.#events(signal)) {
      if (event.type === "sites") {
        this.sites = (JSON.parse(event.data) as { sites: Site[] | null }).sites ?? [];
      } else if (event.type === "status") {
        this.status = JSON.parse(event.data) as Status;
      } else if (event.type === "nearby") {
        this.nearby = JSON.parse(event.data) as NearbyState;
      } else if (event.type === "pages") {
        this.pages = JSON.parse(event.data) as PageState;
      } else if (event.type === "apps") {
        this.apps = JSON.parse(event.data) as AppState;
      } else if (event.type === "sharing") {
        this.sharing = JSON.parse(event.data) as SharingState;
      } else if (event.type === "tour") {
        this.tour = JSON.parse(event.data) as TourState;
      } else {
        continue;
      }
      this.#changed();
    }
  }

  /** The node's events, cut off when it falls silent: a connection may die without a word. */
  async *#events(signal: AbortSignal): AsyncGenerator<ServerEvent> {
    const silent = new AbortController();
    let timer = setTimeout(() => silent.abort(), longestSilence);
    try {
      for await (const event of this.#client.events(AbortSignal.any([signal, silent.signal]))) {
        clearTimeout(timer);
        timer = setTimeout(() => silent.abort(), longestSilence);
        yield event;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Keeps the last minute of traffic. */
  async #sample(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await new Promise((done) => setTimeout(done, 1000));
      if (this.connection !== "online") {
        continue;
      }
      this.traffic.push({
        down: this.status?.downRate ?? 0,
        up: this.status?.upRate ?? 0,
      });
      this.traffic.splice(0, this.traffic.length - samples);
      this.#changed();
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.#wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  }
}
