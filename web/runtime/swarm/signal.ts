// What is said to WebTorrent's trackers and by them. Octets are spelled as
// strings of characters below 256.
import { fromLatin1, hex } from "./bytes.ts";
import type { Endpoint } from "../types.ts";

/** The longest message that is taken. */
const longest = 256 * 1024;
const longestSDP = 64 * 1024;
const mostEndpoints = 8;
const mostHashes = 8;

/** An SDP, and where the one who wrote it is reached otherwise. */
export interface Description {
  readonly type: "offer" | "answer";
  readonly sdp: string;
  readonly webtransport: readonly Endpoint[];
}

/** What a tracker said. Hostile input: so far it is only of the right form. */
export type Said =
  | { readonly kind: "offer"; readonly peer: string; readonly offer: string; readonly description: Description }
  | { readonly kind: "answer"; readonly peer: string; readonly offer: string; readonly description: Description }
  /** How long to wait until the next announce; and how many peers are there who have everything and who have not, ourselves among them, where it says. */
  | { readonly kind: "interval"; readonly seconds: number; readonly seeds: number | undefined; readonly leeches: number | undefined }
  | { readonly kind: "failure"; readonly reason: string };

/** Reads a message about the swarm of this name (as a string of octets). */
export function readSaid(data: unknown, swarm: string): Said | undefined {
  const v = typeof data === "string" && data.length <= longest ? parse(data) : undefined;
  if (!v) {
    return undefined;
  }
  const reason = v["failure reason"];
  if (typeof reason === "string") {
    return { kind: "failure", reason: reason.slice(0, 200) };
  }
  if (v["info_hash"] !== swarm) {
    return undefined;
  }
  for (const kind of ["offer", "answer"] as const) {
    const description = readDescription(v[kind], kind);
    const [peer, offer] = [v["peer_id"], v["offer_id"]];
    if (description && isName(peer) && isName(offer)) {
      return { kind, peer, offer, description };
    }
  }
  const seconds = v["interval"];
  return typeof seconds === "number" && seconds > 0
    ? { kind: "interval", seconds, seeds: readCount(v["complete"]), leeches: readCount(v["incomplete"]) } : undefined;
}

function readCount(v: unknown): number | undefined {
  return typeof v === "number" && v >= 0 ? v : undefined;
}

/** A peer's name in hexadecimal. */
export function hexName(name: string): string {
  return hex(fromLatin1(name) ?? new Uint8Array(0));
}

function parse(data: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const v: unknown = JSON.parse(data);
    return typeof v === "object" && v !== null ? (v as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function isName(v: unknown): v is string {
  return typeof v === "string" && fromLatin1(v)?.length === 20;
}

function readDescription(v: unknown, type: "offer" | "answer"): Description | undefined {
  const d = v as { readonly type?: unknown; readonly sdp?: unknown; readonly webtransport?: unknown } | null | undefined;
  if (d?.type !== type || typeof d.sdp !== "string" || d.sdp.length > longestSDP) {
    return undefined;
  }
  const list: readonly unknown[] = Array.isArray(d.webtransport) ? d.webtransport.slice(0, mostEndpoints) : [];
  return { type, sdp: d.sdp, webtransport: list.map(readEndpoint).filter((e) => e !== undefined) };
}

function readEndpoint(v: unknown): Endpoint | undefined {
  const e = v as { readonly url?: unknown; readonly hashes?: unknown } | null;
  if (typeof e?.url !== "string" || !URL.canParse(e.url) || !e.url.startsWith("https://") || !Array.isArray(e.hashes)) {
    return undefined;
  }
  const hashes = (e.hashes as readonly unknown[]).slice(0, mostHashes).filter((h) => typeof h === "string");
  return { url: e.url, hashes };
}
