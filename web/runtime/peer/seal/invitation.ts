/** Invitations (spec/private-sharing.md §4.1). */
import type { Mailbox, PartyKind } from "../contract.ts";
import { Fault } from "../fault.ts";
import { base64url, concat, expand, hash, hex, own, secretSize, unbase64url, utf8, type Random } from "./octets.ts";
import { maxRelayURL } from "./relay.ts";
import { publicX25519 } from "./x25519.ts";

const head = 1 + 1 + 4 + secretSize + 32 + 1;
const maxRelays = 8;
const hour = 3_600_000;

/** What a link holds. */
export interface Invitation {
  kind: PartyKind;
  expires: number; // ms since 1970, a whole hour
  secret: Uint8Array;
  public: Uint8Array; // X25519
  relays: string[];
}

/** Makes an invitation, and the private key that opens what comes to its queues. */
export async function newInvitation(
  random: Random, kind: PartyKind, expires: number, relays: string[],
): Promise<{ invitation: Invitation; private: Uint8Array }> {
  const secret = random(secretSize);
  const key = random(secretSize);
  const invitation = { kind, expires: Math.floor(expires / hour) * hour, secret, public: await publicX25519(key), relays };
  invitationOctets(invitation);
  return { invitation, private: key };
}

/** What the fragment encodes: what the handshake is bound to. */
export function invitationOctets(i: Invitation): Uint8Array {
  if (i.kind !== 1 && i.kind !== 2) throw new Fault("invalid", `an invitation of kind ${String(i.kind)}`);
  if (i.secret.length !== secretSize || i.public.length !== 32) {
    throw new Fault("invalid", `an invitation with a secret of ${i.secret.length} and a key of ${i.public.length} octets`);
  }
  if (i.relays.length === 0 || i.relays.length > maxRelays) {
    throw new Fault("invalid", `an invitation with ${i.relays.length} relays`, `name 1 to ${maxRelays} relays`);
  }
  const hours = Math.floor(i.expires / hour);
  if (!(hours >= 0 && hours < 2 ** 32)) throw new Fault("invalid", `an invitation until ${i.expires}`);
  const relays = i.relays.map((r) => {
    const octets = utf8(r);
    if (octets.length === 0 || octets.length > maxRelayURL) throw new Fault("invalid", `a relay address of ${octets.length} octets`);
    return concat(Uint8Array.of(octets.length), octets);
  });
  const until = new Uint8Array(4);
  new DataView(until.buffer).setUint32(0, hours);
  return concat(Uint8Array.of(1, i.kind), until, i.secret, i.public, Uint8Array.of(relays.length), ...relays);
}

/** The part of the link behind its #. */
export function invitationFragment(i: Invitation): string {
  return base64url(invitationOctets(i));
}

/** Names the invitation to those who have it; 16 octets. */
export function invitationID(i: Invitation): string {
  return hex(hash("kith invite id 1", invitationOctets(i)).subarray(0, 16));
}

function bad(why: string, cause?: unknown): Fault {
  return new Fault("invalid", `invitation: ${why}`, "copy the whole link, to its last character", cause);
}

/** Stands before the fragment in links to an app. */
const joinMark = /^kith-join=/;

/** Reads a fragment, or a whole link that has one: to this program, or to an app. */
export function parseInvitation(link: string): Invitation {
  const text = link.trim();
  const fragment = text.slice(text.indexOf("#") + 1).replace(/[\r\n]/g, "").replace(joinMark, "");
  if (fragment.length > Math.ceil(((head + maxRelays * (1 + maxRelayURL)) * 4) / 3)) {
    throw bad(`${fragment.length} characters are too many`);
  }
  let b: Uint8Array;
  try {
    b = unbase64url(fragment);
  } catch (e) {
    throw bad("not base64url", e);
  }
  if (b.length < head) throw bad(`${b.length} octets are too few`);
  if (b[0] !== 1) throw bad(`version ${b[0]}`);
  const i: Invitation = {
    kind: b[1] as PartyKind, // checked below
    expires: new DataView(b.buffer).getUint32(2) * hour,
    secret: b.slice(6, 6 + secretSize), public: b.slice(6 + secretSize, head - 1),
    relays: relaysOf(b.subarray(head - 1)),
  };
  invitationOctets(i);
  return i;
}

/** count (1) ‖ (length (1) ‖ relay URL)… */
function relaysOf(b: Uint8Array): string[] {
  const count = b[0] ?? 0;
  const out: string[] = [];
  let at = 1;
  while (out.length < Math.min(count, maxRelays)) {
    const n = b[at];
    if (n === undefined || at + 1 + n > b.length) throw bad("it ends within a relay's address");
    try {
      out.push(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(b.subarray(at + 1, at + 1 + n)));
    } catch (e) {
      throw bad("a relay's address is no text", e);
    }
    at += 1 + n;
  }
  if (at !== b.length || count !== out.length) throw bad(`it names ${count} relays and goes on for ${b.length - at} octets`);
  return out;
}

/** The contact queue on a relay, as its senders know it. */
export function contactQueue(i: Invitation, relay: string): Mailbox {
  return { relay, sender: expand(i.secret, "kith invite queue 1" + relay, secretSize) };
}

/**
 * Makes a join (1) or a welcome (2) another on each relay, so that two relays do not
 * see that they were given the same; it takes the veil off as well (§4.2).
 */
export async function veil(i: Invitation, what: 1 | 2, relay: string, octets: Uint8Array): Promise<Uint8Array> {
  const secret = expand(i.secret, concat("kith veil 1", Uint8Array.of(what), relay), secretSize);
  const key = await crypto.subtle.importKey("raw", own(secret), "AES-CTR", false, ["encrypt"]);
  const counter = new Uint8Array(16);
  return new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CTR", counter, length: 128 }, key, own(octets)));
}

/** Reports whether the invitation has ended. */
export function expired(i: Invitation, now: number): boolean {
  return now >= i.expires;
}
