/** The roster of a person's devices, and which one to believe (spec §2). */
import { Fault } from "../fault.ts";
import { compare as compareOctets, deviceOf, equal, hash, hex, publicSize, sign as signOctets, signedInput, unhex, utf8, verify, type Signer } from "../seal/index.ts";
import { id, integer, list, octets, pack, record, text, unpack, type Shape } from "./codec.ts";

const day = 24 * 3600_000;

export const maxDevices = 32;
const maxRemoved = 128;
export const lifetime = 30 * day;
/** How far clocks may be apart where an expired roster is refused. */
const slack = 2 * day;
const maxName = 128;
const maxRelays = 8;
const maxUrl = 255;
const maxApps = 256;
const maxOctets = 60 << 10;
const version = 1;
const keySize = 32;
const none = new Uint8Array();

/** Which bodies a device keeps (spec §6.4): all of them unless days or apps say less. */
export interface Holds { days: number; apps: string[] }

/** One device of a person. */
export interface Device {
  key: Uint8Array; // Ed25519
  xwing: Uint8Array;
  name: string;
  added: number;
  holds: Holds;
  relays: string[];
}

export interface Roster {
  version: number;
  root: Uint8Array; // Ed25519
  generation: number;
  epoch: number;
  issued: number;
  expires: number;
  devices: Device[];
  household: string; // 8 octets
  removed: string[]; // ids of devices, removed in this generation
}

/** A roster as it travels and is kept. */
export interface Signed { octets: Uint8Array; signer: Uint8Array; signature: Uint8Array }

/** What a device holds: the highest roster that it has seen, and the one before. */
export interface History { current: Signed; previous: Signed }

export const holdsShape: Shape<Holds> = record<Holds>({ days: [1, integer, true], apps: [2, list(text), true] });
export const deviceShape: Shape<Device> = record<Device>({
  key: [1, octets], xwing: [2, octets], name: [3, text], added: [4, integer], holds: [5, holdsShape], relays: [6, list(text)],
});
export const rosterShape = record<Roster>({
  version: [1, integer], root: [2, octets], generation: [3, integer], epoch: [4, integer], issued: [5, integer],
  expires: [6, integer], devices: [7, list(deviceShape)], household: [8, id(8)], removed: [9, list(id(8)), true],
});
const signedShape = record<Signed>({ octets: [1, octets], signer: [2, octets], signature: [3, octets] });
export const historyShape = record<History>({ current: [1, signedShape], previous: [2, signedShape] });

export const idOf = (d: Device): string => deviceOf(d.key);
export const find = (r: Roster, device: string): Device | undefined => r.devices.find((d) => idOf(d) === device);
export const encodeSigned = (s: Signed): Uint8Array => pack(signedShape, s);
export const hashOf = (s: Signed): string => hex(hash(s.octets));
export const byRoot = (s: Signed): boolean => s.signer.length === 0;
export const expired = (r: Roster, now: number): boolean => now > r.expires + slack;

const statement = (b: Uint8Array): Uint8Array => signedInput("kith roster 1", b);
const sizeOf = (s: string): number => utf8(s).length;

/** Refuses a device that no roster may have. */
export function checkDevice(d: Device): void {
  if (d.key.length !== keySize) throw new Fault("invalid", `device with a key of ${d.key.length} octets`);
  if (d.xwing.length !== publicSize) throw new Fault("invalid", `device with an X-Wing key of ${d.xwing.length} octets`);
  if (sizeOf(d.name) > maxName || d.relays.length > maxRelays || d.holds.apps.length > maxApps || d.holds.days < 0) {
    throw new Fault("invalid", `device ${idOf(d)} says too much of itself`);
  }
  for (const s of [...d.relays, ...d.holds.apps]) {
    if (s === "" || sizeOf(s) > maxUrl) throw new Fault("invalid", `device ${idOf(d)} names something of ${sizeOf(s)} octets`);
  }
}

function check(r: Roster): void {
  if (r.version !== version) throw new Fault("unsupported", `roster of version ${r.version}`, "use a newer program on this device");
  if (r.root.length !== keySize) throw new Fault("invalid", `roster with a root key of ${r.root.length} octets`);
  if (r.devices.length === 0 || r.devices.length > maxDevices) {
    throw new Fault("too_large", `roster with ${r.devices.length} devices`, `a person has 1 to ${maxDevices}`);
  }
  if (r.removed.length > maxRemoved) throw new Fault("too_large", `roster with ${r.removed.length} removed devices`);
  if (r.expires <= r.issued || r.expires - r.issued > lifetime || r.generation < 0 || r.epoch < 0) {
    throw new Fault("invalid", `roster that is good for ${r.expires - r.issued} ms`);
  }
  r.devices.forEach(checkDevice);
  if (new Set(r.devices.map(idOf)).size !== r.devices.length) throw new Fault("invalid", "roster that names a device twice");
}

