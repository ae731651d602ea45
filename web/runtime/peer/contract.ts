/**
 * What the rooms of the browser peer say to one another: the types of
 * spec/private-sharing.md, and the interfaces that each room needs of others.
 *
 * Identifiers are lower-case hexadecimal, so that they can be keys of maps;
 * secrets, keys and bodies are octets. Times are milliseconds since 1970.
 *
 * One operation at a time enters the cores: whoever calls them holds the turn
 * (turn.ts), so that a core may await in the middle of a change without another
 * change coming in between. A core never takes the turn itself, and knows
 * neither network nor clock but by what it was given.
 */

/** What two parties are to each other. */
export const PartyKind = { friend: 1, ownDevice: 2 } as const;
export type PartyKind = (typeof PartyKind)[keyof typeof PartyKind];

/** One queue of a relation on one relay; an inbox has both seeds, an outbox the sender's. */
export interface Mailbox {
  relay: string;
  sender?: Uint8Array; // Ed25519 seed
  recipient?: Uint8Array; // Ed25519 seed
  /** The seed of the key that replaced the sender's (LOCK of spec/mailbox.md §2.1). */
  lock?: Uint8Array;
}

/** One of this side's X-Wing key pairs (§3.1). */
export interface Epoch {
  id: string; // 8 octets
  private: Uint8Array; // 32 octets
  created: number;
  superseded?: number;
}

/** What all devices of one side know of a relation (§3). */
export interface Relation {
  id: string; // 16 octets
  kind: PartyKind;
  side: 1 | 2; // the direction of what this side sends
  root: Uint8Array;
  notice: Uint8Array; // own notice key, private
  peerNotice: Uint8Array; // public
  pairwise?: Uint8Array; // Ed25519 seed
  peerKey?: Uint8Array;
  epochs: Epoch[]; // own, newest first
  peerEpoch: { id: string; public: Uint8Array; seen: number };
  in: Mailbox[];
  out: Mailbox[];
  /**
   * The other side changes all keys, and this one has answered: what is asked in this
   * relation is answered in the one that follows (§7).
   */
  ending?: boolean;
}

/** The kinds of messages (§5.2). */
export const MessageKind = {
  confirm: 1, keys: 2, ask: 3, answer: 4, changed: 5, purge: 6, purged: 7, where: 8, queues: 9,
  rekey: 10, rekeyed: 11, bye: 12, unknown: 13, contexts: 14, meet: 15,
  rosters: 20, items: 21, reconcile: 22, reset: 23,
} as const;
/** A kind this version does not know is a number too. */
export type MessageKind = number;

/** What an envelope holds. */
export interface Message {
  kind: MessageKind;
  id: string; // 16 octets
  number: number;
  sent: number;
  expires: number;
  /** Deterministic CBOR of the kind's body. */
  body?: Uint8Array;
  known?: string[]; // contexts, 8 octets each
  epoch?: Uint8Array;
}

/** A message that somebody wants sent; the rest is filled in when it is sealed. */
export interface Outgoing {
  to: string; // relation
  kind: MessageKind;
  id?: string;
  body?: Uint8Array; // CBOR
  lifetime?: number; // ms; the usual 7 days when left out
  /** Takes the place of a message of this kind to this relation that has not left. */
  replaces?: boolean;
}

/** The body of ask: HTTP's semantics, sealed (§5.3). */
export interface Ask {
  method: "GET" | "HEAD";
  path: string;
  header: Record<string, string>;
  most?: number;
  within?: number;
}

/** What an ask is answered with, before it is cut into a response and chunks. */
export interface Reply {
  status: number;
  header: Record<string, string>;
  size: number;
  /** Absent when there is no body; read once. */
  body?: Body;
}

/** A body that is read in order or by parts. */
export interface Body {
  size: number;
  read(from: number, to: number): Promise<Uint8Array>;
  close(): void;
}

/** A queue that this device listens to, and what it stands for. */
export interface Inbox { mailbox: Mailbox; relation?: string; invitation?: string }

/** A body that is no envelope (join, welcome, sealed to a key), and its queue. */
export interface RawPut { mailbox: Mailbox; id: string; body: Uint8Array; until?: number }

