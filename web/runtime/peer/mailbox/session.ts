import { decode, equal, hex, publicKey, recipientID, senderID, signCommand, utf8 } from "../seal/index.ts";
import { target } from "./address.ts";
import { gone, RelayError, wait } from "./error.ts";
import { Delivery, Subscription } from "./subscription.ts";
import {
  join, type Limits, MalformedError, maxNumbers, maxSubscription, parseMsg, parseTickets, parseWait, parseWelcome,
  path, protocol, record, type Record, records, Role, Type, u16, u64, u8, type Welcome,
} from "./record.ts";
import { Gate, until, within } from "./wait.ts";

/** The choices for talking to a relay; each has a default. */
export interface SessionOptions {
  /** The operator's, where making queues needs one. */
  token?: string;
  /** The id the relay has to have: any. */
  relay?: Uint8Array;
  /** Bounds each thing asked: 30 seconds. */
  timeout?: number;
  /** How often a session is asked for a sign of life: 45 seconds. */
  pingEvery?: number;
  /** The most commands that wait for their answers: 64. */
  inflight?: number;
  /** Opens a WebSocket: the browser's. */
  socket?: (url: string, protocol: string) => WebSocket;
}

/** What is needed to send into a queue: its name for senders, and the seed of the key in force. */
export interface Sender {
  id: Uint8Array;
  seed: Uint8Array;
}

/** Who has the key that a queue was made with. */
export async function firstSender(seed: Uint8Array): Promise<Sender> {
  return { id: senderID(await publicKey(seed)), seed };
}

/** How many octets of records go into one message, unless one record alone has more. */
const outSize = 128 << 10;

/**
 * One WebSocket with a relay (spec/mailbox.md §2). Any number of things may be asked
 * at once; nothing works after `ended`.
 */
export class Session {
  readonly welcome: Welcome;
  readonly #socket: WebSocket;
  readonly #timeout: number;
  readonly #gate: Gate;
  readonly #ended = new AbortController();
  readonly #moved = new AbortController();
  readonly #pending = new Map<number, (r: Record) => void>();
  readonly #proofs = new Map<string, { key: string; made: Promise<unknown> }>();
  readonly #subscriptions = new Map<string, Subscription>();
  #tag = 1;
  #out: Uint8Array<ArrayBuffer>[] = [];
  #size = 0;

  /** Opens a session with the relay at a URL such as wss://relay.example. */
  static async open(relay: string, o: SessionOptions = {}, signal?: AbortSignal): Promise<Session> {
    const at = target(relay, "ws", path);
    const timeout = o.timeout ?? 30_000;
    let socket: WebSocket | undefined;
    try {
      return await within(timeout, [signal], async (s) => {
        socket = (o.socket ?? ((url, p) => new WebSocket(url, p)))(at, protocol);
        socket.binaryType = "arraybuffer";
        return await until(hello(socket, o, timeout), s);
      });
    } catch (e) {
      socket?.close();
      throw e;
    }
  }

  constructor(socket: WebSocket, welcome: Welcome, o: SessionOptions, timeout: number) {
    this.welcome = welcome;
    this.#socket = socket;
    this.#timeout = timeout;
    this.#gate = new Gate(o.inflight ?? 64);
    socket.onmessage = (e): void => this.#read(e.data);
    socket.onclose = (): void => this.#end();
    socket.onerror = null;
    const life = setInterval(() => void this.ping().catch((e: unknown) => this.#end(e)), o.pingEvery ?? 45_000);
    this.ended.addEventListener("abort", () => clearInterval(life));
  }

  /** Ends when the session does. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Ends when the relay has said that it is about to end. */
  get moved(): AbortSignal {
    return this.#moved.signal;
  }

  get limits(): Limits {
    return this.welcome.limits;
  }

  /** Ends the session. What was not answered fails. */
  close(): void {
    this.#end();
  }

  #end(cause?: unknown): void {
    if (this.ended.aborted) return;
    this.#ended.abort(gone(cause));
    for (const s of this.#subscriptions.values()) s.end();
    this.#socket.close();
  }

  #read(data: unknown): void {
    if (this.ended.aborted) return;
    try {
      if (!(data instanceof ArrayBuffer)) throw new MalformedError();
      for (const r of records(new Uint8Array(data))) this.#take(r);
    } catch (e) {
      this.#end(e);
    }
  }

  #take(r: Record): void {
    switch (r.type) {
      case Type.ok:
      case Type.no:
      case Type.wait:
        this.#pending.get(r.tag)?.(r); // else whoever asked gave up
        this.#pending.delete(r.tag);
        break;
      case Type.msg: {
        const m = parseMsg(r.payload);
        // What no subscription waits for comes back by its lease.
        this.#subscriptions.get(hex(m.recipient))?.take(new Delivery(this, m));
        break;
      }
      case Type.moved:
        this.#moved.abort(gone());
        break;
      default: // from a later version
    }
  }

