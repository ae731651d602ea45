// Which version of the site a page is shown: the newest that was known when the
// page was navigated to, and that one for all the page asks for later.
import { readSite, sitePath } from "../site.ts";
import type { State } from "../state.ts";
import type { Index, PieceStore, SiteInfo } from "../types.ts";
import { earlierPieces } from "./earlier.ts";
import type { Link } from "./link.ts";
import { Pieces } from "./pieces.ts";
import type { Clients } from "./scope.ts";

export const pace = {
  /** Milliseconds between two questions whether there is a newer version. */
  poll: 15_000,
  /** Milliseconds after which a host that does not say what the site is counts as gone. */
  ask: 10_000,
  /** Milliseconds in which a page that is being navigated to may not be listed yet. */
  settle: 60_000,
  /** Octets of an index. */
  index: 64 * 1024 * 1024,
  /** Octets that are carried over from one version to the next. */
  carry: 512 * 1024 * 1024,
} as const;

/** Opens what an index and a store are; both come from the swarm's part. */
export interface Openers {
  index(info: SiteInfo, data: Uint8Array): Promise<Index>;
  store(info: SiteInfo, index: Index): Promise<PieceStore>;
  /** Forgets what is kept of a version. */
  forget(id: string): Promise<void>;
}

/** One version of the site. */
export interface Version {
  readonly id: string;
  readonly info: SiteInfo;
  readonly index: Index;
  readonly data: Uint8Array;
  readonly store: PieceStore;
  readonly pieces: Pieces;
}

interface Kept {
  readonly info: SiteInfo;
  readonly data: Uint8Array;
}

/** Which version a page was shown first, and when (milliseconds since 1970). */
interface Shown {
  readonly id: string;
  readonly at: number;
}

/** The versions of this origin's site. */
export class Versions {
  readonly #state: State;
  readonly #link: Link;
  readonly #clients: Clients;
  readonly #openers: Openers;
  readonly #open = new Map<string, Promise<Version>>();
  #current: Promise<Version | undefined> | undefined;
  #shown: Promise<Map<string, Shown>> | undefined;
  #kept: Promise<Set<string>> | undefined;
  #polledAt = -Infinity;
  #polling: Promise<void> | undefined;

  constructor(state: State, link: Link, clients: Clients, openers: Openers) {
    this.#state = state;
    this.#link = link;
    this.#clients = clients;
    this.#openers = openers;
  }

  /** The newest version that is known; asks the host when none is. */
  async current(): Promise<Version | undefined> {
    this.#current ??= this.#begin();
    const found = await this.#current.catch(() => undefined);
    if (!found) {
      this.#current = undefined; // to be tried again by the next
    }
    return found;
  }

  /** The version for a page that is being navigated to. */
  async forPage(client: string): Promise<Version | undefined> {
    const version = await this.current();
    if (version && client !== "") {
      const shown = await this.#shownTo();
      shown.set(client, { id: version.id, at: Date.now() });
      await this.#keepShown(shown);
    }
    return version;
  }

  /** The version that a page is shown. */
  async forClient(client: string): Promise<Version | undefined> {
    const id = (await this.#shownTo()).get(client)?.id;
    const current = await this.current();
    if (id === undefined || id === current?.id) {
      return current;
    }
    return (await this.#reopen(id)) ?? current;
  }

  /** Asks the host, now and then, whether there is a newer version. */
  refresh(): Promise<void> {
    if (performance.now() - this.#polledAt >= pace.poll) {
      this.#polledAt = performance.now();
      this.#polling = this.#poll().catch(() => undefined).finally(() => {
        this.#polling = undefined;
      });
    }
    return this.#polling ?? Promise.resolve();
  }

  /** Forgets all versions and all that was kept of them. */
  async clear(): Promise<void> {
    this.#current = undefined;
    this.#polledAt = -Infinity;
    for (const id of new Set([...(await this.#keptIds()), ...this.#open.keys()])) {
      await this.#drop(id);
    }
    await this.#state.delete("current");
  }

  async #begin(): Promise<Version | undefined> {
    const id = await this.#state.get("current").catch(() => undefined);
    const kept = typeof id === "string" ? await this.#reopen(id) : undefined;
    if (kept) {
      return kept;
    }
    this.#polledAt = performance.now();
    const info = await this.#ask();
    return this.#adopt(info, undefined);
  }

  async #ask(): Promise<SiteInfo> {
    const response = await fetch(sitePath, { cache: "no-cache", signal: AbortSignal.timeout(pace.ask) });
    if (!response.ok) {
      throw new Error(`the host answers ${response.status} when asked for the site`);
    }
    return readSite(await response.json());
  }

  async #poll(): Promise<void> {
    const before = await this.current();
    const info = await this.#ask();
    if (before?.id !== info.id) {
      const next = await this.#adopt(info, before);
      this.#current = Promise.resolve(next);
      await this.#link.tell({ kith: "version", id: next.id });
      if (before) {
        await this.#carryOver(next);
      }
    } else if (before && JSON.stringify(before.info) !== JSON.stringify(info)) {
      const renewed = { ...before, info };
      this.#open.set(info.id, Promise.resolve(renewed));
      this.#current = Promise.resolve(renewed);
      await this.#keep(renewed);
    }
    await this.#clean();
  }

