/** Documents in memory alone, of a person without friends: for pages that can keep nothing. */
import type { Body } from "../contract.ts";
import { Fault } from "../fault.ts";
import { holds } from "./http.ts";
import { byOctets, typeByName } from "./path.ts";
import type { AppStore, Asked, Audience, Change, Conditions, Doc, Friend, Keep, Part, Progress, Put, RequestState } from "./contract.ts";

interface Kept { doc: Doc; data: Uint8Array }
interface Draft { parts: Uint8Array[]; have: number; total: number }

/** The smallest AppStore. */
export class MemoryStore implements AppStore {
  readonly #most: number;
  readonly #now: () => number;
  readonly #docs = new Map<string, Map<string, Kept>>();
  readonly #drafts = new Map<string, Draft>();
  readonly #watchers = new Set<(c: Change) => void>();
  #ready = false;
  #used = 0;
  #revision = 0;

  /** most is how many octets there is room for. */
  constructor(now: () => number, most = 256 << 20) {
    this.#now = now;
    this.#most = most;
  }

  ready(): boolean {
    return this.#ready;
  }

  begin(): Promise<void> {
    this.#ready = true;
    return Promise.resolve();
  }

  offerRelays(_relays: readonly string[]): Promise<void> {
    return Promise.resolve();
  }

  document(app: string, path: string): Promise<Doc | undefined> {
    return Promise.resolve(this.#of(app).get(path)?.doc);
  }

  open(app: string, path: string): Promise<{ doc: Doc; body: Body } | undefined> {
    const kept = this.#of(app).get(path);
    return Promise.resolve(kept && { doc: kept.doc, body: bodyOf(kept.data) });
  }

  documents(app: string, prefix: string): Promise<Doc[]> {
    const found = [...this.#of(app).values()].map((k) => k.doc).filter((d) => d.path.startsWith(prefix));
    return Promise.resolve(found.sort((a, b) => byOctets(a.path, b.path)));
  }

  async put(app: string, path: string, put: Put): Promise<{ doc: Doc; created: boolean }> {
    this.#check(app, path, put);
    const data = await gather(put.body, this.#most - this.#used);
    return this.#set(app, path, data, put);
  }

  async putPart(app: string, path: string, part: Part): Promise<Progress> {
    const old = this.#check(app, path, part);
    const data = await gather(part.body, this.#most - this.#used);
    if (data.length !== part.size) throw new Fault("invalid", `a part of ${part.size} octets has ${data.length}`);
    if (part.ifMatch !== undefined && old) {
      if (old.data.length !== part.total) throw new Fault("conflict", `${path} has ${old.data.length} octets`);
      const whole = old.data.slice();
      whole.set(data, part.from);
      return { ...this.#set(app, path, whole, part), have: whole.length, total: whole.length };
    }
    const key = `${app} ${path}`;
    let draft = this.#drafts.get(key);
    if (!draft || draft.total !== part.total || part.from === 0) {
      draft = { parts: [], have: 0, total: part.total };
      if (part.from === 0) this.#drafts.set(key, draft);
    }
    if (part.from > draft.have) throw new Fault("conflict", `octets from ${draft.have} are missing`);
    const more = data.subarray(Math.min(draft.have - part.from, data.length));
    draft.parts.push(more);
    draft.have += more.length;
    if (draft.have < draft.total) return { have: draft.have, total: draft.total };
    this.#drafts.delete(key);
    return { ...this.#set(app, path, joined(draft.parts, draft.have), part), have: draft.have, total: draft.total };
  }

  draft(app: string, path: string): Promise<Progress | undefined> {
    return Promise.resolve(this.#drafts.get(`${app} ${path}`));
  }

  delete(app: string, path: string, c: Conditions): Promise<number> {
    const docs = this.#of(app);
    const found = this.#found(app, path);
    for (const p of found) {
      const kept = docs.get(p);
      if (!holds(c, kept?.doc.etag)) throw new Fault("conflict", `${p} is another version`);
      docs.delete(p);
      this.#used -= kept?.data.length ?? 0;
      kept?.data.fill(0);
      this.#tell({ kind: "document", app, path: p, deleted: true });
    }
    return Promise.resolve(found.length);
  }

  share(app: string, path: string, audience: Audience): Promise<number> {
    const found = this.#found(app, path);
    for (const p of found) {
      const kept = this.#of(app).get(p);
      if (kept) this.#of(app).set(p, { ...kept, doc: { ...kept.doc, audience } });
    }
    return Promise.resolve(found.length);
  }

  friends(): Promise<Friend[]> {
    return Promise.resolve([]);
  }

  handle(_app: string, friend: string): Promise<string> {
    return Promise.resolve(friend.slice(0, 16));
  }

  ask(): Promise<Asked> {
    return Promise.resolve({ state: "missing" });
  }

  request(): Promise<RequestState | undefined> {
    return Promise.resolve(undefined);
  }

  giveUp(): Promise<void> {
    return Promise.resolve();
  }

  forget(): Promise<void> {
    return Promise.resolve();
  }

  watch(f: (c: Change) => void): () => void {
    this.#watchers.add(f);
    return () => this.#watchers.delete(f);
  }

  #of(app: string): Map<string, Kept> {
    let docs = this.#docs.get(app);
    if (!docs) this.#docs.set(app, docs = new Map());
    return docs;
  }

  #found(app: string, path: string): string[] {
    const folder = path === "" || path.endsWith("/");
    return [...this.#of(app).keys()].filter((p) => (folder ? p.startsWith(path) : p === path));
  }

  #check(app: string, path: string, c: Conditions): Kept | undefined {
    const kept = this.#of(app).get(path);
    if (!holds(c, kept?.doc.etag)) throw new Fault("conflict", `${path} is another version`);
    return kept;
  }

  #set(app: string, path: string, data: Uint8Array, put: Put): { doc: Doc; created: boolean } {
    const before = this.#check(app, path, put);
    const size = this.#used + data.length - (before?.data.length ?? 0);
    if (size > this.#most) throw new Fault("no_space", `${path} has ${data.length} octets, and there is no room`);
    this.#used = size;
    const doc: Doc = {
      path, type: put.type ?? before?.doc.type ?? typeByName(path), size: data.length, etag: (++this.#revision).toString(36),
      modified: this.#now(), labels: put.labels ?? before?.doc.labels ?? [], audience: before?.doc.audience ?? { kind: "nobody", friends: [] },
    };
    this.#of(app).set(path, { doc, data });
    this.#tell({ kind: "document", app, path, etag: doc.etag });
    return { doc, created: !before };
  }

  #tell(c: Change): void {
    this.#watchers.forEach((w) => w(c));
  }
}

/** What a host keeps, in memory. */
export class MemoryKeep implements Keep {
  readonly #kept = new Map<string, Uint8Array>();

  get(key: string): Uint8Array | undefined {
    return this.#kept.get(key);
  }

  each(prefix: string): Iterable<[string, Uint8Array]> {
    return [...this.#kept].filter(([key]) => key.startsWith(prefix));
  }

  apply(puts: ReadonlyMap<string, Uint8Array>, deletes: readonly string[] = []): Promise<void> {
    for (const key of deletes) this.#kept.delete(key);
    for (const [key, value] of puts) this.#kept.set(key, value);
    return Promise.resolve();
  }
}

function bodyOf(data: Uint8Array): Body {
  return { size: data.length, read: (from, to) => Promise.resolve(data.slice(from, to)), close: () => undefined };
}

async function gather(body: AsyncIterable<Uint8Array>, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > most) throw new Fault("no_space", "there is no room");
    parts.push(part);
  }
  return joined(parts, size);
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}
