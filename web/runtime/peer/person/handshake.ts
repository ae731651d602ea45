/** What invitations of friends and links of devices have in common (spec §4.2). */
import type { Mailbox } from "../contract.ts";
import { Fault } from "../fault.ts";
import {
  checkQueues as checkShape, contactQueue, cutRelay, makeJoin, newOwn as makeOwn, newSeed, veil, type Invitation, type Join, type Own,
} from "../seal/index.ts";
import { say, type Change, type Said } from "./record.ts";
import type { Self } from "./self.ts";

/** The person's relays, of which there has to be one. */
export function someRelays(s: Self): string[] {
  const relays = s.relays();
  if (relays.length === 0) {
    throw new Fault("conflict", "no relay is set that could keep messages", "name one, such as wss://relay.example");
  }
  return relays;
}

/** Makes an inbox on each relay. */
export const newQueues = (s: Self, relays: readonly string[]): Mailbox[] =>
  relays.map((relay) => ({ relay, sender: newSeed(s.o.world.random), recipient: newSeed(s.o.world.random) }));

/** Makes what this side brings to a new relation. */
export const newOwn = (s: Self, name: string, relays: readonly string[]): Promise<Own> =>
  makeOwn(s.o.world.random, s.now(), name, newQueues(s, relays));

/** An invitation's queues as the inviter has them. */
export const contactQueues = (s: Self, i: Invitation): Mailbox[] =>
  i.relays.map((relay) => ({ ...contactQueue(i, relay), recipient: newSeed(s.o.world.random) }));

/** Answers an invitation: own keys and queues, the contact queues locked, the join put into them. */
export async function answer(
  s: Self, c: Change, i: Invitation, name: string,
): Promise<{ own: Own; join: Join; contact: Mailbox[] }> {
  for (const relay of i.relays) checkRelay(s, relay);
  const relays = s.relays();
  const own = await newOwn(s, name, relays.length > 0 ? relays : i.relays); // who has none may answer over the other side's
  const join = await makeJoin(s.o.world.random, s.now(), i, own);
  const contact = i.relays.map((relay) => ({ ...contactQueue(i, relay), lock: newSeed(s.o.world.random) }));
  c.create(own.queues);
  await sayJoin(c, contact, join, i);
  return { own, join, contact };
}

/** Locks the contact queues and puts the join into them; again, it changes nothing where that was done. */
export async function sayJoin(c: Change, contact: readonly Mailbox[], join: Join, i: Invitation): Promise<void> {
  for (const mailbox of contact) c.effects.lock.push({ mailbox });
  c.raw(await say(contact, (q) => veil(i, joinVeil, q.relay, join.octets)), i.expires);
}

/** What a veil is for. */
export const joinVeil = 1;
export const welcomeVeil = 2;

export const welcomes = (i: Invitation, to: readonly Mailbox[], welcome: Uint8Array): Promise<Said[]> =>
  say(to, (q) => veil(i, welcomeVeil, q.relay, welcome));

/** Refuses queues of another side that must not be written to. */
export function checkQueues(s: Self, queues: Mailbox[]): void {
  checkShape(queues);
  for (const q of queues) checkRelay(s, q.relay);
}

export function checkRelay(s: Self, address: string): void {
  const { url } = cutRelay(address);
  if (!/^wss?:\/\/[^\s\\\0]+$/.test(url)) {
    throw new Fault("invalid", `"${url.slice(0, 80)}" is no relay's address`, "it begins with wss://, or ws:// on this computer");
  }
  s.o.relay(url);
}

export const isID = (text: string): boolean => /^[0-9a-f]{32}$/.test(text);
