/** Relations and their contexts (spec/private-sharing.md §3). */
import type { Epoch, Relation } from "../contract.ts";
import { Fault } from "../fault.ts";
import type { Value } from "./cbor.ts";
import { Fields, omitEmpty, record } from "./fields.ts";
import { decapsulate, encapsulate } from "./hpke.ts";
import { epochOf } from "./key.ts";
import { compare, concat, expand, extract, hash, hex, secretSize, unhex } from "./octets.ts";

/** A direction of a relation (§3.2). */
export type Side = 1 | 2;

/**
 * What both ends of a context know. Who sends keeps its own; who receives may be
 * told enc by another device of its person. It is plain data.
 */
export interface Context {
  id: string; // 8 octets
  relation: string;
  direction: Side;
  enc: Uint8Array;
  key: Uint8Array;
  epoch: string; // zeros: opened with the notice key
  notice: boolean;
}

/** The other direction. */
export function other(side: Side): Side {
  return side === 1 ? 2 : 1;
}

/** The direction of what the side with `mine` sends: pairwise public keys, or device ids. */
export function sideOf(mine: Uint8Array, theirs: Uint8Array): Side {
  const order = compare(mine, theirs);
  if (order === 0) throw new Fault("invalid", `both sides of the relation say that they are ${hex(mine)}`);
  return order < 0 ? 1 : 2;
}

/** The id of the relation with this root secret. */
export function relationOf(root: Uint8Array): string {
  return hex(expand(root, "kith relation 1", 16));
}

/** Makes a context to the newest epoch of the other side. */
export function newSendContext(r: Relation): Promise<Context> {
  return newContext(r, r.peerEpoch.public, false);
}

/** Makes a context to the notice key of the other side. It seals keys and unknown alone. */
export function newNoticeContext(r: Relation): Promise<Context> {
  return newContext(r, r.peerNotice, true);
}

async function newContext(r: Relation, publicKey: Uint8Array, notice: boolean): Promise<Context> {
  checkRelation(r);
  const { enc, exported } = await encapsulate("xwing", publicKey, contextInfo(r.id, r.side, notice), "kith context 1");
  return {
    id: contextOf(enc), relation: r.id, direction: r.side, enc, key: contextSecret(r.root, exported),
    epoch: epochOf(publicKey), notice,
  };
}

/** The other end of newSendContext. */
export function openContext(r: Relation, e: Epoch, enc: Uint8Array): Promise<Context> {
  return openContextWith(r, e.private, e.id, enc, false);
}

/** openContext with one of this side's private keys. */
export async function openContextWith(
  r: Relation, secret: Uint8Array, epoch: string, enc: Uint8Array, notice: boolean,
): Promise<Context> {
  checkRelation(r);
  const direction = other(r.side);
  const exported = await decapsulate("xwing", secret, enc, contextInfo(r.id, direction, notice), "kith context 1");
  return { id: contextOf(enc), relation: r.id, direction, enc, key: contextSecret(r.root, exported), epoch, notice };
}

/** The id of the context with this encapsulation. */
export function contextOf(enc: Uint8Array): string {
  return hex(hash("kith context 1", enc).subarray(0, 8));
}

function contextInfo(relation: string, direction: Side, notice: boolean): Uint8Array {
  return concat(notice ? "kith notice 1" : "kith context 1", unhex(relation), Uint8Array.of(direction));
}

function contextSecret(root: Uint8Array, exported: Uint8Array): Uint8Array {
  return expand(extract(root, exported), "kith envelope 1", secretSize);
}

/** Refuses a relation that nothing must be sealed or opened with. */
export function checkRelation(r: Relation): void {
  if (r.root.length !== secretSize) throw new Fault("internal", `relation ${r.id}: a root secret of ${r.root.length} octets`);
  if (r.side !== 1 && r.side !== 2) throw new Fault("internal", `relation ${r.id}: no direction`);
  if (relationOf(r.root) !== r.id) throw new Fault("internal", `relation ${r.id}: its root secret is of another`);
}

/** A context as it is kept. */
export function contextValue(c: Context): Value {
  return record({
    1: unhex(c.id), 2: unhex(c.relation), 3: c.direction, 4: c.enc, 5: c.key, 6: unhex(c.epoch), 7: omitEmpty(c.notice),
  });
}

/** What contextValue made. */
export function contextFrom(v: Value): Context {
  const f = Fields.from(v, "context");
  return {
    id: f.id(1, 8), relation: f.id(2, 16), direction: sideFrom(f.uint(3)), enc: f.octets(4), key: f.octets(5, secretSize),
    epoch: f.id(6, 8), notice: f.bool(7),
  };
}

/** A direction that was read. */
export function sideFrom(n: number): Side {
  if (n !== 1 && n !== 2) throw new Fault("invalid", `a direction ${n}`);
  return n;
}
