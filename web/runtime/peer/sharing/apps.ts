/** The person's documents and friends, as host/ hands them to apps (spec/app-api.md). */
import type { Body } from "../contract.ts";
import { Fault, kindOf } from "../fault.ts";
import type {
  AppStore, Asked, Audience, Change, Conditions, Doc, Friend, Part, Progress, Put, Question, RequestState,
} from "../host/contract.ts";
import { GoneFault, memory, publicPath, Reach, splitPath, type Item, type Parts } from "../library/index.ts";
import { octets, pack, record, unpack } from "../person/codec.ts";
import { concat, hex, hmac, unhex, utf8 } from "../seal/index.ts";
import { ask, asked, copyOf, forget, withdraw } from "./asks.ts";
import * as documents from "./documents.ts";
import type { Inner } from "./inner.ts";
import type { Happened } from "./options.ts";
import type { Sharing } from "./sharing.ts";
import type { Answered } from "./types.ts";

/** The record of the person's own state that has the secret of handles (spec/app-api.md §4). */
const handlesKey = "handles";
const handlesShape = record<{ secret: Uint8Array }>({ secret: [1, octets] });

/** The longest listing of a friend that is read. */
const mostListing = 4 << 20;

/** What host/ needs, of Sharing. */
export class Apps implements AppStore {
  readonly #i: Inner;
  readonly #states = new Map<string, RequestState>();
  readonly #s: Sharing;

  constructor(s: Sharing) {
    this.#s = s;
    this.#i = s.inner;
  }

  ready(): boolean {
    return this.#i.person.status().exists;
  }

  begin(): Promise<void> {
    return this.#i.someone();
  }

  offerRelays(relays: readonly string[]): Promise<void> {
    return this.#s.offerRelays(relays);
  }

