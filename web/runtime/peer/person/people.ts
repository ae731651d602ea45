/** What exchange/ asks: relations, queues, and what comes by them. */
import { MessageKind, type Effects, type Inbox, type Mailbox, type Message, type Relation } from "../contract.ts";
import { Fault } from "../fault.ts";
import { compare } from "../seal/index.ts";
import { bye } from "./friend.ts";
import { receiveRoster } from "./house.ts";
import { confirm, receiveJoin, receiveWelcome } from "./invite.ts";
import { dropLinks, links, receiveLink } from "./link.ts";
import type { PersonEffects } from "./options.ts";
import { householdInboxes, ownRelations, rosterInbox } from "./own.ts";
import { queues } from "./queue.ts";
import { Change } from "./record.ts";
import { receiveRekeyed, rekey } from "./rekey.ts";
import type { Self } from "./self.ts";
import { current, each, mute, open, whole, type RelationView, type View } from "./view.ts";

/** A relation that messages may be sealed or opened in: of a friend who is not blocked, or of an own device. */
export function relation(s: Self, id: string): Relation | undefined {
  const v = s.look();
  const r = v.relations.get(id);
  if (!r) return ownRelations(s).find((o) => o.id === id);
  const { blocked, leaving } = mute(v, r);
  return blocked ? undefined : used(v, r, leaving);
}

/** A relation as exchange/ uses it. */
function used(v: View, r: RelationView, quiet: boolean): Relation {
  const all = v.friends.get(r.record.friend)?.all ?? [];
  const ending = all.some((next) => next.record.follows === r.id && next.pending && !next.record.first);
  return { ...whole(r, quiet), ...(ending && { ending }) };
}

/**
 * The relations that others follow by now, with those: what waits in them is to go
 * there. Another own device may have seen to it that it is so.
 */
export function moves(s: Self): Effects["moved"] {
  const out: Effects["moved"] = [];
  for (const [, f] of each(s.look().friends)) {
    const now = current(f);
    if (!now || f.leaving !== 0 || open(f)) continue;
    for (const { record: { follows } } of f.all) {
      if (follows !== none && follows !== now.id) out.push({ from: follows, to: now.id });
    }
  }
  return out;
}

const none = "00".repeat(16);

/** All of those. */
export function relations(s: Self): Relation[] {
  const v = s.look();
  const all: Relation[] = [];
  for (const [, r] of each(v.relations)) {
    const { blocked, leaving } = mute(v, r);
    if (!blocked) all.push(used(v, r, leaving));
  }
  return [...all, ...ownRelations(s)].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The queues that this device listens to; those with an invitation bring raw bodies, for receive. */
export function inboxes(s: Self): Inbox[] {
  const v = s.look();
  const all: Inbox[] = [];
  const add = (invitation: string, list: readonly Mailbox[]): void => {
    for (const mailbox of list) all.push({ mailbox, invitation });
  };
  for (const [, r] of each(v.relations)) {
    const { blocked, leaving } = mute(v, r);
    if (blocked || leaving) continue;
    for (const [, q] of each(r.in)) all.push({ mailbox: q.mailbox, relation: r.id });
  }
  for (const [id, r] of each(v.invites)) add(id, r.queues);
  for (const [id, r] of each(v.accepts)) add(id, r.own.queues);
  for (const [id, r] of each(v.rekeys)) add(id, r.own.queues);
  for (const [id, r] of links(s)) {
    if (r.new) add(id, r.contact);
    if (r.own) add(id, r.own.queues);
  }
  all.push(...householdInboxes(s));
  const empty = new Uint8Array();
  return all.sort((a, b) => compare(a.mailbox.recipient ?? empty, b.mailbox.recipient ?? empty));
}

/**
 * Takes a raw body in: a join, a welcome, an answer to a rekey, a note of a link or a
 * roster. One that is refused is to be dropped like one that was taken.
 */
export async function receive(s: Self, i: Inbox, body: Uint8Array): Promise<PersonEffects> {
  const v = s.look();
  const c = new Change();
  const id = i.invitation ?? "";
  const { relay } = i.mailbox;
  const invite = v.invites.get(id);
  const accept = v.accepts.get(id);
  const changing = v.rekeys.get(id);
  const link = links(s).get(id);
  if (id === rosterInbox) {
    await receiveRoster(s, c, body);
    await dropLinks(s, c); // a device that was linked is in
  } else if (invite) await receiveJoin(s, c, id, invite, relay, body);
  else if (accept) await receiveWelcome(s, c, id, accept, relay, body);
  else if (changing) await receiveRekeyed(s, c, id, changing, body);
  else if (link) await receiveLink(s, c, id, link, relay, body);
  else throw new Fault("not_found", `a body came for ${id}, which nobody waits for`);
  return s.commit(c);
}

/** Takes a message of a relation in: confirm, queues, rekey or bye. */
export async function handle(s: Self, from: string, m: Message): Promise<PersonEffects> {
  const v = s.look();
  const r = v.relations.get(from);
  if (!r) throw new Fault("not_found", `a message of kind ${m.kind} came in relation ${from}, which is none of a friend`);
  const { blocked, leaving } = mute(v, r);
  if (blocked || leaving) throw new Fault("forbidden", `a message of kind ${m.kind} came from somebody who is no friend any more`);
  const c = new Change();
  const body = m.body ?? new Uint8Array();
  switch (m.kind) {
    case MessageKind.confirm:
      confirm(s, c, r, body);
      break;
    case MessageKind.queues:
      queues(s, c, r, m);
      break;
    case MessageKind.rekey:
      await rekey(s, c, r, body);
      break;
    case MessageKind.bye:
      bye(s, c, r);
      break;
    default:
      throw new Fault("unsupported", `a message of kind ${m.kind} is not the person's business`);
  }
  return s.commit(c);
}

/** The name that a friend keeps however their keys change; none for one who is blocked or being removed. */
export function stable(s: Self, id: string): string | undefined {
  const v = s.look();
  const f = v.friends.get(v.relations.get(id)?.record.friend ?? "");
  return f && f.leaving === 0 && !f.blocked ? f.id : undefined;
}

/** The relation that a friend is written to by. */
export function currentOf(s: Self, friend: string): string | undefined {
  const f = s.look().friends.get(friend);
  return f && f.leaving === 0 && !f.blocked && !open(f) ? current(f)?.id : undefined;
}
