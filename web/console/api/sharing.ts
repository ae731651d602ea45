// What the node's API says of the person, their friends, devices and documents,
// as package sharing writes it, and the calls that change them.

import type { Caller } from "./nearby.ts";

export interface Relay {
  readonly url: string;
  readonly connected: boolean;
  readonly error?: string;
}

export interface Person {
  readonly exists: boolean;
  readonly name?: string;
  readonly guard?: "keyring" | "passphrase" | "file";
  readonly guardNote?: string;
  readonly locked: boolean;
  /** Until the person said that the recovery phrase is written down. */
  readonly phraseUnseen: boolean;
  /** Whether another device shut this one out. */
  readonly removed?: boolean;
  readonly relays: readonly Relay[];
  /** Where friends reach this device themselves. */
  readonly direct: readonly string[];
  readonly documents: number;
  readonly octets: number;
  /** What the browser says it keeps and may, where there is no node. */
  readonly storage?: { readonly used: number; readonly allowed: number };
}

export interface Holding {
  readonly kind: "all" | "recent" | "apps";
  readonly days?: number;
  readonly apps?: readonly string[];
}

export interface OwnDevice {
  readonly id: string;
  readonly name: string;
  readonly this: boolean;
  readonly added: string;
  readonly heard?: string;
  readonly holds: Holding;
}

export interface DeviceLink {
  readonly id: string;
  /** Whether this device is the one that comes. */
  readonly new: boolean;
  readonly link?: string;
  readonly safety?: string;
  readonly state: "waiting" | "compare" | "confirmed" | "linked";
  readonly expires: string;
}

export interface Invitation {
  readonly id: string;
  readonly link?: string;
  readonly kind: "friend" | "device";
  readonly for?: string;
  readonly expires: string;
}

export interface Friend {
  readonly id: string;
  readonly name: string;
  /** What they call themselves: text of somebody else. */
  readonly says?: string;
  readonly since: string;
  readonly pending: boolean;
  readonly verified: boolean;
  readonly blocked: boolean;
  readonly safety?: string;
  /** Whether all keys changed after the codes were compared. */
  readonly changed?: boolean;
  readonly direct: boolean;
  readonly heard?: string;
  readonly waiting: number;
}

export interface FriendList {
  readonly name: string;
  readonly friends: readonly string[] | null;
}

export interface Question {
  readonly id: string;
  readonly friend: string;
  readonly path: string;
  readonly asked: string;
  readonly sent: boolean;
  readonly state: "waiting" | "answered";
  readonly status?: number;
}

export interface Receipt {
  readonly id: string;
  readonly friend?: string;
  readonly friends?: number;
  readonly paths: readonly string[] | null;
  readonly state: "asked" | "confirmed" | "unreachable";
  readonly asked: string;
  readonly answered?: string;
}

export interface SharingState {
  readonly version: number;
  readonly person: Person;
  readonly devices: readonly OwnDevice[];
  readonly links: readonly DeviceLink[];
  readonly friends: readonly Friend[];
  readonly invitations: readonly Invitation[];
  readonly lists: readonly FriendList[];
  readonly questions: readonly Question[];
  readonly receipts: readonly Receipt[];
}

export interface Audience {
  readonly kind: "nobody" | "some" | "all";
  readonly friends?: readonly string[];
  readonly lists?: readonly string[];
}

export interface OwnDocument {
  readonly path: string;
  readonly type: string;
  readonly size: number;
  readonly modified: string;
  readonly audience?: Audience;
  /** Whether its body is on this device. */
  readonly here: boolean;
}

export interface Deleted {
  readonly documents: number;
  readonly receipts?: readonly Receipt[];
}

/** What removing a friend did. */
export interface Removal {
  readonly copies: number;
  readonly audiences: number;
}

/** A document as its owner lists it: text of a friend. */
export interface TheirDocument {
  readonly path: string;
  readonly size: number;
  readonly modified: Date | undefined;
}

/** What a friend answered, or the question that nobody answered yet. */
export type Answer =
  | { readonly pending: string }
  | { readonly pending?: undefined; readonly body: Blob; readonly stale: boolean };

