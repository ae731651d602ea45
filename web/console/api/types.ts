// What the node's API speaks: the JSON of its sites, peers, status and
// publications, as package api writes it. Fields marked optional may be absent.

export type PeerKind = "tcp" | "utp" | "webrtc" | "webtransport" | "bitswap" | "http";

export interface Peer {
  readonly id: string;
  readonly addr?: string;
  readonly kind: PeerKind;
  /** What the peer says of itself: hostile input. */
  readonly client?: string;
  readonly downloaded: number;
  readonly uploaded: number;
  /** The share the peer has, 0 to 1; -1 when the network does not say. */
  readonly progress: number;
}

export interface Stats {
  readonly waiting?: string;
  readonly total: number;
  readonly stored: number;
  readonly disk: number;
  readonly downloaded: number;
  readonly uploaded: number;
  readonly downRate: number;
  readonly upRate: number;
  readonly pieces: number;
  readonly have: number;
  /** At most 512 runs of pieces, the share of each that is here as 0 to 9. */
  readonly map?: string;
  readonly files: number;
  readonly folder?: string;
  readonly peers: readonly Peer[] | null;
  /** Those that served or took something and are gone, most bytes first. */
  readonly left?: readonly Peer[];
  readonly known: number;
}

export type Mode = "site" | "app";

export interface Site {
  readonly address: string;
  readonly label: string;
  readonly name?: string;
  readonly target?: string;
  readonly pinned: boolean;
  readonly mode?: Mode;
  readonly allow?: readonly string[] | null;
  readonly opened?: string;
  readonly lastUsed?: string;
  readonly seededUntil?: string;
  readonly state: "opening" | "open" | "closed";
  readonly stats: Stats;
  readonly published?: boolean;
  readonly network?: string;
  /** Why opening it failed last. */
  readonly error?: string;
  /** When a failed opening is tried again. */
  readonly retry?: string;
  /** True when what its name points at now could not be found out. */
  readonly stale?: boolean;
}

export interface Service {
  readonly url: string;
  readonly last?: string;
  readonly error?: string;
}

export interface EngineStatus {
  readonly listen: readonly string[] | null;
  readonly peerId?: string;
  readonly peers: number;
  /** The size of the routing table; -1 when the DHT is off. */
  readonly dhtNodes: number;
  readonly reachable: "yes" | "no" | "unknown";
  readonly services: readonly Service[] | null;
}

export interface Status {
  readonly version: string;
  readonly console: string;
  readonly home: string;
  /** Seconds. */
  readonly uptime: number;
  /** Bytes. */
  readonly memory: number;
  readonly engines: Readonly<Record<string, EngineStatus>>;
  readonly sites: number;
  readonly disk: number;
  readonly downRate: number;
  readonly upRate: number;
}

export interface Opened {
  readonly address: string;
  readonly label: string;
  readonly url: string;
}

export interface DNSRecord {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

export interface Publication {
  readonly id?: string;
  readonly name: string;
  readonly folder: string;
  readonly ipfs?: string;
  readonly wtp?: string;
  readonly magnet?: string;
  readonly ipns?: string;
  readonly wtpkey?: string;
  readonly urls?: readonly string[] | null;
  readonly dns?: readonly DNSRecord[] | null;
  readonly files: number;
  readonly bytes: number;
  readonly reused?: number;
}

export interface PublishProgress {
  readonly file?: string;
  readonly files: number;
  readonly bytes: number;
  readonly total: number;
}

export interface Check {
  readonly name: string;
  readonly state: "ok" | "warning" | "failed" | "skipped";
  readonly message: string;
  readonly hint?: string;
}

/** A browser extension that asks to be connected. */
export interface AskingExtension {
  readonly id: string;
  readonly origin: string;
  readonly name: string;
  /** What the extension shows too. */
  readonly code: string;
}

/** A browser extension that is connected. */
export interface ConnectedExtension {
  readonly id: string;
  readonly origin: string;
  readonly name: string;
  readonly created: string;
}

export interface ExtensionLists {
  readonly asking: readonly AskingExtension[];
  readonly connected: readonly ConnectedExtension[];
}
