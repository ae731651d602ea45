import { sorted } from "./item.ts";
import { compareText } from "./path.ts";

// Lists are records: list/<handle> has the name; list/<handle>/<relation> says that
// somebody is in it. So two devices that add to one list both have their way.
export const listPrefix = "list/";

const shape = /^list\/([0-9a-fA-F]{32})(?:\/([0-9a-fA-F]{32}))?$/;

/** A list of friends. */
export interface List {
  handle: string;
  name: string;
  members: string[]; // relations
}

/** What audiences are looked up in. */
export class Lists {
  readonly names = new Map<string, string>();
  readonly #members = new Map<string, Set<string>>();

  has(list: string, relation: string): boolean {
    return this.#members.get(list)?.has(relation) ?? false;
  }

  learn(key: string, value: Uint8Array): void {
    const [, handle, member] = shape.exec(key.toLowerCase()) ?? [];
    if (!handle) return;
    if (!member) {
      this.names.set(handle, new TextDecoder().decode(value));
      return;
    }
    const members = this.#members.get(handle) ?? new Set();
    this.#members.set(handle, members.add(member));
  }

  unlearn(key: string): void {
    const [, handle, member] = shape.exec(key.toLowerCase()) ?? [];
    if (!handle) return;
    if (member) this.#members.get(handle)?.delete(member);
    else this.names.delete(handle);
  }

  /** The members of a list in the order of their ids. */
  line(handle: string): string[] {
    return sorted(this.#members.get(handle) ?? []);
  }

  /** The lists that somebody is in, in order. */
  of(relation: string): string[] {
    return sorted([...this.#members].filter(([, members]) => members.has(relation)).map(([handle]) => handle));
  }

  all(): List[] {
    const all = [...this.names].map(([handle, name]) => ({ handle, name, members: this.line(handle) }));
    return all.sort((a, b) => compareText(a.name, b.name) || (a.handle < b.handle ? -1 : 1));
  }
}

export function listKey(handle: string): string {
  return listPrefix + handle;
}

export function memberKey(handle: string, relation: string): string {
  return `${listPrefix}${handle}/${relation}`;
}