  async document(app: string, path: string): Promise<Doc | undefined> {
    return absent(async () => this.#doc(await documents.stat(this.#i, app, path)));
  }

  async open(app: string, path: string): Promise<{ doc: Doc; body: Body } | undefined> {
    return absent(async () => {
      const { item, body } = await documents.open(this.#i, app, path);
      return { doc: this.#doc(item), body };
    });
  }

  async documents(app: string, prefix: string): Promise<Doc[]> {
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    const found = await documents.list(this.#i, app, folder);
    return found.filter((d) => d.path.startsWith(prefix)).map((d) => this.#doc(d));
  }

  async put(app: string, path: string, put: Put): Promise<{ doc: Doc; created: boolean }> {
    const { item, fresh } = await documents.put(this.#i, { ...put, app, path });
    return { doc: this.#doc(item), created: fresh };
  }

  async putPart(app: string, path: string, part: Part): Promise<Progress> {
    const { from, size, total } = part;
    return this.#progress(await documents.putPart(this.#i, { ...part, app, path }, { from, length: size, total }));
  }

  draft(app: string, path: string): Promise<Progress | undefined> {
    return absent(async () => this.#progress(await this.#i.turn.take(() => this.#i.library.draft(app, path))));
  }

  async delete(app: string, path: string, c: Conditions): Promise<number> {
    return (await absent(() => documents.remove(this.#i, app, path, c.ifMatch)))?.documents ?? 0;
  }

  async share(app: string, path: string, audience: Audience): Promise<number> {
    const all = path === "" || path.endsWith("/");
    const reach = { nobody: Reach.nobody, some: Reach.some, all: Reach.all }[audience.kind];
    const edited = await absent(() => this.#i.act(async (a) => {
      const friends = audience.kind === "some" ? audience.friends : [];
      const done = await this.#i.library.share(app, path.replace(/\/+$/, ""), all, { reach, friends, lists: [] });
      a.send(done.out);
      return done.documents;
    }));
    this.#i.look();
    return edited ?? 0;
  }

  async friends(): Promise<Friend[]> {
    const all = this.#i.person.friends().filter((f) => !f.pending && !f.blocked);
    return Promise.all(all.map(async (f) => {
      const relation = this.#i.person.current(f.id);
      const status = relation === undefined ? undefined : await this.#i.peer.status(relation).catch(() => undefined);
      return { id: f.id, name: f.name, ...(status?.heard && { heard: status.heard }) };
    }));
  }

  /** The same on all devices of the person, and for no other app. */
  async handle(app: string, friend: string): Promise<string> {
    return hex(hmac(await this.#secret(), concat(app, Uint8Array.of(0), unhex(friend))).slice(0, 8));
  }

  /** Made by the first device that needs it. */
  async #secret(): Promise<Uint8Array> {
    const i = this.#i;
    const kept = i.library.records.get(handlesKey);
    if (kept) {
      const { secret } = unpack(handlesShape, kept);
      if (secret.length === 32) return secret;
    }
    await i.someone();
    return i.act(async (a) => {
      const there = i.library.records.get(handlesKey);
      if (there) return unpack(handlesShape, there).secret;
      const secret = i.o.world.random(32);
      a.send(await i.library.records.put(new Map([[handlesKey, pack(handlesShape, { secret })]]), []));
      return secret;
    });
  }

  async ask(q: Question): Promise<Asked> {
    const [path = "", query = ""] = q.path.split(/\?(.*)/s);
    try {
      const a = q.copy
        ? await copyOf(this.#i, q.friend, q.app, path)
        : await ask(this.#i, { friend: q.friend, app: q.app, path: path + asPublic(q.app, query), wait: q.wait, fresh: q.fresh }, q.signal);
      if (!a) return { state: "missing" };
      if (a.pending !== undefined) return { state: "waiting", id: a.pending };
      return await this.#here(q, path, a);
    } catch (error) {
      if (error instanceof GoneFault) return { state: "gone" };
      if (kindOf(error) === "not_found") return { state: "missing" };
      throw error;
    }
  }

  async #here(q: Question, path: string, a: Answered): Promise<Asked> {
    const body = path === "" || path.endsWith("/") ? await listing(q.app, a.body) : a.body;
    const now = this.#i.o.world.now();
    const doc = { path, type: a.type, size: body.size, etag: bare(a.etag), modified: a.modified, labels: [] };
    return { state: "here", doc, body, age: now - a.fetched, fresh: Math.max(0, a.fresh - now), stale: a.stale || (q.fresh && a.open !== undefined) };
  }

  async request(id: string): Promise<RequestState | undefined> {
    const state = await asked(this.#i, id);
    return state === "closed" ? this.#states.get(id) : state;
  }

  giveUp(id: string): Promise<void> {
    return withdraw(this.#i, id);
  }

  forget(app: string, friend: string, path: string): Promise<void> {
    return forget(this.#i, friend, publicPath(app, path));
  }

  watch(f: (c: Change) => void): () => void {
    const watcher = (e: Happened): void => {
      switch (e.kind) {
        case "document":
          return f({ kind: "document", app: e.app, path: e.path, ...(e.tag === "" ? { deleted: true } : { etag: bare(e.tag) }) });
        case "arrived":
          return void this.#take(e, f);
        default:
          return f(e);
      }
    };
    this.#i.watchers.add(watcher);
    return () => this.#i.watchers.delete(watcher);
  }

  /** Takes the answer to a question of an app that was left to itself, and tells what it is. */
  async #take(e: Happened & { kind: "arrived" }, f: (c: Change) => void): Promise<void> {
    const { id, ask: question } = e.question;
    if (splitPath(question.path.replace(/^\//, "").split("?")[0] ?? "").app === "") return;
    await new Promise((done) => setTimeout(done, 0)); // who waits for it comes first
    try {
      const state = await asked(this.#i, id);
      if (state === "closed" || state === "waiting") return;
      this.#states.set(id, state);
      f({ kind: "request", id, state });
    } catch (error) {
      this.#i.o.world.log("debug", "an answer cannot be taken", { error: String(error) });
    }
  }

  #doc(d: Item): Doc {
    const { reach, friends, lists } = d.audience;
    const named = this.#i.library.lists().filter((l) => lists.includes(l.handle)).flatMap((l) => l.members);
    const kind = reach === Reach.all ? "all" : reach === Reach.some ? "some" : "nobody";
    return {
      path: d.path, type: d.type, size: d.size, etag: d.revision, modified: d.modified, labels: d.labels,
      audience: { kind, friends: [...new Set([...friends, ...named])] },
    };
  }

  #progress(p: Parts): Progress {
    return { have: p.have, total: p.total, ...(p.whole && { doc: this.#doc(p.whole.item), created: p.whole.fresh }) };
  }
}

/** Without the quotes of an entity tag. */
const bare = (tag: string): string => tag.replace(/^(W\/)?"|"$/g, "");

/** undefined for what is not there. */
async function absent<T>(f: () => Promise<T>): Promise<T | undefined> {
  try {
    return await f();
  } catch (error) {
    if (kindOf(error) === "not_found") return undefined;
    throw error;
  }
}

/** A query about an app's documents, as friends are asked. */
function asPublic(app: string, query: string): string {
  if (query === "") return "";
  const said = new URLSearchParams(query);
  const after = said.get("after");
  if (after !== null) said.set("after", publicPath(app, after));
  return `?${said.toString()}`;
}

/** A friend's listing with paths as the app knows them; what is of another app is left out. */
async function listing(app: string, body: Body): Promise<Body> {
  let said: { items?: unknown; gone?: unknown; next?: unknown };
  try {
    if (body.size > mostListing) throw new Fault("too_large", `a listing of ${body.size} octets`);
    said = JSON.parse(new TextDecoder().decode(await body.read(0, body.size))) as typeof said;
  } finally {
    body.close();
  }
  const own = (path: unknown): string | undefined => {
    const place = typeof path === "string" ? splitPath(path) : undefined;
    return place?.app === app ? place.path : undefined;
  };
  const items = (Array.isArray(said.items) ? (said.items as { path?: unknown }[]) : []).flatMap((d) => {
    const path = own(d.path);
    return path === undefined ? [] : [{ ...d, path }];
  });
  const gone = Array.isArray(said.gone) ? said.gone.flatMap((p) => own(p) ?? []) : undefined;
  return memory(utf8(JSON.stringify({ ...said, items, ...(gone && { gone }), next: own(said.next) })));
}
