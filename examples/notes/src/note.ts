// What a note is, as a document. Those of friends are somebody else's words: whatever
// is not as it should be is left out.
import { merged } from "./merge.ts";

/** notes/<id>. */
export interface Note {
  readonly title: string;
  readonly text: string;
  readonly folder: string;
  readonly labels: Readonly<Record<string, true>>;
  readonly at: number;
  /** How often each device wrote it: a version has what another has when no count of that is larger. */
  readonly writers: Readonly<Record<string, number>>;
}

/** What a person writes of a note. */
export type Words = Pick<Note, "title" | "text" | "folder" | "labels">;

export const empty: Words = { title: "", text: "", folder: "", labels: {} };

const most = { title: 300, text: 500_000, folder: 100, labels: 32, writers: 256 } as const;

/** A note as somebody wrote it; undefined for what is none. */
export function readNote(v: unknown): Note | undefined {
  if (typeof v !== "object" || v === null) return undefined;
  const { title, text, folder, labels, at, writers } = v as Partial<Record<keyof Note, unknown>>;
  const string = (s: unknown, n: number): string => (typeof s === "string" ? s.slice(0, n) : "");
  const names = typeof labels === "object" && labels !== null ? Object.keys(labels).slice(0, most.labels) : [];
  return {
    title: string(title, most.title), text: string(text, most.text), folder: string(folder, most.folder),
    labels: Object.fromEntries(names.map((n) => [n.slice(0, most.folder), true as const])),
    at: typeof at === "number" && at > 0 && at < 8e15 ? at : 0,
    writers: Object.fromEntries(Object.entries(typeof writers === "object" && writers !== null ? writers : {})
      .filter((w): w is [string, number] => Number.isSafeInteger(w[1])).slice(0, most.writers)),
  };
}

/** Whether a version with these writers has all that one with those has. */
export const includes = (these: Note["writers"], those: Note["writers"]): boolean => Object.entries(those).every(([w, n]) => (these[w] ?? 0) >= n);

export const wordsOf = ({ title, text, folder, labels }: Words): Words => ({ title, text, folder, labels });

export const same = (a: Words, b: Words): boolean =>
  a.title === b.title && a.text === b.text && a.folder === b.folder && Object.keys(a.labels).sort().join() === Object.keys(b.labels).sort().join();

/** mine and theirs in one, where both come from base; undefined when they changed the same. */
export function together(base: Words, mine: Words, theirs: Words): Words | undefined {
  const text = merged(base.text, mine.text, theirs.text);
  const one = (key: "title" | "folder"): string | undefined =>
    mine[key] === base[key] || mine[key] === theirs[key] ? theirs[key] : theirs[key] === base[key] ? mine[key] : undefined;
  const [title, folder] = [one("title"), one("folder")];
  if (text === undefined || title === undefined || folder === undefined) return undefined;
  const names = new Set([...Object.keys(mine.labels), ...Object.keys(theirs.labels)]);
  for (const n of Object.keys(base.labels)) if (!mine.labels[n] || !theirs.labels[n]) names.delete(n);
  return { title, text, folder, labels: Object.fromEntries([...names].map((n) => [n, true as const])) };
}

/** What has to be said to make one the other (RFC 7396). */
export function patchOf(before: Words, now: Words): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const key of ["title", "text", "folder"] as const) if (before[key] !== now[key]) patch[key] = now[key];
  const labels: Record<string, true | null> = {};
  for (const n of Object.keys(now.labels)) if (!before.labels[n]) labels[n] = true;
  for (const n of Object.keys(before.labels)) if (!now.labels[n]) labels[n] = null;
  if (Object.keys(labels).length > 0) patch["labels"] = labels;
  return patch;
}
