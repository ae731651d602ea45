/** Maps that are signed inside (spec/private-sharing.md §4.2, §7). */
import { Fault } from "../fault.ts";
import { encode, type Fieldset, type Value } from "./cbor.ts";
import { Fields } from "./fields.ts";
import { sign, verify, type Signer } from "./key.ts";
import { concat, hash } from "./octets.ts";

/** label ‖ 0x00 ‖ bound: what signatures of rosters are over. */
export function signedInput(label: string, bound: Uint8Array): Uint8Array {
  return concat(label, Uint8Array.of(0), bound);
}

/** Encodes a map with a signature at `at`: over label ‖ 0x00 ‖ bound ‖ H(the map without it). */
export async function signMap(map: Fieldset, at: number, key: Signer, label: string, bound: Uint8Array): Promise<Uint8Array> {
  const out = new Map<number | string, Value>(map);
  out.delete(at);
  out.set(at, await sign(key, signedInput(label, concat(bound, hash(encode(out))))));
  return encode(out);
}

/** Checks what signMap made. Keys that are not known here are under the signature too. */
export async function verifyMap(octets: Uint8Array, at: number, key: Uint8Array, label: string, bound: Uint8Array): Promise<void> {
  const f = Fields.of(octets, label);
  const input = signedInput(label, concat(bound, hash(encode(f.without(at)))));
  if (!(await verify(key, input, f.octets(at)))) {
    throw new Fault("corrupt", `${label}: the signature is not by the key that it names`);
  }
}
