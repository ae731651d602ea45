/** Relays, and the ids and signatures of mailboxes there (spec/mailbox.md §1, §2.1, §4). */
import { Fault } from "../fault.ts";
import { sign, type Signer } from "./key.ts";
import { concat, hash, secretSize, unbase64url, utf8 } from "./octets.ts";

/** The most octets of a relay's address. */
export const maxRelayURL = 255;

const protocol = "kith-mailbox-1";

/** A relay's URL, and its id when the address ends in # and that (private-sharing.md §4.3). */
export function cutRelay(address: string): { url: string; id?: Uint8Array } {
  const length = utf8(address).length;
  if (length === 0 || length > maxRelayURL) throw new Fault("invalid", `a relay address of ${length} octets`);
  const at = address.indexOf("#");
  if (at < 0) return { url: address };
  try {
    const id = unbase64url(address.slice(at + 1));
    if (id.length === secretSize) return { url: address.slice(0, at), id };
  } catch {
    // Said below.
  }
  throw new Fault("invalid", `the relay address "${address}" ends in what is no relay's id`,
    "write it as wss://relay.example, or with # and the id that the relay prints");
}

/** The RID of the queue that a recipient's key makes. */
export function recipientID(publicKey: Uint8Array): Uint8Array {
  return hash(protocol, " recipient", publicKey).subarray(0, 24);
}

/** The SID of the queue whose first sender has this key. */
export function senderID(publicKey: Uint8Array): Uint8Array {
  return hash(protocol, " sender", publicKey).subarray(0, 24);
}

/** What a signature is good for: one session with one relay. */
export interface Place {
  relay: Uint8Array; // the relay's id
  nonce: Uint8Array;
}

/** The signature of a command over its payload before it. */
export function signCommand(p: Place, name: "PROVE" | "NEW" | "LOCK", payload: Uint8Array, key: Signer): Promise<Uint8Array> {
  return sign(key, concat(`${protocol} ${name}\0`, p.relay, p.nonce, payload));
}

/** The signature of a PUT that needs no session: head is SID ‖ message id ‖ days. */
export function signPut(relay: Uint8Array, head: Uint8Array, body: Uint8Array, key: Signer): Promise<Uint8Array> {
  return sign(key, concat(`${protocol} PUT\0`, relay, head, hash(body)));
}
