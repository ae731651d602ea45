// What pages of one origin tell each other about the peers they meet together.
import type { SwarmStats } from "../types.ts";

/** How the leading page does. */
export interface View {
  /** The version that is shared. */
  readonly id: string;
  readonly stats: SwarmStats;
  /** Whether others may take from this browser. */
  readonly uploads: boolean;
  /** Whether the connection is metered, so that nothing is sent. */
  readonly metered: boolean;
  readonly totals: Totals;
}

/** What came and went since this origin was first visited, or its storage cleared. */
export interface Totals {
  readonly since: number;
  readonly fromPeers: number;
  readonly toPeers: number;
  readonly fromHost: number;
}

/** The name of the channel between pages. */
export const channelName = "kith-visit";

/** What goes over it. */
export type Word =
  | { readonly kith: "view"; readonly view: View | undefined }
  | { readonly kith: "hello" }
  | { readonly kith: "settings" };

export function readWord(value: unknown): Word | undefined {
  const v = value as { readonly kith?: unknown; readonly view?: unknown } | null;
  switch (v?.kith) {
    case "hello":
    case "settings":
      return { kith: v.kith };
    case "view":
      return { kith: "view", view: typeof v.view === "object" && v.view !== null ? (v.view as View) : undefined };
  }
  return undefined;
}

/** Makes totals of whatever was kept. */
export function readTotals(value: unknown): Totals {
  const v = (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  const number = (name: string, otherwise: number): number => {
    const n = v[name];
    return typeof n === "number" && Number.isFinite(n) && n >= 0 ? n : otherwise;
  };
  return {
    since: number("since", Date.now()),
    fromPeers: number("fromPeers", 0),
    toPeers: number("toPeers", 0),
    fromHost: number("fromHost", 0),
  };
}

/** The share that peers gave of all that came; undefined when nothing came. */
export function peersShare(t: Totals): number | undefined {
  const all = t.fromPeers + t.fromHost;
  return all > 0 ? t.fromPeers / all : undefined;
}