  async #adopt(info: SiteInfo, before: Version | undefined): Promise<Version> {
    const response = await fetch(info.index, { signal: AbortSignal.timeout(pace.ask) });
    const data = new Uint8Array(await response.arrayBuffer());
    if (!response.ok || data.length > pace.index) {
      throw new Error("the host has no index of the site");
    }
    const opened = this.#make({ info, data }, before);
    const version = await opened;
    this.#open.set(info.id, opened);
    await this.#keep(version);
    return version;
  }

  async #make(kept: Kept, before: Version | undefined): Promise<Version> {
    const { info, data } = kept;
    const index = await this.#openers.index(info, data);
    const store = await this.#openers.store(info, index);
    const earlier = before ? earlierPieces(index, before.index, (i) => before.pieces.stored(i)) : () => Promise.resolve(undefined);
    const pieces = new Pieces(info, index, store, this.#link, earlier);
    return { id: info.id, info, index, data, store, pieces };
  }

  async #keep(v: Version): Promise<void> {
    try {
      const ids = await this.#keptIds();
      ids.add(v.id);
      await this.#state.put("versions", ids);
      await this.#state.put(`version:${v.id}`, { info: v.info, data: v.data } satisfies Kept);
      await this.#state.put("current", v.id);
    } catch {
      // Where nothing can be kept, the site is shown without being kept.
    }
  }

  async #drop(id: string): Promise<void> {
    this.#open.delete(id);
    await this.#openers.forget(id);
    const ids = await this.#keptIds();
    ids.delete(id);
    await this.#state.put("versions", ids);
    await this.#state.delete(`version:${id}`);
  }

  /** Opens a version that was kept. */
  async #reopen(id: string): Promise<Version | undefined> {
    let opened = this.#open.get(id);
    if (!opened) {
      opened = this.#state.get(`version:${id}`).then((v) => {
        const kept = v as Partial<Kept> | undefined;
        if (!(kept?.data instanceof Uint8Array)) {
          throw new Error("the version is not kept");
        }
        return this.#make({ info: readSite(kept.info), data: kept.data }, undefined);
      });
      this.#open.set(id, opened);
    }
    try {
      return await opened;
    } catch {
      this.#open.delete(id);
      return undefined;
    }
  }

  /** Builds what can be built of next from the version before, so that others may have it from us. */
  async #carryOver(next: Version): Promise<void> {
    const have = await next.store.have();
    let octets = 0;
    for (let i = 0; i < next.index.pieces && octets < pace.carry; i++) {
      if (!have.has(i)) {
        octets += (await next.pieces.carry(i)) ?? 0;
      }
    }
  }

  /** Drops versions that no page is shown any more. */
  async #clean(): Promise<void> {
    const pages = await this.#clients.matchAll({ type: "window", includeUncontrolled: true });
    const live = new Set(pages.map((p) => p.id));
    const shown = await this.#shownTo();
    for (const [client, { at }] of [...shown]) {
      if (!live.has(client) && Date.now() - at > pace.settle) {
        shown.delete(client);
      }
    }
    await this.#keepShown(shown);
    const used = new Set([...[...shown.values()].map((s) => s.id), (await this.current())?.id]);
    for (const id of [...(await this.#keptIds())]) {
      if (!used.has(id)) {
        await this.#drop(id);
      }
    }
  }

  /** Which version each page is shown; kept, because the worker is stopped and started. */
  #shownTo(): Promise<Map<string, Shown>> {
    this.#shown ??= this.#state.get("shown").then(
      (v) => (v instanceof Map ? (v as Map<string, Shown>) : new Map<string, Shown>()),
      () => new Map<string, Shown>(),
    );
    return this.#shown;
  }

  async #keepShown(shown: Map<string, Shown>): Promise<void> {
    await this.#state.put("shown", shown).catch(() => undefined);
  }

  #keptIds(): Promise<Set<string>> {
    this.#kept ??= this.#state.get("versions").then(
      (v) => (v instanceof Set ? (v as Set<string>) : new Set<string>()),
      () => new Set<string>(),
    );
    return this.#kept;
  }
}
