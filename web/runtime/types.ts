// What the parts of the runtime have in common: the description of a site as a
// host gives it, and the contract between the part that finds and verifies
// pieces and the parts that show pages.

/** What `GET /.kith/site` answers: where this site's peers and pieces are. */
export interface SiteInfo {
  readonly version: 1;
  readonly kind: "torrent" | "ipfs" | "front";
  /** wtp://…, ipfs://… (always immutable), or the https:// origin of a front. */
  readonly address: string;
  /** The label of the site's origin on somebody's own node. */
  readonly label: string;
  readonly name: string;
  /** Names this version of the site in URLs and in storage. */
  readonly id: string;
  /** 40 hexadecimal digits: the info_hash under which the peers meet. */
  readonly swarm: string;
  /** The key that signs a front's manifests, base64 of 32 octets. */
  readonly key?: string;
  /** Paths on this origin: the index; and pieces, to which the number is added. */
  readonly index: string;
  readonly piece: string;
  /** WebSocket trackers. */
  readonly trackers: readonly string[];
  /** Path that answers with RTCIceServer[]; "" for none. */
  readonly ice: string;
  /** The host as a peer that offers WebTransport. */
  readonly webtransport: readonly Endpoint[];
  /** What the host is called among peers, 40 hexadecimal digits; "" where it is none of them. */
  readonly peer: string;
  /** "open with my node": http://<label>.localhost:5484/; "" for none. */
  readonly node: string;
  /** Whether the site's owner wants the badge shown. */
  readonly badge: boolean;
}

/** A WebTransport server that speaks the BitTorrent peer protocol on streams. */
export interface Endpoint {
  readonly url: string;
  /** base64 of the SHA-256 of certificates it may show (WebTransport §6.9). */
  readonly hashes: readonly string[];
}

/** A run of bytes inside one piece's content. */
export interface Span {
  readonly piece: number;
  readonly begin: number;
  readonly end: number;
}

/** One file of a site. */
export interface FileEntry {
  /** As in a URL's path, decoded, without a leading slash. */
  readonly path: string;
  readonly size: number;
  /** The media type, where the index says one. */
  readonly type?: string;
  /** Headers beside Content-Type that the index says. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The pieces that hold bytes [from, to), in order. */
  spans(from: number, to: number): Iterable<Span>;
}

/** A verified index: what a site is made of. */
export interface Index {
  readonly kind: SiteInfo["kind"];
  readonly swarm: Uint8Array;
  readonly pieces: number;
  readonly bytes: number;
  /** The size of piece i as it travels. */
  length(i: number): number;
  /** How many octets of piece i there are before padding that is known to be zero. */
  filled(i: number): number;
  /** Whether data is piece i. */
  verify(i: number, data: Uint8Array): Promise<boolean>;
  /** The content of piece i, to which spans refer: the piece itself but for IPFS blocks that wrap it. */
  content(i: number, data: Uint8Array): Uint8Array;
  /** The file at path: itself, or a folder's index.html. */
  file(path: string): FileEntry | undefined;
  /** Whether path is a folder. */
  folder(path: string): boolean;
  /** All files. */
  files(): Iterable<FileEntry>;
}

/** Pieces kept on this device. Usable in pages and in the service worker. */
export interface PieceStore {
  /** Pieces that were put, by number. */
  have(): Promise<Set<number>>;
  get(i: number): Promise<Uint8Array | undefined>;
  /** Keeps a verified piece. Rejects when there is no room. */
  put(i: number, data: Uint8Array): Promise<void>;
  /** Forgets all of this version. */
  clear(): Promise<void>;
}

/** How the visitor wants to meet others. */
export type Privacy = "direct" | "relay" | "http";

/** Who gave us something, and who took something. */
export interface PeerStats {
  readonly id: string;
  readonly kind: "webrtc" | "webtransport" | "host";
  /** What the peer says of itself. Hostile input. */
  readonly client: string;
  /** The address where known. */
  readonly address: string;
  readonly downloaded: number;
  readonly uploaded: number;
  readonly connected: boolean;
}

/** How a swarm does, at one moment. */
export interface SwarmStats {
  readonly peers: readonly PeerStats[];
  readonly have: number;
  readonly pieces: number;
  readonly downloaded: number;
  readonly uploaded: number;
  readonly fromHost: number;
  readonly downRate: number;
  readonly upRate: number;
  /** others is how many peers a tracker knows of beside us; undefined as long as it did not say. */
  readonly trackers: readonly { readonly url: string; readonly error: string; readonly others: number | undefined }[];
}

/** The engine of one site in a page: finds peers, fetches, verifies, serves. */
export interface Swarm {
  /** A piece, verified; from disk or from peers, never from the host. It is kept soon after, if there is room. Rejects when signal aborts. */
  want(i: number, urgent: boolean, signal: AbortSignal): Promise<Uint8Array>;
  /** Says that a piece came otherwise (the worker took it from the host) and is kept. */
  got(i: number, bytesFromHost: number): void;
  /** Whether any connected peer has piece i. */
  available(i: number): boolean;
  /** How many connected visitors who lack piece i are to ask the host for it before us. */
  before(i: number): number;
  /** Fetches everything in the background ("seed this site"). */
  complete(signal: AbortSignal): Promise<void>;
  /** Changes how peers are met; "http" leaves the swarm. */
  setPrivacy(p: Privacy): void;
  /** Whether others may take from us. */
  setUpload(allowed: boolean): void;
  stats(): SwarmStats;
  /** Called whenever stats changed in a way a person would see, at most 4 times a second. */
  onchange: (() => void) | undefined;
  close(): void;
}
