// What the visitor chose for this origin.
import { nodeOrigin } from "./site.ts";
import type { State } from "./state.ts";
import type { Privacy } from "./types.ts";

/** A visitor's choices. They hold for one origin, in all of its tabs. */
export interface Settings {
  readonly privacy: Privacy;
  /** Whether the visitor stopped taking part, until they resume. */
  readonly paused: boolean;
  /** "Seed this site": fetch and offer all of it. */
  readonly seed: boolean;
  /** Whether the badge was sent away. */
  readonly hidden: boolean;
  /** The node's origin that is always to be used; "" for this browser. */
  readonly node: string;
}

const key = "settings";

/** What holds as long as nothing was chosen. */
export const defaults: Settings = { privacy: "direct", paused: false, seed: false, hidden: false, node: "" };

/** What holds when it cannot be known what was chosen: nobody is met. */
export const unknown: Settings = { ...defaults, privacy: "http" };

/** Makes settings of whatever was kept. */
export function readSettings(value: unknown): Settings {
  const v = (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  const privacy = v["privacy"];
  return {
    privacy: privacy === "relay" || privacy === "http" ? privacy : "direct",
    paused: v["paused"] === true,
    seed: v["seed"] === true,
    hidden: v["hidden"] === true,
    node: nodeOrigin(v["node"]),
  };
}

export async function loadSettings(state: State): Promise<Settings> {
  try {
    return readSettings(await state.get(key));
  } catch {
    return unknown;
  }
}

export async function saveSettings(state: State, settings: Settings): Promise<void> {
  await state.put(key, settings);
}

/** Whether this browser is to meet peers. */
export function takesPart(s: Settings): boolean {
  return s.privacy !== "http" && !s.paused && s.node === "";
}
