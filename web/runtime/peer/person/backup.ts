/** Backups (spec §2.4). */
import { Fault } from "../fault.ts";
import { backupKey, concat, equal, openFile, sealFile, utf8 } from "../seal/index.ts";
import { id, integer, list, octets, pack, record, text, unpack } from "./codec.ts";
import { blank, recover } from "./create.ts";
import type { DeviceView } from "./device.ts";
import { setPeer } from "./house.ts";
import type { PersonEffects } from "./options.ts";
import { seedOf } from "./phrase.ts";
import * as roster from "./roster.ts";
import type { Self } from "./self.ts";

const magic = utf8("kith backup 1\n");
const info = "kith backup 1";
const maxBackup = 64 << 20;
const maxRecords = 60_000;

interface Kept { key: string; value: Uint8Array }
interface Backup { made: number; by: string; roster: Uint8Array; secret: Uint8Array; records: Kept[] }
const kept = record<Kept>({ key: [1, text], value: [2, octets] });
const backupShape = record<Backup>({
  made: [1, integer], by: [2, id(8)], roster: [3, octets], secret: [4, octets], records: [5, list(kept)],
});

/** The person's state (friends, invitations, names; no documents), sealed so that only the phrase opens it. */
export async function backup(s: Self): Promise<Uint8Array> {
  const { history, secret } = s.exists();
  const to = s.look().backup;
  if (to.length === 0) {
    throw new Fault("conflict", "this device does not know yet what backups are sealed to", "let it meet another of your devices first");
  }
  const plain = pack(backupShape, {
    made: s.now(), by: s.id, roster: roster.encodeSigned(history.current), secret,
    records: [...s.o.records.each("")].map(([key, value]) => ({ key, value })),
  });
  return concat(magic, await sealFile(s.o.world.random, to, info, plain));
}

async function openBackup(seed: Uint8Array, file: Uint8Array): Promise<Backup> {
  if (file.length > maxBackup || !equal(file.subarray(0, magic.length), magic)) {
    throw new Fault("invalid", `this file of ${file.length} octets is no backup`, "choose one that was written as a backup");
  }
  let plain: Uint8Array;
  try {
    plain = await openFile(backupKey(seed), info, file.subarray(magic.length));
  } catch (error) {
    throw new Fault("forbidden", "this recovery phrase does not open the backup", "it is another person's, or the file is damaged", error);
  }
  const b = unpack(backupShape, plain);
  if (b.secret.length !== 32 || b.records.length > maxRecords) throw new Fault("corrupt", "the backup cannot be read");
  return b;
}

/**
 * The devices that a backup names, the one that made it as `this`: for a person to say
 * which of them still exist.
 */
export async function devicesIn(words: string, file: Uint8Array): Promise<DeviceView[]> {
  const b = await openBackup(await seedOf(words), file);
  return roster.rosterOf(roster.parse(b.roster)).devices.map((d) => {
    const device = roster.idOf(d);
    return { id: device, name: d.name, this: device === b.by, added: d.added, holds: d.holds, knows: false };
  });
}

/**
 * Makes this device the person's by the phrase and a backup. It is a new device,
 * whatever it was before, and the one that made the backup is out. Devices in keep
 * stay: then friends and documents come from them. With none to keep, the backup's state
 * is taken, and all keys change with every friend.
 */
export async function restore(s: Self, words: string, file: Uint8Array, keep: readonly string[]): Promise<PersonEffects> {
  const seed = await seedOf(words);
  const b = await openBackup(seed, file);
  if (s.house) throw new Fault("conflict", "there is a person on this device already", "use another browser profile");
  if (!s.o.local.get("restoring")) blank(s); // else one was interrupted: it goes on
  const current = roster.parse(b.roster);
  const h = await roster.first(s.now(), current).catch((error: unknown) => {
    if (error instanceof roster.ExpiredRoster) return { current, previous: { octets: none, signer: none, signature: none } };
    throw error;
  });
  await s.o.local.apply(new Map([["restoring", Uint8Array.of(1)]]));
  if (keep.length === 0) { // there is nobody to tell
    await s.o.records.put(new Map(b.records.map((r) => [r.key, r.value])), []);
    s.refresh();
  }
  s.house = { history: h, secret: b.secret, adopted: s.now(), noticed: 0 };
  s.own = undefined;
  try {
    for (const d of roster.rosterOf(current).devices) {
      await setPeer(s, roster.idOf(d), { secret: b.secret, has: "", told: 0, times: 0 });
    }
    const e = await recover(s, seed, keep);
    await s.delLocal("restoring");
    return e;
  } catch (error) {
    s.house = s.own = undefined;
    throw error;
  }
}

const none = new Uint8Array();
