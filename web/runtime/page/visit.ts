// One page's part in its origin's visit: it stands for election, follows what
// the visitor chose, and knows how the leading page does, be that itself or not.
import { readToPage, type ToWorker } from "../protocol.ts";
import { nodeOrigin, readSite, sitePath } from "../site.ts";
import { loadSettings, saveSettings, takesPart, unknown, type Settings } from "../settings.ts";
import { State } from "../state.ts";
import { openIndex, openStore, openSwarm } from "../swarm/index.ts";
import type { Index, PieceStore, SiteInfo } from "../types.ts";
import { Leader } from "./leader.ts";
import { watchPast } from "./past.ts";
import { channelName, readTotals, readWord, type Totals, type View, type Word } from "./view.ts";

const lockName = "kith-visit";

/** Milliseconds until a page that could not lead tries again; doubled each time. */
const retry = { first: 1000, last: 60_000 } as const;
/** Milliseconds between two words about how things are. */
const sayEvery = 250;

/** What is shared, and what of it is here. */
interface Opened {
  readonly index: Index;
  readonly store: PieceStore;
}

/** The visit as one page sees it. Fires "change". */
export class Visit extends EventTarget {
  readonly #state = new State();
  readonly #channel = new BroadcastChannel(channelName);
  readonly #before: number;
  #settings: Settings = unknown;
  #info: SiteInfo | undefined;
  #leader: Leader | undefined;
  #running: AbortController | undefined;
  #view: View | undefined;
  #learning: Promise<SiteInfo> | undefined;
  #said = 0;
  #saying: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.#before = fromHostSoFar();
  }

  /** What the site is; undefined until the host or the worker said so. */
  get info(): SiteInfo | undefined {
    return this.#info;
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** How the leading page does; undefined while none leads. */
  get view(): View | undefined {
    return this.#leader?.view() ?? this.#view;
  }

  /** Whether this page is the one that meets the peers. */
  get leads(): boolean {
    return this.#leader !== undefined;
  }

  async begin(): Promise<void> {
    this.#channel.onmessage = (e: MessageEvent<unknown>) => void this.#hear(e.data);
    const worker = navigator.serviceWorker as ServiceWorkerContainer | undefined;
    worker?.addEventListener("message", (e) => this.#hearWorker(e));
    worker?.addEventListener("controllerchange", () => this.#leader?.serve(worker.controller));
    worker?.startMessages();
    // A page that may come back from the browser's cache must not lead from there.
    addEventListener("pagehide", () => this.#stop());
    addEventListener("pageshow", (e) => e.persisted && this.#follow());
    this.#settings = await loadSettings(this.#state);
    this.#say({ kith: "hello" });
    this.#follow();
    await this.#learn().catch(() => undefined);
    watchPast((urls) => void this.#past(urls));
    this.#changed();
  }

  /** Has the worker keep what this page loaded past it, if the visitor takes part. */
  async #past(urls: readonly string[]): Promise<void> {
    const worker = navigator.serviceWorker as ServiceWorkerContainer | undefined;
    if (worker?.controller === null) {
      await new Promise((done) => worker.addEventListener("controllerchange", done, { once: true }));
    }
    if (takesPart(this.#settings)) {
      worker?.controller?.postMessage({ kith: "past", urls } satisfies ToWorker);
    }
  }

  /** Keeps a choice and does it, here and in the other tabs. */
  async choose(choice: Partial<Settings>): Promise<void> {
    this.#settings = { ...this.#settings, ...choice };
    await saveSettings(this.#state, this.#settings).catch(() => undefined);
    this.#say({ kith: "settings" });
    this.#follow();
    this.#changed();
  }

  /** Whether a node can be offered. */
  get nodeOffered(): boolean {
    return nodeOrigin(this.#info?.node) !== "";
  }

  /** Opens path with the visitor's own node; always says that it is to be so from now on. */
  async openWithNode(path: string, always: boolean): Promise<void> {
    const node = nodeOrigin(this.#info?.node);
    if (node === "") {
      return;
    }
    if (always) {
      await this.choose({ node });
    }
    location.assign(node + path);
  }

  /** What came and went so far. */
  async totals(): Promise<Totals> {
    return this.view?.totals ?? readTotals(await this.#state.get("totals").catch(() => undefined));
  }

  /** The numbers of the pieces on this device, of the version that is shared. */
  async have(): Promise<{ readonly have: ReadonlySet<number>; readonly pieces: number }> {
    const opened = await this.#opened();
    return { have: await opened.store.have(), pieces: opened.index.pieces };
  }

  /** Forgets everything of the site that is kept on this device. */
  async clear(): Promise<void> {
    this.#stop();
    this.#say({ kith: "view", view: undefined });
    const worker = navigator.serviceWorker?.controller;
    if (worker) {
      await new Promise((done) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = done;
        worker.postMessage({ kith: "clear" } satisfies ToWorker, [port2]);
      });
    } else {
      await (await this.#opened()).store.clear();
    }
    await this.#state.delete("totals").catch(() => undefined);
    await this.choose({ seed: false });
  }

  /** Leads, or waits to, if the visitor wants to meet peers; else stops. */
  #follow(): void {
    if (!takesPart(this.#settings)) {
      this.#stop();
    } else if (this.#running) {
      this.#leader?.change(this.#settings);
    } else {
      this.#running = new AbortController();
      void this.#stand(this.#running.signal);
    }
  }

  #stop(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.#view = undefined;
  }

  /** Waits for the lock and leads while it is held. */
  async #stand(signal: AbortSignal): Promise<void> {
    for (let pause: number = retry.first; !signal.aborted; pause = Math.min(2 * pause, retry.last)) {
      try {
        await navigator.locks.request(lockName, { signal }, () => this.#hold(signal));
      } catch {
        if (!signal.aborted) {
          await new Promise((done) => setTimeout(done, pause));
        }
      }
    }
  }

  async #hold(signal: AbortSignal): Promise<void> {
    for (;;) {
      const info = await this.#learn();
      const opened = this.#open(info);
      const swarm = await openSwarm(info, opened.then((o) => o.index), opened.then((o) => o.store), { privacy: this.#settings.privacy, upload: false, spareHost: true });
      if (signal.aborted) {
        swarm.close();
        return;
      }
      const leader = new Leader({
        info, index: (await opened).index, swarm,
        settings: this.#settings,
        state: this.#state,
        before: this.#before,
        changed: () => this.#changed(),
      });
      this.#leader = leader;
      leader.serve(navigator.serviceWorker?.controller ?? null);
      const why = await this.#ended(signal);
      this.#leader = undefined;
      leader.close();
      this.#changed();
      if (why === "over") {
        return;
      }
    }
  }

  /** Resolves when leading is over, or has to begin again with another version. */
  #ended(signal: AbortSignal): Promise<"over" | "version"> {
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve("over"), { once: true });
      this.addEventListener("version", () => resolve("version"), { once: true });
    });
  }

  /** Asks what the site is; those who ask at the same time ask once. */
  #learn(): Promise<SiteInfo> {
    return (this.#learning ??= this.#ask().finally(() => {
      this.#learning = undefined;
    }));
  }

  async #ask(): Promise<SiteInfo> {
    const response = await fetch(sitePath, { cache: "no-cache" });
    if (!response.ok) {
      throw new Error(`the host answers ${response.status} when asked for the site`);
    }
    return (this.#info = readSite(await response.json()));
  }

  async #opened(): Promise<Opened> {
    return this.#open(await this.#learn());
  }

  async #open(info: SiteInfo): Promise<Opened> {
    const store = openStore(info);
    const response = await fetch(info.index);
    if (!response.ok) {
      throw new Error(`the host answers ${response.status} when asked for the index`);
    }
    return { index: await openIndex(info, new Uint8Array(await response.arrayBuffer())), store: await store };
  }

  async #hear(data: unknown): Promise<void> {
    const word = readWord(data);
    switch (word?.kith) {
      case "hello":
        if (this.#leader) {
          this.#say({ kith: "view", view: this.#leader.view() });
        }
        return;
      case "settings":
        this.#settings = await loadSettings(this.#state);
        this.#follow();
        this.#changed();
        return;
      case "view":
        this.#view = word.view;
        this.dispatchEvent(new Event("change"));
    }
  }

  #hearWorker(e: MessageEvent<unknown>): void {
    const message = readToPage(e.data);
    if (message?.kith === "who leads") {
      const worker = e.source instanceof ServiceWorker ? e.source : (navigator.serviceWorker.controller ?? null);
      if (this.#leader) {
        this.#leader.serve(worker);
      } else if (this.#running) {
        worker?.postMessage({ kith: "coming" } satisfies ToWorker);
      }
    } else if (message?.kith === "version" && message.id !== this.#leader?.id) {
      this.dispatchEvent(new Event("version"));
    }
  }

  #changed(): void {
    this.dispatchEvent(new Event("change"));
    if (this.#leader && this.#saying === undefined) {
      const wait = Math.max(0, sayEvery - (performance.now() - this.#said));
      this.#saying = setTimeout(() => {
        this.#saying = undefined;
        this.#said = performance.now();
        this.#say({ kith: "view", view: this.#leader?.view() });
      }, wait);
    }
  }

  #say(word: Word): void {
    this.#channel.postMessage(word);
  }
}

/** Octets that this page had of its own origin past the worker, the runtime's own files left out. */
function fromHostSoFar(): number {
  const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return (entries as PerformanceResourceTiming[])
    .filter((e) => e.workerStart === 0 && e.name.startsWith(`${location.origin}/`) && !e.name.startsWith(`${location.origin}/.kith/`))
    .reduce((n, e) => n + e.transferSize, 0);
}
