/**
 * The cryptography and the wire format of private sharing
 * (spec/private-sharing.md), and the ids and signatures of mailboxes
 * (spec/mailbox.md §1-2). Pure: no network, no storage, no clock.
 */
import type { Ask, Epoch, Mailbox, Message, MessageKind, PartyKind, Relation } from "../contract.ts";

// ---- what went wrong
export type FaultKind = "invalid" | "corrupt" | "missing" | "forbidden" | "large" | "conflict" | "internal";
/** An error with a kind that callers can tell apart. */
export declare class Fault extends Error {
  readonly kind: FaultKind;
  constructor(kind: FaultKind, message: string, options?: ErrorOptions);
}

// ---- octets
export type Random = (octets: number) => Uint8Array;
export declare function hex(octets: Uint8Array): string;
export declare function unhex(text: string): Uint8Array; // Fault when it is not hexadecimal
export declare function base64url(octets: Uint8Array): string; // unpadded
export declare function unbase64url(text: string): Uint8Array; // strict
export declare function utf8(text: string): Uint8Array;
export declare function concat(...parts: (Uint8Array | string)[]): Uint8Array; // text as UTF-8
export declare function equal(a: Uint8Array, b: Uint8Array): boolean;
export declare function compare(a: Uint8Array, b: Uint8Array): -1 | 0 | 1;
/** H of the spec, over the joined parts; synchronous. */
export declare function hash(...parts: (Uint8Array | string)[]): Uint8Array;
export declare function hmac(key: Uint8Array, ...parts: (Uint8Array | string)[]): Uint8Array;
export declare function extract(salt: Uint8Array, secret: Uint8Array): Uint8Array;
export declare function expand(secret: Uint8Array, info: Uint8Array | string, length: number): Uint8Array;

// ---- CBOR, deterministic (RFC 8949 §4.2.1); integers beyond 2^53 are bigint
export type Value = null | boolean | number | bigint | string | Uint8Array | Raw | Value[] | Map<number | string, Value>;
/** A value that is encoded already. */
export declare class Raw { readonly octets: Uint8Array; constructor(octets: Uint8Array) }
export declare function encode(value: Value): Uint8Array;
export declare function decode(octets: Uint8Array): Value;
/** A map with integer keys of these entries; undefined is left out, null is null. */
export declare function record(entries: Record<number, Value | undefined>): Map<number | string, Value>;
/** What Go's omitempty does: undefined for empty octets, text, lists, zero and false. */
export declare function omitEmpty(value: Value | undefined): Value | undefined;
/**
 * A decoded map with integer keys. Absent and null are the empty value, as in Go;
 * of another type, or of another length than `size`, is a Fault.
 */
export declare class Fields {
  static of(octets: Uint8Array, what: string): Fields;
  static from(value: Value, what: string): Fields;
  has(key: number): boolean;
  octets(key: number, size?: number): Uint8Array; // size: exactly, when it is there
  id(key: number, size: number): string; // hexadecimal; zeros when absent
  text(key: number): string;
  int(key: number): number; // safe integers; negative ones too
  uint(key: number): number; // not negative
  bool(key: number): boolean;
  list(key: number): Value[];
  fields(key: number): Fields | undefined;
  records(key: number): Fields[]; // a list of maps
  texts(key: number): string[];
  ids(key: number, size: number): string[];
  strings(key: number): Record<string, string>; // a map of texts, without prototype
  value(key: number): Value | undefined;
  raw(key: number): Uint8Array | undefined; // as it was encoded
}

