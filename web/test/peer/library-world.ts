// Libraries that a test opens, with a clock it sets, and messages it carries.
import assert from "node:assert/strict";
import { type Asker, type Message, type Outgoing, PartyKind, type Reply, type Store, type World } from "../../runtime/peer/contract.ts";
import { type Known, type Library, type LibraryOptions, openLibrary } from "../../runtime/peer/library/index.ts";
import { openStore } from "../../runtime/peer/store/index.ts";
import { Dice, Memory } from "./store-disk.ts";

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (octets: Uint8Array | undefined): string => new TextDecoder().decode(octets);
export const relation = (n: number): string => Buffer.from([n, ...new Uint8Array(14), n]).toString("hex");
export const device = (n: number): string => Buffer.from([0xd0, ...new Uint8Array(6), n]).toString("hex");
export const minute = 60_000;
export const day = 24 * 60 * minute;

export class Clock {
  time = Date.UTC(2026, 2, 1, 12);

  world(dice: Dice): World {
    return { now: () => this.time, random: dice.octets, log: () => {} };
  }
}

/** One device of a person. */
export class Node {
  readonly n: number;
  readonly clock: Clock;
  readonly dice: Dice;
  disk: Memory;
  store!: Store;
  library!: Library;
  known: Known = { friends: [], devices: [] };
  readonly change: Partial<LibraryOptions>;

  constructor(n: number, clock: Clock, change: Partial<LibraryOptions>, disk = new Memory()) {
    this.n = n;
    this.clock = clock;
    this.dice = new Dice(n);
    this.disk = disk;
    this.change = change;
  }

  static async open(n: number, clock: Clock, change: Partial<LibraryOptions> = {}): Promise<Node> {
    const node = new Node(n, clock, change);
    await node.start();
    return node;
  }

  async start(): Promise<void> {
    this.store = await openStore({ folder: this.disk, key: new Uint8Array(32).fill(this.n), random: this.dice.octets, reserve: 64 << 10 });
    this.library = await openLibrary({ store: this.store, device: device(this.n), world: this.clock.world(this.dice), ...this.change });
    this.library.setPeople(this.known);
  }

  /** Ends and starts again, with what is on the disk. */
  async restart(): Promise<void> {
    await this.store.close();
    await this.start();
  }

  know(known: Partial<Known>): Outgoing[] {
    this.known = { ...this.known, ...known };
    return this.library.setPeople(this.known);
  }

  async put(path: string, body: string | Uint8Array, o: Parameters<Library["put"]>[2] = {}): Promise<Outgoing[]> {
    return (await this.library.put(path, typeof body === "string" ? utf8(body) : body, o)).out;
  }

  async read(path: string, app = ""): Promise<string> {
    const { body } = await this.library.get(app, path);
    const octets = await body.read(0, body.size);
    body.close();
    return text(octets);
  }

  async ask(from: number, path: string, header: Record<string, string> = {}, kind: PartyKind = PartyKind.friend): Promise<{ reply: Reply; body: string }> {
    const reply = await this.library.answer(relation(from), kind, { method: "GET", path, header });
    const body = reply.body ? text(await reply.body.read(0, reply.size)) : "";
    reply.body?.close();
    return { reply, body };
  }
}

/** Friends of these numbers, all verified. */
export function friends(...ns: number[]): Known["friends"] {
  return ns.map((n) => ({ relation: relation(n), all: true, blocked: false }));
}

/** The relation of two own devices, as both call it. */
export function between(a: number, b: number): string {
  return relation(100 + 10 * Math.min(a, b) + Math.max(a, b));
}

/** Makes nodes devices of one person. What they say at once is dropped unless asked for. */
export function household(...nodes: Node[]): Map<Node, Outgoing[]> {
  const said = new Map<Node, Outgoing[]>();
  for (const a of nodes) {
    const devices = nodes.filter((b) => b !== a).map((b) => ({ relation: between(a.n, b.n), id: device(b.n) }));
    said.set(a, a.know({ devices }));
  }
  return said;
}

/** A message as the other side gets it. */
export function messageOf(o: Outgoing): Message {
  return { kind: o.kind, id: o.id ?? "", number: 0, sent: 0, expires: 0, ...(o.body && { body: o.body }) };
}

export interface Carried {
  messages: number;
  octets: number;
}

/** Carries messages among own devices until nothing is said any more; drop loses some. */
export async function carry(nodes: Node[], said: Map<Node, Outgoing[]>, drop: () => boolean = () => false): Promise<Carried> {
  const waiting = [...said].flatMap(([from, out]) => out.map((o) => ({ from, o })));
  const carried = { messages: 0, octets: 0 };
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { from, o } = next;
    const to = nodes.find((n) => n !== from && between(n.n, from.n) === o.to);
    if (!to || drop()) continue;
    carried.messages++;
    carried.octets += o.body?.length ?? 0;
    assert.ok(carried.messages < 20_000, "they never stop talking");
    const answers = await to.library.handle(o.to, messageOf(o));
    waiting.push(...answers.map((a) => ({ from: to, o: a })));
  }
  return carried;
}

/** Begins a comparison and carries it to its end. */
export function compare(a: Node, b: Node): Promise<Carried> {
  return carry([a, b], new Map([[a, a.library.sync(between(a.n, b.n))]]));
}

/** Asks other nodes as own devices do. */
export function asker(self: Node, ...others: Node[]): Asker {
  return {
    ask: async (to, ask) => {
      const other = others.find((n) => between(n.n, self.n) === to);
      if (!other) throw new Error("nobody answers");
      return other.library.answer(to, PartyKind.ownDevice, ask);
    },
  };
}

/** All that a person can see on a device. */
export function seen(n: Node): string {
  const items = n.library.list().items.map((i) => [i.path, i.revision, i.type, i.labels, i.audience, i.size]);
  const records = [...n.library.records.each("")].map(([k, v]) => [k, Buffer.from(v).toString("hex")]);
  return JSON.stringify([items, records]);
}

export function count(out: Outgoing[], kind: number, to?: string): number {
  return out.filter((o) => o.kind === kind && (to === undefined || o.to === to)).length;
}
