// A swarm as the runtime sees it.
import { Engine, newID } from "./engine.ts";
import { Lobby } from "./lobby.ts";
import { Meeting } from "./meeting.ts";
import { defaults, type SwarmOptions } from "./options.ts";
import type { Index, PieceStore, Privacy, SiteInfo, Swarm, SwarmStats } from "../types.ts";

/**
 * Joins the swarm of info with what is in store, and meets peers until it is
 * closed: those that offer WebTransport at once, others through the trackers.
 * They are looked for while index and store are still coming.
 */
export async function openSwarm(
  info: SiteInfo,
  index: Index | Promise<Index>,
  store: PieceStore | Promise<PieceStore>,
  options: SwarmOptions = {},
): Promise<Swarm> {
  const settings = { ...defaults, ...options };
  const id = newID();
  const lobby = new Lobby(settings.maxPeers);
  const meeting = new Meeting(info, id, lobby, settings);
  meeting.setPrivacy(settings.privacy);
  try {
    const engine = new Engine(...(await Promise.all([index, store])), settings, id);
    await engine.begin();
    lobby.enter(engine);
    meeting.entered();
    return new Joined(engine, meeting, settings.privacy);
  } catch (error) {
    meeting.close();
    throw error;
  }
}

class Joined implements Swarm {
  readonly #engine: Engine;
  readonly #meeting: Meeting;
  #privacy: Privacy;

  constructor(engine: Engine, meeting: Meeting, privacy: Privacy) {
    this.#engine = engine;
    this.#meeting = meeting;
    this.#privacy = privacy;
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
