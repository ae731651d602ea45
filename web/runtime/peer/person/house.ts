/** The roster that this device holds: taking one in, telling others, making the next (spec §2). */
import { Fault } from "../fault.ts";
import { equal, householdOf, newSeed, openTo, rosterQueue, sealTo } from "../seal/index.ts";
import { flag, id, octets, pack, record, unpack } from "./codec.ts";
import * as local from "./local.ts";
import { day } from "./options.ts";
import { householdInboxes, others, outward, ownID, ownRelations, queueOf } from "./own.ts";
import { say, type Change } from "./record.ts";
import * as roster from "./roster.ts";
import type { Self } from "./self.ts";

/** What rosters are sealed for (spec §2.3). */
const rosterInfo = "kith household 1";

/** The content of a sealed roster. */
interface Notice {
  roster: Uint8Array;
  secret: Uint8Array; // of the household
  from: string;
  ack: boolean; // it answers one, and wants no answer
}
export const noticeShape = record<Notice>({ roster: [1, octets], secret: [2, octets], from: [3, id(8)], ack: [4, flag, true] });

/** Fills in the times and signs. */
export function sign(s: Self, r: roster.Roster, key: roster.SigningKey): Promise<roster.Signed> {
  const issued = s.now();
  return roster.sign({ ...r, issued, expires: issued + roster.lifetime }, key);
}

/** The roster that something new may be made from. */
export function base(s: Self): roster.Roster {
  const r = s.roster();
  if (!s.isIn(r)) {
    throw new Fault(
      "forbidden", "this device was removed from its person", "link it anew, or take everything back with the recovery phrase",
    );
  }
  if (roster.expired(r, s.now()) && r.devices.length > 1) {
    throw new Fault(
      "conflict", "what this device knows of your devices is too old to change",
      "let it hear of another of your devices first; a day without an answer is enough too",
    );
  }
  return r;
}

/**
 * Signs the successor of the held roster as this device and adopts it. The secret is
 * the household's when it changes.
 */
export async function issue(s: Self, c: Change, r: roster.Roster, secret = s.exists().secret): Promise<void> {
  const signed = await sign(s, { ...r, epoch: r.epoch + 1, household: householdOf(secret) }, s.key);
  await adopt(s, c, signed, secret);
}

/**
 * Takes a roster in that the held one allows, tells the others, and makes sure that
 * what this device changed is still in it.
 */
export async function adopt(s: Self, c: Change, signed: roster.Signed, secret: Uint8Array): Promise<void> {
  const h = await roster.accept(s.exists().history, s.now(), signed);
  await settle(s, c, h, secret);
  await insist(s, c);
}

/** Holds a history, and moves this device into its household. */
export async function settle(s: Self, c: Change, h: roster.History, secret: Uint8Array): Promise<void> {
  const r = roster.rosterOf(h.current);
  const inside = s.isIn(r);
  if (inside && householdOf(secret) !== r.household) {
    throw new Fault("corrupt", "the household secret is not the roster's");
  }
  const before = s.house;
  // Removed, it stays where it was, to hear of a roster that takes it back.
  const kept = inside || !before ? secret : before.secret;
  if (before && !equal(before.secret, kept)) {
    await s.putLocal(`earlier/${householdOf(before.secret)}`, local.earlier, { secret: before.secret, until: s.now() + s.o.earlier });
    c.effects.delete.push(...ownRelations(s).flatMap((rel) => rel.in));
    for (const d of others(s)) {
      const name = roster.idOf(d);
      if (inside && roster.find(r, name)) {
        c.effects.moved.push({ from: ownID(s, before.secret, name), to: ownID(s, secret, name) });
      }
    }
  }
  await meet(s, r, secret);
  s.house = { history: h, secret: kept, adopted: s.now(), noticed: 0 };
  s.own = undefined;
  try {
    await s.putLocal("house", local.house, s.house);
  } catch (error) {
    s.house = before;
    s.own = undefined;
    throw error;
  }
  c.effects.changed = c.effects.devices = true;
  c.effects.create.push(...householdInboxes(s).map(queueOf));
  await tell(s, c, r, true);
}

/** Puts the held roster into the roster queue of each device that has not shown that it has it. */
export async function tell(s: Self, c: Change, r: roster.Roster, anew: boolean): Promise<void> {
  if (!s.isIn(r)) return;
  const hash = roster.hashOf(s.exists().history.current);
  for (const d of r.devices) {
    const device = roster.idOf(d);
    const p = peer(s, device);
    if (anew) p.times = 0;
    if (device === s.id || p.has === hash || (!anew && s.now() - p.told < patience(s, p.times))) continue;
    await notify(s, c, d, p.secret, false);
    await setPeer(s, device, { ...p, told: s.now(), times: p.times + 1 });
  }
}

/** How long to wait before a device is told again: its queue must not fill up while it is away. */
const patience = (s: Self, times: number): number => (times < 12 ? s.o.repeat : day);