// ---- keys
/** A private Ed25519 key: a seed, or a key that cannot leave the browser. */
export type Signer = Uint8Array | CryptoKey;
export declare function newSeed(random: Random): Uint8Array;
export declare function newID(random: Random): string; // of a message, 16 octets
export declare function sign(key: Signer, octets: Uint8Array): Promise<Uint8Array>;
export declare function verify(key: Uint8Array, octets: Uint8Array, signature: Uint8Array): Promise<boolean>;
/** The public half of an Ed25519 seed. */
export declare function publicKey(seed: Uint8Array): Promise<Uint8Array>;
/** An Ed25519 key that cannot leave the browser. */
export declare function newDeviceKey(): Promise<{ private: CryptoKey; public: Uint8Array }>;
/** The public half of an X-Wing secret, 1,216 octets. */
export declare function publicOf(secret: Uint8Array): Promise<Uint8Array>;
export declare function epochOf(publicXWing: Uint8Array): string;
export declare function newEpoch(random: Random, now: number): Promise<{ epoch: Epoch; public: Uint8Array }>;
export declare function deviceOf(publicEd25519: Uint8Array): string;
/** The seed of a person's root key, of the recovery phrase's entropy. */
export declare function rootSeed(entropy: Uint8Array): Uint8Array;
export declare function backupKey(entropy: Uint8Array): Uint8Array; // X-Wing secret

// ---- relations and contexts (§3)
export type Side = 1 | 2;
export declare function other(side: Side): Side;
export declare function sideOf(mine: Uint8Array, theirs: Uint8Array): Side;
export declare function relationOf(root: Uint8Array): string;
/** What both ends of a context know. Plain data: structured clone and encodeContext keep it. */
export interface Context {
  id: string; // 8 octets
  relation: string;
  direction: Side;
  enc: Uint8Array;
  key: Uint8Array;
  epoch: string;
  notice: boolean;
}
export declare function newSendContext(r: Relation): Promise<Context>;
export declare function newNoticeContext(r: Relation): Promise<Context>;
export declare function openContext(r: Relation, e: Epoch, enc: Uint8Array): Promise<Context>;
export declare function contextOf(enc: Uint8Array): string;
export declare function contextValue(c: Context): Value; // as Go keeps it
export declare function contextFrom(v: Value): Context;

// ---- envelopes (§5.1)
export declare const sizes: readonly number[]; // 1536, 4096, 16384, 65536
export declare const room: number; // the longest encoded message
export declare const publicSize: 1216;
export declare const encSize: 1120;
export declare function seal(c: Context, random: Random, m: Message, withEnc: boolean): Promise<Uint8Array>;
export declare function open(c: Context, envelope: Uint8Array): Promise<Message>;
export declare function openNew(r: Relation, envelope: Uint8Array): Promise<{ context: Context; message: Message }>;
export declare function peek(envelope: Uint8Array): { context: string; enc?: Uint8Array };
export declare function putID(box: Mailbox, context: string, id: string): string;

// ---- messages and their bodies (§5.2, §5.3)
export declare function encodeMessage(m: Message): Uint8Array;
export declare function parseMessage(plain: Uint8Array): Message;
export interface Response { to: string; status: number; header: Record<string, string>; body: Uint8Array; chunks?: Chunks }
export interface Chunks { key: Uint8Array; size: number; each: number; at: ChunkRef[] }
export interface ChunkRef { relay: string; id: Uint8Array; erase: Uint8Array }
export declare function encodeAsk(a: Ask): Uint8Array;
export declare function parseAsk(body: Uint8Array): Ask;
export declare function encodeResponse(r: Response): Uint8Array;
export declare function parseResponse(body: Uint8Array): Response;
export interface Purge { id: string; paths: string[]; all: boolean; friend?: Uint8Array }
export declare function encodePurge(p: Purge): Uint8Array;
export declare function parsePurge(body: Uint8Array): Purge;
export interface Purged { id: string; nothing: boolean }
export declare function encodePurged(p: Purged): Uint8Array;
export declare function parsePurged(body: Uint8Array): Purged;
export interface Where { at: { url: string; certificate: Uint8Array }[]; until: number }
export declare function encodeWhere(w: Where): Uint8Array;
export declare function parseWhere(body: Uint8Array): Where;
export interface SharedContext { relation: string; epoch: string; enc: Uint8Array }
export declare function encodeContexts(c: SharedContext[]): Uint8Array;
export declare function parseContexts(body: Uint8Array): SharedContext[];
export declare function encodeQueues(q: Mailbox[]): Uint8Array; // only what the other side may see
export declare function parseQueues(body: Uint8Array): Mailbox[]; // checked
export declare function checkQueues(q: Mailbox[]): void;
/** The body of confirm and of unknown is octets. */
export declare function encodeOctets(o: Uint8Array): Uint8Array;
export declare function parseOctets(body: Uint8Array, size?: number): Uint8Array;