/** The ways to call the API that documents need beside JSON. */
export interface Transport extends Caller {
  ask(path: string, headers: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<Response>;
  put<T>(path: string, file: Blob, type: string, sent: (bytes: number) => void, signal: AbortSignal): Promise<T>;
}

/** How long a friend is waited for, in seconds. */
const patience = 10;

/** What the console does with friends, documents and devices. */
export class Sharing {
  readonly #api: Transport;

  constructor(api: Transport) {
    this.#api = api;
  }

  async create(name: string): Promise<void> {
    await this.#api.call("POST", "/person", { name });
  }

  /** Names the relays that keep this person's mailboxes; a node has them in its configuration. */
  async setRelays(relays: readonly string[]): Promise<void> {
    await this.#api.call("PUT", "/person/relays", { relays });
  }

  async rename(name: string): Promise<void> {
    await this.#api.call("PATCH", "/person", { name });
  }

  async phrase(): Promise<readonly string[]> {
    return (await this.#api.call<{ words: readonly string[] | null }>("GET", "/person/phrase")).words ?? [];
  }

  async phraseWritten(): Promise<void> {
    await this.#api.call("DELETE", "/person/phrase");
  }

  async recover(words: readonly string[], name: string): Promise<void> {
    await this.#api.call("POST", "/person/recover", { words, name });
  }

  async unlock(passphrase: string): Promise<void> {
    await this.#api.call("POST", "/person/unlock", { passphrase });
  }

  async lock(): Promise<void> {
    await this.#api.call("POST", "/person/lock");
  }

  /** Sets the passphrase; an empty one takes it off. */
  async setPassphrase(old: string, fresh: string): Promise<void> {
    await this.#api.call("PUT", "/person/passphrase", { old, new: fresh });
  }

  /** Makes a link by which one person becomes a friend; expires is in seconds. */
  async invite(whom: string, expires: number): Promise<Invitation> {
    return this.#api.call<Invitation>("POST", "/invitations", { for: whom, expires });
  }

  async cancelInvitation(id: string): Promise<void> {
    await this.#api.call("DELETE", `/invitations/${encodeURIComponent(id)}`);
  }

  async accept(link: string, name: string): Promise<Friend> {
    return this.#api.call<Friend>("POST", "/friends", { link, name });
  }

  async changeFriend(id: string, change: { readonly name?: string; readonly verified?: boolean; readonly blocked?: boolean }): Promise<void> {
    await this.#api.call("PATCH", `/friends/${encodeURIComponent(id)}`, change);
  }

  async removeFriend(id: string): Promise<Removal> {
    return this.#api.call<Removal>("DELETE", `/friends/${encodeURIComponent(id)}`);
  }

  async setList(name: string, friends: readonly string[]): Promise<void> {
    await this.#api.call("PUT", `/lists/${encodeURIComponent(name)}`, { name, friends });
  }

  async removeList(name: string): Promise<void> {
    await this.#api.call("DELETE", `/lists/${encodeURIComponent(name)}`);
  }

  /** Asks to make this home a device of a person who has others. */
  async linkDevice(name: string): Promise<Invitation> {
    return this.#api.call<Invitation>("POST", "/devices", { name });
  }

  async acceptDevice(link: string): Promise<DeviceLink> {
    return this.#api.call<DeviceLink>("POST", "/devices/accept", { link });
  }

  async confirmDevice(link: string): Promise<void> {
    await this.#api.call("POST", `/devices/${encodeURIComponent(link)}/confirm`);
  }

  async cancelLink(link: string): Promise<void> {
    await this.#api.call("DELETE", `/links/${encodeURIComponent(link)}`);
  }

  async changeDevice(id: string, change: { readonly name?: string; readonly holds?: Holding }): Promise<void> {
    await this.#api.call("PATCH", `/devices/${encodeURIComponent(id)}`, change);
  }

  async revokeDevice(id: string, words: readonly string[]): Promise<void> {
    await this.#api.call("DELETE", `/devices/${encodeURIComponent(id)}`, words.length > 0 ? { words } : undefined);
  }

  /** The person's own files, or the documents of an app. */
  async documents(app = ""): Promise<readonly OwnDocument[]> {
    const query = app === "" ? "" : `?app=${encodeURIComponent(app)}`;
    return (await this.#api.call<{ documents: readonly OwnDocument[] | null }>("GET", `/data/${query}`)).documents ?? [];
  }

  /** Keeps a file as a document. */
  async keep(path: string, file: File, audience: Audience, sent: (bytes: number) => void, signal: AbortSignal): Promise<OwnDocument> {
    const query = audienceQuery(audience).map((name) => `for=${encodeURIComponent(name)}`).join("&");
    return this.#api.put<OwnDocument>(`/data/${escapePath(path)}?${query}`, file, file.type || "application/octet-stream", sent, signal);
  }

  async show(path: string, audience: Audience): Promise<void> {
    await this.#api.call("PATCH", `/data/${escapePath(path)}`, { audience });
  }

  async deleteDocument(path: string): Promise<Deleted> {
    return this.#api.call<Deleted>("DELETE", `/data/${escapePath(path)}`);
  }

  async openDocument(path: string): Promise<Blob> {
    return (await this.#api.ask(`/data/${escapePath(path)}`, {})).blob();
  }

  /** What a friend lets this person see. */
  async theirs(friend: string, signal: AbortSignal): Promise<Answer> {
    return this.fetch(friend, "", signal);
  }

  /** Asks a friend for what is at a path, and leaves the question waiting when nobody answers. */
  async fetch(friend: string, path: string, signal?: AbortSignal): Promise<Answer> {
    // Without a header of ours the browser adds no-cache, which asks even where a copy will do.
    const headers = { Prefer: `wait=${patience}`, "Cache-Control": "max-age=0" };
    return answerOf(await this.#api.ask(`/friends/${encodeURIComponent(friend)}/data/${escapePath(path)}`, headers, signal));
  }

  /** Takes the answer to a question that waited. */
  async answer(question: string): Promise<Answer> {
    return answerOf(await this.#api.ask(`/questions/${encodeURIComponent(question)}`, {}));
  }

  /** Erases the copies of what a friend sent. */
  async forgetCopies(friend: string): Promise<void> {
    await this.#api.call("DELETE", `/friends/${encodeURIComponent(friend)}/data/`);
  }
}

async function answerOf(response: Response): Promise<Answer> {
  if (response.status === 202) {
    const at = response.headers.get("Location") ?? "";
    return { pending: at.slice(at.lastIndexOf("/") + 1) };
  }
  return { body: await response.blob(), stale: response.headers.get("Kith-Stale") === "?1" };
}

/** Names as the API's query takes them. */
function audienceQuery(a: Audience): string[] {
  if (a.kind !== "some") {
    return [a.kind];
  }
  const names = [...(a.friends ?? []), ...(a.lists ?? []).map((l) => `list:${l}`)];
  return names.length > 0 ? names : ["nobody"];
}

/** A path with each of its parts escaped. */
export function escapePath(path: string): string {
  return path.replace(/^\//, "").split("/").map(encodeURIComponent).join("/");
}

/** Reads a friend's listing, which may hold anything. */
export function readListing(text: string): readonly TheirDocument[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return [];
  }
  const items = isRecord(list) ? list["items"] : undefined;
  return Array.isArray(items) ? items.flatMap(theirDocument) : [];
}

function theirDocument(item: unknown): TheirDocument[] {
  if (!isRecord(item) || typeof item["path"] !== "string" || item["path"] === "") {
    return [];
  }
  const { path, size, modified } = item;
  const when = typeof modified === "number" ? new Date(modified) : undefined;
  return [{
    path,
    size: typeof size === "number" && size >= 0 ? size : 0,
    modified: when && !Number.isNaN(when.getTime()) ? when : undefined,
  }];
}

function isRecord(v: unknown): v is Readonly<Record<string, unknown>> {
  return typeof v === "object" && v !== null;
}

/** Whom a link is for, by its second octet (spec/private-sharing.md §2); undefined for what is no link. */
export function linkKind(link: string): "friend" | "device" | undefined {
  const fragment = link.trim().replace(/^[^#]*#/, "").replace(/^kith-join=/, "");
  if (!/^[\w-]{80,}$/.test(fragment)) {
    return undefined;
  }
  const head = atob(fragment.slice(0, 4).replaceAll("-", "+").replaceAll("_", "/"));
  const kind = head.charCodeAt(0) === 1 ? head.charCodeAt(1) : 0;
  return kind === 1 ? "friend" : kind === 2 ? "device" : undefined;
}
