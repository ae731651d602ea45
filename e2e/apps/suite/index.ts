// The suite of the app API (spec/app-api.md), for pages: bundled, it is put
// beside an app's index.html, and sets globalThis.kithSuite. Whoever runs it gives the
// page a function kithWorld(call, …arguments) that does what world.ts says.
import { connecting } from "./connect.ts";
import { documents } from "./documents.ts";
import { events } from "./events.ts";
import { attempts } from "./foreign.ts";
import { friendCases } from "./friends.ts";
import { parts } from "./parts.ts";
import { loot, strangers, type Loot } from "./stranger.ts";
import type { Case, Decision, Need, Result, Seen, World } from "./world.ts";

/** What is known of the world without asking it. */
export interface Setting {
  readonly host: "node" | "page";
  readonly app: string;
  readonly other: string;
  readonly friend: string;
  readonly hidden: string;
  /** What whoever runs this can offer. */
  readonly offers: readonly Need[];
}

declare global {
  // Given to the page by whoever runs the suite.
  var kithWorld: (call: string, ...given: unknown[]) => Promise<unknown>;
}

function world(s: Setting): World {
  const call = <T>(name: string) => (...given: unknown[]): Promise<T> => globalThis.kithWorld(name, ...given) as Promise<T>;
  return {
    ...s, decide: call<void>("decide") as (d: Decision) => Promise<void>, writes: call<void>("writes"),
    friendPuts: call<void>("friendPuts"), friendDeletes: call<void>("friendDeletes"), friendSleeps: call<void>("friendSleeps"),
    friendSees: call<Seen>("friendSees"),
  };
}

const first: readonly Case[] = [...connecting, ...documents, ...parts, ...events, ...friendCases];

async function run(cases: readonly Case[], name: string, s: Setting): Promise<Result> {
  const found = cases.find((c) => c.name === name);
  if (!found) {
    return { name, ok: false, said: "there is no such case" };
  }
  try {
    await found.run(world(s));
    return { name, ok: true };
  } catch (e) {
    return { name, ok: false, said: e instanceof Error ? `${e.name}: ${e.message}` : String(e) };
  }
}

const offered = (cases: readonly Case[], s: Setting): string[] =>
  cases.filter((c) => (c.needs ?? []).every((n) => s.offers.includes(n))).map((c) => c.name);

const suite = {
  /** The names of the cases of an app's page, in the order in which they have to run. */
  names: (s: Setting): string[] => offered(first, s),
  run: (name: string, s: Setting): Promise<Result> => run(first, name, s),
  loot,
  /** Those of the page of another app, afterwards. */
  strangers: (l: Loot, s: Setting): string[] => offered(strangers(l), s),
  runStranger: (l: Loot, name: string, s: Setting): Promise<Result> => run(strangers(l), name, s),
  /** What a page of another origin tries. */
  attempts,
};

export type Suite = typeof suite;

Object.assign(globalThis, { kithSuite: suite });