// ---- chunks (§5.3)
export declare const maxInline: number;
export declare const maxChunked: number;
export declare const chunkSizes: readonly number[];
export declare function chunkRoom(size: number): number;
export declare function chunkSize(body: number): number;
export declare function sealChunk(key: Uint8Array, index: number, part: Uint8Array, size: number): Promise<Uint8Array>;
export declare function openChunk(c: Chunks, index: number, chunk: Uint8Array): Promise<Uint8Array>;
export declare function checkChunks(c: Chunks): void;
export declare function newChunkRef(random: Random, relay: string): ChunkRef;
export declare function eraseHash(c: ChunkRef): Uint8Array;

// ---- AES-256-GCM for who seals at rest (library/): imported once, used often
/** A key to seal and open with; keep it as long as the octets would be kept. */
export declare function cipherKey(octets: Uint8Array): Promise<CryptoKey>;
export declare function gcmSeal(key: CryptoKey, nonce: Uint8Array, plain: Uint8Array, data?: Uint8Array): Promise<Uint8Array>;
export declare function gcmOpen(key: CryptoKey, nonce: Uint8Array, sealed: Uint8Array, data?: Uint8Array): Promise<Uint8Array>;

// ---- becoming friends (§4)
export interface Invitation { kind: PartyKind; expires: number; secret: Uint8Array; public: Uint8Array; relays: string[] }
export declare function newInvitation(random: Random, kind: PartyKind, expires: number, relays: string[]): Promise<{ invitation: Invitation; private: Uint8Array }>;
export declare function invitationOctets(i: Invitation): Uint8Array;
export declare function invitationFragment(i: Invitation): string;
export declare function invitationID(i: Invitation): string;
export declare function parseInvitation(link: string): Invitation;
export declare function contactQueue(i: Invitation, relay: string): Mailbox; // as its senders know it
export declare function veil(i: Invitation, what: 1 | 2, relay: string, octets: Uint8Array): Promise<Uint8Array>;
export declare function expired(i: Invitation, now: number): boolean;
export interface Own { name: string; pairwise: Uint8Array; notice: Uint8Array; epoch: Epoch; queues: Mailbox[] }
export declare function newOwn(random: Random, now: number, name: string, queues: Mailbox[]): Promise<Own>;
export interface Party { name: string; pairwise: Uint8Array; notice: Uint8Array; epoch: Uint8Array; queues: Mailbox[]; now: number }
export interface Join { octets: Uint8Array; export: Uint8Array }
export interface Joining { invitation: Invitation; join: Join; peer: Party }
export interface Meeting { relation: Relation; peer: Party; transcript: Uint8Array; welcome: Uint8Array }
export declare function makeJoin(random: Random, now: number, i: Invitation, me: Own): Promise<Join>;
export declare function openJoin(i: Invitation, priv: Uint8Array, octets: Uint8Array): Promise<Joining>;
export declare function makeWelcome(j: Joining, random: Random, now: number, me: Own): Promise<{ octets: Uint8Array; meeting: Meeting }>;
export declare function openWelcome(now: number, i: Invitation, j: Join, me: Own, octets: Uint8Array): Promise<Meeting>;
export declare function safetyCode(r: Relation, transcript: Uint8Array): Promise<string>;