/** r without these devices, which count as removed. */
export function without(r: Roster, devices: readonly string[]): Roster {
  const removed = [...r.removed, ...devices.filter((d) => !r.removed.includes(d))];
  return { ...r, devices: r.devices.filter((d) => !devices.includes(idOf(d))), removed: removed.slice(-maxRemoved) };
}

/** A key that signs rosters: the root's, or a device's. */
export interface SigningKey { public: Uint8Array; private: Signer }

/** Encodes and signs a roster. */
export async function sign(from: Roster, key: SigningKey): Promise<Signed> {
  const r = { ...from, version };
  check(r);
  const b = pack(rosterShape, r);
  if (b.length > maxOctets) {
    throw new Fault("too_large", `roster of ${b.length} octets`, "shorten names of devices, or remove some");
  }
  return {
    octets: b, signer: equal(key.public, r.root) ? none : unhex(deviceOf(key.public)),
    signature: await signOctets(key.private, statement(b)),
  };
}

/** Decodes a signed roster. The signature is not checked: first and accept do. */
export function parse(b: Uint8Array): Signed {
  if (b.length > maxOctets + 1024) throw new Fault("too_large", `signed roster of ${b.length} octets`);
  const s = unpack(signedShape, b);
  rosterOf(s);
  return s;
}

/** What was signed. */
export function rosterOf(s: Signed): Roster {
  if (s.octets.length > maxOctets || (s.signer.length !== 0 && s.signer.length !== 8)) {
    throw new Fault("invalid", `signed roster of ${s.octets.length} octets by a signer of ${s.signer.length}`);
  }
  const r = unpack(rosterShape, s.octets);
  check(r);
  return r;
}

/** Whether a device of r, or the root, signed s. */
async function signedBy(s: Signed, r: Roster): Promise<boolean> {
  const key = byRoot(s) ? r.root : find(r, hex(s.signer))?.key;
  return key?.length === keySize && (await verify(key, statement(s.octets), s.signature));
}

function ended(r: Roster): Fault {
  return new ExpiredRoster(
    "conflict", `the roster ended at ${new Date(r.expires).toISOString()}`,
    "start another of your devices, so that this one hears of the newest",
  );
}

/** Why a roster that ended is refused. */
export class ExpiredRoster extends Fault {}

/** Why the roster that is held already is not taken again. */
export class HeldRoster extends Fault {}

/**
 * Begins a history: what the roster says is checked against itself, and trust in it
 * comes from elsewhere (the phrase, or the comparison of §2.1).
 */
export async function first(now: number, s: Signed): Promise<History> {
  const r = rosterOf(s);
  if (!(await signedBy(s, r))) throw new Fault("corrupt", "the roster's signature is not by one of its devices");
  if (expired(r, now)) throw ended(r);
  return { current: s, previous: { octets: none, signer: none, signature: none } };
}

/** Takes a roster in, or says why not (spec §2). */
export async function accept(h: History, now: number, s: Signed): Promise<History> {
  const held = rosterOf(h.current);
  const r = rosterOf(s);
  const order = compare(s, h.current);
  if (!equal(r.root, held.root)) throw new Fault("forbidden", "the roster is another person's");
  if (order === 0) throw new HeldRoster("conflict", "this roster is held already");
  if (order < 0) {
    throw new Fault("conflict", `roster ${r.generation}.${r.epoch} is older than ${held.generation}.${held.epoch}, which is known`);
  }
  if (expired(r, now)) throw ended(r);
  if (!(await authorised(h, s, r, held))) {
    throw new Fault("forbidden", `roster ${r.generation}.${r.epoch} is signed by none who may`);
  }
  const sibling = r.generation === held.generation && r.epoch === held.epoch;
  return { current: s, previous: sibling ? h.previous : h.current };
}

/**
 * The root always; a device of the roster that is held, in the same generation; and,
 * for one of the same epoch, which was made at the same time, a device of the roster
 * that both were made from.
 */
async function authorised(h: History, s: Signed, r: Roster, held: Roster): Promise<boolean> {
  if (byRoot(s)) return signedBy(s, held);
  if (r.generation !== held.generation) return false;
  if (await signedBy(s, held)) return true;
  if (r.epoch !== held.epoch || h.previous.octets.length === 0) return false;
  const base = rosterOf(h.previous);
  return base.generation === r.generation && signedBy(s, base);
}

/** Orders rosters by generation, epoch, and hash. */
export function compare(a: Signed, b: Signed): number {
  const x = rosterOf(a);
  const y = rosterOf(b);
  return x.generation - y.generation || x.epoch - y.epoch || compareOctets(hash(a.octets), hash(b.octets));
}
