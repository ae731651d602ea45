// What tests ask of a page, and a page of its worker.

/** How long things took, in ms. */
export interface Figures {
  readonly median: number;
  readonly p99: number;
}

export interface Calls {
  /** Makes a relation of two friends at a relay: both sides, as they are kept. */
  befriend(relay: string): [string, string];
  /** Runs a side of a relation. */
  start(relation: string, o: { readonly relay: string; readonly servers: boolean; readonly alone?: boolean }): void;
  /** Asks the other side for a path; who answered says how: "direct" or "relay". */
  ask(path: string): string;
  /** Whether there is a channel. */
  direct(): boolean;
  /** How many messages came by channels. */
  came(): number;
  /** The time from a request to its answer, of so many one after the other. */
  measure(n: number): Figures;
  /** MB/s of sealing and opening chunks of 1 MiB, so many of them. */
  seal(n: number): { readonly seal: number; readonly open: number };
}

/** A page: it calls its worker, and may lose WebRTC or its ability to hand channels on. */
export interface Page {
  call<K extends keyof Calls>(name: K, ...args: Parameters<Calls[K]>): Promise<ReturnType<Calls[K]>>;
}

export interface Call { readonly id: number; readonly name: keyof Calls; readonly args: readonly unknown[] }
export interface Result { readonly id: number; readonly value?: unknown; readonly error?: string }