  /** Sends records of one moment in as few messages as they fit into. */
  #send(r: Uint8Array<ArrayBuffer>): void {
    if (this.#size + r.length > outSize) this.#flush();
    if (this.#size === 0) queueMicrotask(() => this.#flush());
    this.#out.push(r);
    this.#size += r.length;
  }

  #flush(): void {
    if (this.#size === 0 || this.ended.aborted) return;
    const message = join(...this.#out);
    this.#out = [];
    this.#size = 0;
    this.#socket.send(message);
  }

  /** Sends a command and waits for its answer; what OK says is returned. */
  #ask(type: number, payload: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    return within(this.#timeout, [signal, this.ended], (s) => this.#gate.pass(s, async () => {
      const tag = this.#tag = (this.#tag % 0xffff_ffff) + 1; // 0 is what a relay says by itself
      const answer = new Promise<Record>((done) => this.#pending.set(tag, done));
      this.#send(record(type, tag, payload));
      try {
        return outcome(await until(answer, s));
      } finally {
        this.#pending.delete(tag);
      }
    }));
  }

  async #signed(name: "PROVE" | "NEW" | "LOCK", payload: Uint8Array, seed: Uint8Array): Promise<Uint8Array> {
    return join(payload, await signCommand(this.welcome, name, payload, seed));
  }

  /** Asks for a sign of life. */
  async ping(signal?: AbortSignal): Promise<void> {
    await this.#ask(Type.ping, u8(), signal);
  }

  /** Makes a queue, or renews it; days is its class. */
  async newQueue(recipient: Uint8Array, sender: Uint8Array, days: 1 | 7 | 21, signal?: AbortSignal): Promise<void> {
    const key = await publicKey(recipient);
    await this.#ask(Type.new, await this.#signed("NEW", join(key, sender, u8(days)), recipient), signal);
    // It is a proof of the recipient's key, too.
    this.#proofs.set(proofKey(Role.recipient, recipientID(key)), { key: hex(key), made: Promise.resolve() });
  }

  /** Proves a queue's recipient key, once a session; returns the RID. */
  async proveRecipient(recipient: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const key = await publicKey(recipient);
    const id = recipientID(key);
    await this.#prove(Role.recipient, id, key, recipient, signal);
    return id;
  }

  /** Proves the sender key in force, once a session. */
  async proveSender(sender: Sender, signal?: AbortSignal): Promise<void> {
    await this.#prove(Role.sender, sender.id, await publicKey(sender.seed), sender.seed, signal);
  }

  /** Who gives up waiting for a proof leaves it to the others. */
  async #prove(role: Role, id: Uint8Array, key: Uint8Array, seed: Uint8Array, signal?: AbortSignal): Promise<void> {
    const at = proofKey(role, id);
    let proof = this.#proofs.get(at);
    if (proof?.key !== hex(key)) {
      const made = this.#signed("PROVE", join(u8(role), id, key), seed).then((p) => this.#ask(Type.prove, p));
      const mine = { key: hex(key), made };
      this.#proofs.set(at, proof = mine);
      made.catch(() => {
        if (this.#proofs.get(at) === mine) this.#proofs.delete(at);
      });
    }
    await (signal ? until(proof.made, signal) : proof.made);
  }

  /**
   * Sends a message, whose body has one of the lengths of the spec; when it resolves
   * the relay keeps it durably. Sending the same id again is harmless.
   */
  async put(to: Sender, id: Uint8Array, days: number, body: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.proveSender(to, signal);
    await this.#ask(Type.put, join(to.id, id, u8(days), body), signal);
  }

  /** Replaces the sender key in force; the queue's name for senders stays. */
  async lock(sender: Sender, seed: Uint8Array, signal?: AbortSignal): Promise<Sender> {
    await this.proveSender(sender, signal);
    await this.#ask(Type.lock, await this.#signed("LOCK", join(sender.id, await publicKey(seed)), sender.seed), signal);
    return { id: sender.id, seed };
  }

  /** Removes a queue and all that is in it. */
  async delete(recipient: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#ask(Type.del, await this.proveRecipient(recipient, signal), signal);
  }

  /** Leaves a Web Push subscription with a queue; none takes it away (spec/mailbox.md §5). */
  async push(recipient: Uint8Array, subscription?: PushSubscriptionJSON, signal?: AbortSignal): Promise<void> {
    const json = subscription ? utf8(JSON.stringify(subscription)) : u8();
    if (json.length > maxSubscription) throw new RelayError("no", `a Web Push subscription of ${json.length} octets`);
    await this.#ask(Type.push, join(await this.proveRecipient(recipient, signal), json), signal);
  }

  /** Erases messages of a queue whose recipient was proved: when it resolves they are gone for good. */
  async ack(recipient: Uint8Array, numbers: readonly bigint[], signal?: AbortSignal): Promise<void> {
    for (let i = 0; i < numbers.length; i += maxNumbers) {
      await this.#ask(Type.ack, join(recipient, u64(...numbers.slice(i, i + maxNumbers))), signal);
    }
  }

  /** Gives a message back: others are offered it at once, this session not before so many seconds. */
  async back(recipient: Uint8Array, number: bigint, seconds: number, signal?: AbortSignal): Promise<void> {
    await this.#ask(Type.back, join(recipient, u64(number), u16(Math.min(Math.max(Math.floor(seconds), 0), 0xffff))), signal);
  }

  /** Asks for the right to put chunks of a size class, as the sender of a queue. */
  async tickets(sender: Sender, sizeClass: number, count: number, signal?: AbortSignal): Promise<Uint8Array[]> {
    await this.proveSender(sender, signal);
    const payload = join(u8(Role.sender), sender.id, u8(sizeClass, count));
    return parseTickets(await this.#ask(Type.ticket, payload, signal), count);
  }

  /**
   * Has handle called with what comes into a queue, one after another, until the
   * session ends or unsubscribe. The relay sends up to credit messages (at most
   * 1,024) before handle has returned from the first.
   */
  async subscribe(
    recipient: Uint8Array, credit: number, handle: (d: Delivery) => Promise<void> | void, signal?: AbortSignal,
  ): Promise<void> {
    const id = await this.proveRecipient(recipient, signal);
    const name = hex(id);
    this.ended.throwIfAborted();
    if (this.#subscriptions.has(name)) throw new RelayError("no", "this session listens to that queue already");
    const n = Math.min(Math.max(credit, 1), 1024);
    const more = (used: number): void => this.#send(record(Type.credit, 0, join(id, u16(used))));
    const s = new Subscription(n, handle, more);
    this.#subscriptions.set(name, s);
    try {
      await this.#ask(Type.sub, join(id, u16(n)), signal);
    } catch (e) {
      s.end();
      this.#subscriptions.delete(name);
      throw e;
    }
  }

  /** Ends a subscription; what was leased by it is offered to others. */
  async unsubscribe(recipient: Uint8Array, signal?: AbortSignal): Promise<void> {
    const id = recipientID(await publicKey(recipient));
    const s = this.#subscriptions.get(hex(id));
    if (!s) return;
    s.end();
    this.#subscriptions.delete(hex(id));
    await this.#ask(Type.sub, join(id, u16(0)), signal);
  }
}

function proofKey(role: Role, id: Uint8Array): string {
  return role + hex(id);
}

/** What an answer means. */
function outcome(r: Record): Uint8Array {
  if (r.type === Type.ok) return r.payload;
  if (r.type === Type.wait) throw wait(parseWait(r.payload));
  throw new RelayError("no", "the relay refuses");
}

/** The first exchange, before anything else may be asked; what comes after it is the session's. */
function hello(socket: WebSocket, o: SessionOptions, timeout: number): Promise<Session> {
  return new Promise((resolve, reject) => {
    socket.onopen = (): void => socket.send(record(Type.hello, 1, u8(1), utf8(o.token ?? "")));
    socket.onerror = socket.onclose = (): void => reject(gone(new Error("the relay cannot be reached")));
    socket.onmessage = (e): void => {
      try {
        resolve(new Session(socket, welcomed(e.data, o), o, timeout));
      } catch (error) {
        reject(error as Error);
      }
    };
  });
}

function welcomed(data: unknown, o: SessionOptions): Welcome {
  const [r, ...more] = data instanceof ArrayBuffer ? records(new Uint8Array(data)) : [];
  if (r?.type === Type.no) throw new RelayError("no", "the relay refuses the token, or the version");
  if (r?.type === Type.moved) throw gone();
  if (r?.type !== Type.welcome || more.length !== 0) throw new MalformedError();
  const welcome = parseWelcome(r.payload, decode);
  if (o.relay && !equal(o.relay, welcome.relay)) throw new RelayError("other", "the relay is not the one expected");
  return welcome;
}
