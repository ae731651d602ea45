import type { Outgoing, Records } from "../contract.ts";
import { Fault } from "../fault.ts";
import { tagOfBody } from "./body.ts";
import { personApp, recordsMost } from "./bounds.ts";
import type { Entry } from "./catalog.ts";
import type { Core } from "./core.ts";
import { remove } from "./delete.ts";
import { listPrefix } from "./lists.ts";
import { checkRecordKey } from "./path.ts";
import { version } from "./put.ts";
import { learnReceipt, receiptPrefix, unlearnReceipt } from "./receipts.ts";
import { change, type Write } from "./write.ts";

/**
 * The person's own state: small values under keys, the same on all own devices,
 * shredded when they are deleted.
 */
export class LibraryRecords implements Records {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  get(key: string): Uint8Array | undefined {
    const e = this.#core.catalog.find(personApp, key);
    return e?.record.path === key ? e.record.inline : undefined;
  }

  /** Deleting what is not there is no error. */
  async put(puts: ReadonlyMap<string, Uint8Array>, deletes: readonly string[]): Promise<Outgoing[]> {
    const l = this.#core;
    const ws = [...puts.keys()].sort().map((key) => recordVersion(l, key, puts.get(key) as Uint8Array));
    const both = deletes.find((key) => puts.has(key));
    if (both !== undefined) throw new Fault("invalid", `the record ${both} is set and deleted at once`);
    const doomed = [...new Set(deletes)].flatMap((key) => l.catalog.same(personApp, key));
    return [...(await change(l, ws)), ...(await remove(l, doomed))];
  }

  *each(prefix: string): Generator<[key: string, value: Uint8Array]> {
    for (const [e, shown] of [...this.#core.catalog.below(personApp, prefix)]) {
      if (shown === e.record.path) yield [shown, e.record.inline]; // else it is an older one of two
    }
  }
}

/** Makes the next version of a record. */
export function recordVersion(l: Core, key: string, value: Uint8Array): Write {
  checkRecordKey(key);
  if (value.length > recordsMost) throw new Fault("too_large", `a record of ${value.length} octets`, `at most ${recordsMost}`);
  const own = l.world.random(32);
  const staged = { key: own, size: value.length, inline: true, small: value.slice(), tag: tagOfBody(own, value) };
  return version(l, key, staged, { app: personApp, type: "application/cbor" });
}

/** Whether a record of the person's own state is the library's: lists, and receipts. */
export function isOwnRecord(key: string): boolean {
  return key.startsWith(listPrefix) || key.startsWith(receiptPrefix);
}

/** Takes what the library itself keeps among the records into memory. */
export function learn(l: Core, e: Entry): void {
  if (e.record.app !== personApp) return;
  const [newest = e] = l.catalog.same(personApp, e.record.path);
  const { path, inline } = newest.record;
  if (path.startsWith(listPrefix)) l.lists.learn(path, inline);
  else if (path.startsWith(receiptPrefix)) learnReceipt(l, path, inline);
}

/** Forgets what learn took. */
export function unlearn(l: Core, e: Entry): void {
  if (e.record.app !== personApp) return;
  l.lists.unlearn(e.record.path);
  unlearnReceipt(l, e.record.path);
}
