/** What an app has to do with. */

/** What an app may be granted. */
export type Grant = "data" | "friends" | "share" | "nearby";

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
  signal?: AbortSignal;
}

/** What does not work here, in words that a person can be shown. */
export interface Limit { readonly code: "memory" | "no-friends" | "no-service-worker" | "failed"; readonly text: string }

/** Who may see a document. */
export interface Audience {
  readonly kind: "nobody" | "some" | "all";
  /** Handles. */
  readonly friends?: readonly string[];
  /** How many more there are whom the app does not see. */
  readonly others?: number;
}

/** A document in a folder. */
export interface Item {
  readonly path: string;
  readonly type: string;
  readonly size: number;
  readonly etag: string;
  readonly modified: string;
  readonly labels: readonly string[];
  readonly audience?: Audience;
}

export interface Listing { readonly items: readonly Item[]; readonly folders?: readonly string[]; readonly next?: string }

export interface ListOptions { after?: string; limit?: number; depth?: 1; signal?: AbortSignal }

/** How something is written. */
export interface WriteOptions {
  type?: string;
  labels?: readonly string[];
  /** The ETag that the document has to have. */
  ifMatch?: string;
  /** Only where there is nothing yet. */
  ifNone?: boolean;
  signal?: AbortSignal;
}

export interface Written { readonly path: string; readonly etag: string; readonly created: boolean }

export interface Friend { readonly friend: string; readonly name: string; readonly heard: string | null }

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
  signal?: AbortSignal;
}

/** What happened. */
export interface KithEvent { readonly event: "document" | "friend" | "friends" | "request" | "connected" | "resync"; readonly data: Readonly<Record<string, unknown>> }

/** An answer that is not what was asked for (RFC 9457). */
export class KithError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;

  constructor(status: number, code: string, message: string, hint: string) {
    super(message);
    this.name = "KithError";
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}
