/**
 * Who somebody is, which devices are theirs, and who their friends are
 * (spec/private-sharing.md §2, §4, §7): a port of internal/person.
 *
 * It knows no network. Each method keeps what it changed, and returns what has to be
 * done: queues to make, bodies and messages to send. What is lost between keeping and
 * doing is said again by resume and tick.
 */
import type { Effects, Inbox, Message, People, Relation } from "../contract.ts";
import { backup, devicesIn, restore } from "./backup.ts";
import { confirmPhrase, create, phrase, recover, status, type Status } from "./create.ts";
import { devices, revoke, setDevice, type DeviceView } from "./device.ts";
import { eraseEpoch, learnEpoch, newEpoch } from "./epoch.ts";
import { changeFriend, findFriend, forget, friends, removeFriend, type Friend, type FriendChange } from "./friend.ts";
import { accept, cancel, invitations, invite, type InvitationView } from "./invite.ts";
import { acceptLink, cancelLink, confirmLink, links, shownLink, startLink, type Link } from "./link.ts";
import { checkName } from "./name.ts";
import { defaults, type Options, type PersonEffects } from "./options.ts";
import { deviceOfRelation } from "./own.ts";
import { currentOf, handle, inboxes, moves, receive, relation, relations, stable } from "./people.ts";
import { seedOf } from "./phrase.ts";
import { arrived, setRelays, useRelays } from "./queue.ts";
import * as rec from "./record.ts";
import type { Holds } from "./roster.ts";
import { Self } from "./self.ts";
import { resume, tick } from "./tick.ts";

export type { DeviceView, Friend, FriendChange, Holds, InvitationView, Link, Options, PersonEffects, Status };

/** One person on one device. */
export class Person implements People {
  readonly #s: Self;

  private constructor(s: Self) {
    this.#s = s;
  }

  /** There is no person until create, recover, restore or a finished link; the device's keys are made at once. */
  static async open(o: Options): Promise<Person> {
    return new Person(await Self.open(defaults(o)));
  }

  /** The id of this device. */
  get device(): string {
    return this.#s.id;
  }

  status(): Status {
    return status(this.#s);
  }

  create(): Promise<PersonEffects> {
    return create(this.#s);
  }

  phrase(): Promise<string> {
    return phrase(this.#s);
  }

  confirmPhrase(words = ""): Promise<void> {
    return confirmPhrase(this.#s, words);
  }

  /** Changes what friends are shown; those who are friends already keep what they were told. */
  async setName(name: string): Promise<PersonEffects> {
    const clean = checkName(name);
    this.#s.exists();
    const c = new rec.Change();
    c.put(rec.at.profile, rec.profile, { name: clean });
    return this.#s.commit(c);
  }

  async recover(words: string, keep: readonly string[] = []): Promise<PersonEffects> {
    return recover(this.#s, await seedOf(words), keep);
  }

  backup(): Promise<Uint8Array> {
    return backup(this.#s);
  }

  restore(words: string, file: Uint8Array, keep: readonly string[] = []): Promise<PersonEffects> {
    return restore(this.#s, words, file, keep);
  }

  /** The devices that a backup names, the one that made it as `this`. */
  devicesIn(words: string, file: Uint8Array): Promise<DeviceView[]> {
    return devicesIn(words, file);
  }

  devices(): DeviceView[] {
    return devices(this.#s);
  }

  setDevice(name: string, holds?: Holds): Promise<PersonEffects> {
    return setDevice(this.#s, name, holds);
  }

  revoke(ids: readonly string[], words = ""): Promise<PersonEffects> {
    return revoke(this.#s, ids, words);
  }

  setRelays(relays: readonly string[]): Promise<PersonEffects> {
    return setRelays(this.#s, relays);
  }

  /** Changes the relays of this device, where there is no person yet. */
  useRelays(relays: readonly string[]): Promise<void> {
    return useRelays(this.#s, relays);
  }

  startLink(): Promise<{ link: Link; effects: PersonEffects }> {
    return startLink(this.#s);
  }

  acceptLink(link: string): Promise<{ link: Link; effects: PersonEffects }> {
    return acceptLink(this.#s, link);
  }

  confirmLink(id: string): Promise<PersonEffects> {
    return confirmLink(this.#s, id);
  }

  cancelLink(id: string): Promise<PersonEffects> {
    return cancelLink(this.#s, id);
  }

  links(): Link[] {
    return [...links(this.#s)].map(([id, r]) => shownLink(this.#s, id, r));
  }

  /** Makes a link for one friend; a lifetime of zero is the usual one. */
  invite(whom = "", lifetime = 0): Promise<{ invitation: InvitationView; effects: PersonEffects }> {
    return invite(this.#s, whom, lifetime);
  }

  invitations(): InvitationView[] {
    return invitations(this.#s);
  }

  async cancel(id: string): Promise<PersonEffects> {
    return cancel(this.#s, id);
  }

  accept(link: string, name = ""): Promise<{ friend: Friend; effects: PersonEffects }> {
    return accept(this.#s, link, name);
  }

  friends(): Friend[] {
    return friends(this.#s);
  }

  find(name: string): Friend {
    return findFriend(this.#s, name);
  }

  async changeFriend(id: string, change: FriendChange): Promise<PersonEffects> {
    return changeFriend(this.#s, id, change);
  }

  async removeFriend(id: string): Promise<PersonEffects> {
    return removeFriend(this.#s, id);
  }

  /** Erases the keys of a friend who was removed, once their bye has left. */
  forget(relation: string): Promise<PersonEffects> {
    return forget(this.#s, relation);
  }

  /** The name that a friend keeps however their keys change, for audiences and copies. */
  stable(relation: string): string | undefined {
    return stable(this.#s, relation);
  }

  /** The relation that a friend is written to by. */
  current(friend: string): string | undefined {
    return currentOf(this.#s, friend);
  }

  /** Relations that others follow by now, with those. */
  moves(): Effects["moved"] {
    return moves(this.#s);
  }

  /** The own device that a relation is with. */
  deviceOf(relation: string): string | undefined {
    return deviceOfRelation(this.#s, relation);
  }

  /** Another device wrote records. */
  refresh(): void {
    this.#s.refresh();
  }

  /** A message came by an inbox. */
  arrived(inbox: Inbox): Promise<PersonEffects> {
    return arrived(this.#s, inbox);
  }

  tick(): Promise<PersonEffects> {
    return tick(this.#s);
  }

  resume(): Promise<PersonEffects> {
    return resume(this.#s);
  }

  async relation(id: string): Promise<Relation | undefined> {
    return relation(this.#s, id);
  }

  async relations(): Promise<Relation[]> {
    return relations(this.#s);
  }

  async inboxes(): Promise<Inbox[]> {
    return inboxes(this.#s);
  }

  receive(inbox: Inbox, body: Uint8Array): Promise<PersonEffects> {
    return receive(this.#s, inbox, body);
  }

  handle(from: string, m: Message): Promise<PersonEffects> {
    return handle(this.#s, from, m);
  }

  newEpoch(relation: string): Promise<PersonEffects> {
    return newEpoch(this.#s, relation);
  }

  learnEpoch(relation: string, key: Uint8Array): Promise<PersonEffects> {
    return learnEpoch(this.#s, relation, key);
  }

  eraseEpoch(relation: string, epoch: string): Promise<PersonEffects> {
    return eraseEpoch(this.#s, relation, epoch);
  }
}
