import { base64url, concat, publicKey, signPut, unbase64url, verify } from "../seal/index.ts";
import { target } from "./address.ts";
import { ask, statusError } from "./chunk.ts";
import { RelayError, wait } from "./error.ts";
import { parseAnswer, postOf, sealRequest } from "./ohttp.ts";
import { MalformedError, path, protocol, u8 } from "./record.ts";
import type { Sender } from "./session.ts";

const maxAnswer = 4096;

/**
 * Sends messages to one relay through another, so that neither learns both who sends
 * and into which queue (spec/mailbox.md §4). The relay's id has to come from who made the
 * queue: it is what keeps the relay in between from putting its own keys in place.
 */
export class Oblivious {
  readonly #at: string;
  readonly #relay: Uint8Array;
  readonly #random: (octets: number) => Uint8Array;
  #keys: Promise<Uint8Array> | undefined;

  /** Sends to the relay at URL to, whose id is relay, through the one at URL through. */
  constructor(through: string, to: string, relay: Uint8Array, random: (octets: number) => Uint8Array) {
    this.#at = `${target(through, "http", `${path}/forward`)}?to=${encodeURIComponent(target(to, "http", ""))}`;
    this.#relay = relay;
    this.#random = random;
  }

  /** Sends a message; when it resolves the relay keeps it durably. */
  async put(to: Sender, id: Uint8Array, days: number, body: Uint8Array, signal: AbortSignal): Promise<void> {
    const head = concat(to.id, id, u8(days));
    const signature = await signPut(this.#relay, head, body, to.seed);
    const request = postOf(`${path}/put`, concat(head, await publicKey(to.seed), signature, body));
    const fetched = this.#keys ??= this.#fetchKeys(signal);
    fetched.catch(() => { this.#keys = undefined; });
    const keys = await fetched;
    try {
      const sealed = await sealRequest(keys, request, this.#random(32));
      const answer = await octetsOf(await ask(this.#at, "POST", { "Content-Type": "message/ohttp-req" }, signal, sealed.octets));
      outcome(parseAnswer(await sealed.open(answer)));
    } catch (e) {
      if (!(e instanceof RelayError)) this.#keys = undefined; // they may be others now
      throw e;
    }
  }

  /** Asks for the relay's keys, once, through the other relay. */
  async #fetchKeys(signal: AbortSignal): Promise<Uint8Array> {
    const r = await ask(this.#at, "GET", {}, signal);
    const keys = await octetsOf(r);
    const signature = r.headers.get("Kith-Signature") ?? "";
    const input = concat(`${protocol} OHTTP\0`, keys);
    if (!/^[\w-]{86}$/.test(signature) || !await verify(this.#relay, input, unbase64url(signature))) {
      throw new RelayError("other", `the keys for oblivious requests are not signed by ${base64url(this.#relay)}`);
    }
    return keys;
  }
}

async function octetsOf(r: Response): Promise<Uint8Array> {
  if (r.status !== 200) {
    await r.body?.cancel();
    throw statusError(r);
  }
  const reader = r.body?.getReader();
  let all: Uint8Array = new Uint8Array();
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    all = concat(all, next.value);
    if (all.length > maxAnswer) {
      await reader?.cancel();
      throw new MalformedError();
    }
  }
  return all;
}

function outcome({ status, retryAfter }: { status: number; retryAfter: number }): void {
  if (status === 204) return;
  if (status === 404) throw new RelayError("no", "the relay refuses");
  if (status === 429) throw wait(Math.max(retryAfter, 1));
  throw new RelayError("gone", `the relay answers with the status ${status}`);
}
