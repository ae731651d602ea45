/** The person, their devices and friends: what a page asks to be done. */
import { Fault } from "../fault.ts";
import type { Friend, Link, Person } from "../person/person.ts";
import type { Inner } from "./inner.ts";
import { iso, listHandle, noList } from "./names.ts";
import type { DeviceView, FriendView, Holding, InvitationView, LinkView, Removal } from "./types.ts";

/** Makes a person where there is none. A name that is not empty is what friends are told. */
export async function create(i: Inner, name: string): Promise<void> {
  await i.someone();
  if (name !== "") await rename(i, name);
}

export async function rename(i: Inner, name: string): Promise<void> {
  await i.someone();
  await i.act(async (a) => a.person(await i.person.setName(name)));
}

/** The words of the recovery phrase, until forgetPhrase. */
export async function phrase(i: Inner): Promise<string[]> {
  await i.someone();
  return (await i.turn.take(() => i.person.phrase())).split(" ");
}

/** The phrase was written down. */
export async function forgetPhrase(i: Inner): Promise<void> {
  await i.turn.take(() => i.person.confirmPhrase());
  i.changes.note();
}

function blank(p: Person): void {
  if (p.status().exists) {
    throw new Fault("conflict", "this browser is somebody's already", "use another profile of the browser");
  }
}

/** Makes this browser a device of the person whose phrase it is. */
export async function recover(i: Inner, words: readonly string[], name: string): Promise<void> {
  blank(i.person);
  await i.act(async (a) => a.person(await i.person.recover(words.join(" "))));
  if (name !== "") await rename(i, name);
}

export const backup = (i: Inner): Promise<Uint8Array> => i.turn.take(() => i.person.backup());

/** The devices that a backup names; `this` is the one that made it. */
export async function backupDevices(i: Inner, words: readonly string[], file: Uint8Array): Promise<DeviceView[]> {
  const named = await i.person.devicesIn(words.join(" "), file);
  return named.map((d) => ({ id: d.id, name: d.name, this: d.this, added: iso(d.added), holds: holding(d.holds) }));
}

/**
 * Makes this browser a device of the person whose phrase and backup these are. Devices
 * that the backup names may be kept, by name or id: then documents and friends come from
 * them. The others are out, and all keys change with every friend.
 */
export async function restore(i: Inner, words: readonly string[], file: Uint8Array, keep: readonly string[]): Promise<void> {
  blank(i.person);
  const phrase = words.join(" ");
  const named = keep.length > 0 ? await i.person.devicesIn(phrase, file) : [];
  const ids = keep.map((name) => named.find((d) => d.id === name || d.name.toLowerCase() === name.toLowerCase())?.id ?? noDevice(name));
  await i.act(async (a) => a.person(await i.person.restore(phrase, file, ids)));
}

function noDevice(name: string): never {
  throw new Fault(
    "not_found", `the backup names no device "${name.slice(0, 40)}"`,
    "keep devices that were linked before it was made, or link them anew",
  );
}

/** Changes the relays that keep this person's mailboxes. */
export async function setRelays(i: Inner, relays: readonly string[]): Promise<void> {
  if (!i.person.status().exists) return i.turn.take(() => i.person.useRelays(relays));
  await i.act(async (a) => a.person(await i.person.setRelays(relays)));
}

/** Makes a link that a device of the person has to take. */
export async function linkDevice(i: Inner, name: string): Promise<InvitationView> {
  return i.act(async (a) => {
    if (name !== "") a.person(await i.person.setDevice(name));
    const { link, effects } = await i.person.startLink();
    a.person(effects);
    return { id: link.id, link: link.link, kind: "device", expires: iso(link.expires) };
  });
}

/** Takes the link that a new device shows. */
export async function acceptDevice(i: Inner, text: string): Promise<LinkView> {
  await i.someone();
  return i.act(async (a) => {
    const { link, effects } = await i.person.acceptLink(text);
    a.person(effects);
    return shownLink(link);
  });
}

export const shownLink = (l: Link): LinkView => ({
  id: l.id, new: l.new, ...(l.link !== "" && { link: l.link }), ...(l.code !== "" && { safety: l.code }), state: l.state, expires: iso(l.expires),
});

export const cancelLink = (i: Inner, id: string): Promise<void> => i.act(async (a) => a.person(await i.person.cancelLink(id)));

/** Both devices show the same code. */
export const confirmDevice = (i: Inner, id: string): Promise<void> => i.act(async (a) => a.person(await i.person.confirmLink(id)));

/** Renames this device or says what it holds: only a device itself can. */
export async function changeDevice(i: Inner, id: string, name: string, holds: Holding | undefined): Promise<void> {
  if (id !== i.person.device) {
    throw new Fault("forbidden", "only a device itself says what it is called and holds", "do it on that device");
  }
  const holding = holds && held(holds);
  await i.act(async (a) => a.person(await i.person.setDevice(name, holding)));
  if (holding) i.hold(holding);
}

