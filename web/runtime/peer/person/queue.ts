/** Which relays keep what others write to this person (spec §4.3). */
import { MessageKind, type Inbox, type Mailbox, type Message } from "../contract.ts";
import { Fault } from "../fault.ts";
import { compare, encodeQueues, parseQueues } from "../seal/index.ts";
import { checkQueues, checkRelay, newQueues } from "./handshake.ts";
import { issue, renewEntry } from "./house.ts";
import { day, join, noEffects, type PersonEffects } from "./options.ts";
import { householdInboxes, outward, queueOf } from "./own.ts";
import * as rec from "./record.ts";
import { expired } from "./roster.ts";
import type { Self } from "./self.ts";
import { each, mute, type RelationView } from "./view.ts";

/** Refuses what cannot be a person's relays; returns them in order, each once. */
function checked(s: Self, wanted: readonly string[]): string[] {
  if (wanted.length === 0 || wanted.length > 8) {
    throw new Fault("invalid", `${wanted.length} relays`, "name 1 to 8; two are recommended");
  }
  for (const r of wanted) checkRelay(s, r);
  return [...new Set(wanted)].sort();
}

/** Changes the relays of this device, where there is no person yet. */
export async function useRelays(s: Self, wanted: readonly string[]): Promise<void> {
  const relays = checked(s, wanted);
  await s.putLocal("relays", rec.relays, { relays });
  s.o.relays = relays;
}

/** Changes the relays. Friends are told; the queues before are listened to for a while. */
export async function setRelays(s: Self, wanted: readonly string[]): Promise<PersonEffects> {
  const relays = checked(s, wanted);
  s.exists();
  const v = s.look();
  if (v.relays.join("\n") === relays.join("\n")) return noEffects();
  const c = new rec.Change();
  c.put(rec.at.relays, rec.relays, { relays });
  for (const [, r] of each(v.relations)) if (!mute(v, r).leaving) moveQueues(s, c, r, relays);
  const first = await s.commit(c);
  const own = new rec.Change();
  await update(s, own);
  own.effects.create.push(...householdInboxes(s).map(queueOf));
  return join(first, await s.commit(own));
}

/** Issues a roster if this device's entry is another than the held one's, and it may. */
export async function update(s: Self, c: rec.Change): Promise<void> {
  const r = s.roster();
  if (!s.isIn(r) || (expired(r, s.now()) && r.devices.length > 1)) return;
  if (renewEntry(s, r)) await issue(s, c, r);
}

/** Gives a relation an inbox on each of the relays and says so. */
function moveQueues(s: Self, c: rec.Change, r: RelationView, relays: readonly string[]): void {
  const prefix = `${rec.at.in}${r.id}/`;
  const now: Mailbox[] = [];
  let missing = [...relays];
  for (const [name, q] of each(r.in)) {
    const kept = { ...q };
    if (missing.includes(q.mailbox.relay)) { // stays, or comes back
      missing = missing.filter((m) => m !== q.mailbox.relay);
      kept.until = 0;
      now.push(q.mailbox);
    } else if (q.until === 0) {
      kept.until = s.now() + s.o.queues;
    } else {
      continue;
    }
    c.put(prefix + name, rec.queue, kept);
  }
  const fresh = newQueues(s, missing);
  for (const q of fresh) c.put(prefix + rec.queueName(q), rec.queue, { mailbox: q, since: s.now(), until: 0 });
  c.create(fresh);
  const none = new Uint8Array();
  const shown = [...now, ...fresh].map(outward).sort((a, b) => compare(a.sender ?? none, b.sender ?? none));
  c.send(r.id, MessageKind.queues, encodeQueues(shown));
}

/** A message of the kind queues: where the friend is to be written to now. */
export function queues(s: Self, c: rec.Change, r: RelationView, m: Message): void {
  const all = parseQueues(m.body ?? new Uint8Array());
  checkQueues(s, all);
  if (m.sent < r.out.sent) return; // an older one that was late
  c.put(rec.at.out + r.id, rec.out, { queues: all, sent: m.sent });
}

/**
 * A message came by an inbox: the other side uses it, so those that it replaced are not
 * needed but for what is in them or on its way: a day.
 */
export function arrived(s: Self, i: Inbox): Promise<PersonEffects> {
  const c = new rec.Change();
  const r = s.look().relations.get(i.relation ?? "");
  const used = r?.in.get(rec.queueName(i.mailbox));
  if (r && used?.until === 0) {
    for (const [name, q] of each(r.in)) {
      const until = s.now() + day;
      // Only what was replaced before this queue was made: another may still be on its way.
      if (q.until > until && q.until - s.o.queues <= used.since) c.put(`${rec.at.in}${r.id}/${name}`, rec.queue, { ...q, until });
    }
  }
  return s.commit(c);
}
