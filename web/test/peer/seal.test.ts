/** The vectors of spec/private-sharing.md and of spec/mailbox.md, all of them. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { Message, Relation } from "../../runtime/peer/contract.ts";
import * as seal from "../../runtime/peer/seal/index.ts";

// From where the tests are compiled to, or from where they are written.
const root = import.meta.url.slice(0, import.meta.url.lastIndexOf("/web/"));
const vectors = async (name: string) => JSON.parse(await readFile(new URL(`${root}/spec/vectors/${name}.json`), "utf8"));

interface QueueVector { relay: string; sender_seed: string; recipient_seed: string }
interface OwnVector { name: string; pairwise_seed: string; notice_secret: string; epoch_secret: string; queues: QueueVector[] }
interface MessageVector {
  kind: number; id: string; number: number; sent: number; expires: number; body: string; known: string[] | null; epoch: string;
}
interface ContextVector {
  note: string; root: string; relation: string; direction: number; notice: boolean; secret: string; enc: string;
  context: string; key: string;
  envelopes: { with_enc: boolean; nonce: string; message: MessageVector; encoded: string; envelope: string }[];
}

const file = await vectors("private-sharing");
const { hex, unhex } = seal;
const now = file.handshake.now as number;

/** The random octets that a vector was made with. */
const given = (octets: string) => (n: number) => {
  assert.equal(octets.length, 2 * n);
  return unhex(octets);
};

async function ownOf(v: OwnVector): Promise<seal.Own> {
  const secret = unhex(v.epoch_secret);
  return {
    name: v.name, pairwise: unhex(v.pairwise_seed), notice: unhex(v.notice_secret),
    epoch: { id: seal.epochOf(await seal.publicOf(secret)), private: secret, created: now },
    queues: v.queues.map((q) => ({ relay: q.relay, sender: unhex(q.sender_seed), recipient: unhex(q.recipient_seed) })),
  };
}

function shown(m: Message): MessageVector {
  return {
    kind: m.kind, id: m.id, number: m.number, sent: m.sent, expires: m.expires, body: hex(m.body ?? new Uint8Array()),
    known: m.known ?? null, epoch: hex(m.epoch ?? new Uint8Array()),
  };
}

const none = new Uint8Array();

function relationOf(c: ContextVector): Relation {
  const secret = unhex(c.secret);
  return {
    id: seal.relationOf(unhex(c.root)), kind: 1, side: seal.other(c.direction as seal.Side), root: unhex(c.root),
    notice: c.notice ? secret : none, peerNotice: none,
    epochs: c.notice ? [] : [{ id: "00".repeat(8), private: secret, created: 0 }],
    peerEpoch: { id: "00".repeat(8), public: none, seen: 0 }, in: [], out: [],
  };
}

test("keys and devices", async () => {
  for (const k of file.keys) {
    const half = await seal.publicOf(unhex(k.secret));
    assert.equal(hex(half), k.public);
    assert.equal(seal.epochOf(half), k.epoch);
  }
  for (const d of file.devices) {
    const root = await seal.publicKey(seal.rootSeed(unhex(d.root_seed)));
    assert.equal(hex(root), d.root_public);
    assert.equal(seal.deviceOf(root), d.device_of_root);
  }
});

test("contexts and their envelopes, both ways", async () => {
  for (const c of file.contexts as ContextVector[]) {
    const r = relationOf(c);
    assert.equal(r.id, c.relation);
    const first = c.envelopes[0];
    assert.ok(first?.with_enc);
    const { context } = await seal.openNew(r, unhex(first.envelope));
    assert.equal(context.id, c.context, c.note);
    assert.equal(hex(context.key), c.key, c.note);
    assert.deepEqual(seal.contextFrom(seal.decode(seal.encode(seal.contextValue(context)))), context);
    for (const e of c.envelopes) {
      const m = await seal.open(context, unhex(e.envelope));
      assert.deepEqual(shown(m), e.message, c.note);
      assert.equal(hex(seal.encodeMessage(m)), e.encoded);
      assert.equal(hex(await seal.seal(context, given(e.nonce), m, e.with_enc)), e.envelope, c.note);
    }
  }
});

test("bodies in the vectors are decoded and encoded again", () => {
  const kinds = new Map<number, (b: Uint8Array) => Uint8Array>([
    [3, (b) => seal.encodeAsk(seal.parseAsk(b))], [4, (b) => seal.encodeResponse(seal.parseResponse(b))],
    [13, (b) => seal.encodeOctets(seal.parseOctets(b, 8))],
  ]);
  let seen = 0;
  for (const e of (file.contexts as ContextVector[]).flatMap((c) => c.envelopes)) {
    const again = kinds.get(e.message.kind);
    if (again) assert.equal(hex(again(unhex(e.message.body))), e.message.body), seen++;
  }
  assert.equal(seen, 4);
});

test("invitations", () => {
  for (const v of file.invitations) {
    const i = seal.parseInvitation(`  https://kith.example/invite#${v.fragment}\n`);
    assert.deepEqual({ ...i, secret: hex(i.secret), public: hex(i.public) },
      { kind: v.kind, expires: v.expires_hours * 3_600_000, secret: v.secret, public: v.public, relays: v.relays });
    assert.equal(seal.invitationFragment(i), v.fragment);
    assert.equal(seal.invitationID(i), v.id);
    assert.deepEqual(i.relays.map((r) => hex(seal.contactQueue(i, r).sender ?? none)), v.sender_seeds);
  }
});