/** What the person's other devices are told of what this one holds. */
function held(h: Holding): { days: number; apps: string[] } {
  switch (h.kind) {
    case "all":
      return { days: 0, apps: [] };
    case "recent":
      if (!h.days || h.days < 0) throw new Fault("invalid", `recent documents of ${h.days ?? 0} days are none`, "give a number of days");
      return { days: h.days, apps: [] };
    case "apps":
      if (!h.apps?.length) throw new Fault("invalid", "no app is named whose documents are held", "name one");
      return { days: 0, apps: h.apps };
  }
  throw new Fault("invalid", `a device cannot hold "${String(h.kind).slice(0, 40)}"`, "it holds all, recent or apps");
}

export const holding = (h: { days: number; apps: string[] }): Holding =>
  h.apps.length > 0 ? { kind: "apps", apps: h.apps } : h.days > 0 ? { kind: "recent", days: h.days } : { kind: "all" };

/** Shuts a device out; with the words of the phrase no device can undo it. */
export async function revokeDevice(i: Inner, id: string, words: readonly string[]): Promise<void> {
  await i.act(async (a) => a.person(await i.person.revoke([id], words.join(" "))));
}

/** Makes a link for one friend. expires is in ms; 0 is the usual time. */
export async function invite(i: Inner, name: string, expires: number): Promise<InvitationView> {
  await i.someone();
  return i.act(async (a) => {
    const { invitation: v, effects } = await i.person.invite(name, expires);
    a.person(effects);
    return { id: v.id, link: v.link, kind: "friend", ...(v.for !== "" && { for: v.for }), expires: iso(v.expires) };
  });
}

export const cancelInvitation = (i: Inner, id: string): Promise<void> => i.act(async (a) => a.person(await i.person.cancel(id)));

/** Takes a friend's link. */
export async function accept(i: Inner, link: string, name: string): Promise<FriendView> {
  await i.someone();
  const friend = await i.act(async (a) => {
    const { friend: f, effects } = await i.person.accept(link, name);
    a.person(effects);
    return f;
  });
  return shownFriend(i, friend);
}

export async function changeFriend(
  i: Inner, name: string, change: { name?: string; verified?: boolean; blocked?: boolean },
): Promise<FriendView> {
  const id = await i.act(async (a) => {
    const f = i.person.find(name);
    a.person(await i.person.changeFriend(f.id, change));
    return f.id;
  });
  return shownFriend(i, i.person.find(id));
}

/** Ends a friendship, and says what that deletes. */
export function removeFriend(i: Inner, name: string): Promise<Removal> {
  return i.act(async (a) => {
    const f = i.person.find(name);
    const removal = {
      copies: i.copies.list(f.id).length, asked: 0,
      audiences: i.library.list().items.filter((d) => d.audience.friends.includes(f.id)).length,
    };
    a.person(await i.person.removeFriend(f.id));
    return removal;
  });
}

/** Shows a friend, with what only exchange/ knows. */
export async function shownFriend(i: Inner, f: Friend): Promise<FriendView> {
  const relation = i.person.current(f.id);
  const status = relation === undefined ? undefined : await i.peer.status(relation).catch(() => undefined);
  return {
    id: f.id, name: f.name, ...(f.says !== "" && { says: f.says }), since: iso(f.since), pending: f.pending, verified: f.verified,
    blocked: f.blocked, ...(f.safety !== "" && { safety: f.safety }), ...(f.changed && { changed: true }),
    direct: status?.direct ?? false, ...(status?.heard && { heard: iso(status.heard) }), waiting: status?.waiting ?? 0,
    ...(status?.refused && { refused: true }),
  };
}

/** The person's devices, with when they were heard of. */
export function shownDevices(i: Inner): Promise<DeviceView[]> {
  return Promise.all(i.person.devices().map(async (d) => {
    const status = d.relation === undefined ? undefined : await i.peer.status(d.relation).catch(() => undefined);
    return {
      id: d.id, name: d.name, this: d.this, added: iso(d.added), ...(status?.heard && { heard: iso(status.heard) }), holds: holding(d.holds),
    };
  }));
}

/** Names a group of friends. */
export async function setList(i: Inner, name: string, friends: readonly string[]): Promise<void> {
  await i.someone();
  if (name === "" || /[/:]/.test(name)) throw new Fault("invalid", `"${name.slice(0, 60)}" is no name of a list`, "use letters, such as family");
  await i.act(async (a) => {
    const members = friends.map((f) => i.person.find(f).id);
    a.send((await i.library.setList(listHandle(i, name) ?? "", name, members)).out);
  });
}

/** Forgets a group. */
export async function removeList(i: Inner, name: string): Promise<void> {
  await i.act(async (a) => a.send(await i.library.removeList(listHandle(i, name) ?? noList(name))));
}
