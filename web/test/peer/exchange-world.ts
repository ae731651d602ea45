/**
 * Devices, relays and a network between them, in memory: all driven by one seed and a
 * clock of its own. Messages are really sealed.
 */
import assert from "node:assert/strict";
import {
  type Bucket, type Effects, type Handler, type Inbox, type Mailbox, type Message, MessageKind, type Outgoing, PartyKind,
  type People, type Relation,
} from "../../runtime/peer/contract.ts";
import { Core, type CoreOptions, type Effect } from "../../runtime/peer/exchange/index.ts";
import * as seal from "../../runtime/peer/seal/index.ts";
import { dice } from "./relay.ts";

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** How likely it is that a PUT does not arrive, or nobody is told; that something is delivered again; and how long things take. */
export interface Network { lose: number; unsure: number; duplicate: number; delay: number }
export const good: Network = { lose: 0, unsure: 0, duplicate: 0, delay: 100 };
export const bad: Network = { lose: 0.2, unsure: 0.2, duplicate: 0.2, delay: 2 * second };

export const noEffects = (): Effects => ({ create: [], lock: [], raw: [], out: [], delete: [], moved: [], changed: false });
const name = (m: Mailbox): string => `${m.relay} ${seal.hex(m.sender!)}`;

interface Held { id: string; body: Uint8Array; by?: Device; start?: number; until: number; notFor: Map<Device, number>; gone: boolean }
interface Queue { held: Held[]; history: Uint8Array[]; puts: number }

export class World {
  now = 1_790_000_000_000;
  net: Network;
  readonly devices: Device[] = [];
  readonly queues = new Map<string, Queue>();
  readonly down = new Set<string>(); // relays
  readonly empty = new Set<string>(); // relays that have no queue any more
  readonly chance: () => number;
  #events: { at: number; order: number; run: () => Promise<void> | void }[] = [];
  #order = 0;

  constructor(seed: number, net: Network = good) {
    this.net = net;
    this.chance = dice(seed);
  }

  readonly random = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => Math.floor(this.chance() * 256));

  later(ms: number, run: () => Promise<void> | void): void {
    this.#events.push({ at: this.now + ms, order: this.#order++, run });
  }

  soon(run: () => Promise<void> | void): void {
    this.later(1 + Math.floor(this.chance() * this.net.delay), run);
  }

  /** Lets ms pass. */
  async run(ms: number): Promise<void> {
    const end = this.now + ms;
    for (let steps = 0; ; steps++) {
      assert.ok(steps < 200_000, "the simulation does not come to rest");
      for (const d of this.devices) d.schedule();
      this.#events.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.#events[0];
      if (!next || next.at > end) break;
      this.#events.shift();
      this.now = Math.max(this.now, next.at);
      await next.run();
    }
    this.now = end;
  }

  mailboxes(n: number): Mailbox[] {
    return Array.from({ length: n }, (_, i) => ({ relay: `ws://relay${i}`, sender: seal.newSeed(this.random), recipient: seal.newSeed(this.random) }));
  }

  put(m: Mailbox, id: string, body: Uint8Array): void {
    const q = this.queues.get(name(m)) ?? { held: [], history: [], puts: 0 };
    this.queues.set(name(m), q);
    q.puts++;
    if (q.held.some((h) => h.id === id && !h.gone)) return;
    q.held.push({ id, body, until: 0, notFor: new Map(), gone: false });
    q.history.push(body);
    this.offer();
  }

  /** Offers what waits to devices that listen. */
  offer(after = 0): void {
    this.later(after, async () => {
      for (const d of this.devices) {
        if (d.off) continue;
        for (const inbox of await d.people.inboxes()) {
          const q = this.queues.get(name(inbox.mailbox));
          if (q && !this.down.has(inbox.mailbox.relay)) this.#offerTo(d, inbox, q);
        }
      }
    });
  }

  #offerTo(d: Device, inbox: Inbox, q: Queue): void {
    q.held = q.held.filter((h) => !h.gone);
    for (const h of q.held) {
      const leased = h.by && this.now < h.until && h.by.starts === h.start && !h.by.off;
      if (leased || this.now < (h.notFor.get(d) ?? 0)) continue;
      Object.assign(h, { by: d, start: d.starts, until: this.now + 30 * second });
      d.deliver(inbox, h, h.body);
    }
    const old = q.history[Math.floor(this.chance() * q.history.length)];
    if (old && this.chance() < this.net.duplicate) d.deliver(inbox, undefined, old);
  }

  /** Makes two persons friends. */
  async befriend(a: Person, b: Person, relays = 2): Promise<string> {
    const { invitation, private: key } = await seal.newInvitation(this.random, PartyKind.friend, this.now + day, ["ws://relay0"]);
    const [mine, theirs] = [
      await seal.newOwn(this.random, this.now, a.name, this.mailboxes(relays)),
      await seal.newOwn(this.random, this.now, b.name, this.mailboxes(relays)),
    ];
    const join = await seal.makeJoin(this.random, this.now, invitation, theirs);
    const { octets, meeting } = await seal.makeWelcome(await seal.openJoin(invitation, key, join.octets), this.random, this.now, mine);
    const other = await seal.openWelcome(this.now, invitation, join, theirs, octets);
    a.relations.set(meeting.relation.id, meeting.relation);
    b.relations.set(meeting.relation.id, other.relation);
    return meeting.relation.id;
  }

  /** Makes two devices of one person know each other. */
  async link(a: Device, b: Device): Promise<void> {
    const household = seal.newSeed(this.random);
    const side = async (d: Device): Promise<seal.OwnSide> => {
      const secret = this.random(32);
      return { device: seal.hex(seal.hash(d.name)).slice(0, 16), private: secret, public: await seal.publicOf(secret), queues: this.mailboxes(1) };
    };
    const [x, y] = [await side(a), await side(b)];
    for (const [d, me, other] of [[a, x, y], [b, y, x]] as const) {
      const { private: _, ...shown } = other;
      const r = seal.ownRelation(household, me, shown);
      r.epochs[0]!.created = this.now;
      d.own.set(r.id, r);
    }
  }
}

