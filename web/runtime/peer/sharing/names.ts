import { Fault } from "../fault.ts";
import { Reach, type Audience as LibraryAudience, type List } from "../library/index.ts";
import type { Inner } from "./inner.ts";
import type { Audience } from "./types.ts";

export const iso = (ms: number): string => new Date(ms).toISOString();

/** What friends and devices are called, by how the library knows them. */
export class Names {
  readonly #names = new Map<string, string>();

  constructor(i: Inner) {
    for (const f of i.person.friends()) this.#names.set(f.id, f.name);
    for (const d of i.person.devices()) if (d.relation !== undefined) this.#names.set(d.relation, d.name);
  }

  /** What somebody is called; their id when they are gone. */
  of(id: string): string {
    return this.#names.get(id) ?? id;
  }

  audience(a: LibraryAudience, lists: readonly List[]): Audience {
    if (a.reach === Reach.nobody) return { kind: "nobody" };
    if (a.reach === Reach.all) return { kind: "all" };
    const friends = a.friends.map((f) => this.of(f));
    const named = lists.filter((l) => a.lists.includes(l.handle)).map((l) => l.name);
    return { kind: "some", ...(friends.length > 0 && { friends }), ...(named.length > 0 && { lists: named }) };
  }
}

/** The library's form of who may see something. */
export function audienceOf(i: Inner, a: Audience): LibraryAudience {
  switch (a.kind) {
    case "nobody":
      return { reach: Reach.nobody, friends: [], lists: [] };
    case "all":
      return { reach: Reach.all, friends: [], lists: [] };
    case "some":
      for (const names of [a.friends ?? [], a.lists ?? []]) {
        if (!Array.isArray(names) || names.some((n) => typeof n !== "string")) throw new Fault("invalid", "an audience names friends and lists");
      }
      return {
        reach: Reach.some, friends: (a.friends ?? []).map((f) => i.person.find(f).id),
        lists: (a.lists ?? []).map((name) => listHandle(i, name) ?? noList(name)),
      };
  }
  throw new Fault("invalid", `"${String(a.kind).slice(0, 40)}" is no audience`, "it is nobody, some or all");
}

export const listHandle = (i: Inner, name: string): string | undefined => i.library.lists().find((l) => l.name === name)?.handle;

export function noList(name: string): never {
  throw new Fault("not_found", `you have no list called "${name.slice(0, 60)}"`);
}
