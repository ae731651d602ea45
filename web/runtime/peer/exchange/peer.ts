import type {
  Answerer, Ask, Asker, Body, Effects, Inbox, Mailbox, Outgoing, Relation, Reply,
} from "../contract.ts";
import { Fault, kindOf } from "../fault.ts";
import {
  type Delivery, Gate, Pool, refusedBy, RelayError, type SessionOptions, sleep, until, within,
} from "../mailbox/index.ts";
import { cutRelay, hex, maxChunked, maxInline, type Response } from "../seal/index.ts";
import type { Turn } from "../turn.ts";
import { Courier, type Hop, type Load } from "./courier.ts";
import { Core, type Status } from "./core.ts";
import type { Direct } from "./direct.ts";
import type { Effect, Outcome } from "./effect.ts";
import { hour, minute, second, type CoreOptions } from "./options.ts";
import type { Asked } from "./question.ts";
import { type Carrier, Download, upload } from "./transfer.ts";
import { Waker } from "./wake.ts";

/** What a Peer needs, and its limits; each limit has a default. */
export interface PeerOptions {
  core: Omit<CoreOptions, keyof ReturnType<typeof hooks>>;
  /** Answers what is asked; it is entered under the turn, its bodies are read outside of it. */
  answerer: Answerer;
  turn: Turn;
  /** How to talk to the relay at a URL: a token is for those it was given for. */
  relay?: (url: string) => SessionOptions;
  direct?: Direct;
  /** A relay through which messages go to others, so that those do not learn this device's address: none. */
  hop?: Hop;
  /** How many messages a queue may send ahead: 32. */
  credit?: number;
  /** How many things are asked of one relay at once: 64. */
  sending?: number;
  /** How many requests are answered at once: 16. */
  answering?: number;
  /** Bounds each thing asked of a relay: 20 seconds. */
  patience?: number;
  /** Bounds the making of an answer, its upload included: 5 minutes. */
  answerWithin?: number;
  /** The time over which this device comes back to a relay that moves: 30 seconds. */
  movedWithin?: number;
  /** Is told of each request of this device that was answered; it only notes it. */
  arrived?: (id: string) => void;
  /** Tells by the event "online" that there is a network again: the global scope. */
  network?: EventTarget;
}

/** The bound of what ends by its own bounds, or with the Peer. */
const long = 1 << 30;

/** How long to wait for more to happen before looking at what is due, ms. */
const together = 20;

/** How a request waits for its answer. */
export interface Waiting {
  /** How long request waits, ms: not at all. */
  wait?: number;
  /** How long the request stays open, this program's end included: the lifetime of a message. */
  for?: number;
  /** Withdraws the request when there is no answer after `wait`. */
  once?: boolean;
}

/** What a request came to; without a reply nobody has answered yet. Closing its body forgets the request. */
export interface Answered { id: string; reply?: Reply }

/**
 * Runs a Core over real mailboxes: its methods take the turn themselves, so none may be
 * called by who holds it, but by `enter`.
 */
export class Peer implements Asker {
  readonly #o: PeerOptions;
  readonly #core: Core;
  readonly #pool: Pool;
  readonly #patience: number;
  readonly #courier: Courier;
  readonly #carrier: Carrier;
  readonly #waker: Waker;
  readonly #answering: Gate;
  readonly #refs = new Map<number, (outcome: "ack" | number) => void>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #subscriptions = new Map<string, () => void>();
  readonly #troubles = new Map<string, unknown>();
  readonly #back = new Map<string, number>(); // when a relay was last told to be back
  readonly #tasks = new Set<Promise<void>>();
  #inboxes = new Map<string, Inbox>();
  #ref = 0;
  #early: Effect[] | undefined = []; // from before run
  #running: AbortSignal | undefined;
  #nudge: () => void = () => undefined;

