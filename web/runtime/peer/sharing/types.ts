/** What a person sees and changes, as internal/sharing says it in JSON. Times are RFC 3339. */
import type { Body } from "../contract.ts";

export interface PersonView {
  /** False before the first friend, document or device. */
  exists: boolean;
  name?: string;
  /** There is no passphrase in a browser: never. */
  locked: boolean;
  /** Until the person said that the recovery phrase is written down. */
  phraseUnseen: boolean;
  /** Another device shut this one out. */
  removed?: boolean;
  /**
   * This device was put back from a copy, or away for very long: what it had before is
   * not shown until another one told it what was deleted meanwhile.
   */
  doubtful?: boolean;
  device?: string;
  relays: RelayView[];
  direct: string[];
  documents: number;
  octets: number;
  /** Octets that the browser lets this origin keep, and keeps. */
  storage?: { used: number; allowed: number };
}

export interface RelayView { url: string; connected: boolean; error?: string }

export interface Holding { kind: "all" | "recent" | "apps"; days?: number; apps?: string[] }

export interface DeviceView { id: string; name: string; this: boolean; added: string; heard?: string; holds: Holding }

export interface InvitationView { id: string; link?: string; kind: "friend" | "device"; for?: string; expires: string }

export interface FriendView {
  id: string;
  name: string;
  says?: string;
  since: string;
  pending: boolean;
  verified: boolean;
  blocked: boolean;
  safety?: string;
  changed?: boolean;
  direct: boolean;
  heard?: string;
  waiting: number;
  /** No relay has a mailbox of theirs any more: they were away for very long, or are no more. */
  refused?: boolean;
}

export interface LinkView {
  id: string;
  new: boolean;
  link?: string;
  safety?: string;
  state: "waiting" | "compare" | "confirmed" | "linked";
  expires: string;
}

export interface ListView { name: string; friends: string[] }

export interface QuestionView {
  id: string;
  friend: string;
  path: string;
  asked: string;
  sent: boolean;
  state: "waiting" | "answered";
  status?: number;
}

/** How far the deletion of documents got with one friend; when all have answered, how many they were. */
export interface ReceiptView {
  id: string;
  friend?: string;
  friends?: number;
  paths: string[];
  state: "asked" | "confirmed" | "unreachable";
  asked: string;
  answered?: string;
}

/** Everything that a page shows; version grows with each change. */
export interface State {
  version: number;
  person: PersonView;
  devices: DeviceView[];
  links: LinkView[];
  friends: FriendView[];
  invitations: InvitationView[];
  lists: ListView[];
  questions: QuestionView[];
  receipts: ReceiptView[];
}

/** Who may see a document; friends by names or ids. */
export interface Audience { kind: "nobody" | "some" | "all"; friends?: string[]; lists?: string[] }

export interface DocumentView {
  path: string;
  app?: string;
  type: string;
  size: number;
  etag: string;
  labels?: string[];
  audience?: Audience;
  modified: string;
  here: boolean;
}

/** A document on its way in. */
export interface Put {
  path: string;
  app: string;
  type?: string | undefined; // by the name
  labels?: string[] | undefined;
  audience?: Audience | undefined; // stays, or nobody for a new one
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
  body: Uint8Array | AsyncIterable<Uint8Array>;
}

/** Changes what is told of a document; what is absent stays. */
export interface Change {
  audience?: Audience;
  share?: Audience; // adds
  unshare?: Audience; // takes away
  labels?: string[];
  path?: string;
}

export interface Deleted { documents: number; receipts?: ReceiptView[] }

/** What removing a friend did: their copies here, and the documents that named them. */
export interface Removal { copies: number; asked: number; audiences: number }

/** A question to a friend. */
export interface Ask {
  friend: string; // name or id
  /** Begins with "/"; ends with "/" for a listing; may have a query. */
  path: string;
  /** Whose documents are asked for; the friend's own files without. */
  app?: string;
  /** How long, in ms, to wait for an answer before the question is left to itself. */
  wait: number;
  /** Asks even where a copy need not be asked about. */
  fresh?: boolean;
}

/** What a friend has at a path; or, with `pending`, the question that nobody answered yet. */
export type Answer = Answered | { pending: string };

export interface Answered {
  pending?: undefined;
  etag: string;
  type: string;
  size: number;
  modified: number; // 0 when it was not said
  body: Body; // to be closed
  until: number; // it may be kept
  fetched: number; // it was last known to be right
  fresh: number; // until when it need not be asked about
  /** Its owner could not be asked. */
  stale: boolean;
  /** The question that waits for something newer. */
  open?: string;
  header: Readonly<Record<string, string>>;
}