/** What all devices of a person know, told to all at once. */
export class Person {
  readonly name: string;
  readonly relations = new Map<string, Relation>();
  constructor(name: string) {
    this.name = name;
  }
}

/** A bucket whose power may be cut at a write. */
export class Disk implements Bucket {
  readonly records = new Map<string, Uint8Array>();
  cut = 0;
  after = false;
  dead = false;
  writes = 0;

  get(key: string): Uint8Array | undefined {
    return this.records.get(key);
  }

  *each(prefix: string): Iterable<[string, Uint8Array]> {
    for (const key of [...this.records.keys()].sort()) if (key.startsWith(prefix)) yield [key, this.records.get(key)!];
  }

  async apply(puts: ReadonlyMap<string, Uint8Array>, deletes: readonly string[] = []): Promise<void> {
    this.writes++;
    this.dead ||= this.writes === this.cut;
    if (!this.dead || this.after) {
      for (const [k, v] of puts) this.records.set(k, v.slice());
      for (const k of deletes) this.records.delete(k);
    }
    if (this.dead) throw new Error("the power is cut");
  }
}

/** A Core, what it keeps, and its network. */
export class Device implements Handler {
  readonly w: World;
  readonly name: string;
  readonly person: Person;
  readonly own = new Map<string, Relation>();
  readonly handled = new Map<string, number>();
  readonly arrived = new Set<string>();
  readonly used: string[] = [];
  readonly forgot: string[] = [];
  readonly people: People;
  core!: Core;
  disk = new Disk();
  off = false;
  skew = 0;
  starts = 0;
  serves = 0;
  /** Takes what is put directly; undefined: there is no channel. */
  direct: ((body: Uint8Array) => Promise<boolean>) | undefined;
  answer: (path: string) => seal.Response | undefined;
  tune: Partial<CoreOptions> = {};
  #refs = new Map<number, (o: "ack" | number) => void>();
  #ref = 0;
  #tick = 0;

