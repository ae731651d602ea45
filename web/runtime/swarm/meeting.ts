// Finds peers and connects to them: to those that offer WebTransport at once, to
// others by offers and answers that trackers carry.
import { fromHex, latin1 } from "./bytes.ts";
import type { Lobby } from "./lobby.ts";
import type { SwarmOptions } from "./options.ts";
import type { Pipe } from "./pipe.ts";
import { hexName, type Description, type Said } from "./signal.ts";
import { Tracker, type Announcer, type Offer } from "./tracker.ts";
import { answer, offer, type OfferedChannel } from "./webrtc.ts";
import { canDial, dial } from "./webtransport.ts";
import type { Endpoint, Privacy, SiteInfo, SwarmStats } from "../types.ts";

/** Milliseconds and counts. */
const bounds = {
  /** An offer that nobody took by then is taken back. */
  offer: 50_000,
  /** Connections in the making. */
  pending: 24,
  /** Fewer peers who have what we lack are too few. */
  few: 3,
  /** Between announces, while there are too few or one left; doubled each time. */
  firstNeed: 3_000,
  lastNeed: 120_000,
  /** ICE servers are asked for again after this time: their credentials expire. */
  ice: 5 * 60_000,
  /** Until an endpoint is tried again; doubled each time. */
  redial: 5_000,
  lastRedial: 5 * 60_000,
  iceServers: 16,
} as const;

/** The ways into one swarm. */
export class Meeting implements Announcer {
  readonly swarm: string;
  readonly id: string;
  readonly #info: SiteInfo;
  readonly #engine: Lobby;
  readonly #options: Required<SwarmOptions>;
  #privacy: Privacy = "http";
  #trackers: Tracker[] = [];
  /** Ends what was begun under the privacy that was chosen before. */
  #stay = new AbortController();
  readonly #offers = new Map<string, { readonly channel: OfferedChannel; readonly timer: ReturnType<typeof setTimeout> }>();
  readonly #dialled = new Set<string>();
  /** Peers whose offers are being answered. */
  readonly #answering = new Set<string>();
  #pending = 0;
  #ice: { readonly at: number; readonly servers: Promise<RTCIceServer[]> } | undefined;
  #need: ReturnType<typeof setTimeout> | undefined;
  #patience: number = bounds.firstNeed;

  constructor(info: SiteInfo, id: Uint8Array, engine: Lobby, options: Required<SwarmOptions>) {
    this.#info = info;
    this.#engine = engine;
    this.#options = options;
    this.swarm = latin1(fromHex(info.swarm));
    this.id = latin1(id);
    engine.onneed = (lost) => this.#lack(lost);
  }

