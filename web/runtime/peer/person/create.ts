/** How a person begins on this device: made, recovered by the phrase, or restored from a backup. */
import { Fault } from "../fault.ts";
import { backupKey, equal, householdOf, newSeed, publicKey, publicOf, rootSeed } from "../seal/index.ts";
import { adopt, settle, sign } from "./house.ts";
import * as local from "./local.ts";
import { join, noEffects, type PersonEffects } from "./options.ts";
import { phraseOf, seedOf } from "./phrase.ts";
import * as rec from "./record.ts";
import { changeKeys, mustChange } from "./rekey.ts";
import * as roster from "./roster.ts";
import type { Self } from "./self.ts";

/** What a person sees of themselves. */
export interface Status {
  exists: boolean;
  name: string;
  device: string; // the id of this one
  phraseUnseen: boolean; // until confirmPhrase
  removed: boolean; // this device was, by another one or the phrase
  relays: string[];
}

export function status(s: Self): Status {
  const exists = s.house !== undefined;
  return {
    exists, device: s.id, relays: s.relays(), name: exists ? s.name() : "",
    phraseUnseen: exists && s.o.local.get("seed") !== undefined, removed: exists && !s.isIn(),
  };
}

/** Makes a person whose only device is this one. Where there is a person it does nothing. */
export async function create(s: Self): Promise<PersonEffects> {
  if (s.house) return noEffects();
  const seed = newSeed(s.o.world.random);
  await s.putLocal("seed", local.seed, { seed });
  return begin(s, seed, 1, []);
}

async function rootKey(seed: Uint8Array): Promise<roster.SigningKey> {
  const key = rootSeed(seed);
  return { private: key, public: await publicKey(key) };
}

/** Makes the root sign a roster of this device and those that are kept, in a household of its own. */
async function begin(s: Self, seed: Uint8Array, generation: number, keep: readonly roster.Device[]): Promise<PersonEffects> {
  const root = await rootKey(seed);
  const secret = newSeed(s.o.world.random);
  const signed = await sign(s, {
    version: 1, root: root.public, generation, epoch: 0, issued: 0, expires: 0, devices: [s.entry(), ...keep],
    household: householdOf(secret), removed: [],
  }, root);
  const c = new rec.Change();
  c.put(rec.at.backup, rec.backup, { public: await publicOf(backupKey(seed)) });
  if (s.house) await adopt(s, c, signed, secret);
  else await settle(s, c, await roster.first(s.now(), signed), secret);
  return s.commit(c);
}

/** The recovery phrase, until confirmPhrase. */
export async function phrase(s: Self): Promise<string> {
  const kept = s.getLocal("seed", local.seed);
  if (!kept) {
    throw new Fault(
      "not_found", "the recovery phrase is not on this device",
      "it was shown once, on the device on which the person was made, and erased when it was written down",
    );
  }
  return phraseOf(kept.seed);
}

/** Erases the phrase: the person wrote it down. words may be empty; if not, they have to be it. */
export async function confirmPhrase(s: Self, words: string): Promise<void> {
  const kept = s.getLocal("seed", local.seed);
  if (!kept) return;
  if (words.trim() !== "" && !equal(await seedOf(words), kept.seed)) {
    throw new Fault("invalid", "these words are another phrase", "compare what you wrote down");
  }
  await s.delLocal("seed");
}

/**
 * Makes this device the person's by the phrase: where they had none, or as the last
 * resort against whoever took their devices. Nothing that a device signed before counts
 * after it. Of the devices that this one knows it keeps those in keep.
 */
export async function recover(s: Self, seed: Uint8Array, keep: readonly string[]): Promise<PersonEffects> {
  let generation = Math.floor(s.now() / 1000);
  let kept: roster.Device[] = [];
  if (s.house) {
    const r = await ofSeed(s, seed);
    generation = Math.max(generation, r.generation + 1);
    const { previous } = s.house.history;
    const known = [...r.devices, ...(previous.octets.length > 0 ? roster.rosterOf(previous).devices : [])];
    kept = keep.flatMap((id) => known.find((d) => id !== s.id && roster.idOf(d) === id) ?? []);
  } else {
    blank(s);
  }
  await s.delLocal("seed"); // a phrase that was typed in is written down
  let e = await mustChange(s);
  e = join(e, await begin(s, seed, generation, kept));
  return join(e, await changeKeys(s));
}

/** The roster, if the seed is its root's. */
export async function ofSeed(s: Self, seed: Uint8Array): Promise<roster.Roster> {
  const r = s.roster();
  if (!equal((await rootKey(seed)).public, r.root)) {
    throw new Fault("forbidden", "this is another person's recovery phrase", "to be that person, use another browser profile");
  }
  return r;
}

/** Refuses to bury a person's state under another's. */
export function blank(s: Self): void {
  const v = s.look();
  if (v.friends.size + v.invites.size + v.accepts.size > 0) {
    throw new Fault("conflict", "this place holds somebody's friends", "use another browser profile");
  }
}
