// Who gave and took how much, also of those who left.
import { wholeNumber } from "./options.ts";
import type { Peer } from "./peer.ts";
import type { PeerStats } from "../types.ts";

/** Those who left are forgotten when there are more. */
const most = 256;

interface Entry {
  readonly kind: PeerStats["kind"];
  client: string;
  address: string;
  downloaded: number;
  uploaded: number;
  peer: Peer | undefined;
}

/** The peers of a session. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  #fromHost = 0;

  get fromHost(): number {
    return this.#fromHost;
  }

  host(octets: number): void {
    this.#fromHost += wholeNumber(octets);
  }

  met(p: Peer): void {
    const known = this.#entries.get(p.id);
    this.#entries.delete(p.id);
    this.#entries.set(p.id, {
      kind: p.pipe.kind, client: p.client, address: p.pipe.address,
      downloaded: known?.downloaded ?? 0, uploaded: known?.uploaded ?? 0, peer: p,
    });
    for (const [id, e] of this.#entries) {
      if (this.#entries.size <= most) {
        break;
      }
      if (!e.peer) {
        this.#entries.delete(id);
      }
    }
  }

  left(p: Peer): void {
    const e = this.#entries.get(p.id);
    if (e?.peer === p) {
      settle(e, p);
      e.peer = undefined;
    }
  }

  peers(): PeerStats[] {
    const out = [...this.#entries].map(([id, e]): PeerStats => ({
      id, kind: e.kind,
      client: e.peer?.client ?? e.client, address: e.peer?.pipe.address ?? e.address,
      downloaded: e.downloaded + (e.peer?.down.total ?? 0), uploaded: e.uploaded + (e.peer?.up.total ?? 0),
      connected: e.peer !== undefined,
    }));
    if (this.#fromHost > 0) {
      out.push({ id: "host", kind: "host", client: "", address: "", downloaded: this.#fromHost, uploaded: 0, connected: true });
    }
    return out;
  }
}

function settle(e: Entry, p: Peer): void {
  e.client = p.client;
  e.address = p.pipe.address || e.address;
  e.downloaded += p.down.total;
  e.uploaded += p.up.total;
}