test("a handshake", async () => {
  const v = file.handshake;
  const i = seal.parseInvitation(v.fragment);
  assert.equal(hex(await seal.veil(i, 1, v.relay, unhex(v.veiled_join))), v.join);
  assert.equal(hex(await seal.veil(i, 2, v.relay, unhex(v.veiled_welcome))), v.welcome);
  const joining = await seal.openJoin(i, unhex(v.invitation_private), unhex(v.join));
  assert.equal(hex(joining.join.export), v.join_export);
  assert.equal(joining.peer.name, v.invitee.name);
  const m = await seal.openWelcome(now, i, joining.join, await ownOf(v.invitee), unhex(v.welcome));
  assert.deepEqual([hex(m.transcript), hex(m.welcome), hex(m.relation.root), m.relation.id, seal.other(m.relation.side)],
    [v.transcript, v.confirm, v.root, v.relation, v.inviter_direction]);
  assert.equal(await seal.safetyCode(m.relation, m.transcript), v.safety);
});

test("changing keys", async () => {
  const v = file.rekey;
  const i = seal.parseInvitation(file.handshake.fragment);
  const joining = await seal.openJoin(i, unhex(file.handshake.invitation_private), unhex(file.handshake.join));
  const old = await seal.openWelcome(now, i, joining.join, await ownOf(file.handshake.invitee), unhex(file.handshake.welcome));
  assert.equal(hex(old.relation.root), v.old_root);
  assert.equal(hex(seal.rekeyedTo(unhex(v.rekeyed))), hex(seal.hash(unhex(v.rekey))));
  const k = { body: unhex(v.rekey), export: unhex(v.rekey_export) };
  const next = await seal.finishRekey(now, old.relation, k, await ownOf(v.first), unhex(v.rekeyed));
  assert.deepEqual([hex(next.root), next.id], [v.root, v.relation]);
});

test("chunks, households and what relays are told", async () => {
  for (const c of file.chunks) {
    const chunk = await seal.sealChunk(unhex(c.key), c.index, unhex(c.part), c.size);
    assert.equal(hex(seal.hash(chunk)), c.sha256_of_chunk);
  }
  const h = file.household;
  const secret = unhex(h.secret);
  assert.equal(seal.householdOf(secret), h.id);
  assert.equal(hex(await seal.openTo(unhex(h.device_secret), "kith household 1", unhex(h.sealed_to_device))), h.content);
  const root = seal.ownRoot(secret, h.device_two, h.device_one);
  assert.equal(hex(root), h.own_root);
  const queue = (m: { relay: string; sender?: Uint8Array; recipient?: Uint8Array }) =>
    ({ relay: m.relay, sender_seed: hex(m.sender ?? none), recipient_seed: hex(m.recipient ?? none) });
  assert.deepEqual(queue(seal.ownQueue(root, 1, h.own_queue.relay)), h.own_queue);
  assert.deepEqual(queue(seal.rosterQueue(secret, h.device_one, h.roster_queue.relay)), h.roster_queue);
  assert.equal(hex(seal.backupKey(secret)), h.backup_secret);
  const backup = await seal.openFile(unhex(h.backup_secret), "kith backup 1", unhex(h.backup_file));
  assert.equal(new TextDecoder().decode(backup), "a backup");
  for (const p of file.put_ids) {
    assert.equal(seal.putID({ relay: "", sender: unhex(p.sender_seed) }, p.context, p.message_id), p.put_id);
  }
});

test("mailboxes: ids and signatures", async () => {
  const v = await vectors("mailbox");
  const place = { relay: unhex(v.relay), nonce: unhex(v.nonce) };
  const recipient = await seal.publicKey(unhex(v.queue.recipient_seed));
  const sender = await seal.publicKey(unhex(v.queue.sender_seed));
  assert.deepEqual([hex(recipient), hex(sender)], [v.queue.recipient_key, v.queue.sender_key]);
  assert.deepEqual([hex(seal.recipientID(recipient)), hex(seal.senderID(sender))], [v.queue.rid, v.queue.sid]);
  const seeds: Record<string, string> = {
    "PROVE, recipient": v.queue.recipient_seed, "PROVE, sender": v.queue.sender_seed,
    "PROVE, sender, after LOCK": v.queue.next_sender_seed, "NEW, 7 days": v.queue.recipient_seed, LOCK: v.queue.sender_seed,
  };
  let signed = 0;
  for (const r of v.records as { name: string; wire: string }[]) {
    const seed = seeds[r.name];
    if (!seed) continue;
    const payload = unhex(r.wire).subarray(9);
    const name = /^[A-Z]+/.exec(r.name)?.[0] as "PROVE" | "NEW" | "LOCK";
    const made = await seal.signCommand(place, name, payload.subarray(0, -64), unhex(seed));
    assert.equal(hex(made), hex(payload.subarray(-64)), r.name);
    signed++;
  }
  assert.equal(signed, 5);
  const body = Uint8Array.from({ length: 1536 }, (_, i) => (7 * i) & 255);
  const head = unhex(v.single_put.request_without_body).subarray(0, 41);
  assert.equal(hex(await seal.signPut(place.relay, head, body, unhex(v.queue.sender_seed))), v.single_put.signature);
});
