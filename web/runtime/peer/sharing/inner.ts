import {
  MessageKind, PartyKind,
  type Answerer, type Ask, type Asker, type Effects, type Handler, type Inbox, type Message, type Outgoing, type People, type Relation,
  type Reply,
} from "../contract.ts";
import { Peer, type Core } from "../exchange/index.ts";
import { Fault } from "../fault.ts";
import { openCopies, openLibrary, isOwnRecord, passOn, tellOthers, type Copies, type Library } from "../library/index.ts";
import type { PersonEffects } from "../person/options.ts";
import { Person } from "../person/person.ts";
import { Turn } from "../turn.ts";
import { Changes } from "./changes.ts";
import type { Acting, Happened, SharingOptions } from "./options.ts";

/** How often own devices are told that friends have something new. */
const passEvery = 1000;
/** How many words of friends that they purged something are looked at again, and how long, in ms. */
const mostEarly = 1024;
const earlyTime = 600_000;
/** How long another own device is waited for. */
const ownWait = 60_000;

/**
 * The parts of the peer, put together as internal/sharing does. Friends have two names:
 * in exchange/ it is the relation, which is another one after keys were changed; in
 * library/ it is the one that stays. `stable` and `current` translate.
 */
export class Inner {
  readonly o: SharingOptions;
  readonly turn = new Turn();
  readonly changes = new Changes();
  person!: Person;
  library!: Library;
  copies!: Copies;
  peer!: Peer;
  readonly watchers = new Set<(e: Happened) => void>();
  #stale: () => void = () => undefined;
  #gone: string[] = [];
  /** Another device wrote the person's records. */
  #records = false;
  #fetching: Promise<void> | undefined;
  /** The friends of relations that were seen, and what was said to have moved. */
  readonly #known = new Map<string, string>();
  readonly #moved = new Set<string>();
  /** Friends who said that they have something new, which own devices were not told; and when they were last. */
  readonly #news = new Set<string>();
  #told = 0;
  /** Friends' words that they purged something: what another own device asked for may not have been heard of here yet. */
  #early: { from: string; m: Message; at: number }[] = [];
  /** The friends, as who watches knows them. */
  #circle = "";

  private constructor(o: SharingOptions) {
    this.o = o;
  }

  static async open(o: SharingOptions): Promise<Inner> {
    const i = new Inner(o);
    const { store, world } = o;
    i.person = await Person.open({
      records: {
        get: (key) => i.library.records.get(key),
        put: async (puts, deletes) => i.library.records.put(puts, deletes),
        each: (prefix) => i.#personsRecords(prefix),
      },
      local: store.bucket("device"), world, keys: o.keys,
      ...(o.name !== undefined && { name: o.name }), ...(o.device !== undefined && { device: o.device }),
      ...(o.relays && { relays: o.relays }), ...(o.base !== undefined && { base: o.base }),
      ...(o.lifetime !== undefined && { message: o.lifetime }),
    });
    i.library = await openLibrary({ store, world, device: i.person.device, ...(o.lease !== undefined && { lease: o.lease }), ...o.library });
    i.copies = await openCopies({ store, world });
    i.peer = new Peer({
      core: {
        people: i.#people(), handler: i.#handler(), bucket: store.bucket("exchange"), world,
        ...(o.lifetime !== undefined && { limits: { lifetime: o.lifetime } }),
      },
      answerer: i.#answerer(), turn: i.turn, arrived: (id) => i.#arrived(id),
      ...(o.relay && { relay: o.relay }), ...(o.direct && { direct: o.direct }), ...(o.network && { network: o.network }),
    });
    await i.#resume();
    return i;
  }

