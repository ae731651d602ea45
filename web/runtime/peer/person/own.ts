/** The person's other devices, and the relations with them (spec §2). */
import type { Effects, Epoch, Inbox, Mailbox, Relation } from "../contract.ts";
import { epochOf, hex, other, ownQueue, ownRelation, ownRoot, relationOf, rosterQueue, utf8 } from "../seal/index.ts";
import { unpack } from "./codec.ts";
import * as local from "./local.ts";
import { idOf, type Device } from "./roster.ts";
import type { Self } from "./self.ts";
import { newestFirst } from "./view.ts";

/** Marks the queues in which rosters come. */
export const rosterInbox = hex(utf8("kith roster   1\0"));

/** What others may know of a queue: where and as whom to write. */
export const outward = (q: Mailbox): Mailbox => ({ relay: q.relay, ...(q.sender && { sender: q.sender }) });

/** This person's other devices; none when this one was removed. */
export function others(s: Self): Device[] {
  if (!s.house) return [];
  const r = s.roster();
  return s.isIn(r) ? r.devices.filter((d) => idOf(d) !== s.id) : [];
}

/** Names the relation with an own device in a household. */
export const ownID = (s: Self, household: Uint8Array, device: string): string => relationOf(ownRoot(household, s.id, device));

/** The relations with the person's other devices. */
export function ownRelations(s: Self): Relation[] {
  s.own ??= derive(s);
  return s.own;
}

function derive(s: Self): Relation[] {
  const all = others(s);
  if (all.length === 0) return [];
  const mine = s.roster().devices.find((d) => idOf(d) === s.id);
  return mine ? all.map((d) => derived(s, mine, d)) : [];
}

function derived(s: Self, mine: Device, theirs: Device): Relation {
  const device = idOf(theirs);
  const r = ownRelation(
    s.exists().secret,
    { device: s.id, private: s.device.xwing, public: mine.xwing, queues: [] },
    { device, public: theirs.xwing, queues: [] },
  );
  r.in = mine.relays.map((relay) => ownQueue(r.root, other(r.side), relay));
  r.out = theirs.relays.map((relay) => outward(ownQueue(r.root, r.side, relay)));
  const later = ownEpochs(s, device);
  if (later.length > 0) {
    const own = s.o.local.get(`past/${device}`) ? [] : r.epochs;
    r.epochs = [...later, ...own].map((e, i, all) => {
      const next = all[i - 1];
      return next ? { ...e, superseded: next.created } : e;
    });
  }
  const known = s.getLocal(`theirs/${device}`, local.theirs);
  if (known) r.peerEpoch = { id: epochOf(known.public), public: known.public, seen: known.seen };
  return r;
}

/** This device's keys for another one, newest first. */
export function ownEpochs(s: Self, device: string): Epoch[] {
  const prefix = `epoch/${device}/`;
  const all: Epoch[] = [];
  for (const [key, value] of s.o.local.each(prefix)) {
    all.push({ id: key.slice(prefix.length), ...unpack(local.epoch, value) });
  }
  return newestFirst(all);
}

/** The device that an own relation is with. */
export function deviceOfRelation(s: Self, relation: string): string | undefined {
  const { house } = s;
  if (!house) return undefined;
  const d = others(s).find((o) => ownID(s, house.secret, idOf(o)) === relation);
  return d && idOf(d);
}

/** The queue of an inbox, as it is made: rosters wait as long as a relay keeps anything. */
export const queueOf = (i: Inbox): Effects["create"][number] =>
  i.invitation === rosterInbox ? { mailbox: i.mailbox, days: 21 } : { mailbox: i.mailbox };

/**
 * The queues of own devices: messages of each, and rosters, in this household and
 * those that this device was in.
 */
export function householdInboxes(s: Self): Inbox[] {
  if (!s.house) return [];
  const all: Inbox[] = [];
  for (const r of ownRelations(s)) for (const mailbox of r.in) all.push({ mailbox, relation: r.id });
  const secrets = [s.house.secret];
  for (const [, value] of s.o.local.each("earlier/")) secrets.push(unpack(local.earlier, value).secret);
  // Other devices know this one at other relays until it has said so (sweepHouse).
  const relays = new Set([...s.relays(), ...(s.roster().devices.find((d) => idOf(d) === s.id)?.relays ?? [])]);
  for (const secret of secrets) {
    for (const relay of relays) all.push({ mailbox: rosterQueue(secret, s.id, relay), invitation: rosterInbox });
  }
  return all;
}
