import { Fault } from "../fault.ts";
import { encode, Fields, hex, omitEmpty, record, unhex, type Value } from "../seal/index.ts";
import { inlineMost, maxApp, maxFriends, maxLabels, maxLists, maxType, personApp, recordsMost } from "./bounds.ts";
import { checkApp, checkLabel, checkPath, checkRecordKey, checkType } from "./path.ts";

/** The first part of an audience: nobody but own devices, those named, all friends. */
export const Reach = { nobody: 0, some: 1, all: 2 } as const;
export type Reach = (typeof Reach)[keyof typeof Reach];

/** Who may see an item. It never leaves the person's devices. */
export interface Audience {
  reach: Reach;
  friends: string[]; // relations
  lists: string[];
}

export const nobody: Audience = { reach: Reach.nobody, friends: [], lists: [] };

/**
 * An item or, with `until`, a tombstone, as own devices tell it one another (spec
 * §6.1). A revision is time (6) ‖ counter (2) ‖ device (8), compared as octets.
 */
export interface ItemRecord {
  handle: string; // 16 octets
  revision: string; // 16 octets
  app: string;
  path: string;
  type: string;
  size: number;
  labels: string[];
  audience: Audience;
  key: Uint8Array;
  created: number;
  modified: number;
  inline: Uint8Array;
  tag: Uint8Array;
  until: number;
  by: string; // device, 8 octets
}

/** What is told of a document. */
export interface Item {
  handle: string;
  revision: string;
  app: string;
  path: string; // as it is shown
  type: string;
  size: number;
  labels: string[];
  audience: Audience;
  created: number;
  modified: number;
  /** Whether the body is on this device. */
  here: boolean;
  /** How many friends were sent any of it by this device. */
  sent: number;
}

/** The entity tag of an item for the owner's own programs. */
export function tagOf(item: { revision: string }): string {
  return `"${item.revision}"`;
}

export function timeOf(revision: string): number {
  return Number.parseInt(revision.slice(0, 12), 16);
}

export function deviceOf(revision: string): string {
  return revision.slice(16);
}

/** A record with nothing but what a tombstone has. */
export function tombstone(handle: string, revision: string, by: string, until: number): ItemRecord {
  const none = new Uint8Array();
  return {
    handle, revision, by, until, app: "", path: "", type: "", size: 0, labels: [], audience: nobody, key: none,
    created: 0, modified: 0, inline: none, tag: none,
  };
}

/** Whether the body is in the item itself. */
export function isInline(r: ItemRecord): boolean {
  return r.app === personApp || r.size <= inlineMost;
}

export function recordValue(r: ItemRecord): Value {
  const a = r.audience;
  return record({
    1: unhex(r.handle), 2: unhex(r.revision), 3: omitEmpty(r.app), 4: omitEmpty(r.path), 5: omitEmpty(r.type),
    6: omitEmpty(r.size), 7: omitEmpty(r.labels),
    8: record({ 1: a.reach, 2: omitEmpty(a.friends.map((id) => unhex(id))), 3: omitEmpty(a.lists.map((id) => unhex(id))) }),
    9: omitEmpty(r.key), 10: omitEmpty(r.created), 11: omitEmpty(r.modified), 12: omitEmpty(r.inline),
    13: omitEmpty(r.tag), 14: omitEmpty(r.until), 15: unhex(r.by),
  });
}

export function recordFrom(f: Fields): ItemRecord {
  const a = f.fields(8);
  const reach = a?.int(1) ?? 0;
  return {
    handle: f.id(1, 16), revision: f.id(2, 16), app: f.text(3), path: f.text(4), type: f.text(5), size: f.int(6),
    labels: f.texts(7),
    audience: { reach: reach as Reach, friends: a?.ids(2, 16) ?? [], lists: a?.ids(3, 16) ?? [] },
    key: f.octets(9), created: f.int(10), modified: f.int(11), inline: f.octets(12), tag: f.octets(13),
    until: f.int(14), by: f.id(15, 8),
  };
}

/** Refuses an item of another device that is out of bounds. */
export function checkRecord(r: ItemRecord): void {
  const a = r.audience;
  if (r.key.length !== 32 || r.size < 0 || (r.tag.length !== 0 && r.tag.length !== 16)) {
    throw new Fault("invalid", "an item without key, size or tag");
  }
  if (
    r.app.length > maxApp || r.type.length > maxType || r.labels.length > maxLabels ||
    a.friends.length > maxFriends || a.lists.length > maxLists || a.reach < 0 || a.reach > Reach.all
  ) {
    throw new Fault("invalid", "an item that is out of bounds");
  }
  if (r.inline.length > recordsMost || (r.app !== personApp && r.inline.length > inlineMost)) {
    throw new Fault("too_large", `an item with ${r.inline.length} octets inline`);
  }
  if (isInline(r) && r.inline.length !== r.size) throw new Fault("invalid", "an item whose size is not its body's");
  r.labels.forEach(checkLabel);
  checkType(r.type);
  if (r.app === personApp) return checkRecordKey(r.path);
  checkApp(r.app);
  checkPath(r.path);
}

/** Sorts an audience, so that equal ones are the same. */
export function canonical(a: Audience): Audience {
  if (a.reach !== Reach.some) return { reach: a.reach, friends: [], lists: [] };
  return { reach: a.reach, friends: sorted(a.friends), lists: sorted(a.lists) };
}

/** Each once, in order. */
export function sorted(texts: Iterable<string>): string[] {
  return [...new Set(texts)].sort();
}

export function checkAudience(a: Audience): void {
  if (a.reach > Reach.all || a.friends.length > maxFriends || a.lists.length > maxLists) {
    throw new Fault(
      "invalid", `an audience of ${a.friends.length} friends and ${a.lists.length} lists`,
      `at most ${maxFriends} friends and ${maxLists} lists`,
    );
  }
}

/** What is kept of an item on this device. */
export interface Stored {
  record: ItemRecord;
  seq: number;
  here: boolean;
  used: number;
  sent: string[];
}

export function encodeStored(s: Stored): Uint8Array {
  return encode(record({
    1: recordValue(s.record), 2: s.seq, 3: omitEmpty(s.here), 4: s.used, 5: omitEmpty(s.sent.map((id) => unhex(id))),
  }));
}

export function parseStored(octets: Uint8Array): Stored {
  const f = Fields.of(octets, "item");
  return { record: recordFrom(Fields.from(f.value(1), "item")), seq: f.uint(2), here: f.bool(3), used: f.int(4), sent: f.ids(5, 16) };
}

export function randomID(random: (octets: number) => Uint8Array): string {
  return hex(random(16));
}
