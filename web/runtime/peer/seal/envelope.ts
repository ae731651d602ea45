/** Envelopes (spec/private-sharing.md §5.1). */
import { MessageKind, type Mailbox, type Message, type Relation } from "../contract.ts";
import { Fault } from "../fault.ts";
import { contextOf, openContextWith, type Context } from "./context.ts";
import { encodeMessage, parseMessage } from "./message.ts";
import { concat, expand, hex, unhex, type Random } from "./octets.ts";
import { cipherKey, lengthSize, nonceSize, openPadded, sealPadded, sized, tagSize } from "./padded.ts";
import { encSize } from "./xwing.ts";

const idSize = 8;

/** The longest encoded message that fits into an envelope with its encapsulation. */
export const room = 65536 - (idSize + nonceSize + tagSize + lengthSize) - encSize;

/** Keys of contexts, imported once for as long as the context is in use. */
const keys = new WeakMap<Context, Promise<CryptoKey>>();

function keyOf(c: Context): Promise<CryptoKey> {
  let key = keys.get(c);
  if (!key) keys.set(c, (key = cipherKey(c.key)));
  return key;
}

const noticeable = (kind: number): boolean => kind === MessageKind.keys || kind === MessageKind.unknown;

/** What binds an envelope to its relation and direction. */
const bound = (c: Context): Uint8Array => concat("kith envelope 1", unhex(c.relation), Uint8Array.of(c.direction));

/**
 * Puts a message into an envelope. withEnc is false only when the other side has
 * acknowledged the context.
 */
export async function seal(c: Context, random: Random, m: Message, withEnc: boolean): Promise<Uint8Array> {
  if (c.notice && !noticeable(m.kind)) throw new Fault("internal", `a message of kind ${m.kind} must not be sealed to the notice key`);
  const head = withEnc ? concat(unhex(c.id), c.enc) : unhex(c.id);
  return sealPadded(random, await keyOf(c), head, encodeMessage(m), bound(c));
}

/** Opens an envelope of this context, with or without its encapsulation. */
export async function open(c: Context, envelope: Uint8Array): Promise<Message> {
  const { context, enc } = peek(envelope);
  if (context !== c.id) throw new Fault("invalid", `an envelope of context ${context}, not ${c.id}`);
  const plain = await openPadded(await keyOf(c), envelope.subarray(idSize + (enc?.length ?? 0)), bound(c));
  const m = parseMessage(plain);
  if (c.notice && !noticeable(m.kind)) throw new Fault("forbidden", `a message of kind ${m.kind} came sealed to the notice key`);
  return m;
}

/**
 * Opens an envelope of a context that is not known yet: with each epoch of the
 * relation, newest first, and then the notice key.
 */
export async function openNew(r: Relation, envelope: Uint8Array): Promise<{ context: Context; message: Message }> {
  const { context: id, enc } = peek(envelope);
  if (!enc) throw new Fault("not_found", `an envelope of the unknown context ${id}`);
  const tries = r.epochs.map((e) => ({ secret: e.private, epoch: e.id, notice: false }));
  if (r.notice.length > 0) tries.push({ secret: r.notice, epoch: "00".repeat(idSize), notice: true });
  for (const t of tries) {
    try {
      const context = await openContextWith(r, t.secret, t.epoch, enc, t.notice);
      return { context, message: await open(context, envelope) };
    } catch {
      // It is of another epoch, or of nobody.
    }
  }
  throw new Fault("not_found", `the envelope of context ${id} fits none of the relation's ${r.epochs.length} epochs`);
}

/**
 * An envelope's context, and its encapsulation when it carries it. Only the hash
 * tells: nothing is promised of where it came from.
 */
export function peek(envelope: Uint8Array): { context: string; enc?: Uint8Array } {
  if (!sized(envelope.length)) throw new Fault("invalid", `an envelope of ${envelope.length} octets`);
  const context = hex(envelope.subarray(0, idSize));
  const enc = envelope.subarray(idSize, idSize + encSize);
  return contextOf(enc) === context ? { context, enc: enc.slice() } : { context };
}

/** What a relay is told for the message when it is put into the queue of box in a context. */
export function putID(box: Mailbox, context: string, id: string): string {
  return hex(expand(box.sender ?? new Uint8Array(), concat("kith put 1", unhex(context), unhex(id)), 16));
}
