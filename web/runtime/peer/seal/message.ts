/** Messages, as envelopes hold them (spec/private-sharing.md §5.2). */
import type { Message } from "../contract.ts";
import { Fault } from "../fault.ts";
import { encode, Raw } from "./cbor.ts";
import { Fields, omitEmpty, record } from "./fields.ts";
import { unhex } from "./octets.ts";
import { publicSize } from "./xwing.ts";

const maxKnown = 256;

/** The plaintext of an envelope. */
export function encodeMessage(m: Message): Uint8Array {
  return encode(record({
    1: m.kind, 2: unhex(m.id, 16), 3: m.number, 4: m.sent, 5: m.expires,
    6: m.body && m.body.length > 0 ? new Raw(m.body) : undefined,
    7: omitEmpty(m.known?.map((id) => unhex(id, 8))), 8: omitEmpty(m.epoch),
  }));
}

/** Decodes the plaintext of an envelope. */
export function parseMessage(plain: Uint8Array): Message {
  const f = Fields.of(plain, "message");
  const m: Message = { kind: f.uint(1, 255), id: f.id(2, 16), number: f.uint(3), sent: f.int(4), expires: f.int(5) };
  if (m.kind === 0) throw new Fault("invalid", "a message without a kind");
  if (m.id === "0".repeat(32)) throw new Fault("invalid", `a message of kind ${m.kind} without an id`);
  if (m.expires < m.sent) throw new Fault("invalid", `message ${m.id} ends before it was sent`);
  const body = f.raw(6);
  const known = f.ids(7, 8);
  const epoch = f.octets(8);
  if (known.length > maxKnown) throw new Fault("invalid", `message ${m.id} acknowledges ${known.length} contexts`);
  if (epoch.length !== 0 && epoch.length !== publicSize) {
    throw new Fault("invalid", `message ${m.id} brings an epoch key of ${epoch.length} octets`);
  }
  if (body) m.body = body;
  if (known.length > 0) m.known = known;
  if (epoch.length > 0) m.epoch = epoch;
  return m;
}