/** Puts the held roster into a device's roster queue in a household. */
async function notify(s: Self, c: Change, d: roster.Device, household: Uint8Array, ack: boolean): Promise<void> {
  const { history, secret } = s.exists();
  const plain = pack(noticeShape, { roster: roster.encodeSigned(history.current), secret, from: s.id, ack });
  const queues = d.relays.map((relay) => outward(rosterQueue(household, roster.idOf(d), relay)));
  c.raw(await say(queues, () => sealTo(s.o.world.random, d.xwing, rosterInfo, plain)));
}

/**
 * Remembers of each device of a roster that is about to be held where it is now: in
 * the household that this device is leaving, or, one that it has not heard of, in the
 * new one.
 */
async function meet(s: Self, r: roster.Roster, secret: Uint8Array): Promise<void> {
  for (const d of r.devices) {
    const device = roster.idOf(d);
    if (device === s.id || s.getLocal(peerKey(device), local.peer)) continue;
    const known = s.house && roster.find(s.roster(), device);
    await setPeer(s, device, { secret: known && s.house ? s.house.secret : secret, has: "", told: 0, times: 0 });
  }
}

const peerKey = (device: string): string => `peer/${device}`;

/** What this device knows of where another one is. */
export function peer(s: Self, device: string): local.Peer {
  return s.getLocal(peerKey(device), local.peer) ?? { secret: s.exists().secret, has: "", told: 0, times: 0 };
}

export const setPeer = (s: Self, device: string, p: local.Peer): Promise<void> => s.putLocal(peerKey(device), local.peer, p);

/** Takes a sealed roster in. */
export async function receiveRoster(s: Self, c: Change, body: Uint8Array): Promise<void> {
  const n = unpack(noticeShape, await openTo(s.device.xwing, rosterInfo, body));
  if (n.secret.length !== 32) throw new Fault("invalid", `sealed roster with a household secret of ${n.secret.length} octets`);
  const signed = roster.parse(n.roster);
  if (!s.house) throw new Fault("conflict", "a roster came before this device was linked");
  if (roster.rosterOf(signed).household !== householdOf(n.secret)) {
    throw new Fault("corrupt", "a roster came with the secret of another household");
  }
  let held = false;
  try {
    await adopt(s, c, signed, n.secret);
  } catch (error) {
    held = error instanceof roster.HeldRoster;
    if (!held) return answerStale(s, c, n, signed, error);
  }
  await setPeer(s, n.from, { ...peer(s, n.from), secret: n.secret, has: roster.hashOf(signed) });
  const d = roster.find(s.roster(), n.from);
  if (d && held && !n.ack) await notify(s, c, d, n.secret, true);
}

/** Tells a device that is behind what is newer. */
async function answerStale(s: Self, c: Change, n: Notice, signed: roster.Signed, refused: unknown): Promise<void> {
  const d = roster.find(s.roster(), n.from);
  if (!d || n.ack || roster.compare(signed, s.exists().history.current) >= 0) throw refused;
  await notify(s, c, d, n.secret, false);
}

/**
 * Makes a roster of its own where the adopted one lacks what this device changed,
 * unless the root signed it.
 */
async function insist(s: Self, c: Change): Promise<void> {
  if (roster.byRoot(s.exists().history.current)) {
    return s.putLocal("intent", local.intent, { removed: [], added: [], since: 0 });
  }
  const r = s.roster();
  if (!s.isIn(r)) return;
  const want = intent(s);
  const removed = want.removed.some((d) => roster.find(r, d));
  const next = roster.without(r, want.removed);
  let added = false;
  for (const d of want.added) {
    const name = roster.idOf(d);
    if (!roster.find(next, name) && !next.removed.includes(name) && next.devices.length < roster.maxDevices) {
      next.devices.push(d);
      added = true;
    }
  }
  const changed = renewEntry(s, next);
  if (removed || added || changed) await issue(s, c, next, removed ? newSeed(s.o.world.random) : undefined);
}

/** Writes what this device says of itself into its entry, and reports whether that is another than before. */
export function renewEntry(s: Self, r: roster.Roster): boolean {
  const at = r.devices.findIndex((d) => roster.idOf(d) === s.id);
  const before = r.devices[at];
  if (!before) return false;
  const mine = s.entry();
  r.devices[at] = mine;
  return !equal(pack(roster.deviceShape, before), pack(roster.deviceShape, mine));
}

/** Remembers what this device is about to change. */
export function intend(s: Self, removed: readonly string[], added: readonly roster.Device[]): Promise<void> {
  const i = intent(s);
  return s.putLocal("intent", local.intent, {
    removed: [...i.removed, ...removed], added: [...i.added, ...added], since: s.now(),
  });
}

function intent(s: Self): local.Intent {
  const i = s.getLocal("intent", local.intent);
  return !i || s.now() > i.since + roster.lifetime ? { removed: [], added: [], since: 0 } : i;
}
