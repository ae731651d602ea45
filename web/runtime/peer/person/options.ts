import type { Bucket, Effects, Records, World } from "../contract.ts";

export const hour = 3600_000;
export const day = 24 * hour;

/** Keeps keys that cannot leave the browser. */
export interface KeyStore {
  find(device: string): Promise<CryptoKey | undefined>;
  keep(device: string, key: CryptoKey): Promise<void>;
}

/** What a person has. What may be left out has the default that defaults() names. */
export interface Options {
  records: Records;
  /** What is this device's alone. */
  local: Bucket;
  world: World;
  /** Where the device's key is; without one its seed is in local. */
  keys?: KeyStore | undefined;
  /** What friends are shown until the person says otherwise, and this device's name. */
  name?: string;
  device?: string;
  /** They keep the queues that friends and own devices write to, until setRelays. */
  relays?: readonly string[];
  /** What stands before the # of links. */
  base?: string;
  /** Refuses a relay that a friend or a link names, by throwing. */
  relay?: (url: string) => void;

  maxFriends?: number;
  maxInvitations?: number;
  /** How long a link is good unless said otherwise, and at most, and that of a device. */
  invitation?: number;
  longestInvite?: number;
  link?: number;
  /** How often what was not answered is said again. */
  repeat?: number;
  /** The usual lifetime of a message. */
  message?: number;
  /** How long an old epoch's key is kept at most. */
  keep?: number;
  /** How long queues that were replaced are listened to. */
  queues?: number;
  /** How long this device listens for rosters in earlier households. */
  earlier?: number;
  /** When another device takes over changing keys. */
  hand?: number;
}

export type Settings = Required<Omit<Options, "keys">> & Pick<Options, "keys">;

export const defaults = (o: Options): Settings => ({
  name: "somebody", device: "device", relays: [], base: "http://localhost:5484/join", relay: () => undefined,
  maxFriends: 250, maxInvitations: 64,
  invitation: 7 * day, longestInvite: 21 * day, link: hour, repeat: hour,
  message: 7 * day, keep: 28 * day, queues: 21 * day, earlier: 90 * day, hand: day,
  ...o,
});

/** What has to be done after a method returned. */
export interface PersonEffects extends Effects {
  /** Friends who are none any more: what is held of theirs is to be erased. */
  gone: string[];
  /** The person's devices changed: compare with them soon. */
  devices: boolean;
}

export const noEffects = (): PersonEffects => ({
  create: [], lock: [], raw: [], out: [], delete: [], moved: [], changed: false, gone: [], devices: false,
});

/** Both, in their order. */
export const join = (a: PersonEffects, b: PersonEffects): PersonEffects => ({
  create: [...a.create, ...b.create], lock: [...a.lock, ...b.lock], raw: [...a.raw, ...b.raw], out: [...a.out, ...b.out],
  delete: [...a.delete, ...b.delete], moved: [...a.moved, ...b.moved], changed: a.changed || b.changed,
  gone: [...a.gone, ...b.gone], devices: a.devices || b.devices,
});
