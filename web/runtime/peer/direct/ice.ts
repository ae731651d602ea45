/** The servers by which browsers find a way to each other: those of the relays that a person uses. */
import { target } from "../mailbox/address.ts";
import { cutRelay } from "../seal/index.ts";

/** Bounds; times are in ms. */
const bounds = { relays: 4, servers: 8, urls: 8, url: 255, octets: 16 << 10, patience: 3000, least: 60_000, most: 3_600_000 } as const;

/** Asks relays for STUN and TURN, and remembers what they said for as long as it is good. */
export class RelayServers {
  readonly #fetch: typeof fetch;
  readonly #now: () => number;
  readonly #kept = new Map<string, { until: number; servers: Promise<RTCIceServer[]> }>();

  constructor(o: { now: () => number; fetch?: typeof fetch }) {
    this.#now = o.now;
    this.#fetch = o.fetch ?? ((url, init) => fetch(url, init));
  }

  /** The servers of these relays, as their addresses name them; of those that do not answer, none. */
  async of(relays: readonly string[]): Promise<RTCIceServer[]> {
    const some = [...new Set(relays)].slice(0, bounds.relays);
    return (await Promise.all(some.map((r) => this.#one(r)))).flat().slice(0, bounds.servers);
  }

  #one(relay: string): Promise<RTCIceServer[]> {
    const now = this.#now();
    const kept = this.#kept.get(relay);
    if (kept && now < kept.until) return kept.servers;
    for (const [at, k] of this.#kept) if (now >= k.until) this.#kept.delete(at);
    const entry = { until: now + bounds.least, servers: Promise.resolve<RTCIceServer[]>([]) };
    entry.servers = this.#ask(relay).then(({ servers, ttl }) => {
      entry.until = now + Math.min(Math.max(ttl * 500, bounds.least), bounds.most);
      return servers;
    }, () => []);
    this.#kept.set(relay, entry);
    return entry.servers;
  }

  async #ask(relay: string): Promise<{ servers: RTCIceServer[]; ttl: number }> {
    const response = await this.#fetch(target(cutRelay(relay).url, "http", "/ice"), {
      cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(bounds.patience),
    });
    const text = response.ok ? await response.text() : "";
    if (text.length === 0 || text.length > bounds.octets) return { servers: [], ttl: 0 };
    const said = JSON.parse(text) as { iceServers?: unknown; ttl?: unknown };
    const list = Array.isArray(said.iceServers) ? (said.iceServers as unknown[]).slice(0, bounds.servers) : [];
    return { servers: list.flatMap(serverOf), ttl: typeof said.ttl === "number" ? said.ttl : 0 };
  }
}

const isURL = (u: unknown): u is string => typeof u === "string" && u.length <= bounds.url && /^(?:stuns?|turns?):/.test(u);

/** One server as a relay wrote it; nothing when it is none. */
function serverOf(x: unknown): RTCIceServer[] {
  const { urls, username, credential } = (x ?? {}) as Record<string, unknown>;
  const good = (Array.isArray(urls) ? (urls as unknown[]) : [urls]).slice(0, bounds.urls).filter(isURL);
  if (good.length === 0) return [];
  return [{ urls: good, ...(typeof username === "string" && typeof credential === "string" ? { username, credential } : {}) }];
}
