/**
 * A person's private side in a browser: their friends, devices, documents and what
 * friends sent, put together and kept going. A port of internal/sharing.
 */
import type { Body } from "../contract.ts";
import type { Item, Part, Parts } from "../library/index.ts";
import * as asks from "./asks.ts";
import * as documents from "./documents.ts";
import { Inner } from "./inner.ts";
import type { SharingOptions } from "./options.ts";
import * as persons from "./persons.ts";
import { state } from "./state.ts";
import type {
  Answer, Ask, Change, Deleted, DeviceView, DocumentView, FriendView, Holding, InvitationView, LinkView, Put, Removal, State,
} from "./types.ts";

export type { SharingOptions };
export type * from "./types.ts";

export class Sharing {
  /** For rooms of sharing/. */
  readonly inner: Inner;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  private constructor(i: Inner) {
    this.inner = i;
    this.#running = i.run(this.#stop.signal);
    this.#running.catch((error: unknown) => i.o.world.log("error", "the peer ended", { error: String(error) }));
  }

  /** Opens what the store keeps, and runs it until close. The store stays the caller's. */
  static async open(o: SharingOptions): Promise<Sharing> {
    return new Sharing(await Inner.open(o));
  }

  /** Ends what runs. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running.catch(() => undefined);
    await this.inner.turn.take(() => undefined);
  }

  /** Everything that a page shows. */
  state(): Promise<State> {
    return state(this.inner);
  }

  /** Waits until state is newer than version. */
  async changed(version: number, signal: AbortSignal): Promise<State> {
    await this.inner.changes.after(version, signal);
    return this.state();
  }

  /** Whether there is a person. */
  exists(): boolean {
    return this.inner.person.status().exists;
  }

  /** Runs what changes something, and tells who waits for changes. */
  async #changing<T>(f: Promise<T>): Promise<T> {
    try {
      return await f;
    } finally {
      this.inner.changes.note();
    }
  }

  create(name = ""): Promise<void> {
    return this.#changing(persons.create(this.inner, name));
  }

  rename(name: string): Promise<void> {
    return this.#changing(persons.rename(this.inner, name));
  }

  phrase(): Promise<string[]> {
    return persons.phrase(this.inner);
  }

  forgetPhrase(): Promise<void> {
    return persons.forgetPhrase(this.inner);
  }

  recover(words: readonly string[], name = ""): Promise<void> {
    return this.#changing(persons.recover(this.inner, words, name));
  }

  backup(): Promise<Uint8Array> {
    return persons.backup(this.inner);
  }

  /** The devices that a backup names; `this` is the one that made it. */
  backupDevices(words: readonly string[], file: Uint8Array): Promise<DeviceView[]> {
    return persons.backupDevices(this.inner, words, file);
  }

  restore(words: readonly string[], file: Uint8Array, keep: readonly string[] = []): Promise<void> {
    return this.#changing(persons.restore(this.inner, words, file, keep));
  }

  setRelays(relays: readonly string[]): Promise<void> {
    return this.#changing(persons.setRelays(this.inner, relays));
  }

  /** Takes the relays that an app names, where the person has none. */
  async offerRelays(relays: readonly string[]): Promise<void> {
    if (relays.length > 0 && this.inner.person.status().relays.length === 0) await this.setRelays(relays);
  }

  linkDevice(name = ""): Promise<InvitationView> {
    return this.#changing(persons.linkDevice(this.inner, name));
  }

  acceptDevice(link: string): Promise<LinkView> {
    return this.#changing(persons.acceptDevice(this.inner, link));
  }

  confirmDevice(id: string): Promise<void> {
    return this.#changing(persons.confirmDevice(this.inner, id));
  }

  cancelLink(id: string): Promise<void> {
    return this.#changing(persons.cancelLink(this.inner, id));
  }

  changeDevice(id: string, name = "", holds?: Holding): Promise<void> {
    return this.#changing(persons.changeDevice(this.inner, id, name, holds));
  }

  revokeDevice(id: string, words: readonly string[] = []): Promise<void> {
    return this.#changing(persons.revokeDevice(this.inner, id, words));
  }

  devices(): Promise<DeviceView[]> {
    return persons.shownDevices(this.inner);
  }

  /** Makes a link for one friend; expires is in ms, 0 is the usual time. */
  invite(name = "", expires = 0): Promise<InvitationView> {
    return this.#changing(persons.invite(this.inner, name, expires));
  }

  cancelInvitation(id: string): Promise<void> {
    return this.#changing(persons.cancelInvitation(this.inner, id));
  }

  accept(link: string, name = ""): Promise<FriendView> {
    return this.#changing(persons.accept(this.inner, link, name));
  }

  friends(): Promise<FriendView[]> {
    return Promise.all(this.inner.person.friends().map((f) => persons.shownFriend(this.inner, f)));
  }

  changeFriend(friend: string, change: { name?: string; verified?: boolean; blocked?: boolean }): Promise<FriendView> {
    return this.#changing(persons.changeFriend(this.inner, friend, change));
  }

  removeFriend(friend: string): Promise<Removal> {
    return this.#changing(persons.removeFriend(this.inner, friend));
  }

  setList(name: string, friends: readonly string[]): Promise<void> {
    return this.#changing(persons.setList(this.inner, name, friends));
  }

  removeList(name: string): Promise<void> {
    return this.#changing(persons.removeList(this.inner, name));
  }

  async put(p: Put): Promise<DocumentView> {
    const { item } = await this.#changing(documents.put(this.inner, p));
    return documents.shownItem(this.inner, item);
  }

  /** Stores octets of a document that comes in parts. */
  putPart(p: Put, part: Part): Promise<Parts> {
    return this.#changing(documents.putPart(this.inner, p, part));
  }

  async document(app: string, path: string): Promise<DocumentView> {
    return documents.shownItem(this.inner, await documents.stat(this.inner, app, path));
  }

  /** Reads a document; its body is to be closed. */
  async open(app: string, path: string): Promise<{ document: DocumentView; item: Item; body: Body }> {
    const { item, body } = await documents.open(this.inner, app, path);
    return { document: documents.shownItem(this.inner, item), item, body };
  }

  async documents(app = "", folder = "", label = ""): Promise<DocumentView[]> {
    return documents.shownItems(this.inner, await documents.list(this.inner, app, folder, label));
  }

  changeDocument(app: string, path: string, change: Change): Promise<DocumentView> {
    return this.#changing(documents.change(this.inner, app, path, change));
  }

  delete(app: string, path: string, ifMatch?: string): Promise<Deleted> {
    return this.#changing(documents.remove(this.inner, app, path, ifMatch));
  }

  async ask(a: Ask, signal?: AbortSignal): Promise<Answer> {
    return asks.ask(this.inner, a, signal);
  }

  question(id: string): Promise<Answer> {
    return asks.question(this.inner, id);
  }

  /** Erases the copies of what a friend sent, at a path or all. */
  forget(friend: string, path = ""): Promise<void> {
    return asks.forget(this.inner, friend, path);
  }
}
