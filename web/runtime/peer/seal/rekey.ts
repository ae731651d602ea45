/** Changing the keys of a relation (spec/private-sharing.md §7). */
import type { Relation } from "../contract.ts";
import { Fault } from "../fault.ts";
import { checkRelation } from "./context.ts";
import { Fields, record } from "./fields.ts";
import { decapsulate, encapsulate } from "./hpke.ts";
import { newRelation } from "./join.ts";
import { epochOf } from "./key.ts";
import { compare, concat, equal, expand, extract, hash, secretSize, unhex } from "./octets.ts";
import { checkKeys, publics, shown, type Own } from "./party.ts";
import { mailboxesFrom, mailboxesValue } from "./records.ts";
import { signMap, verifyMap } from "./sign.ts";

/** What the side that began keeps until rekeyed comes, with the Own that it was made of. */
export interface Rekeying {
  body: Uint8Array; // of the message rekey
  export: Uint8Array;
}

const rekeySignature = 6;
const rekeyedSignature = 7;
const label = "kith rekey 1";
const labelBack = "kith rekeyed 1";

const rekeyInfo = (r: Relation): Uint8Array => concat(label, unhex(r.id));
const rekeyedInfo = (rekey: Uint8Array): Uint8Array => concat(labelBack, hash(rekey));

const rekeyRoot = (r: Relation, first: Uint8Array, second: Uint8Array, rekey: Uint8Array): Uint8Array =>
  expand(extract(r.root, concat(first, second)), concat(label, hash(rekey)), secretSize);

/** Begins to change r's keys to those of me. The body is sent in r, the same each time. */
export async function makeRekey(r: Relation, me: Own): Promise<Rekeying> {
  checkRelation(r);
  const { enc, exported } = await encapsulate("xwing", r.peerEpoch.public, rekeyInfo(r), label);
  const keys = await publics(me);
  const map = record({
    1: keys.pairwise, 2: keys.notice, 3: keys.epoch, 4: mailboxesValue(shown(me.queues)), 5: enc,
    7: unhex(epochOf(r.peerEpoch.public)),
  });
  return { body: await signMap(map, rekeySignature, me.pairwise, label, unhex(r.id)), export: exported };
}

/** Reads keys of a rekey or rekeyed from the key `from` on. */
async function keysFrom(
  f: Fields,
  from: number,
): Promise<{ pairwise: Uint8Array; notice: Uint8Array; epoch: Uint8Array; queues: Relation["out"] }> {
  const keys = {
    pairwise: f.octets(from), notice: f.octets(from + 1), epoch: f.octets(from + 2), queues: mailboxesFrom(f.value(from + 3)),
  };
  await checkKeys(keys);
  return keys;
}

/** Takes the other side's rekey: the body of rekeyed, and the relation that follows r. */
export async function answerRekey(
  now: number, r: Relation, body: Uint8Array, me: Own,
): Promise<{ answer: Uint8Array; next: Relation }> {
  const f = Fields.of(body, "rekey");
  const theirs = await keysFrom(f, 1);
  await verifyMap(body, rekeySignature, theirs.pairwise, label, unhex(r.id));
  const epoch = r.epochs.find((e) => e.id === f.id(7, 8));
  if (!epoch) throw new Fault("not_found", `a rekey to the epoch ${f.id(7, 8)}, whose key is not here`);
  const first = await decapsulate("xwing", epoch.private, f.octets(5), rekeyInfo(r), label);
  const { enc, exported: second } = await encapsulate("xwing", theirs.epoch, rekeyedInfo(body), label);
  const keys = await publics(me);
  const map = record({
    1: hash(body), 2: keys.pairwise, 3: keys.notice, 4: keys.epoch, 5: mailboxesValue(shown(me.queues)), 6: enc,
  });
  const answer = await signMap(map, rekeyedSignature, me.pairwise, labelBack, unhex(r.id));
  return { answer, next: await newRelation(now, r.kind, rekeyRoot(r, first, second, body), me, theirs) };
}

/** Takes rekeyed, the answer to k: the relation that follows r. me is what k was made of. */
export async function finishRekey(now: number, r: Relation, k: Rekeying, me: Own, answer: Uint8Array): Promise<Relation> {
  const f = Fields.of(answer, "rekeyed");
  if (!equal(f.octets(1), hash(k.body))) throw new Fault("conflict", "rekeyed answers another rekey");
  const theirs = await keysFrom(f, 2);
  await verifyMap(answer, rekeyedSignature, theirs.pairwise, labelBack, unhex(r.id));
  const second = await decapsulate("xwing", me.epoch.private, f.octets(6), rekeyedInfo(k.body), label);
  return newRelation(now, r.kind, rekeyRoot(r, k.export, second, k.body), me, theirs);
}

/** Reports whether rekey a stands against b when both sides began at once. */
export function rekeyWins(a: Uint8Array, b: Uint8Array): boolean {
  return compare(hash(a), hash(b)) < 0;
}

/** The hash of the rekey that a rekeyed answers. */
export function rekeyedTo(answer: Uint8Array): Uint8Array {
  return Fields.of(answer, "rekeyed").octets(1);
}
