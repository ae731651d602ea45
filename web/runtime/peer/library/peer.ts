import { type Fields, omitEmpty, record, unhex, type Value } from "../seal/index.ts";
import { personApp } from "./bounds.ts";
import type { Entry } from "./catalog.ts";
import { Batch, type Core } from "./core.ts";
import { deviceOf, timeOf } from "./item.ts";
import type { Note } from "./sync.ts";

/** What this device knows of how far another own device and itself agree. */
export interface Peer {
  device: string;
  /**
   * The number of the other's last change up to which this device has all that the
   * other had, its deletions above all; and when, by this device's clock.
   */
  horizon: number;
  horizonTime: number;
  /** The horizon that the other said it has of this device. */
  acked: number;
  /** The other's clock when both last had the same. */
  equal: number;
  /** The other was told to reset and is not through with it. */
  behind: boolean;
  /** When the last comparison began. */
  began: number;
  /** The other's clock in the newest message that said a horizon. */
  heard: number;
  /** The comparison that this device began last. */
  round: Uint8Array;
  /** Something new came since the last answer. */
  progress: boolean;
}

/**
 * A word from another device that this one may have what was deleted: all that it
 * had then and did not write itself since they last agreed is doubted until they
 * agree again (spec §6.5).
 */
export interface Reset {
  by: string;
  seq: number;
  time: number;
}

export function doubts(r: Reset, e: Entry, self: string): boolean {
  return e.seq <= r.seq && (deviceOf(e.record.revision) !== self || timeOf(e.record.revision) <= r.time);
}

/**
 * Doubtful entries are shown to nobody. The person's own state is used all the
 * same: without it the devices could not talk.
 */
export function isDoubtful(l: Core, e: Entry): boolean {
  return e.record.app !== personApp && l.resets.some((r) => doubts(r, e, l.device));
}

export function peerOf(l: Core, device: string): Peer {
  let p = l.peers.get(device);
  if (!p) {
    p = {
      device, horizon: 0, horizonTime: 0, acked: 0, equal: 0, behind: false, began: 0, heard: 0,
      round: new Uint8Array(), progress: false,
    };
    l.peers.set(device, p);
  }
  return p;
}

/** Makes peers and resets durable. */
export async function keepPeers(l: Core): Promise<void> {
  const b = new Batch();
  l.keep(b, "peers", [...l.peers.values()].map(peerValue));
  l.keep(b, "resets", l.resets.map((r) => record({ 1: unhex(r.by), 2: r.seq, 3: r.time })));
  await l.commit(b);
}

export function loadPeers(l: Core): void {
  for (const f of l.state("peers")?.records(1) ?? []) {
    const p = peerOf(l, f.id(1, 8));
    p.horizon = f.uint(2);
    p.horizonTime = f.int(3);
    p.acked = f.uint(4);
    p.equal = f.int(5);
    p.behind = f.bool(6);
    p.began = f.int(7);
    p.heard = f.int(8);
  }
  l.resets = (l.state("resets")?.records(1) ?? []).map((f: Fields) => ({ by: f.id(1, 8), seq: f.uint(2), time: f.int(3) }));
}

function peerValue(p: Peer): Value {
  return record({
    1: unhex(p.device), 2: p.horizon, 3: p.horizonTime, 4: p.acked, 5: p.equal, 6: omitEmpty(p.behind), 7: p.began, 8: p.heard,
  });
}

/** Begins a reset towards another device. */
export function doubt(l: Core, p: Peer): void {
  if (l.resets.some((r) => r.by === p.device)) return;
  l.resets.push({ by: p.device, seq: l.seq, time: p.horizonTime });
}

/**
 * Whether another device may have what was deleted: its horizon is older than a
 * deletion that is remembered no more, or than what it said before, so that it must
 * be a backup of itself. Otherwise what it says is noted. A message that was long
 * on its way says an old horizon, too, but also an old time.
 */
export function isBehind(l: Core, p: Peer, n: Note): boolean {
  if (n.horizon < l.erased || (n.horizon < p.acked && n.time > p.heard)) {
    p.behind = true;
    return true;
  }
  if (!p.behind && n.horizon >= p.acked) {
    p.acked = n.horizon;
    p.heard = Math.max(p.heard, n.time);
  }
  return false;
}

/** Notes that this device and another had the same when it said seq and passed. */
export function agree(l: Core, p: Peer, seq: number, passed: number): void {
  p.horizon = Math.max(p.horizon, seq);
  p.horizonTime = l.pass() - 1;
  p.equal = Math.max(p.equal, passed);
  p.behind = false;
  l.resets = l.resets.filter((r) => r.by !== p.device);
}