  constructor(w: World, person: Person, name = person.name) {
    this.w = w;
    this.person = person;
    this.name = name;
    this.answer = (path): seal.Response => ({ to: "", status: 200, header: {}, body: seal.utf8(`${path} by ${name}`) });
    this.people = this.#people();
    w.devices.push(this);
    this.start();
  }

  start(): void {
    const { w } = this;
    this.disk.dead = false;
    this.core = new Core({
      people: this.people, handler: this, bucket: this.disk,
      world: { now: () => w.now + this.skew, random: w.random, log: () => undefined },
      reaches: () => this.direct !== undefined,
      ...this.tune,
    });
    this.starts++;
    this.#refs = new Map();
    this.#tick = 0;
  }

  /** Is killed and starts again. */
  async restart(): Promise<void> {
    this.start();
    await this.do(() => this.core.tick());
    this.w.offer();
  }

  /** Runs f and its effects; when the disk dies on the way, the device restarts. False then. */
  async do(f: () => Promise<Effect[]>): Promise<boolean> {
    let effects: Effect[] = [];
    try {
      effects = await f();
    } catch (e) {
      if (!this.disk.dead) throw e;
    }
    if (this.disk.dead) {
      await this.restart();
      return false;
    }
    for (const e of effects) this.#effect(e);
    return true;
  }

  schedule(): void {
    const next = this.core.next() - this.skew;
    if (this.off || this.#tick === next) return;
    this.#tick = next;
    const { starts } = this;
    this.w.later(Math.max(next - this.w.now, 1), async () => {
      if (this.starts !== starts || this.off || this.#tick !== next) return;
      this.#tick = 0;
      await this.do(() => this.core.tick());
    });
  }

  deliver(inbox: Inbox, h: Held | undefined, body: Uint8Array): void {
    const { starts } = this;
    this.w.soon(async () => {
      if (this.starts === starts && !this.off) {
        await this.take(inbox, body, (o) => {
          if (h && o === "ack") h.gone = true;
          else if (h && o !== "ack") {
            delete h.by;
            h.notFor.set(this, this.w.now + o);
            this.w.offer();
            this.w.offer(o);
          }
        });
      }
    });
  }

  async take(inbox: Inbox, body: Uint8Array, said: (o: "ack" | number) => void, direct = false): Promise<void> {
    const ref = ++this.#ref;
    this.#refs.set(ref, said);
    await this.do(() => this.core.deliver({ ref, inbox, body: body.slice(), direct }));
  }

  #effect(e: Effect): void {
    switch (e.do) {
      case "put":
        return e.direct ? this.#putDirect(e) : this.#put(e);
      case "ack":
        return this.#refs.get(e.ref)?.("ack");
      case "back":
        return this.#refs.get(e.ref)?.(e.wait);
      case "serve":
        return this.#serve(e);
      case "arrived":
        this.arrived.add(e.id);
        return;
      case "listen":
        return this.w.offer();
      default:
        this.w.soon(() => this.do(() => this.core.done(e.job, e.mailbox, false, { accepted: true })).then(() => undefined));
    }
  }

  #serve(e: Effect & { do: "serve" }): void {
    this.serves++;
    const { starts } = this;
    this.w.soon(async () => {
      if (this.starts !== starts) return;
      const a = this.answer(e.ask.path);
      await this.do(() => a ? this.core.answered(e.token, a) : this.core.decline(e.token));
    });
  }

