// A visitor without a browser: the runtime's own leader, worker's patience and
// swarm, which load a page and its pictures as a first visit in a browser does.
import { Leader } from "../../../web/runtime/page/leader.ts";
import { readSite, sitePath } from "../../../web/runtime/site.ts";
import { defaults as settings } from "../../../web/runtime/settings.ts";
import type { State } from "../../../web/runtime/state.ts";
import { openIndex, openSwarm } from "../../../web/runtime/swarm/index.ts";
import type { PieceStore } from "../../../web/runtime/types.ts";
import { Link } from "../../../web/runtime/worker/link.ts";
import { find } from "../../../web/runtime/worker/paths.ts";
import { Pieces } from "../../../web/runtime/worker/pieces.ts";
import type { Clients } from "../../../web/runtime/worker/scope.ts";
import { serve } from "../../../web/runtime/worker/serve.ts";

/** The runtime's files that a browser fetches before it takes part, and those it keeps for later. */
const first = ["loader.js", "worker.js", "runtime.js", "badge.js"];
const later = ["served", "served.js", "served.css", "boot", "boot.js", "boot.css", "icon.svg", "text-en.js"];
const laterAfter = 3000;

/** How a visit went. */
export interface Visited {
  readonly whole: boolean;
  /** Milliseconds until everything was there. */
  readonly ms: number;
  readonly peers: number;
  readonly fromPeers: number;
  readonly toPeers: number;
  readonly fromHost: number;
}

/** Pieces in memory, forgotten with the visit. */
class Memory implements PieceStore {
  readonly #kept = new Map<number, Uint8Array>();

  have(): Promise<Set<number>> {
    return Promise.resolve(new Set(this.#kept.keys()));
  }

  get(i: number): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#kept.get(i));
  }

  put(i: number, data: Uint8Array): Promise<void> {
    this.#kept.set(i, data);
    return Promise.resolve();
  }

  clear(): Promise<void> {
    this.#kept.clear();
    return Promise.resolve();
  }
}

async function load(path: string, headers: Record<string, string> = {}): Promise<Uint8Array> {
  const response = await fetch(path, { headers });
  if (!response.ok) {
    throw new Error(`${path}: ${response.status}`);
  }
  return new Uint8Array(await response.arrayBuffer());
}

/** Arrives with nothing, loads the page and its pictures, stays for so many milliseconds in all, and leaves. */
export async function visit(stay: number): Promise<Visited> {
  const began = performance.now();
  const page = new TextDecoder().decode(await load("/", { "Sec-Fetch-Dest": "document" }));
  const eager = [...page.matchAll(/<img src="([^"]+)"/g)].map((m) => m[1] ?? "");
  const deferred = [...page.matchAll(/<img data-kith-src="([^"]+)"/g)].map((m) => m[1] ?? "");
  // A deferred picture stands once more in its noscript.
  const past = eager.filter((path) => !deferred.includes(path));
  await Promise.all([...past, ...first.map((name) => `/.kith/${name}`)].map((path) => load(path)));
  const info = readSite(JSON.parse(new TextDecoder().decode(await load(sitePath))));
  const index = await openIndex(info, await load(info.index));
  const store = new Memory();
  const swarm = await openSwarm(info, index, store, { privacy: "direct", upload: false, spareHost: true });
  const state = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() } as unknown as State;
  const leader = new Leader({ info, index, swarm, settings, state, before: 0, changed: () => undefined });
  const link = new Link({ matchAll: () => Promise.resolve([]), claim: () => Promise.resolve() } satisfies Clients);
  leader.serve({
    postMessage: (_: unknown, [port]: readonly MessagePort[]) => port && link.adopt(info.id, port),
  } as unknown as ServiceWorker);
  const keeping = setTimeout(() => void Promise.all(later.map((name) => load(`/.kith/${name}`))).catch(() => undefined), laterAfter);
  try {
    const pieces = new Pieces(info, index, store, link, () => Promise.resolve(undefined));
    const source = { id: info.id, index, pieces };
    const left = <T>(t: T): Promise<T> => new Promise((done) => setTimeout(() => done(t), Math.max(0, stay - (performance.now() - began))));
    const all = Promise.all(deferred.map(async (path) => {
      const target = find(index, new URL(path, location.href));
      if (target.kind !== "file") {
        throw new Error(`${path} is not in the index`);
      }
      const picture = { method: "GET", headers: new Headers(), mode: "no-cors", destination: "image" } as Request;
      const { response } = await serve(source, target.file, picture, 200);
      return (await response.arrayBuffer()).byteLength === target.file.size;
    }));
    const whole = await Promise.race([all.then((ok) => ok.every(Boolean), () => false), left(false)]);
    const ms = performance.now() - began;
    await left(undefined);
    const { stats } = leader.view();
    return {
      whole, ms: Math.round(ms), peers: stats.peers.filter((p) => p.kind !== "host").length,
      fromPeers: stats.downloaded, toPeers: stats.uploaded, fromHost: stats.fromHost,
    };
  } finally {
    clearTimeout(keeping);
    leader.close();
  }
}
