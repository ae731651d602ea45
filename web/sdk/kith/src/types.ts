/** What an app has to do with. */

/**
 * What an app may be granted: documents of its own; those friends whom the person chose for it; to set by
 * itself who of them may see a document; devices in the same room.
 */
export type Grant = "data" | "friends" | "share" | "nearby";

/** Who the app is, and what it wants. */
export interface ConnectOptions {
  /** The name of the app: 1 to 63 of a-z 0-9 . -; documents belong to it. */
  app: string;
  /** What the person is told that it is called. */
  title?: string;
  /** `["data"]` unless said otherwise. */
  wants?: readonly Grant[];
  /** Relays for people who have named none, `wss://relay.example`; only where the page has a peer of its own. */
  relays?: readonly string[];
  /** The service worker, `./kith-sw.js` unless said otherwise; false for none. */
  serviceWorker?: string | URL | false;
  /** The folder of the package: that of this script, or else `./kith/`. */
  base?: string | URL;
  /** Stops waiting for the person. */
  signal?: AbortSignal;
}

/** What does not work here, in words that a person can be shown. */
export interface Limit {
  /**
   * `memory`: documents are gone when the page is closed. `no-friends`: nothing can be shared.
   * `no-service-worker`: `url()`, plain `fetch` below `/.kith/` and `people()` do not work. `failed`: nothing works.
   */
  readonly code: "memory" | "no-friends" | "no-service-worker" | "failed";
  /** What to show. */
  readonly text: string;
}

/** Who may see a document. */
export interface Audience {
  /** `all` is all friends whose code the person has compared. */
  readonly kind: "nobody" | "some" | "all";
  /** Their handles, where `kind` is `some`. */
  readonly friends?: readonly string[];
  /** How many more there are whom the app does not see. */
  readonly others?: number;
}

/** A document in a folder. */
export interface Item {
  /** From the root of the app's documents, or of what the friend shows. */
  readonly path: string;
  /** The media type. */
  readonly type: string;
  /** Octets. */
  readonly size: number;
  /** Names this state of the document. */
  readonly etag: string;
  /** When it was written (RFC 3339). */
  readonly modified: string;
  /** What its writer put on it. */
  readonly labels: readonly string[];
  /** Who may see it; only in a listing of the app's own documents. */
  readonly audience?: Audience;
}

/** One page of a folder. */
export interface Listing {
  /** The documents, in the order of their paths. */
  readonly items: readonly Item[];
  /** With `depth: 1`, the folders in this one. */
  readonly folders?: readonly string[];
  /** There is more: `after` for the next page. */
  readonly next?: string;
}

/** What of a folder is listed. */
export interface ListOptions {
  /** What comes after this path. */
  after?: string;
  /** How many documents at most. */
  limit?: number;
  /** This folder alone, not those in it. */
  depth?: 1;
  /** Gives it up. */
  signal?: AbortSignal;
}

/** How something is written. */
export interface WriteOptions {
  /** The media type, where it does not follow from the content. */
  type?: string;
  /** Kept with the document, and listed with it. */
  labels?: readonly string[];
  /** The ETag that the document has to have. */
  ifMatch?: string;
  /** Only where there is nothing yet. */
  ifNone?: boolean;
  /** Gives it up; what was written in parts goes on from there the next time. */
  signal?: AbortSignal;
}

/** What came of writing. */
export interface Written {
  /** Where it is. */
  readonly path: string;
  /** Names the new state, for `ifMatch`. */
  readonly etag: string;
  /** Whether there was nothing before. */
  readonly created: boolean;
}

/** A friend as this app sees them. */
export interface Friend {
  /** A handle, which means nothing to other apps. */
  readonly friend: string;
  /** What the person calls them. */
  readonly name: string;
  /** When a device of theirs was heard last (RFC 3339); null for never. */
  readonly heard: string | null;
}

/** How a friend is asked. */
export interface AskOptions {
  /** Seconds to wait for an answer; 2 unless said otherwise. */
  wait?: number;
  /** Ask even where the copy is fresh. */
  fresh?: boolean;
  /** Take the copy or nothing. */
  copy?: boolean;
  /** Of a folder: what comes after this path. */
  after?: string;
  /** Gives it up; a question that waits goes on waiting. */
  signal?: AbortSignal;
}

/** What happened. */
export interface KithEvent {
  /**
   * A document of the app changed; what a friend shows changed; the list of friends is another; a question was
   * answered; the stream began; too much happened to tell, so read again what you show.
   */
  readonly event: "document" | "friend" | "friends" | "request" | "connected" | "resync";
  /** Which one, and how: [the app API](../../spec/app-api.md), section 5. */
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * An answer that is not what was asked for (RFC 9457). Its message names the input.
 *
 * Those that an app meets: 403 `refused` (the person said no), `not-connected` (call `connect` first),
 * `not-an-app` (opened as a plain site), `read-only`; 408 `undecided` (the person did not decide); 412
 * `precondition` (`ifMatch` or `ifNone` does not hold: read again); 413 `too-large`; 429 `rate-limited`; 503
 * `not-ready` (the peer did not come back); 507 `no-space`.
 */
export class KithError extends Error {
  /** The status of HTTP. */
  readonly status: number;
  /** The kind, for programs. */
  readonly code: string;
  /** The next step, for people; "" for none. */
  readonly hint: string;

  constructor(status: number, code: string, message: string, hint: string) {
    super(message);
    this.name = "KithError";
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}
