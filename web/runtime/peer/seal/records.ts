/** What records and states keep, as CBOR with the keys that Go gives them. */
import type { Epoch, Mailbox, PartyKind, Relation } from "../contract.ts";
import { Fault } from "../fault.ts";
import type { Value } from "./cbor.ts";
import { sideFrom } from "./context.ts";
import { Fields, omitEmpty, record } from "./fields.ts";
import type { Join } from "./join.ts";
import { unhex } from "./octets.ts";
import type { Own } from "./party.ts";
import type { Rekeying } from "./rekey.ts";

export function mailboxValue(m: Mailbox): Value {
  return record({ 1: m.relay, 2: omitEmpty(m.sender), 3: omitEmpty(m.recipient), 4: omitEmpty(m.lock) });
}

export function mailboxFrom(v: Value): Mailbox {
  const f = Fields.from(v, "mailbox");
  const m: Mailbox = { relay: f.text(1) };
  if (f.octets(2).length > 0) m.sender = f.octets(2);
  if (f.octets(3).length > 0) m.recipient = f.octets(3);
  if (f.octets(4).length > 0) m.lock = f.octets(4);
  return m;
}

export function mailboxesValue(all: readonly Mailbox[]): Value {
  return all.map(mailboxValue);
}

/** A list of mailboxes; null and nothing are an empty one, as in Go. */
export function mailboxesFrom(v: Value | undefined): Mailbox[] {
  if (v === undefined || v === null) return [];
  if (!Array.isArray(v)) throw new Fault("invalid", "mailboxes: not a list");
  return (v as readonly Value[]).map(mailboxFrom);
}

export function epochValue(e: Epoch): Value {
  return record({ 1: unhex(e.id, 8), 2: e.private, 3: e.created, 4: omitEmpty(e.superseded) });
}

export function epochFrom(v: Value): Epoch {
  const f = Fields.from(v, "epoch");
  const e: Epoch = { id: f.id(1, 8), private: f.octets(2), created: f.int(3) };
  if (f.int(4) !== 0) e.superseded = f.int(4);
  return e;
}

/** Own has no numbers in Go, but the names of its fields. */
export function ownValue(o: Own): Value {
  return new Map<string, Value>([
    ["Name", o.name], ["Pairwise", o.pairwise], ["Notice", o.notice], ["Epoch", epochValue(o.epoch)],
    ["Queues", mailboxesValue(o.queues)],
  ]);
}

export function ownFrom(v: Value): Own {
  if (!(v instanceof Map)) throw new Fault("invalid", "own keys: not a map");
  const map = v as ReadonlyMap<string | number, Value>;
  const names = ["Name", "Pairwise", "Notice", "Epoch", "Queues"];
  const f = Fields.from(new Map(names.map((name, i) => [i, map.get(name) ?? null])), "own keys");
  return {
    name: f.text(0), pairwise: f.octets(1), notice: f.octets(2), epoch: epochFrom(f.value(3) ?? null),
    queues: mailboxesFrom(f.value(4)),
  };
}

export function joinValue(j: Join): Value {
  return record({ 1: j.octets, 2: j.export });
}

export function joinFrom(v: Value): Join {
  const f = Fields.from(v, "join");
  return { octets: f.octets(1), export: f.octets(2) };
}

export function rekeyingValue(k: Rekeying): Value {
  return record({ 1: k.body, 2: k.export });
}

export function rekeyingFrom(v: Value): Rekeying {
  const f = Fields.from(v, "rekeying");
  return { body: f.octets(1), export: f.octets(2) };
}

export function relationValue(r: Relation): Value {
  return record({
    1: unhex(r.id, 16), 2: r.kind, 3: r.side, 4: r.root, 5: r.notice, 6: r.peerNotice,
    7: omitEmpty(r.pairwise), 8: omitEmpty(r.peerKey), 9: r.epochs.map(epochValue),
    10: record({ 1: unhex(r.peerEpoch.id, 8), 2: r.peerEpoch.public, 3: r.peerEpoch.seen }),
    11: mailboxesValue(r.in), 12: mailboxesValue(r.out),
  });
}

export function relationFrom(v: Value): Relation {
  const f = Fields.from(v, "relation");
  const peer = Fields.from(f.value(10) ?? new Map(), "epoch of the other side");
  const r: Relation = {
    id: f.id(1, 16), kind: kindFrom(f.uint(2)), side: sideFrom(f.uint(3)), root: f.octets(4),
    notice: f.octets(5), peerNotice: f.octets(6), epochs: f.list(9).map(epochFrom),
    peerEpoch: { id: peer.id(1, 8), public: peer.octets(2), seen: peer.int(3) },
    in: mailboxesFrom(f.value(11)), out: mailboxesFrom(f.value(12)),
  };
  if (f.octets(7).length > 0) r.pairwise = f.octets(7);
  if (f.octets(8).length > 0) r.peerKey = f.octets(8);
  return r;
}

/** A kind of relation or invitation that was read. */
export function kindFrom(n: number): PartyKind {
  if (n !== 1 && n !== 2) throw new Fault("invalid", `a relation of kind ${n}`);
  return n;
}
