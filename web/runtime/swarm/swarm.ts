// A swarm as the runtime sees it.
import { Engine } from "./engine.ts";
import { Meeting } from "./meeting.ts";
import { defaults, type SwarmOptions } from "./options.ts";
import type { Index, PieceStore, Privacy, SiteInfo, Swarm, SwarmStats } from "../types.ts";

/**
 * Joins the swarm of info with what is in store, and meets peers until it is
 * closed: those that offer WebTransport at once, others through the trackers.
 */
export async function openSwarm(info: SiteInfo, index: Index, store: PieceStore, options: SwarmOptions = {}): Promise<Swarm> {
  const settings = { ...defaults, ...options };
  const engine = new Engine(index, store, settings);
  await engine.begin();
  return new Joined(engine, new Meeting(info, index.swarm, engine, settings), settings.privacy);
}

class Joined implements Swarm {
  readonly #engine: Engine;
  readonly #meeting: Meeting;
  #privacy: Privacy | undefined;

  constructor(engine: Engine, meeting: Meeting, privacy: Privacy) {
    this.#engine = engine;
    this.#meeting = meeting;
    this.setPrivacy(privacy);
  }

  want(i: number, urgent: boolean, signal: AbortSignal): Promise<Uint8Array> {
    return this.#engine.want(i, urgent, signal);
  }

  got(i: number, bytesFromHost: number): void {
    this.#engine.got(i, bytesFromHost);
  }

  available(i: number): boolean {
    return this.#engine.available(i);
  }

  before(i: number): number {
    return this.#engine.before(i);
  }

  complete(signal: AbortSignal): Promise<void> {
    return this.#engine.complete(signal);
  }

  setPrivacy(p: Privacy): void {
    if (p !== this.#privacy) {
      this.#privacy = p;
      this.#meeting.setPrivacy(p);
    }
  }

  setUpload(allowed: boolean): void {
    this.#engine.setUpload(allowed);
  }

  stats(): SwarmStats {
    return { ...this.#engine.stats(), trackers: this.#meeting.trackers() };
  }

  get onchange(): (() => void) | undefined {
    return this.#engine.onchange;
  }

  set onchange(f: (() => void) | undefined) {
    this.#engine.onchange = f;
  }

  close(): void {
    this.#meeting.close();
    this.#engine.close();
  }
}
