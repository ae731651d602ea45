/**
 * What the app API (spec/app-api.md) needs of a person's documents and friends.
 * sharing/ has all of it; memory.ts is the smallest that does.
 */
import type { Body } from "../contract.ts";
import type { Answered } from "../service/wire.ts";

/** Who may see a document: friends by their ids. */
export interface Audience { kind: "nobody" | "some" | "all"; friends: string[] }

/** What is told of a document. */
export interface Doc {
  path: string;
  type: string;
  size: number;
  /** Without quotes. */
  etag: string;
  modified: number;
  labels: string[];
  audience: Audience;
}

/** Conditions of a write, as the header fields say them (RFC 9110 §13.1). */
export interface Conditions { ifMatch?: string | undefined; ifNoneMatch?: string | undefined }

/** What comes with the octets of a document. */
export interface Put extends Conditions {
  /** Left out: that of the document that is there, or by the name. */
  type?: string | undefined;
  /** Left out: those of the document that is there. */
  labels?: string[] | undefined;
  /** -1 when it is not known. */
  size: number;
  body: AsyncIterable<Uint8Array>;
}

/** Octets of a document, as Content-Range says it; size is that of these octets. */
export interface Part extends Put {
  from: number;
  /** Of the whole. */
  total: number;
}

/** How far a document that comes in parts is. */
export interface Progress {
  /** There when it is whole. */
  doc?: Doc;
  created?: boolean;
  have: number;
  total: number;
}

/** A friend as a person knows them. */
export interface Friend { id: string; name: string; heard?: number | undefined }

/** A question to a friend. */
export interface Question {
  app: string;
  friend: string;
  /** Ends in "/" for what is below it; may have a query. */
  path: string;
  /** Milliseconds to wait before the question is left to itself. */
  wait: number;
  /** Ask even where a copy is fresh. */
  fresh: boolean;
  /** Never ask. */
  copy: boolean;
  signal: AbortSignal;
}

/** What became of a question. */
export type Asked =
  | { state: "here"; doc: Omit<Doc, "audience">; body: Body; age: number; fresh: number; stale: boolean }
  | { state: "waiting"; id: string }
  | { state: "missing" | "gone" };

/** How far a question is that was left to itself. */
export type RequestState = "waiting" | "arrived" | "gone" | "missing" | "expired";

/** What happened. */
export type Change =
  | { kind: "document"; app: string; path: string; etag?: string; deleted?: boolean }
  | { kind: "friend"; friend: string }
  | { kind: "friends" }
  | { kind: "request"; id: string; state: RequestState };

/** A person's documents and friends. Refusals are Faults; a condition that does not hold is a conflict. */
export interface AppStore {
  /** Whether there is a person. */
  ready(): boolean;
  /** Makes one where there is none. */
  begin(): Promise<void>;
  /** Takes the relays that an app proposes, where the person has none. */
  offerRelays(relays: readonly string[]): Promise<void>;

  document(app: string, path: string): Promise<Doc | undefined>;
  open(app: string, path: string): Promise<{ doc: Doc; body: Body } | undefined>;
  /** All whose paths begin with prefix, in the order of paths. */
  documents(app: string, prefix: string): Promise<Doc[]>;
  put(app: string, path: string, put: Put): Promise<{ doc: Doc; created: boolean }>;
  putPart(app: string, path: string, part: Part): Promise<Progress>;
  /** How far a draft is; undefined for none. */
  draft(app: string, path: string): Promise<Progress | undefined>;
  /** Deletes one, or with "/" at the end of path all below it; says how many there were. */
  delete(app: string, path: string, conditions: Conditions): Promise<number>;
  /** The same of audiences. */
  share(app: string, path: string, audience: Audience): Promise<number>;

  friends(): Promise<Friend[]>;
  /** What a friend is called to an app: 16 hexadecimal digits. */
  handle(app: string, friend: string): Promise<string>;
  ask(question: Question): Promise<Asked>;
  request(id: string): Promise<RequestState | undefined>;
  giveUp(id: string): Promise<void>;
  forget(app: string, friend: string, path: string): Promise<void>;

  /** Tells of changes until what it returns is called. */
  watch(f: (c: Change) => void): () => void;
}

/** Where the host keeps what is its own: a Bucket. */
export interface Keep {
  get(key: string): Uint8Array | undefined;
  each(prefix: string): Iterable<[key: string, value: Uint8Array]>;
  apply(puts: ReadonlyMap<string, Uint8Array>, deletes?: readonly string[]): Promise<void>;
}

/** What people manage: friends, devices, invitations (internal/api); undefined for a path that there is not. */
export type PeopleAPI = (r: PeopleRequest) => Promise<{ status: number; headers: [string, string][]; body: Answered["body"] } | undefined>;

export interface PeopleRequest {
  method: string;
  /** Below /.kith/api/, as it was sent. */
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: Answered["body"];
  signal: AbortSignal;
  /** The path of the app whose page asks. */
  scope: string;
}