  /** The person's part of the records; the library keeps lists and receipts beside it. */
  *#personsRecords(prefix: string): Iterable<[string, Uint8Array]> {
    for (const [key, value] of this.library.records.each(prefix)) if (!isOwnRecord(key)) yield [key, value];
  }

  /** Brings the parts together after a start. */
  async #resume(): Promise<void> {
    this.library.watch((e) => {
      if (e.record !== "" && !isOwnRecord(e.record)) {
        this.#records = true;
        this.person.refresh();
      } else if (e.record === "") {
        this.tell({ kind: "document", app: e.app, path: e.path, tag: e.tag });
      }
      this.look();
    });
    const { holds } = this.person.devices().find((d) => d.this) ?? {};
    if (holds) this.hold(holds);
    await this.act(async (a) => {
      a.send(this.#tellLibrary());
      for (const r of await this.#ownDevices()) a.send(this.library.sync(r)); // this one was away, and may be one of an old copy
      a.effects(await this.#refreshed());
      a.person(await this.person.resume());
    });
  }

  /**
   * Looks at the person's records again, because another device wrote them or at a start:
   * what waits in a relation that is no more, or was replaced, goes to the one that its
   * friend is written to by.
   */
  async #refreshed(): Promise<Effects> {
    this.person.refresh();
    const moved: Effects["moved"] = [];
    const add = (from: string, to: string): void => {
      if (!this.#moved.has(from + to)) moved.push({ from, to });
      this.#moved.add(from + to);
    };
    for (const { from, to } of this.person.moves()) add(from, to);
    for (const r of await this.person.relations()) {
      const friend = this.person.stable(r.id);
      if (friend !== undefined) this.#known.set(r.id, friend);
    }
    for (const [id, friend] of this.#known) {
      const now = this.person.current(friend);
      if (now !== undefined && now !== id && this.person.stable(id) === undefined) add(id, now);
    }
    return { create: [], lock: [], raw: [], out: [], delete: [], moved, changed: true };
  }

  /** Runs until the signal ends. */
  async run(signal: AbortSignal): Promise<void> {
    const running = this.peer.run(signal);
    while (!signal.aborted) {
      const why = await this.#waitStale(signal);
      if (signal.aborted) break;
      if (why === "tick") await this.#guarded("look after what is due", () => this.#tick());
      await this.#guarded("bring everything up to date", () => this.#refresh(signal));
      this.changes.note();
    }
    await running;
    await this.#fetching;
  }

  #waitStale(signal: AbortSignal): Promise<"tick" | "stale"> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done("tick"), this.o.tick ?? 30_000);
      const stop = (): void => done("stale");
      const done = (why: "tick" | "stale"): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
        this.#stale = () => { this.#pending = true; };
        resolve(why);
      };
      signal.addEventListener("abort", stop);
      this.#stale = stop;
      if (this.#pending || signal.aborted) stop();
      this.#pending = false;
    });
  }

  #pending = true;

  /** Has what depends on the person and the library brought up to date soon. */
  look(): void {
    this.#stale();
  }

  async #guarded(what: string, f: () => Promise<void>): Promise<void> {
    try {
      await f();
    } catch (error) {
      this.o.world.log("error", `cannot ${what}`, { error: String(error) });
    }
  }

  async #tick(): Promise<void> {
    await this.act(async (a) => a.person(await this.person.tick()));
    await this.act(async (a) => {
      const now = this.o.world.now();
      this.#early = this.#early.slice(-mostEarly).filter((e) => now - e.at < earlyTime);
      for (const { from, m } of this.#early) a.send(await this.library.handle(from, m));
      a.send(await this.library.tick());
    });
    await this.turn.take(() => this.copies.tick());
  }

  /** Brings up to date what follows from the person and the library. */
  async #refresh(signal: AbortSignal): Promise<void> {
    await this.act(async (a) => {
      if (this.#records) {
        this.#records = false;
        a.effects(await this.#refreshed());
      }
      for (const friend of this.#gone.splice(0)) await this.copies.eraseFriend(friend);
      a.send(this.#tellLibrary());
      a.send(await this.#passNews());
    });
    const circle = JSON.stringify(this.person.friends().map((f) => [f.id, f.name, f.pending, f.blocked]));
    if (circle !== this.#circle) this.tell({ kind: "friends" });
    this.#circle = circle;
    this.#fetchBodies(signal);
  }

  /** Begins to bring bodies that belong on this device, unless it is at it already. */
  #fetchBodies(signal: AbortSignal): void {
    const wanted = this.library.wanted(64);
    if (wanted.length === 0 || this.#fetching) return;
    const all = async (): Promise<void> => {
      for (const item of wanted) {
        if (signal.aborted) return;
        await this.library.fetch(this.ownAsker, item.handle, signal, this.enter).catch((error: unknown) => {
          this.o.world.log("debug", "a body is not to be had now", { error: String(error) });
        });
      }
    };
    this.#fetching = all().finally(() => { this.#fetching = undefined; });
  }

  /** The turn, for what waits in between. */
  readonly enter = <T>(f: () => Promise<T>): Promise<T> => this.turn.take(f);

  /**
   * Runs one operation under the turn, and carries out what it wants done. What was kept
   * before it failed is carried out too.
   */
  async act<T>(f: (a: Acting) => Promise<T>): Promise<T> {
    const outcome: { value?: T; failed?: unknown } = {};
    await this.peer.enter(async (core: Core) => {
      const effects: Effects[] = [];
      const out: Outgoing[] = [];
      try {
        outcome.value = await f({
          person: (e) => void effects.push(this.#note(e)),
          send: (more) => void out.push(...more),
          effects: (e) => void effects.push(e),
        });
      } catch (error) {
        outcome.failed = error ?? new Fault("internal", "something failed");
      }
      const all = [];
      for (const e of effects) all.push(...(await core.apply({ ...e, out: this.#addressed(e.out) })));
      if (out.length > 0) all.push(...(await core.send(...this.#addressed(out))));
      return all;
    });
    if (outcome.failed !== undefined) throw outcome.failed;
    return outcome.value as T;
  }

  /** Keeps what effects of the person ask of others than exchange/. */
  #note(e: PersonEffects): PersonEffects {
    this.#gone.push(...e.gone);
    this.look();
    return e;
  }

  /** How the library knows a relation. */
  stable(relation: string): string {
    return this.person.stable(relation) ?? relation;
  }

  /** The relation by which who the library knows is written to. */
  current(id: string): string {
    return this.person.current(id) ?? id;
  }

  #addressed(out: readonly Outgoing[]): Outgoing[] {
    return out.map((m) => ({ ...m, to: this.current(m.to) }));
  }

  /** The person, as exchange/ asks it, which has the turn. */
  #people(): People {
    const p = this.person;
    const noted = async (e: Promise<PersonEffects>): Promise<Effects> => {
      const effects = this.#note(await e);
      return { ...effects, out: this.#addressed(effects.out) };
    };
    return {
      relation: (id): Promise<Relation | undefined> => p.relation(id),
      relations: (): Promise<Relation[]> => p.relations(),
      inboxes: (): Promise<Inbox[]> => p.inboxes(),
      receive: (inbox, body) => noted(p.receive(inbox, body)),
      handle: (from, m) => noted(p.handle(from, m)),
      newEpoch: (r) => noted(p.newEpoch(r)),
      learnEpoch: (r, key) => noted(p.learnEpoch(r, key)),
      eraseEpoch: (r, epoch) => noted(p.eraseEpoch(r, epoch)),
      arrived: (inbox) => noted(p.arrived(inbox)),
      forget: (r) => noted(p.forget(r)),
    };
  }

  /** Takes messages that are the library's business, or that of copies. */
  #handler(): Handler {
    return {
      handle: async (from: string, m: Message): Promise<Outgoing[]> => {
        const copied = m.kind === MessageKind.changed || m.kind === MessageKind.purge;
        if (m.kind === MessageKind.purged) this.#early.push({ from: this.stable(from), m, at: this.o.world.now() });
        const out = copied ? await this.#copied(from, m) : await this.library.handle(this.stable(from), m);
        this.look();
        return this.#addressed(out);
      },
    };
  }

  /**
   * Takes what concerns copies. What a friend says reaches one device, which passes it on
   * to the others: purges at once, news soon.
   */
  async #copied(from: string, m: Message): Promise<Outgoing[]> {
    if (this.person.deviceOf(from) !== undefined) {
      for (const friend of await this.copies.passedOn(m)) this.tell({ kind: "friend", friend });
      return [];
    }
    const friend = this.stable(from);
    const out = await this.copies.handle(friend, m);
    this.tell({ kind: "friend", friend });
    if (m.kind === MessageKind.purge) return [...out, ...passOn(friend, m, await this.#ownDevices())];
    this.#news.add(friend);
    return out;
  }

  async #ownDevices(): Promise<string[]> {
    return (await this.person.relations()).filter((r) => r.kind === PartyKind.ownDevice).map((r) => r.id);
  }

  /** Tells own devices which friends have something new; a friend who says so all the time does not keep them busy. */
  async #passNews(): Promise<Outgoing[]> {
    if (this.#news.size === 0) return [];
    const wait = this.#told + passEvery - this.o.world.now();
    if (wait > 0) {
      setTimeout(() => this.look(), wait);
      return [];
    }
    this.#told = this.o.world.now();
    const friends = [...this.#news].sort();
    this.#news.clear();
    return tellOthers(friends, await this.#ownDevices());
  }

  /** Notes that a request was answered, or given up. */
  #arrived(id: string): void {
    this.changes.note();
    const q = this.peer.asked().find((a) => a.id === id);
    if (q?.response) this.tell({ kind: "arrived", question: q });
  }

  /** Tells who watches. */
  tell(e: Happened): void {
    for (const w of this.watchers) w(e);
  }

  #answerer(): Answerer {
    return { answer: (from, kind, ask) => this.library.answer(this.stable(from), kind, ask) };
  }

  /** Asks own devices for bodies. */
  readonly ownAsker: Asker = {
    ask: async (to: string, ask: Ask, signal: AbortSignal): Promise<Reply> => {
      const { reply } = await this.peer.request(to, ask, { wait: ownWait, for: ownWait, once: true }, signal);
      if (!reply) throw new Fault("unreachable", "your other device has not answered");
      return reply;
    },
  };

  /** Says who there is. */
  #tellLibrary(): Outgoing[] {
    return this.library.setPeople({
      friends: this.person.friends().filter((f) => !f.pending).map((f) => ({ relation: f.id, all: f.verified, blocked: f.blocked })),
      devices: this.person.devices().flatMap((d) => (d.relation === undefined ? [] : [{ relation: d.relation, id: d.id }])),
    });
  }

  /** Changes which bodies this device keeps. */
  hold(h: { days: number; apps: string[] }): void {
    this.library.setHolds({ ...(h.apps.length > 0 && { apps: h.apps }), ...(h.days > 0 && { recent: h.days * 24 * 3600_000 }) });
    this.look();
  }

  /** Makes a person where there is none: the first friend, document or device makes somebody of a browser. */
  async someone(): Promise<void> {
    if (!this.person.status().exists) await this.act(async (a) => a.person(await this.person.create()));
  }
}
