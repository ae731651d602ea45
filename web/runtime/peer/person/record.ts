/**
 * What all of the person's devices share: the records of the app `.person`. Each is
 * written whole, and either by its one maker or so that the later of two writers wins.
 */
import type { Mailbox, MessageKind } from "../contract.ts";
import {
  concat, hash, hex, joinFrom, joinValue, mailboxFrom, mailboxValue, ownFrom, ownValue, rekeyingFrom, rekeyingValue, utf8,
  type Join, type Own, type Rekeying,
} from "../seal/index.ts";
import { flag, foreign, id, integer, list, octets, pack, record, text, type Shape } from "./codec.ts";
import { noEffects } from "./options.ts";

/** Keys of records; those that end in a slash are followed by ids. */
export const at = {
  profile: "profile", relays: "relays", backup: "backup", due: "due",
  friend: "friend/", name: "name/", verified: "verified/", blocked: "blocked/", leaving: "leaving/",
  relation: "relation/", pending: "pending/", in: "in/", out: "out/", epoch: "epoch/", peer: "peer/",
  invite: "invite/", accept: "accept/", rekey: "rekey/", drop: "drop/",
} as const;

export const mailbox: Shape<Mailbox> = foreign(mailboxValue, mailboxFrom);
const own: Shape<Own> = foreign(ownValue, ownFrom);
const joining: Shape<Join> = foreign(joinValue, joinFrom);
const rekeying: Shape<Rekeying> = foreign(rekeyingValue, rekeyingFrom);
export const shapes = { own, join: joining };

export interface Profile { name: string }
export const profile = record<Profile>({ name: [1, text] });
export const relays = record<{ relays: string[] }>({ relays: [1, list(text)] });
export const backup = record<{ public: Uint8Array }>({ public: [1, octets] });

/** Asks for §7 with every friend whose keys were made before. */
export interface Due { at: number; by: string }
export const due = record<Due>({ at: [1, integer], by: [2, id(8)] });

export interface FriendRecord { since: number; says: string }
export const friend = record<FriendRecord>({ since: [1, integer], says: [2, text] });
export const name = record<{ name: string }>({ name: [1, text] });

export interface Verified { at: number; code: string }
export const verified = record<Verified>({ at: [1, integer], code: [2, text] });

/** Over is of a friend who left: there is nobody to say bye to. */
export interface At { at: number; over: boolean }
export const since = record<At>({ at: [1, integer], over: [2, flag, true] });

/** What of a relation never changes. */
export interface RelationRecord {
  friend: string;
  side: number;
  root: Uint8Array;
  pairwise: Uint8Array;
  peerKey: Uint8Array;
  notice: Uint8Array;
  peerNotice: Uint8Array;
  created: number;
  /** True on the side that confirms first: the invitee, or who began §7. */
  first: boolean;
  /** H(join) or H(rekey), and H(welcome) or H(rekeyed). */
  opening: Uint8Array;
  answer: Uint8Array;
  code: string;
  follows: string;
  invitation: string;
}
export const relation = record<RelationRecord>({
  friend: [1, id(16)], side: [2, integer], root: [3, octets], pairwise: [4, octets], peerKey: [5, octets], notice: [6, octets],
  peerNotice: [7, octets], created: [8, integer], first: [9, flag, true], opening: [10, octets], answer: [11, octets],
  code: [12, text], follows: [13, id(16)], invitation: [14, id(16)],
});

/** A body and the queue it goes to. No two relays see the same body. */
export interface Said { to: Mailbox; body: Uint8Array }
const said = record<Said>({ to: [1, mailbox], body: [2, octets] });

/** Of a relation that one side does not know to stand yet. */
export interface Pending {
  since: number;
  until: number; // zero: as long as the relation before it
  said: Said[]; // what the other side may have missed
}
export const pending = record<Pending>({ since: [1, integer], until: [2, integer], said: [3, list(said), true] });

export interface QueueRecord { mailbox: Mailbox; since: number; until: number }
export const queue = record<QueueRecord>({ mailbox: [1, mailbox], since: [2, integer], until: [3, integer, true] });

export interface Out { queues: Mailbox[]; sent: number }
export const out = record<Out>({ queues: [1, list(mailbox)], sent: [2, integer] });

export interface EpochRecord { private: Uint8Array; created: number }
export const epoch = record<EpochRecord>({ private: [1, octets], created: [2, integer] });

export interface PeerRecord { public: Uint8Array; seen: number }
export const peer = record<PeerRecord>({ public: [1, octets], seen: [2, integer] });

/** An invitation of this person. */
export interface Invite { fragment: string; private: Uint8Array; queues: Mailbox[]; created: number; for: string }
export const invite = record<Invite>({
  fragment: [1, text], private: [2, octets], queues: [3, list(mailbox)], created: [4, integer], for: [5, text, true],
});

/** An invitation that this person accepted and that was not answered yet. */
export interface Accept {
  fragment: string;
  own: Own;
  join: Join;
  contact: Mailbox[]; // with the key that they were locked by
  name: string;
  friend: string;
  created: number;
}
export const accept = record<Accept>({
  fragment: [1, text], own: [2, own], join: [3, joining], contact: [4, list(mailbox)], name: [5, text, true],
  friend: [6, id(16)], created: [7, integer],
});

/** A change of keys that this person began. */
export interface Rekey { friend: string; relation: string; own: Own; rekeying: Rekeying; created: number }
export const rekey = record<Rekey>({
  friend: [1, id(16)], relation: [2, id(16)], own: [3, own], rekeying: [4, rekeying], created: [5, integer],
});

/** The name of a queue in keys of records. */
export const queueName = (q: Mailbox): string => hex(hash(utf8(`${q.relay}\0`), q.sender ?? new Uint8Array()).slice(0, 8));

export const epochKey = (r: string, e: string): string => `${at.epoch}${r}/${e}`;

/** What a method does: it is kept all at once. */
export class Change {
  readonly puts = new Map<string, Uint8Array>();
  readonly deletes: string[] = [];
  readonly effects = noEffects();

  put<T>(key: string, shape: Shape<T>, v: T): void {
    this.puts.set(key, pack(shape, v));
  }

  del(...keys: string[]): void {
    this.deletes.push(...keys);
  }

  /** Deletes queues at their relays. It is remembered for a while: what is said once may be lost. */
  drop(now: number, queues: readonly Mailbox[]): void {
    for (const q of queues) {
      if (!q.recipient?.length) continue;
      this.put(at.drop + queueName(q), queue, { mailbox: q, since: now, until: 0 });
      this.effects.delete.push(q);
      this.effects.changed = true;
    }
  }

  create(queues: readonly Mailbox[]): void {
    for (const q of queues) this.effects.create.push({ mailbox: q });
    this.effects.changed = true;
  }

  /** Puts bodies into their queues, under ids that are the same each time. */
  raw(what: readonly Said[], until = 0): void {
    for (const s of what) {
      const put = { mailbox: s.to, id: hex(hash(concat("kith put 1", s.body)).slice(0, 16)), body: s.body };
      this.effects.raw.push(until === 0 ? put : { ...put, until });
    }
  }

  send(to: string, kind: MessageKind, body?: Uint8Array): void {
    this.effects.out.push({ to, kind, replaces: true, ...(body && { body }) });
  }
}

/** Makes a body for each queue. */
export async function say(to: readonly Mailbox[], body: (q: Mailbox) => Promise<Uint8Array>): Promise<Said[]> {
  const all: Said[] = [];
  for (const q of to) all.push({ to: q, body: await body(q) });
  return all;
}