  /** Leaves those that were met in a way that is not wanted any more, and goes on in the new one. */
  setPrivacy(p: Privacy): void {
    this.#leave();
    this.#privacy = p;
    if (p === "http") {
      return;
    }
    this.#stay = new AbortController();
    const { signal } = this.#stay;
    globalThis.addEventListener("online", () => this.#hurry(), { signal });
    for (const e of this.#options.spareHost ? [] : this.#info.webtransport) {
      void this.#keepDialled(e, signal);
    }
    if (typeof RTCPeerConnection === "function") {
      this.#trackers = [...new Set(this.#info.trackers)].map((url) => new Tracker(url, this));
    }
  }

  /** What is here was not known until now, and trackers took us for somebody who lacks something. */
  entered(): void {
    if (this.#engine.full) {
      this.#trackers.forEach((t) => void t.announce());
    }
  }

  trackers(): SwarmStats["trackers"] {
    return this.#trackers.map(({ url, error, others }) => ({ url, error, others }));
  }

  close(): void {
    this.#engine.onneed = undefined;
    this.#leave();
  }

  progress(): { readonly downloaded: number; readonly uploaded: number; readonly left: number } {
    return this.#engine.progress;
  }

  async offers(tracker: Tracker): Promise<readonly Offer[]> {
    const { signal } = this.#stay;
    // Who has everything is of use to those alone who have not.
    const there = ((this.#engine.full ? tracker.leeches : tracker.others) ?? Infinity) - this.#engine.met;
    const wanted = Math.min(this.#options.offers - this.#pending, there, this.#engine.free, bounds.pending - this.#offers.size);
    const config = await this.#config();
    const made = Array.from({ length: Math.max(0, wanted) }, () => offer(config).catch(() => undefined));
    const out: Offer[] = [];
    for (const channel of await Promise.all(made)) {
      if (channel && signal.aborted) {
        channel.close();
      } else if (channel) {
        const id = latin1(crypto.getRandomValues(new Uint8Array(20)));
        this.#offers.set(id, { channel, timer: setTimeout(() => this.#withdraw(id), bounds.offer) });
        out.push({ offer_id: id, offer: { type: "offer", sdp: channel.sdp } });
      }
    }
    return out;
  }

  said(tracker: Tracker, said: Exclude<Said, { kind: "interval" | "failure" }>): void {
    const name = hexName(said.peer);
    const spared = this.#options.spareHost && name === this.#info.peer;
    const known = this.#engine.knows(name) || said.peer === this.id || spared;
    if (said.kind === "offer") {
      // Two answers to one peer would be two connections, of which each end may keep another.
      if (!known && this.#engine.room && this.#pending < bounds.pending && !this.#answering.has(said.peer)) {
        this.#answering.add(said.peer);
        void this.#meet(said.description, async (config) =>
          answer(config, said.description.sdp, (sdp) => tracker.answer(said.peer, said.offer, sdp)))
          .finally(() => this.#answering.delete(said.peer));
      }
      return;
    }
    const mine = this.#offers.get(said.offer);
    if (!mine) {
      return;
    }
    this.#offers.delete(said.offer);
    clearTimeout(mine.timer);
    if (known || !this.#engine.room) {
      mine.channel.close();
      return;
    }
    void this.#meet(said.description, () => mine.channel.accept(said.description.sdp)).then((way) => {
      if (way !== "webrtc") {
        mine.channel.close();
      }
    });
  }

  changed(): void {
    this.#engine.changed();
  }

  /** Connects to who wrote d: by WebTransport where offered, else by WebRTC. */
  async #meet(d: Description, byRTC: (config: RTCConfiguration) => Promise<Pipe>): Promise<Pipe["kind"] | undefined> {
    const { signal } = this.#stay;
    this.#pending++;
    try {
      for (const e of d.webtransport) {
        if (this.#mayDial(e) && (this.#dialled.has(e.url) || (await this.#dial(e, signal)))) {
          return "webtransport";
        }
      }
      const pipe = await byRTC(await this.#config());
      this.#take(pipe, signal);
      return "webrtc";
    } catch {
      return undefined; // strangers come and go
    } finally {
      this.#pending--;
    }
  }

  #take(pipe: Pipe, signal: AbortSignal): void {
    if (signal.aborted) {
      pipe.close();
    } else {
      this.#patience = bounds.firstNeed;
      this.#engine.connect(pipe);
    }
  }

  /** Only who sees our address anyway is dialled when it is to be hidden. */
  #mayDial(e: Endpoint): boolean {
    return canDial() && (this.#privacy === "direct" || new URL(e.url).hostname === location.hostname);
  }

  /** Keeps a connection to an endpoint that the host told of. */
  async #keepDialled(e: Endpoint, signal: AbortSignal): Promise<void> {
    for (let pause: number = bounds.redial; !signal.aborted && this.#mayDial(e); ) {
      const began = performance.now();
      if (this.#dialled.has(e.url) || !this.#engine.room) {
        await sleep(pause, signal);
        continue;
      }
      await new Promise<void>((gone) => void this.#dial(e, signal, gone).then((ok) => ok || gone()));
      pause = performance.now() - began > bounds.lastRedial ? bounds.redial : Math.min(2 * pause, bounds.lastRedial);
      await sleep(pause * (0.5 + Math.random()), signal);
    }
  }

  /** Dials; gone is called when the connection ends. */
  async #dial(e: Endpoint, signal: AbortSignal, gone?: () => void): Promise<boolean> {
    this.#dialled.add(e.url);
    try {
      const pipe = await dial(e);
      const { close } = pipe;
      pipe.close = () => {
        this.#dialled.delete(e.url);
        close.call(pipe);
        gone?.();
      };
      this.#take(pipe, signal);
      return true;
    } catch {
      this.#dialled.delete(e.url);
      return false;
    }
  }

  async #config(): Promise<RTCConfiguration> {
    const now = performance.now();
    if (!this.#ice || now - this.#ice.at > bounds.ice) {
      this.#ice = { at: now, servers: readServers(this.#info.ice) };
    }
    const iceServers = await this.#ice.servers;
    return { iceServers, iceTransportPolicy: this.#privacy === "relay" ? "relay" : "all" };
  }

  /** Peers are missing: the trackers are asked again, but not too often. */
  #lack(lost: boolean): void {
    const lacks = (): boolean => !this.#engine.full && this.#engine.free > 0;
    if (lost && this.#patience > 2 * bounds.firstNeed) {
      clearTimeout(this.#need);
      this.#need = undefined;
      this.#patience = bounds.firstNeed;
    }
    if (this.#need === undefined && lacks() && !this.#stay.signal.aborted) {
      this.#need = setTimeout(() => {
        this.#need = undefined;
        if (lacks() && this.#engine.useful + this.#pending < bounds.few) {
          for (const t of this.#trackers) {
            void t.announce();
          }
          this.#lack(false);
        }
      }, this.#patience);
      this.#patience = Math.min(2 * this.#patience, bounds.lastNeed);
    }
  }

  #hurry(): void {
    for (const t of this.#trackers) {
      t.hurry();
    }
  }

  #withdraw(id: string): void {
    this.#offers.get(id)?.channel.close();
    this.#offers.delete(id);
  }

  #leave(): void {
    this.#stay.abort();
    clearTimeout(this.#need);
    this.#need = undefined;
    for (const t of this.#trackers.splice(0)) {
      t.close();
    }
    for (const [id, { timer }] of [...this.#offers]) {
      clearTimeout(timer);
      this.#withdraw(id);
    }
    this.#engine.disconnect();
    this.#dialled.clear();
  }
}

/** Asks for the ICE servers; none where nobody says. */
async function readServers(path: string): Promise<RTCIceServer[]> {
  if (path === "") {
    return [];
  }
  try {
    const response = await fetch(path, { cache: "no-store" });
    const servers: unknown = response.ok ? await response.json() : [];
    return Array.isArray(servers) ? (servers as RTCIceServer[]).slice(0, bounds.iceServers) : [];
  } catch {
    return [];
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
