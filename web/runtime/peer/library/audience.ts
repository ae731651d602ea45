import { personApp } from "./bounds.ts";
import type { Entry, SharedAudience } from "./catalog.ts";
import type { Core } from "./core.ts";
import { type Audience, Reach } from "./item.ts";
import { isDoubtful } from "./peer.ts";
import type { Friend } from "./people.ts";

/** Whether a friend is in an audience: the one place where this is decided. */
export function visible(l: Core, f: Friend, a: Audience): boolean {
  if (f.blocked) return false;
  if (a.reach === Reach.all) return f.all;
  if (a.reach !== Reach.some) return false;
  return a.friends.includes(f.relation) || a.lists.some((list) => l.lists.has(list, f.relation));
}

/** Answers visible for one friend and many items: every audience is looked at once. */
export class Viewer {
  readonly friend: Friend;
  readonly #core: Core;
  readonly #known = new Map<SharedAudience, boolean>();

  constructor(core: Core, friend: Friend) {
    this.#core = core;
    this.friend = friend;
  }

  sees(e: Entry): boolean {
    if (e.record.app === personApp) return false;
    let inside = this.#known.get(e.aud);
    if (inside === undefined) {
      inside = visible(this.#core, this.friend, e.aud);
      this.#known.set(e.aud, inside);
    }
    return inside && !isDoubtful(this.#core, e);
  }
}

/** The friends who may see what has this audience. */
export function entitled(l: Core, app: string, a: Audience): string[] {
  if (app === personApp || a.reach === Reach.nobody) return [];
  return [...l.circle.friends.values()].filter((f) => visible(l, f, a)).map((f) => f.relation);
}
