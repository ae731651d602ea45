import { Fault } from "../fault.ts";

/**
 * What the store needs of a disk: files that are read and written in place, as the
 * sync access handles of a worker are. Tests give the same over node:fs.
 */
export interface FileHandle {
  /** How many octets were read; fewer than asked for at the end. */
  read(into: Uint8Array, at: number): number;
  /** How many octets were written; throws QuotaExceededError where there is no room. */
  write(octets: Uint8Array, at: number): number;
  truncate(size: number): void;
  size(): number;
  /** Returns when what was written is on the disk. */
  flush(): void;
  close(): void;
}

export interface Folder {
  /** Undefined when there is none and it is not to be made. */
  open(name: string, create: boolean): Promise<FileHandle | undefined>;
  /** It is no error when there is none. */
  remove(name: string): Promise<void>;
  list(): Promise<string[]>;
  folder(name: string): Promise<Folder>;
  usage(): Promise<{ used: number; allowed: number }>;
}

/** What a person is told of an error of the disk. */
export function refused(e: unknown): unknown {
  if (!(e instanceof Error) || e.name !== "QuotaExceededError") return e;
  return new Fault("no_space", "there is no room left for this", "delete something, or allow this site more room", e);
}