/**
 * What has to happen after something was handled. What handled it has kept its own
 * state; exchange/ keeps the effects until each is done, in the order of the fields.
 */
export interface Effects {
  create: { mailbox: Mailbox; days?: 1 | 7 | 21 }[];
  lock: { mailbox: Mailbox }[];
  raw: RawPut[];
  out: Outgoing[];
  delete: Mailbox[];
  moved: { from: string; to: string }[];
  /** People.inboxes() is different now. */
  changed: boolean;
}

/** What exchange/ needs of person/. */
export interface People {
  relation(id: string): Promise<Relation | undefined>;
  relations(): Promise<Relation[]>;
  inboxes(): Promise<Inbox[]>;
  /** Takes a body that is no envelope of a relation; undefined when it is neither. */
  receive(inbox: Inbox, body: Uint8Array): Promise<Effects | undefined>;
  /** Takes confirm, queues, rekey, rekeyed, bye and rosters. */
  handle(from: string, m: Message): Promise<Effects>;
  newEpoch(relation: string): Promise<Effects>;
  learnEpoch(relation: string, key: Uint8Array): Promise<Effects>;
  eraseEpoch(relation: string, epoch: string): Promise<Effects>;
  /** The other side used an inbox: those that it replaced end. */
  arrived?(inbox: Inbox): Promise<Effects>;
  /** The bye to a friend who was removed has left, or never will. */
  forget?(relation: string): Promise<Effects>;
}

/** What exchange/ needs of library/: changed, purge, purged, items, reconcile, reset. */
export interface Handler { handle(from: string, m: Message): Promise<Outgoing[]> }

/** What answers friends and own devices: library/. */
export interface Answerer { answer(from: string, kind: PartyKind, ask: Ask): Promise<Reply> }

/** What library/ and its copies ask friends and own devices with: exchange/. */
export interface Asker { ask(to: string, ask: Ask, signal: AbortSignal): Promise<Reply> }

/** What person/ keeps on all of the person's devices: the app `.person` of library/. */
export interface Records {
  get(key: string): Uint8Array | undefined;
  /** Writes and deletes all at once and durably; tells own devices by what it returns. */
  put(puts: ReadonlyMap<string, Uint8Array>, deletes: readonly string[]): Promise<Outgoing[]>;
  each(prefix: string): Iterable<[key: string, value: Uint8Array]>;
}

/** A named part of what this device keeps, sealed at rest; read from memory. */
export interface Bucket {
  get(key: string): Uint8Array | undefined;
  /** In the order of keys. */
  each(prefix: string): Iterable<[key: string, value: Uint8Array]>;
  /**
   * All or nothing, durable when it resolves; what is deleted or replaced is overwritten.
   * Where there is no room it is refused; a little is kept for what is `freeing`.
   */
  apply(puts: ReadonlyMap<string, Uint8Array>, deletes?: readonly string[], freeing?: boolean): Promise<void>;
}

/** Where bodies are: one file each, sealed under a key of its own by whoever writes. */
export interface Files {
  open(name: string): Promise<Body | undefined>;
  /** Appends at `at`, where the file ends or is cut; parts that do not follow one another are refused. */
  write(name: string, at: number, octets: Uint8Array): Promise<void>;
  size(name: string): Promise<number>;
  /** Durable. */
  flush(name: string): Promise<void>;
  /** Overwritten, of a large file the first 16 MiB, then removed. Its key is for whoever wrote it to overwrite. */
  remove(name: string): Promise<void>;
  list(): Promise<string[]>;
}

/** Everything that this device keeps. */
export interface Store {
  bucket(name: string): Bucket;
  files(name: string): Files;
  /** Octets in use and allowed, as the browser says. */
  usage(): Promise<{ used: number; allowed: number }>;
  close(): Promise<void>;
}

/** What cores have for a world. */
export interface World {
  now(): number;
  random(octets: number): Uint8Array;
  log(level: "debug" | "info" | "warn" | "error", message: string, attributes?: Record<string, unknown>): void;
}