  /** Makes a Peer of what the Core's bucket holds; run runs it. */
  constructor(o: PeerOptions) {
    this.#o = o;
    const { direct } = o;
    this.#core = new Core({
      ...o.core,
      ...(direct ? hooks(direct) : {}),
    });
    this.#pool = new Pool({
      session: o.relay ?? ((): SessionOptions => ({})), movedWithin: o.movedWithin ?? 30 * second,
      ...(o.network ? { network: o.network } : {}),
    });
    this.#patience = o.patience ?? 20 * second;
    this.#answering = new Gate(o.answering ?? 16);
    this.#waker = new Waker(this.#pool);
    this.#courier = new Courier(this.#pool, o.sending ?? 64, direct, o.hop);
    this.#carrier = { pool: this.#pool, world: o.core.world, patience: this.#patience, courier: this.#courier };
  }

  /** Listens, sends and answers until the signal ends. It is called once. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#running) throw new Fault("internal", "exchange: run was called twice");
    this.#running = signal;
    const network = this.#o.network ?? globalThis as unknown as EventTarget;
    const online = (): void => void this.enter((core) => core.hurry()).catch((error: unknown) => this.#log("error", "cannot try again", { error }));
    network.addEventListener?.("online", online);
    try {
      await this.enter(async (core) => [...this.#early?.splice(0) ?? [], ...await core.tick(), { do: "listen" }]);
      while (!signal.aborted) await this.#waitTick(signal);
    } finally {
      network.removeEventListener?.("online", online);
      await this.#end();
    }
  }

  /** Waits until something is due, or has changed what is. */
  async #waitTick(signal: AbortSignal): Promise<void> {
    const due = Math.min(Math.max(this.#core.next() - this.#o.core.world.now(), 1), hour);
    const nudged = new Promise<void>((done) => { this.#nudge = done; });
    const stop = new AbortController();
    const timer = within(2 * hour, [signal, stop.signal], (s) => sleep(due, s)).then(() => "due", () => "");
    const why = await Promise.race([timer, nudged]);
    stop.abort();
    if (why !== "due") return sleep(together, signal).catch(() => undefined);
    try {
      await this.enter((core) => core.tick());
    } catch (error) { // the store failed: not again at once
      this.#log("error", "cannot do what is due", { error });
      await sleep(10 * second, signal).catch(() => undefined);
    }
  }

  async #end(): Promise<void> {
    this.#early = undefined;
    this.#pool.close();
    await Promise.all(this.#tasks);
    for (const waiting of this.#waiting.values()) for (const w of waiting) w();
    await this.#o.turn.take(() => this.#core.flush());
  }

  #log(level: "debug" | "info" | "warn" | "error", message: string, attributes?: { [key: string]: unknown }): void {
    this.#o.core.world.log(level, message, attributes);
  }

  /**
   * Takes the turn for f, and begins what the Core wants done after it. What f does with
   * other cores and with this one is one operation.
   */
  enter(f: (core: Core) => Promise<Effect[]>): Promise<void> {
    return this.#o.turn.take(async () => {
      const effects = await f(this.#core);
      if (!this.#running) this.#early?.push(...effects);
      else for (const e of effects) await this.#begin(e);
      this.#nudge();
    });
  }

  /** Begins an effect; nothing here waits for a network. After the end, what is durable is left to another Peer. */
  async #begin(e: Effect): Promise<void> {
    if (!this.#early || this.#running?.aborted) return;
    switch (e.do) {
      case "put":
      case "create":
      case "lock":
      case "delete":
        return this.#carry(e);
      case "ack":
        return this.#release(e.ref, "ack");
      case "back":
        return this.#release(e.ref, e.wait);
      case "serve":
        return this.#serve(e);
      case "arrived":
        for (const w of this.#waiting.get(e.id) ?? []) w();
        this.#o.arrived?.(e.id);
        return;
      case "listen":
        return this.#listen(await this.#o.core.people.inboxes());
    }
  }

  /** Runs f until the Peer ends; its failure is told. */
  #spawn(ms: number, f: (signal: AbortSignal) => Promise<void>): void {
    const task = within(ms, [this.#running], f).catch((error: unknown) => {
      this.#log("debug", "a relay was not told something", { error });
    }).finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  /** Carries something to a relay or a direct channel and tells the Core what came of it. */
  #carry(e: Load): void {
    const direct = e.do === "put" && e.direct !== undefined;
    const patience = direct ? this.#o.core.limits?.direct ?? 2 * second : this.#patience;
    this.#spawn(long, async () => {
      let outcome: Outcome = { accepted: true };
      try {
        await within(patience, [this.#running], (s) => this.#courier.carry(e, s));
      } catch (error) {
        this.#log("debug", "a relay did not accept", { relay: e.mailbox.relay, error });
        outcome = { accepted: false, wait: error instanceof RelayError ? error.seconds * second : 0, refused: refusedBy(error, "no") };
      }
      await this.enter((core) => core.done(e.job, e.mailbox, direct, outcome))
        .catch((error: unknown) => this.#log("error", "cannot keep what became of a message", { error }));
    });
  }

  #release(ref: number, outcome: "ack" | number): void {
    this.#refs.get(ref)?.(outcome);
    this.#refs.delete(ref);
  }

  /** Subscribes to what is an inbox now, and to nothing else. */
  #listen(inboxes: readonly Inbox[]): void {
    this.#inboxes = new Map(inboxes.flatMap((i) => i.mailbox.recipient ? [[`${i.mailbox.relay} ${hex(i.mailbox.recipient)}`, i]] : []));
    for (const [at, stop] of this.#subscriptions) {
      if (this.#inboxes.has(at)) continue;
      stop();
      this.#subscriptions.delete(at);
    }
    for (const [at, { mailbox: m }] of this.#inboxes) {
      if (this.#subscriptions.has(at) || !m.recipient) continue;
      try {
        this.#subscriptions.set(at, this.#pool.subscribe(
          m.relay, m.recipient, this.#o.credit ?? 32, (d) => this.#deliver(at, d), (e) => this.#trouble(m, e)));
      } catch (error) {
        this.#log("warn", "cannot listen", { relay: m.relay, error });
      }
    }
  }

  /** Makes a queue that the relay does not have, and sends what waited for a relay that is back. */
  #trouble(m: Mailbox, error: unknown): void {
    this.#troubles.set(m.relay, error);
    const now = this.#o.core.world.now();
    if (error === undefined) {
      if (this.#waker.wants(m)) this.#spawn(this.#patience, (s) => this.#waker.leave(m, s));
      if (Math.abs(now - (this.#back.get(m.relay) ?? 0)) <= second) return;
      this.#back.set(m.relay, now);
      this.#spawn(minute, () => this.enter((core) => core.reachable(m.relay)));
    } else if (refusedBy(error, "no")) {
      this.#spawn(this.#patience, (s) => this.#courier.create(m, 7, s));
    } else {
      this.#log("debug", "a relay cannot be listened to", { relay: m.relay, error });
    }
  }

  /** Hands what came to the Core. What an inbox stands for may change: a welcome makes it that of a relation. */
  async #deliver(at: string, d: Delivery): Promise<void> {
    await this.enter(async (core) => {
      const inbox = this.#inboxes.get(at);
      if (!inbox) return []; // it comes again, to whoever listens
      const ref = ++this.#ref;
      this.#refs.set(ref, (o) => this.#spawn(this.#patience, (s) => o === "ack" ? d.ack(s) : d.back(o / second, s)));
      return core.deliver({ ref, inbox, body: d.body });
    });
  }

  /** Takes an envelope that came by a direct channel of a relation; true when it is kept, and need not come again. */
  async receive(relation: string, envelope: Uint8Array): Promise<boolean> {
    let said: (taken: boolean) => void = () => undefined;
    const taken = new Promise<boolean>((done) => { said = done; });
    await this.enter(async (core) => {
      const mailbox = (await this.#o.core.people.relation(relation))?.in[0];
      if (!mailbox) {
        said(false);
        return [];
      }
      const ref = ++this.#ref;
      this.#refs.set(ref, (o) => said(o === "ack"));
      return core.deliver({ ref, inbox: { mailbox, relation }, body: envelope, direct: true });
    });
    return taken;
  }

  /** Has the Answerer answer, and seals and sends what it says. */
  #serve(e: Effect & { do: "serve" }): void {
    const most = this.#o.answerWithin ?? 5 * minute;
    const wanted = Math.min(e.ask.within || most, most);
    this.#spawn(most + minute, async () => {
      let answer: Promise<Response> | Response;
      try {
        answer = await within(wanted, [this.#running], (s) => this.#answering.pass(s, () => this.#answer(e, s)));
      } catch (error) {
        if (kindOf(error) === "unreachable") {
          this.#log("info", "left a request to another device", { error });
          return this.enter((core) => core.decline(e.token));
        }
        this.#log("error", "cannot answer", { relation: e.from.slice(0, 8), error });
        answer = { to: "", status: 500, header: {}, body: new Uint8Array() };
      }
      const response = answer;
      await this.enter((core) => core.answered(e.token, response));
    });
  }

  /** Asks the Answerer and puts a large body where the asker can fetch it. */
  async #answer(e: Effect & { do: "serve" }, signal: AbortSignal): Promise<Response> {
    const { people } = this.#o.core;
    const [reply, relation] = await this.#o.turn.take(async (): Promise<[Reply, Relation | undefined]> =>
      [await this.#o.answerer.answer(e.from, e.kind, e.ask), await people.relation(e.from)]);
    const { body, size, status, header } = reply;
    try {
      const response: Response = { to: "", status, header, body: new Uint8Array() };
      if (!body || size === 0) return response;
      if (size > maxChunked) throw new Fault("internal", `an answer of ${size} octets, at most ${maxChunked} are allowed`);
      if (size <= maxInline) return { ...response, body: await body.read(0, size) };
      if (!relation) throw new Fault("not_found", "the relation has ended");
      return { ...response, chunks: await upload(this.#carrier, relation, reply, body, signal) };
    } finally {
      body?.close();
    }
  }

  /** Keeps messages and sends them. */
  send(...out: Outgoing[]): Promise<void> {
    return out.length === 0 ? Promise.resolve() : this.enter((core) => core.send(...out));
  }

  /** Does what person or library want done. */
  apply(e: Effects): Promise<void> {
    return this.enter((core) => core.apply(e));
  }

  /** Asks the other side of a relation, and withdraws the request when the signal ends. */
  async ask(to: string, ask: Ask, signal: AbortSignal): Promise<Reply> {
    signal.throwIfAborted();
    const { id, reply } = await this.request(to, ask, { wait: Infinity, once: true }, signal);
    if (!reply) throw (signal.reason ?? new Fault("unreachable", `request ${id} was not answered`)) as Error;
    return reply;
  }

  /** Asks the other side of a relation. Without an answer in time the request stays open, and answer waits for it again. */
  async request(to: string, ask: Ask, o: Waiting = {}, signal?: AbortSignal): Promise<Answered> {
    let id = "";
    await this.enter(async (core) => {
      const made = await core.ask(to, ask, o.for);
      id = made.id;
      return made.effects;
    });
    let got: Answered = { id };
    try {
      return got = await this.answer(id, o.wait ?? 0, signal);
    } finally {
      if (o.once && !got.reply) await this.#forget(id);
    }
  }

  /** Waits for the answer to a request that was made before. */
  async answer(id: string, wait = 0, signal?: AbortSignal): Promise<Answered> {
    const end = this.#o.core.world.now() + wait;
    for (;;) {
      const left = Math.min(end - this.#o.core.world.now(), hour);
      const asked = this.#core.asked(id);
      if (asked.response) return { id, reply: await this.#reply(asked, asked.response) };
      if (left <= 0 || signal?.aborted || !this.#early || this.#running?.aborted) return { id };
      await this.#arrival(id, left, signal);
    }
  }

  async #arrival(id: string, ms: number, signal?: AbortSignal): Promise<void> {
    let wake: () => void = () => undefined;
    const arrived = new Promise<void>((done) => { wake = done; });
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(wake));
    await within(ms, [signal, this.#running], (s) => until(arrived, s)).catch(() => undefined);
    waiting.delete(wake);
    if (waiting.size === 0) this.#waiting.delete(id);
  }

  /** The requests that were not cancelled or forgotten, oldest first. */
  asked(): Asked[] {
    return this.#core.allAsked();
  }

  /** Withdraws a request, or forgets its answer. */
  cancel(id: string): Promise<void> {
    return this.enter(async (core) => [...await core.cancel(id), { do: "arrived", id }]);
  }

  /** cancel for a request that may be over. */
  #forget(id: string): Promise<void> {
    return this.cancel(id).catch((error: unknown) => this.#log("debug", "a request is over already", { error }));
  }

  /** Makes a response what it was before it was sealed. */
  async #reply(a: Asked, r: Response): Promise<Reply> {
    const reply: Reply = { status: r.status, header: r.header, size: r.chunks?.size ?? r.body.length };
    if (r.chunks) reply.body = await this.#download(a, r.chunks);
    else if (r.body.length === 0) await this.#forget(a.id);
    else reply.body = held(r.body, () => void this.#forget(a.id));
    return reply;
  }

  async #download(a: Asked, chunks: NonNullable<Response["chunks"]>): Promise<Body> {
    const r = await this.#o.turn.take(() => this.#o.core.people.relation(a.to));
    const relays = new Set([...r?.in ?? [], ...r?.out ?? []].map((m) => m.relay));
    return new Download(this.#carrier, chunks, relays, (erase) => {
      if (erase) this.#spawn(this.#patience, async (s) => { await this.#forget(a.id); await erase(s); });
    });
  }

  /** Says why nothing can come from a relay now; undefined when it can. */
  listening(relay: string): unknown {
    return this.#troubles.has(relay) ? this.#troubles.get(relay) : new Fault("unreachable", `not connected to ${cutRelay(relay).url} yet`);
  }

  /** The key that a relay's pushes are signed by (Web Push's applicationServerKey); undefined when it wakes nobody. */
  pushKey(relay: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#waker.key(relay, signal);
  }

  /**
   * Leaves a Web Push subscription with the queues on a relay that this device listens to
   * now and from now on, so that it is woken when something comes; undefined takes it away.
   */
  wake(relay: string, subscription: PushSubscriptionJSON | undefined, signal: AbortSignal): Promise<void> {
    return this.#waker.set(relay, subscription, [...this.#inboxes.values()].map((i) => i.mailbox), signal);
  }

  /** Tries everything again at once: the network has changed. */
  poke(): Promise<void> {
    this.#pool.poke();
    return this.enter((core) => core.hurry());
  }

  /** What is known of a relation's exchange. */
  status(relation: string): Promise<Status> {
    return this.#o.turn.take(() => this.#core.status(relation));
  }
}

/** What a Core asks of direct channels, and tells them. */
function hooks(direct: Direct): Required<Pick<CoreOptions, "reaches" | "where" | "meet" | "heard" | "wants">> {
  return {
    reaches: (relation, context) => direct.reaches(relation, context),
    where: (relation, context, m) => direct.where?.(relation, context, m),
    meet: (relation, context, m) => direct.meet?.(relation, context, m) ?? false,
    heard: (relation) => direct.heard?.(relation),
    wants: (relation) => direct.wants?.(relation),
  };
}

/** A body that is forgotten when it is closed. */
function held(octets: Uint8Array, close: () => void): Body {
  return { size: octets.length, read: (from, to) => Promise.resolve(octets.slice(from, to)), close };
}

