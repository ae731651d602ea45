// What the extension remembers.
import { browser } from "./api.ts";

export interface Settings {
  /** Where the node is. */
  readonly node: string;
  /** The token that the owner gave; "" for none. */
  readonly token: string;
  /** Domains that always open through the node. */
  readonly always: readonly string[];
  /** Whether every domain is looked up. */
  readonly lookUp: boolean;
}

/** A wish to be connected that the owner has not answered. */
export interface Pending {
  readonly secret: string;
  readonly code: string;
}

export const defaultNode = "http://localhost:5484";

export async function loadSettings(): Promise<Settings> {
  const v = await browser.storage.local.get(["node", "token", "always", "lookUp"]);
  return {
    node: typeof v["node"] === "string" ? v["node"] : defaultNode,
    token: typeof v["token"] === "string" ? v["token"] : "",
    always: Array.isArray(v["always"]) ? v["always"].filter((x): x is string => typeof x === "string") : [],
    lookUp: v["lookUp"] === true,
  };
}

export async function saveSettings(change: Partial<Settings>): Promise<void> {
  await browser.storage.local.set(change);
}

export async function loadPending(): Promise<Pending | undefined> {
  const { pending } = await browser.storage.session.get(["pending"]);
  const p = pending as Partial<Pending> | undefined;
  return typeof p?.secret === "string" && typeof p.code === "string" ? { secret: p.secret, code: p.code } : undefined;
}

export async function savePending(p: Pending | undefined): Promise<void> {
  await (p ? browser.storage.session.set({ pending: p }) : browser.storage.session.remove(["pending"]));
}
