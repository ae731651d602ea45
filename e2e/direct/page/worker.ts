// A device in a worker: exchange/ over a relay and direct channels, with people who
// know one relation, and answers that say how the request came.
import type {
  Answerer, Bucket, Effects, Handler, People, Relation, World,
} from "../../../web/runtime/peer/contract.ts";
import { Direct, RelayServers, WindowConnections } from "../../../web/runtime/peer/direct/index.ts";
import { Peer } from "../../../web/runtime/peer/exchange/index.ts";
import * as seal from "../../../web/runtime/peer/seal/index.ts";
import { Turn } from "../../../web/runtime/peer/turn.ts";
import type { Call, Calls, Figures, Result } from "./calls.ts";

const random = (n: number): Uint8Array => crypto.getRandomValues(new Uint8Array(n));
const world: World = { now: () => Date.now(), random, log: () => undefined };

/** Keeps things in memory. */
class Memory implements Bucket {
  readonly #all = new Map<string, Uint8Array>();
  get(key: string): Uint8Array | undefined {
    return this.#all.get(key);
  }
  each(prefix: string): Iterable<[string, Uint8Array]> {
    return [...this.#all].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => a < b ? -1 : 1);
  }
  apply(puts: ReadonlyMap<string, Uint8Array>, deletes: readonly string[] = []): Promise<void> {
    for (const key of deletes) this.#all.delete(key);
    for (const [key, value] of puts) this.#all.set(key, value);
    return Promise.resolve();
  }
}

function peopleOf(r: Relation): People {
  const nothing = (): Promise<Effects> => Promise.resolve({ create: [], lock: [], raw: [], out: [], delete: [], moved: [], changed: false });
  return {
    relation: (id) => Promise.resolve(id === r.id ? r : undefined),
    relations: () => Promise.resolve([r]),
    inboxes: () => Promise.resolve(r.in.map((mailbox) => ({ mailbox, relation: r.id }))),
    receive: () => Promise.resolve(undefined),
    handle: nothing, newEpoch: nothing, learnEpoch: nothing, eraseEpoch: nothing,
  };
}

let relation = "";
let peer: Peer | undefined;
let direct: Direct | undefined;
let came = 0;
let port: MessagePort | undefined;

function running(): Peer {
  if (!peer) throw new Error("it was not started");
  return peer;
}

function start(kept: string, o: { readonly relay: string; readonly servers: boolean; readonly alone?: boolean }): void {
  const r = seal.relationFrom(seal.decode(seal.unhex(kept)));
  relation = r.id;
  if (!port) throw new Error("no window");
  const servers = new RelayServers({ now: world.now });
  direct = new Direct({
    world, connections: new WindowConnections(port), allowed: () => !o.alone,
    send: (out) => running().send(out),
    receive: (from, envelope) => {
      came++;
      return running().receive(from, envelope);
    },
    config: async () => o.servers ? { iceServers: await servers.of([o.relay]) } : {},
  });
  const handler: Handler = { handle: () => Promise.resolve([]) };
  const answerer: Answerer = {
    answer: (_, __, ask) => {
      const body = seal.utf8(`${ask.path} ${direct?.reaches(relation) ? "direct" : "relay"}`);
      return Promise.resolve({
        status: 200, header: {}, size: body.length,
        body: { size: body.length, read: (from, to) => Promise.resolve(body.slice(from, to)), close: () => undefined },
      });
    },
  };
  const people = peopleOf(r);
  const core = { people, handler, bucket: new Memory(), world };
  peer = new Peer({ core, answerer, turn: new Turn(), direct });
  void peer.run(new AbortController().signal);
}

async function ask(path: string): Promise<string> {
  const reply = await running().ask(relation, { method: "GET", path, header: {} }, AbortSignal.timeout(60_000));
  const body = await reply.body?.read(0, reply.size);
  reply.body?.close();
  return new TextDecoder().decode(body);
}

async function befriend(relay: string): Promise<[string, string]> {
  const now = Date.now();
  const queues = () => [{ relay, sender: random(32), recipient: random(32) }];
  const { invitation, private: key } = await seal.newInvitation(random, 1, now + 86_400_000, [relay]);
  const [alice, bob] = [await seal.newOwn(random, now, "Alice", queues()), await seal.newOwn(random, now, "Bob", queues())];
  const join = await seal.makeJoin(random, now, invitation, bob);
  const { octets, meeting } = await seal.makeWelcome(await seal.openJoin(invitation, key, join.octets), random, now, alice);
  const met = await seal.openWelcome(now, invitation, join, bob, octets);
  const kept = (r: Relation): string => seal.hex(seal.encode(seal.relationValue(r)));
  return [kept(meeting.relation), kept(met.relation)];
}

async function measure(n: number): Promise<Figures> {
  const times: number[] = [];
  for (let i = 0; i < n; i++) {
    const from = performance.now();
    await ask(`/${i}`);
    times.push(performance.now() - from);
    await new Promise((done) => setTimeout(done, 260)); // a friend may ask four times a second
  }
  times.sort((a, b) => a - b);
  const at = (q: number): number => Math.round(10 * (times[Math.min(n - 1, Math.floor(q * n))] ?? 0)) / 10;
  return { median: at(0.5), p99: at(0.99) };
}

async function rates(n: number): Promise<{ seal: number; open: number }> {
  const each = 1 << 20;
  const key = random(32);
  const part = new Uint8Array(seal.chunkRoom(each)).map((_, i) => (i * 31) & 255);
  const chunks = { key, size: part.length, each, at: [seal.newChunkRef(random, "wss://relay.example")] };
  const chunk = await seal.sealChunk(key, 0, part, each);
  const rate = async (f: () => Promise<unknown>): Promise<number> => {
    for (let i = 0; i < 5; i++) await f();
    const from = performance.now();
    for (let i = 0; i < n; i++) await f();
    return Math.round((n * each) / 1e3 / (performance.now() - from));
  };
  return { seal: await rate(() => seal.sealChunk(key, 0, part, each)), open: await rate(() => seal.openChunk(chunks, 0, chunk)) };
}

const calls: { [K in keyof Calls]: (...args: Parameters<Calls[K]>) => ReturnType<Calls[K]> | Promise<ReturnType<Calls[K]>> } = {
  befriend, start, ask, measure, direct: () => direct?.reaches(relation) ?? false, came: () => came, seal: rates,
};

onmessage = (e: MessageEvent<Call | { readonly port: MessagePort }>) => {
  if ("port" in e.data) {
    port = e.data.port;
    return;
  }
  const { id, name, args } = e.data;
  const f = calls[name] as (...args: readonly unknown[]) => unknown;
  void (async (): Promise<void> => {
    const result: Result = await (async () => ({ id, value: await f(...args) }))()
      .catch((error: unknown) => ({ id, error: error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error) }));
    (self as unknown as { postMessage(r: Result): void }).postMessage(result);
  })();
};
