/**
 * Oblivious HTTP (RFC 9458) with binary HTTP (RFC 9292), as much of it as a sender of
 * spec/mailbox.md §4 needs: HPKE with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
 * AES-128-GCM.
 */
import { concat, expand, extract, utf8 } from "../seal/index.ts";
import { agree, publicX25519 } from "../seal/x25519.ts";
import { MalformedError } from "./record.ts";

const publicSize = 32;
const nonceSize = 16; // of an answer
const kem = [0, 0x20];
const suite = [0, 1, 0, 1]; // HKDF-SHA256, AES-128-GCM
const nothing = new Uint8Array();

/** A request that was sealed, and how its answer is opened. */
export interface Sealed {
  octets: Uint8Array;
  open(answer: Uint8Array): Promise<Uint8Array>;
}

/** Seals a request to the first of a relay's keys that has the suite. */
export async function sealRequest(keys: Uint8Array, request: Uint8Array, ephemeral: Uint8Array): Promise<Sealed> {
  const { id, key } = parseKeys(keys);
  const head = Uint8Array.of(id, ...kem, ...suite);
  const enc = await publicX25519(ephemeral);
  const shared = dhkem(await agree(ephemeral, key), concat(enc, key));
  const { secret, context } = schedule(shared, concat("message/bhttp request\0", head));
  const labels = hpkeLabels(...kem, ...suite);
  const aead = await aes(labels.expand(secret, "key", context, 16));
  const nonce = labels.expand(secret, "base_nonce", context, 12);
  const sealed = new Uint8Array(await crypto.subtle.encrypt(gcm(nonce), aead, own(request)));
  const exporter = labels.expand(secret, "exp", context, 32);
  const answerSecret = labels.expand(exporter, "sec", utf8("message/bhttp response"), nonceSize);
  return { octets: concat(head, enc, sealed), open: (answer) => openAnswer(enc, answerSecret, answer) };
}

async function openAnswer(enc: Uint8Array, secret: Uint8Array, answer: Uint8Array): Promise<Uint8Array> {
  if (answer.length < nonceSize) throw new MalformedError();
  const prk = extract(concat(enc, answer.subarray(0, nonceSize)), secret);
  const key = await aes(expand(prk, "key", 16));
  try {
    return new Uint8Array(await crypto.subtle.decrypt(gcm(expand(prk, "nonce", 12)), key, own(answer.subarray(nonceSize))));
  } catch {
    throw new MalformedError();
  }
}

const own = (b: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(b);
const gcm = (iv: Uint8Array): AesGcmParams => ({ name: "AES-GCM", iv: own(iv) });
const aes = (key: Uint8Array): Promise<CryptoKey> => crypto.subtle.importKey("raw", own(key), "AES-GCM", false, ["encrypt", "decrypt"]);

/** The labeled functions of RFC 9180 §4, for a suite that is named so. */
function labeled(name: string, ids: readonly number[]): {
  extract(salt: Uint8Array, label: string, secret: Uint8Array): Uint8Array;
  expand(secret: Uint8Array, label: string, info: Uint8Array, length: number): Uint8Array;
} {
  const all = concat("HPKE-v1", name, Uint8Array.from(ids));
  return {
    extract: (salt, label, secret) => extract(salt, concat(all, label, secret)),
    expand: (secret, label, info, length) => expand(secret, concat(Uint8Array.of(length >> 8, length), all, label, info), length),
  };
}

const hpkeLabels = (...ids: number[]): ReturnType<typeof labeled> => labeled("HPKE", ids);

function dhkem(shared: Uint8Array, context: Uint8Array): Uint8Array {
  const l = labeled("KEM", kem);
  return l.expand(l.extract(nothing, "eae_prk", shared), "shared_secret", context, 32);
}

function schedule(shared: Uint8Array, info: Uint8Array): { secret: Uint8Array; context: Uint8Array } {
  const l = hpkeLabels(...kem, ...suite);
  const context = concat(Uint8Array.of(0), l.extract(nothing, "psk_id_hash", nothing), l.extract(nothing, "info_hash", info));
  return { secret: l.extract(shared, "secret", nothing), context };
}

/** Finds a key configuration (RFC 9458 §3) that has the suite. */
export function parseKeys(b: Uint8Array): { id: number; key: Uint8Array } {
  for (let at = 0; at + 2 <= b.length;) {
    const size = (b[at]! << 8) | b[at + 1]!;
    const c = b.subarray(at + 2, at + 2 + size);
    if (c.length < size) break;
    at += 2 + size;
    const suites = c.subarray(3 + publicSize + 2);
    const said = (c[3 + publicSize]! << 8) | c[3 + publicSize + 1]!;
    if (c.length < 3 + publicSize + 2 || c[1] !== kem[0] || c[2] !== kem[1] || said !== suites.length) continue;
    for (let i = 0; i + 4 <= suites.length; i += 4) {
      if (suite.every((x, n) => suites[i + n] === x)) return { id: c[0]!, key: c.slice(3, 3 + publicSize) };
    }
  }
  throw new MalformedError();
}

/** An integer of QUIC (RFC 9000 §16), below 2^30. */
const int = (n: number): Uint8Array => n < 64 ? Uint8Array.of(n)
  : n < 16384 ? Uint8Array.of(0x40 | (n >> 8), n) : Uint8Array.of(0x80 | (n >> 24), n >> 16, n >> 8, n);

/** A POST of content to a path, of known length (RFC 9292 §3.1). */
export function postOf(path: string, content: Uint8Array): Uint8Array {
  const head = ["POST", "https", "relay", path].flatMap((s) => [int(s.length), utf8(s)]);
  return concat(int(0), ...head, int(0), int(content.length), content, int(0));
}

/** Reads a response of known length; padding is zeros. */
export function parseAnswer(b: Uint8Array): { status: number; retryAfter: number } {
  const in_ = new Reader(b);
  if (in_.int() !== 1) throw new MalformedError();
  const status = in_.int();
  if (status < 200 || status > 599) throw new MalformedError();
  let retryAfter = 0;
  const text = new TextDecoder();
  const fields = new Reader(in_.octets());
  while (fields.left > 0) {
    const [name, value] = [text.decode(fields.octets()), text.decode(fields.octets())];
    const seconds = Number(value);
    if (name === "retry-after" && Number.isInteger(seconds) && seconds > 0 && seconds <= 65536) retryAfter = seconds;
  }
  if (in_.left > 0) in_.octets(); // content
  if (in_.left > 0) {
    const trailers = new Reader(in_.octets());
    while (trailers.left > 0) trailers.octets();
  }
  while (in_.left > 0) if (in_.int() !== 0) throw new MalformedError();
  return { status, retryAfter };
}

class Reader {
  readonly #b: Uint8Array;
  #at = 0;
  constructor(b: Uint8Array) {
    this.#b = b;
  }

  get left(): number {
    return this.#b.length - this.#at;
  }

  int(): number {
    const size = 1 << ((this.#b[this.#at] ?? 0) >> 6);
    if (this.left < size) throw new MalformedError();
    let n = this.#b[this.#at]! & 0x3f;
    for (let i = 1; i < size; i++) n = n * 256 + this.#b[this.#at + i]!;
    this.#at += size;
    return n;
  }

  octets(): Uint8Array {
    const n = this.int();
    if (n > this.left) throw new MalformedError();
    this.#at += n;
    return this.#b.subarray(this.#at - n, this.#at);
  }
}