// ---- changing keys (§7)
export interface Rekeying { body: Uint8Array; export: Uint8Array }
export declare function makeRekey(r: Relation, me: Own): Promise<Rekeying>;
export declare function answerRekey(now: number, r: Relation, body: Uint8Array, me: Own): Promise<{ answer: Uint8Array; next: Relation }>;
export declare function finishRekey(now: number, r: Relation, k: Rekeying, me: Own, answer: Uint8Array): Promise<Relation>;
export declare function rekeyWins(a: Uint8Array, b: Uint8Array): boolean;
export declare function rekeyedTo(answer: Uint8Array): Uint8Array;

// ---- own devices (§2)
export declare function sealTo(random: Random, publicXWing: Uint8Array, info: Uint8Array | string, content: Uint8Array): Promise<Uint8Array>;
export declare function openTo(secret: Uint8Array, info: Uint8Array | string, octets: Uint8Array): Promise<Uint8Array>;
export declare function sealFile(random: Random, publicXWing: Uint8Array, info: Uint8Array | string, content: Uint8Array): Promise<Uint8Array>;
export declare function openFile(secret: Uint8Array, info: Uint8Array | string, octets: Uint8Array): Promise<Uint8Array>;
export declare function householdOf(secret: Uint8Array): string;
export declare function ownRoot(household: Uint8Array, a: string, b: string): Uint8Array;
export declare function ownQueue(root: Uint8Array, direction: Side, relay: string): Mailbox;
export declare function rosterQueue(household: Uint8Array, to: string, relay: string): Mailbox;
export interface OwnSide { device: string; private?: Uint8Array; public: Uint8Array; queues: Mailbox[] }
export declare function ownRelation(household: Uint8Array, me: OwnSide, other: OwnSide): Relation;
/** label ‖ 0x00 ‖ bound: what signatures of rosters are over. */
export declare function signedInput(label: string, bound: Uint8Array): Uint8Array;
/** An encoded map with a signature in it at `at`, over label ‖ 0x00 ‖ bound ‖ H(the map without it). */
export declare function signMap(fields: Map<number | string, Value>, at: number, key: Signer, label: string, bound: Uint8Array): Promise<Uint8Array>;
export declare function verifyMap(octets: Uint8Array, at: number, key: Uint8Array, label: string, bound: Uint8Array): Promise<void>;

// ---- what records and states keep, with the keys that Go gives them
export declare function mailboxValue(m: Mailbox): Value;
export declare function mailboxFrom(v: Value): Mailbox;
export declare function mailboxesValue(m: readonly Mailbox[]): Value;
export declare function mailboxesFrom(v: Value | undefined): Mailbox[];
export declare function epochValue(e: Epoch): Value;
export declare function epochFrom(v: Value): Epoch;
export declare function ownValue(o: Own): Value;
export declare function ownFrom(v: Value): Own;
export declare function joinValue(j: Join): Value;
export declare function joinFrom(v: Value): Join;
export declare function rekeyingValue(k: Rekeying): Value;
export declare function rekeyingFrom(v: Value): Rekeying;
export declare function relationValue(r: Relation): Value;
export declare function relationFrom(v: Value): Relation;

// ---- relays and mailboxes (spec/mailbox.md §1, §2)
/** A relay's URL, and its id when the address names it. */
export declare function cutRelay(address: string): { url: string; id?: Uint8Array };
export declare function recipientID(publicKey: Uint8Array): Uint8Array; // RID, 24 octets
export declare function senderID(firstPublicKey: Uint8Array): Uint8Array; // SID
/** One session with one relay: its id and its nonce. */
export interface Place { relay: Uint8Array; nonce: Uint8Array }
/** A signature of the command PROVE, NEW or LOCK over the payload before it. */
export declare function signCommand(p: Place, name: "PROVE" | "NEW" | "LOCK", payload: Uint8Array, key: Signer): Promise<Uint8Array>;
/** The signature of a PUT that needs no session (§4). */
export declare function signPut(relay: Uint8Array, head: Uint8Array, body: Uint8Array, key: Signer): Promise<Uint8Array>;
export type { MessageKind };
