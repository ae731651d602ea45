// What this device wrote last, of each note: when two devices wrote apart from one
// another, one version wins, and the device whose version lost puts its words back.
import type { Note, Words } from "./note.ts";
import { wordsOf } from "./note.ts";

/** A version that this device wrote, or wrote over. */
export interface Version { readonly writers: Note["writers"]; readonly words: Words }

const versions = 8;

export class Wrote {
  /** What this device is called among the writers of notes. */
  readonly device: string;

  constructor() {
    this.device = localStorage.getItem("notes:device") ?? crypto.randomUUID().slice(0, 8);
    localStorage.setItem("notes:device", this.device);
  }

  /** The versions of a note that are remembered; the last is what was written last. */
  of(id: string): readonly Version[] {
    try {
      return JSON.parse(localStorage.getItem(`notes:wrote:${id}`) ?? "[]") as Version[];
    } catch {
      return [];
    }
  }

  /** Remembers what was written over what. */
  add(id: string, before: Note | undefined, now: Note): void {
    const known = this.of(id);
    const base = before && !known.some((v) => JSON.stringify(v.writers) === JSON.stringify(before.writers)) ? [version(before)] : [];
    const kept = [...known, ...base, version(now)].slice(-versions);
    for (let n = kept.length; n > 0; n--) {
      try {
        return localStorage.setItem(`notes:wrote:${id}`, JSON.stringify(kept.slice(-n)));
      } catch {
        // There is room for fewer.
      }
    }
  }

  forget(id: string): void {
    localStorage.removeItem(`notes:wrote:${id}`);
  }
}

const version = (n: Note): Version => ({ writers: n.writers, words: wordsOf(n) });