  #put(e: Effect & { do: "put" }): void {
    const { starts, w } = this;
    const [lost, unsure] = [w.chance() < w.net.lose, w.chance() < w.net.unsure];
    w.soon(async () => {
      const empty = w.empty.has(e.mailbox.relay);
      const ok = !lost && !this.off && !w.down.has(e.mailbox.relay) && !empty && this.starts === starts;
      if (ok) w.put(e.mailbox, e.id, e.body);
      if (this.starts !== starts) return;
      await this.do(() => this.core.done(e.job, e.mailbox, false, { accepted: ok && !unsure, refused: empty && !lost }));
    });
  }

  #putDirect(e: Effect & { do: "put" }): void {
    this.w.soon(async () => {
      const accepted = await this.direct?.(e.body) ?? false;
      await this.do(() => this.core.done(e.job, e.mailbox, true, { accepted }));
    });
  }

  async send(...out: Outgoing[]): Promise<void> {
    while (!await this.do(() => this.core.send(...out))); // the caller did not hear that it was kept: it says it again
  }

  async ask(to: string, path: string): Promise<string> {
    let id = "";
    while (!await this.do(async () => {
      const made = await this.core.ask(to, { method: "GET", path, header: {} });
      id = made.id;
      return made.effects;
    }));
    return id;
  }

  text(id: string): string | undefined {
    const { response } = this.core.asked(id);
    return response && new TextDecoder().decode(response.body);
  }

  async handle(from: string, m: Message): Promise<Outgoing[]> {
    this.handled.set(m.id, (this.handled.get(m.id) ?? 0) + 1);
    if (m.kind !== MessageKind.purge) return [];
    const { id } = seal.parsePurge(m.body!);
    return [{ to: from, kind: MessageKind.purged, body: seal.encodePurged({ id, nothing: false }) }];
  }

  find(id: string): Relation | undefined {
    return this.own.get(id) ?? this.person.relations.get(id);
  }

  #people(): People {
    const found = (id: string): Relation => {
      const r = this.find(id);
      assert.ok(r);
      return r;
    };
    const all = (): Relation[] => [...this.person.relations.values(), ...this.own.values()];
    const now = (): number => this.w.now + this.skew;
    return {
      relation: async (id) => {
        const r = this.find(id);
        return r && { ...r, epochs: [...r.epochs] };
      },
      relations: async () => all(),
      inboxes: async () => all().flatMap((r) => r.in.map((mailbox) => ({ mailbox, relation: r.id }))),
      receive: async () => undefined,
      handle: async (_, m) => {
        this.handled.set(m.id, (this.handled.get(m.id) ?? 0) + 1);
        return noEffects();
      },
      newEpoch: async (id) => {
        const r = found(id);
        const { epoch } = await seal.newEpoch(this.w.random, now());
        r.epochs[0]!.superseded = now();
        r.epochs.unshift(epoch);
        return noEffects();
      },
      learnEpoch: async (id, key) => {
        found(id).peerEpoch = { id: seal.epochOf(key), public: key, seen: now() };
        return noEffects();
      },
      eraseEpoch: async (id, epoch) => {
        const r = found(id);
        r.epochs = r.epochs.filter((e) => e.id !== epoch);
        return noEffects();
      },
      arrived: async (inbox) => {
        this.used.push(name(inbox.mailbox));
        return noEffects();
      },
      forget: async (id) => {
        this.forgot.push(id);
        return noEffects();
      },
    };
  }
}

/** A message with the n-th id. */
export const changed = (to: string, n: number): Outgoing => ({ to, kind: MessageKind.changed, id: idOf(n) });
export const idOf = (n: number): string => (n + 1).toString(16).padStart(32, "0");

/** Two friends with a device each. */
export async function pair(seed: number, net?: Network): Promise<{ w: World; a: Device; b: Device; id: string }> {
  const w = new World(seed, net);
  const [alice, bob] = [new Person("alice"), new Person("bob")];
  const id = await w.befriend(alice, bob);
  return { w, a: new Device(w, alice), b: new Device(w, bob), id };
}

/** A person with two devices, and a friend with one. */
export async function home(seed: number, net?: Network): Promise<{ w: World; phone: Device; laptop: Device; friend: Device; id: string }> {
  const w = new World(seed, net);
  const [alice, bob] = [new Person("alice"), new Person("bob")];
  const id = await w.befriend(alice, bob);
  const [phone, laptop, friend] = [new Device(w, alice, "phone"), new Device(w, alice, "laptop"), new Device(w, bob)];
  await w.link(phone, laptop);
  return { w, phone, laptop, friend, id };
}

/** Checks that messages from the first on came once each. */
export function once(d: Device, first: number, n: number): void {
  const times = Array.from({ length: n }, (_, i) => d.handled.get(idOf(first + i)) ?? 0);
  assert.deepEqual(times, times.map(() => 1), `${d.name} was told ${times.join(" ")} times`);
}
