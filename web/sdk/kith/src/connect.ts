// connect(): from nothing to an app with documents and friends.
import { Data } from "./data.ts";
import { follow } from "./events.ts";
import { Friends } from "./friends.ts";
import { must, post } from "./http.ts";
import { nearby, type Nearby } from "./nearby.ts";
import { Overlay } from "./overlay.ts";
import { find, type Found, type Where } from "./place.ts";
import type { Transport } from "./transport.ts";
import type { Audience, ConnectOptions, Grant, KithEvent, Limit } from "./types.ts";

/** What GET /.kith/ says. */
interface Said { host: "node" | "page"; app: string; ready: boolean; granted: Grant[]; people: string }

/** What stands before an invitation in the fragment of the app's address. */
const join = "#kith-join=";

/** A connected app: what `connect` gives. */
export class Kith {
  /** Who answers: the person's node, or a peer of this page's own. */
  readonly host: "node" | "page";
  /** The app's name. */
  readonly app: string;
  /** What the person allowed, which may be less than was wanted. */
  readonly granted: readonly Grant[];
  /** What does not work here. */
  readonly limits: readonly Limit[];
  /** The app's documents. */
  readonly data: Data;
  /** The friends that the app sees, and what they show. */
  readonly friends: Friends;
  readonly #transport: Transport;
  readonly #people: string;
  readonly #overlay: Overlay;
  readonly #base: URL;

  constructor(found: Found, said: Said, overlay: Overlay, base: URL) {
    this.host = found.host;
    this.app = said.app;
    this.granted = said.granted;
    this.limits = found.limits;
    this.data = new Data(found.transport);
    this.friends = new Friends(found.transport, () => found.host === "node" && tellShell("asking"));
    this.#transport = found.transport;
    this.#people = found.people ?? said.people;
    this.#overlay = overlay;
    this.#base = base;
  }

  /**
   * Sets who may see a document, or all that is below a folder now. The person is asked, with the audience as the
   * proposal, where the app was not granted `share`, or with `pick`.
   *
   * @throws {KithError} 403 when the person refused, 404 for a path or a friend that is none, 408 when the person did not decide.
   */
  async share(path: string, audience: Audience, o: { pick?: boolean; signal?: AbortSignal } = {}): Promise<Audience> {
    const said = { path, audience, ...(o.pick ? { pick: true } : {}) };
    if (this.host === "node" && (o.pick || !this.granted.includes("share"))) tellShell("asking");
    return ((await (await must(this.#transport, "/.kith/share", post(said, o.signal))).json()) as { audience: Audience }).audience;
  }

  /**
   * Asks the person for a document or folder of another app or of a friend, to be found at a path of this one.
   *
   * @throws {KithError} 403 when the person refused.
   */
  async mount(at: string): Promise<{ id: string; at: string; writable: boolean }> {
    if (this.host === "node") tellShell("asking");
    return (await must(this.#transport, "/.kith/mounts", post({ at }))).json() as Promise<{ id: string; at: string; writable: boolean }>;
  }

  /** Everything that happens, until signal aborts or the result is called. */
  events(tell: (e: KithEvent) => void, signal?: AbortSignal): () => void {
    const stop = new AbortController();
    void follow(this.#transport, "/.kith/events", tell, signal ? AbortSignal.any([signal, stop.signal]) : stop.signal);
    return () => stop.abort();
  }

  /** The Local Peer-to-Peer API ([@kith/lp2p](#kithlp2p)), by the person's node; undefined where it cannot be had. */
  nearby(): Promise<Nearby | undefined> {
    return nearby(this.host, this.#base);
  }

  /**
   * Opens where the person manages friends and devices; resolves when it is closed, if it is shown here.
   * In the shell of a node, the shell shows a link that leads there.
   */
  async people(fragment = ""): Promise<void> {
    if (this.host === "node" && parent !== window) return tellShell("people");
    if (this.host === "page") return this.#overlay.show(this.#people + fragment);
    open(this.#people + fragment, "_blank", "noopener");
  }

  /** The app API itself ([its contract](../../spec/app-api.md)): path begins with "/.kith/". */
  fetch(path: string, init?: RequestInit): Promise<Response> {
    return this.#transport(path, init);
  }
}

/** Tells the shell of a node that the person is asked something, or wants to see to their friends. */
function tellShell(kith: "asking" | "people"): void {
  if (parent !== window) parent.postMessage({ kith }, "*"); // the shell's origin is not known, and this is no secret
}

/** What is different between the module and the classic script. */
export interface Build { base: () => URL; memory: Where["memory"] }

/** A host that is there, and nothing asked of it. */
export interface Attached {
  /** Who answers: the person's node, or a peer of this page's own. */
  readonly host: "node" | "page";
  /** What does not work here. */
  readonly limits: readonly Limit[];
  /** The app API ([its contract](../../spec/app-api.md)): path begins with "/.kith/". */
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** What a build of the SDK offers. */
export interface Entrances {
  connect(o: ConnectOptions): Promise<Kith>;
  attach(o?: Pick<ConnectOptions, "serviceWorker" | "base">): Promise<Attached>;
}

/** Makes what one build of the SDK offers. */
export function entrances(build: Build): Entrances {
  const places = new Map<string, ReturnType<typeof take>>();
  const take = async (base: URL, serviceWorker: URL | false): Promise<{ found: Found; overlay: Overlay; base: URL }> => {
    const overlay = new Overlay();
    const found = await find({
      base, memory: build.memory, serviceWorker,
      person: (ask, people) => void (ask === "" ? overlay.close() : overlay.show(`${people}#ask=${ask}`)),
    });
    return { found, overlay, base };
  };
  // A page takes part once, however often it connects, so that the person is asked once.
  const place = (o: Pick<ConnectOptions, "serviceWorker" | "base">): ReturnType<typeof take> => {
    const base = o.base === undefined ? build.base() : new URL(o.base, document.baseURI);
    const serviceWorker = o.serviceWorker === false ? false : new URL(o.serviceWorker ?? "kith-sw.js", document.baseURI);
    const name = `${base.href} ${serviceWorker === false ? "" : serviceWorker.href}`;
    const taken = places.get(name) ?? take(base, serviceWorker);
    places.set(name, taken);
    taken.catch(() => places.delete(name));
    return taken;
  };
  return {
    attach: async (o = {}) => {
      const { found } = await place(o);
      return { host: found.host, limits: found.limits, fetch: found.transport };
    },
    connect: async (o) => {
      const invitation = takeInvitation();
      const { found, overlay, base } = await place(o);
      const wants = { app: o.app, title: o.title ?? o.app, wants: o.wants ?? ["data"], ...(o.relays ? { relays: o.relays } : {}) };
      if (found.host === "node") tellShell("asking");
      const said = (await (await must(found.transport, "/.kith/connect", post(wants, o.signal))).json()) as Said;
      const kith = new Kith(found, said, overlay, base);
      if (invitation !== undefined) void kith.people(`#join=${invitation}`);
      return kith;
    },
  };
}

/** Takes an invitation out of the address bar, before anybody sees or shares it. */
function takeInvitation(): string | undefined {
  if (!location.hash.startsWith(join)) return undefined;
  const invitation = location.hash.slice(join.length);
  history.replaceState(history.state, "", location.pathname + location.search);
  return invitation;
}
