import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { MessageKind, PartyKind, type Bucket, type Inbox, type Mailbox, type Message, type Outgoing, type Records } from "../../runtime/peer/contract.ts";
import type { KeyStore } from "../../runtime/peer/person/options.ts";
import { Person, type Friend, type Link, type PersonEffects } from "../../runtime/peer/person/person.ts";
import { equal, hex, newID, newSendContext, openNew, seal } from "../../runtime/peer/seal/index.ts";

export const hour = 3600_000;
export const day = 24 * hour;

interface Kept { value: Uint8Array | undefined; revision: number }

/** A bucket, and records with revisions. */
class Memory implements Bucket, Records {
  readonly values = new Map<string, Kept>();
  readonly #w: World;

  constructor(w: World) {
    this.#w = w;
  }

  get(key: string): Uint8Array | undefined {
    return this.values.get(key)?.value;
  }

  *each(prefix: string): Iterable<[string, Uint8Array]> {
    for (const key of [...this.values.keys()].sort()) {
      const value = this.get(key);
      if (key.startsWith(prefix) && value) yield [key, value];
    }
  }

  async apply(puts: ReadonlyMap<string, Uint8Array>, deletes: readonly string[] = []): Promise<void> {
    for (const [key, value] of puts) this.values.set(key, { value, revision: ++this.#w.clock });
    for (const key of deletes) this.values.set(key, { value: undefined, revision: ++this.#w.clock });
  }

  async put(puts: ReadonlyMap<string, Uint8Array>, deletes: readonly string[]): Promise<Outgoing[]> {
    await this.apply(puts, deletes);
    return [];
  }
}

interface Queue { box: Mailbox; lock: Uint8Array | undefined; bodies: { id: string; body: Uint8Array }[] }

const keyOf = (q: Mailbox): string => q.relay + hex(q.sender ?? new Uint8Array());
const same = (a?: Uint8Array, b?: Uint8Array): boolean => (a && b ? equal(a, b) : a === b);

/**
 * People's devices and a relay, in memory. Messages are really sealed; queues are really
 * locked. What a device hears of its siblings is a merge of their records, the later one
 * winning, over relations that both hold.
 */
export class World {
  now = 1_790_000_000_000;
  clock = 0;
  devices: Device[] = [];
  readonly queues = new Map<string, Queue>();
  /** Sees every body on its way into a queue, and says how often it arrives. */
  wire: (q: Mailbox, body: Uint8Array) => number = () => 1;
  #counter = 0;

  /** The same octets in each run. */
  readonly random = (n: number): Uint8Array => {
    const parts: Uint8Array[] = [];
    for (let have = 0; have < n; have += 32) parts.push(createHash("sha256").update(`random ${this.#counter++}`).digest());
    return new Uint8Array(Buffer.concat(parts)).slice(0, n);
  };

  async device(name: string): Promise<Device> {
    const d = new Device(this, name);
    await d.open();
    this.devices.push(d);
    return d;
  }

  async someone(name: string): Promise<Device> {
    const d = await this.device(name);
    await d.do(d.person.create());
    return d;
  }

  put(q: Mailbox, id: string, body: Uint8Array): void {
    const at = this.queues.get(keyOf(q));
    if (!at || !same(at.lock, q.lock) || at.bodies.some((b) => b.id === id)) return;
    for (let n = this.wire(q, body); n > 0; n--) at.bodies.push({ id, body });
  }

  /** Delivers and merges until nothing moves. */
  async settle(...who: Device[]): Promise<void> {
    const all = who.length > 0 ? who : this.devices;
    for (let round = 0, busy = true; busy; round++) {
      assert(round < 200, "messages go round and round");
      busy = false;
      for (const d of all) busy = (await d.step()) || busy;
      for (const a of all) for (const b of all) if (a !== b) busy = (await merge(a, b)) || busy;
    }
  }

  /** Lets time pass, with ticks. */
  async later(ms: number): Promise<void> {
    this.now += ms;
    for (const d of this.devices) await d.do(d.person.tick());
    await this.settle();
  }

  async befriend(a: Device, b: Device): Promise<void> {
    await b.accept(await a.invite());
    await this.settle();
    await this.talk(a, b);
  }

  /** Checks that each hears the other, with none but these at work. */
  async talk(a: Device, b: Device, who: Device[] = this.devices): Promise<void> {
    for (const [from, to] of [[a, b], [b, a]] as const) {
      const before = to.heard(who);
      for (const f of from.person.friends()) {
        const relation = from.person.current(f.id);
        if (relation) await from.send({ to: relation, kind: MessageKind.changed });
      }
      await this.settle(...who);
      assert(to.heard(who) > before, `${from.name} is not heard by ${to.name}`);
    }
  }

  /** Makes b a device of a's person, by a comparison that comes out as same. */
  async link(a: Device, b: Device): Promise<void> {
    const { link, effects } = await b.person.startLink();
    await b.apply(effects);
    await a.apply((await a.person.acceptLink(link.link)).effects);
    await this.settle();
    const [x, y] = [a.link(), b.link()];
    assert.notEqual(x.code, "");
    assert.equal(x.code, y.code);
    await a.do(a.person.confirmLink(x.id));
    await this.settle();
    await b.do(b.person.confirmLink(y.id));
    await this.settle();
  }
}

async function merge(a: Device, b: Device): Promise<boolean> {
  const theirs = await b.person.relations();
  const shared = (await a.person.relations()).some(
    (r) => r.kind === PartyKind.ownDevice && theirs.some((o) => o.id === r.id && o.side !== r.side),
  );
  return shared && a.take(b);
}

export class Device {
  readonly name: string;
  readonly world: World;
  readonly local: Memory;
  readonly records: Memory;
  person!: Person;
  keys: KeyStore | undefined;
  offset = 0;
  readonly gone: string[] = [];
  readonly got: Message[] = [];
  readonly #seen = new Set<string>();

  constructor(w: World, name: string) {
    this.world = w;
    this.name = name;
    this.local = new Memory(w);
    this.records = new Memory(w);
  }

  async open(): Promise<void> {
    const w = this.world;
    this.person = await Person.open({
      records: this.records, local: this.local, keys: this.keys, name: this.name, device: this.name,
      relays: [`ws://one.${this.name}`, `ws://two.${this.name}`],
      world: { now: () => w.now + this.offset, random: w.random, log: () => undefined },
    });
  }

  /** A crash and a start. */
  async restart(): Promise<void> {
    await this.open();
    await this.do(this.person.resume());
  }

  async do(e: Promise<PersonEffects>): Promise<void> {
    await this.apply(await e);
  }

  async apply(e: PersonEffects): Promise<void> {
    const { queues } = this.world;
    this.gone.push(...e.gone);
    for (const { mailbox } of e.create) {
      if (!queues.has(keyOf(mailbox))) queues.set(keyOf(mailbox), { box: mailbox, lock: undefined, bodies: [] });
    }
    for (const { mailbox } of e.lock) {
      const q = queues.get(keyOf(mailbox));
      if (q) q.lock ??= mailbox.lock;
    }
    for (const r of e.raw) this.world.put(r.mailbox, r.id, r.body);
    for (const m of e.out) await this.send(m);
    for (const q of e.delete) queues.delete(keyOf(q));
  }

  async send(m: Outgoing): Promise<void> {
    const r = await this.person.relation(m.to);
    if (!r) return;
    const id = newID(this.world.random);
    const sent = this.world.now + this.offset;
    const context = await newSendContext(r);
    const message = { kind: m.kind, id, number: 1, sent, expires: sent + 1, ...(m.body && { body: m.body }) };
    const envelope = await seal(context, this.world.random, message, true);
    for (const q of r.out) this.world.put(q, id, envelope);
  }

  /** Takes what waits in the inboxes; says whether there was anything. */
  async step(): Promise<boolean> {
    let busy = false;
    for (const i of await this.person.inboxes()) {
      const q = this.world.queues.get(keyOf(i.mailbox));
      if (!q || !same(q.box.recipient, i.mailbox.recipient)) continue;
      for (const { body } of q.bodies.splice(0)) {
        busy = true;
        await this.deliver(i, body);
      }
    }
    return busy;
  }

  async deliver(i: Inbox, body: Uint8Array): Promise<void> {
    try {
      const r = i.relation === undefined ? undefined : await this.person.relation(i.relation);
      if (!r) return await this.apply(await this.person.receive(i, body));
      const { message } = await openNew(r, body);
      if (this.#seen.has(message.id)) return;
      this.#seen.add(message.id);
      if (message.kind === MessageKind.changed) this.got.push(message);
      else await this.apply(await this.person.handle(r.id, message));
    } catch (error) {
      assert(error instanceof Error && "kind" in error && error.kind !== "internal", String(error instanceof Error ? error.stack : error));
    }
  }

  take(from: Device): boolean {
    let changed = false;
    for (const [key, kept] of from.records.values) {
      if (kept.revision > (this.records.values.get(key)?.revision ?? 0)) {
        this.records.values.set(key, kept);
        changed = true;
      }
    }
    if (changed) this.person.refresh();
    return changed;
  }

  /** How much came for the person of this device: any of their devices may take it. */
  heard(who: Device[]): number {
    const own = new Set(this.person.devices().map((d) => d.id));
    return who.filter((d) => own.has(d.person.device)).reduce((n, d) => n + d.got.length, 0);
  }

  async invite(): Promise<string> {
    const { invitation, effects } = await this.person.invite();
    await this.apply(effects);
    return invitation.link;
  }

  async accept(link: string, name = ""): Promise<void> {
    await this.apply((await this.person.accept(link, name)).effects);
  }

  friend(name: string): Friend {
    return this.person.find(name);
  }

  link(): Link {
    const [link, ...more] = this.person.links();
    assert(link && more.length === 0, `${this.name} has ${more.length + (link ? 1 : 0)} links`);
    return link;
  }

  wants(...names: string[]): void {
    assert.deepEqual(this.person.devices().map((d) => d.name).sort(), names.sort(), `the devices that ${this.name} knows`);
  }
}

export async function refused(what: string, of: () => unknown, kind: string): Promise<void> {
  await assert.rejects(async () => of(), (error: unknown) => {
    assert(error instanceof Error && "kind" in error, `${what}: ${String(error)}`);
    assert.equal(error.kind, kind, `${what}: ${error.message}`);
    return true;
  });
}
