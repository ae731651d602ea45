import type { Effects, Outgoing, Store, World } from "../contract.ts";
import type { Asked, PeerOptions } from "../exchange/index.ts";
import type { LibraryOptions } from "../library/index.ts";
import type { KeyStore, PersonEffects } from "../person/options.ts";

/** What Sharing needs; what may be left out has the default that is named. */
export interface SharingOptions {
  store: Store;
  world: World;
  /** Where the device's key is kept: in the store. */
  keys?: KeyStore | undefined;
  /** What friends are told until the person says otherwise, and this device's name. */
  name?: string;
  device?: string;
  /** They keep this person's mailboxes until the person names others. */
  relays?: readonly string[];
  /** What stands before the # of links. */
  base?: string;
  /** How long friends may keep what they were sent: 7 days. */
  lease?: number;
  /** How long a message waits for somebody: 7 days. */
  lifetime?: number;
  /** How to talk to the relay at a URL. */
  relay?: PeerOptions["relay"];
  /** Channels to devices without a relay. */
  direct?: PeerOptions["direct"];
  network?: EventTarget;
  /** How often what time asks for is looked for: 30 seconds. */
  tick?: number;
  library?: Partial<LibraryOptions>;
}

/** What happened, for who watches: to a document of the person, or to what friends have. */
export type Happened =
  | { kind: "document"; app: string; path: string; tag: string }
  | { kind: "friend"; friend: string }
  | { kind: "friends" }
  | { kind: "arrived"; question: Asked };

/** What an operation wants carried out when it is kept. */
export interface Acting {
  person(e: PersonEffects): void;
  effects(e: Effects): void;
  send(out: readonly Outgoing[]): void;
}
