/**
 * What belongs to this device alone. Keys: "device", "house", "seed", "intent",
 * "earlier/<household>", "peer/<device>", "epoch/<device>/<epoch>", "theirs/<device>",
 * "link/<id>", "past/<device>" (the device's own key is no epoch any more), "restoring",
 * "relays" (of a device without a person).
 */
import type { Mailbox, Relation } from "../contract.ts";
import { relationFrom, relationValue, type Join, type Own } from "../seal/index.ts";
import { flag, foreign, id, integer, list, maybe, octets, record, text } from "./codec.ts";
import { mailbox, shapes } from "./record.ts";
import { deviceShape, historyShape, holdsShape, type Device, type History, type Holds } from "./roster.ts";

/** This device's keys and what it says of itself. */
export interface LocalDevice {
  seed: Uint8Array; // Ed25519; empty when the key is one that cannot leave the browser
  xwing: Uint8Array;
  name: string;
  added: number;
  holds: Holds;
  public: Uint8Array; // Ed25519
}
export const device = record<LocalDevice>({
  seed: [1, octets], xwing: [2, octets], name: [3, text], added: [4, integer], holds: [5, holdsShape], public: [6, octets],
});

/** The roster that is pinned and its household secret. */
export interface House {
  history: History;
  secret: Uint8Array;
  adopted: number;
  /** When an expired roster was noticed: renewed a day later if nobody says otherwise. */
  noticed: number;
}
export const house = record<House>({
  history: [1, historyShape], secret: [2, octets], adopted: [3, integer], noticed: [4, integer, true],
});

/** A household that this device was in before. */
export const earlier = record<{ secret: Uint8Array; until: number }>({ secret: [1, octets], until: [2, integer] });

/** What this device knows of where another one is. */
export interface Peer {
  secret: Uint8Array; // the newest household that it is known to be in
  has: string; // the roster that it showed last
  told: number;
  times: number; // that it was told in vain
}
export const peer = record<Peer>({ secret: [1, octets], has: [2, id(32)], told: [3, integer], times: [4, integer, true] });

/** One of this device's keys for another own device, and the newest of the other's. */
export const epoch = record<{ private: Uint8Array; created: number }>({ private: [1, octets], created: [2, integer] });
export const theirs = record<{ public: Uint8Array; seen: number }>({ public: [1, octets], seen: [2, integer] });

/** What this device changed in rosters and wants to see in whatever roster is adopted. */
export interface Intent { removed: string[]; added: Device[]; since: number }
export const intent = record<Intent>({
  removed: [1, list(id(8)), true], added: [2, list(deviceShape), true], since: [3, integer, true],
});

export const seed = record<{ seed: Uint8Array }>({ seed: [1, octets] });

/** A device on its way in, on either side (spec §2.1). */
export interface LinkRecord {
  new: boolean; // this device is the one that comes
  fragment: string;
  private: Uint8Array;
  contact: Mailbox[];
  own: Own | undefined;
  join: Join | undefined;
  welcome: Uint8Array;
  relation: Relation | undefined;
  code: string;
  same: boolean; // the person compared the codes here
  entry: Uint8Array; // the new device's, as the old one got it
  device: string; // the same, once it is in the roster
  created: number;
  said: number;
}
export const link = record<LinkRecord>({
  new: [1, flag], fragment: [2, text], private: [3, octets, true], contact: [4, list(mailbox)], own: [5, maybe(shapes.own), true],
  join: [6, maybe(shapes.join), true], welcome: [7, octets, true],
  relation: [8, maybe(foreign(relationValue, relationFrom)), true], code: [9, text, true], same: [10, flag, true],
  entry: [11, octets, true], device: [12, id(8), true], created: [13, integer], said: [14, integer, true],
});
