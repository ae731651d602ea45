/** `/.kith/data/`: the app's documents (spec/app-api.md §2). */
import { Fault, kindOf } from "../fault.ts";
import type { App, Apps } from "./apps.ts";
import type { AppStore, Conditions, Doc } from "./contract.ts";
import type { Feeds } from "./feeds.ts";
import { FriendData } from "./frienddata.ts";
import { Turn } from "../turn.ts";
import { chunks, conditions, contentRange, holds, json, lostRace, mostJSON, notAllowed, parse, Refusal, reply, whole, type Request } from "./http.ts";
import { list } from "./list.ts";
import { resolve, type Place } from "./mounts.ts";
import { mergePatch } from "./patch.ts";
import { checked, encoded, isFolder, readLabels } from "./path.ts";
import { serve } from "./serve.ts";
import type { Answered } from "../service/wire.ts";

/** How often a change without a condition is made anew when another one came in between. */
const attempts = 4;

/** Answers below /.kith/data/. */
export class Data {
  readonly #store: AppStore;
  readonly #apps: Apps;
  readonly #feeds: Feeds;
  readonly #friends: FriendData;
  readonly #now: () => number;
  readonly #patches = new Turn();
  #named = 0;

  constructor(store: AppStore, apps: Apps, feeds: Feeds, friends: FriendData, now: () => number) {
    this.#store = store;
    this.#apps = apps;
    this.#feeds = feeds;
    this.#friends = friends;
    this.#now = now;
  }

  async answer(r: Request, path: string): Promise<Answered> {
    const app = this.#apps.require(r.call.from.scope, "data");
    const place = resolve(app, checked(path));
    const reads = r.method === "GET" || r.method === "HEAD";
    if (!reads && !place.writable && ["PUT", "PATCH", "POST", "DELETE"].includes(r.method)) {
      throw new Refusal(403, "read-only", `${path} is mounted to be read only`);
    }
    if (place.friend !== undefined) {
      return this.#friends.answer(r, { app: place.app, friend: place.friend, path: place.path, seen: app.app, back: place.back });
    }
    if (isFolder(path)) return this.#folder(r, app, place, path);
    switch (r.method) {
      case "GET":
      case "HEAD":
        return this.#get(r, place, path);
      case "PUT":
        return r.headers.has("Content-Range") ? this.#part(r, place, path) : this.#put(r, place, path);
      case "PATCH":
        return this.#patch(r, place, path);
      case "DELETE":
        if ((await this.#write(path, () => this.#store.delete(place.app, place.path, conditions(r)))) === 0) throw nothing(path);
        return reply(204);
    }
    throw notAllowed("GET, HEAD, PUT, PATCH, DELETE");
  }

  async #folder(r: Request, app: App, place: Place, path: string): Promise<Answered> {
    switch (r.method) {
      case "GET":
        if (r.headers.get("Accept")?.includes("text/event-stream")) return this.#feeds.folder(r, app, path);
        return json(await list(this.#store, this.#apps, app, place, path, r.query), 200, { "Cache-Control": "private, no-cache" });
      case "POST":
        return this.#post(r, place, path);
      case "DELETE":
        if ((await this.#store.delete(place.app, place.path, {})) === 0) throw nothing(path);
        return reply(204);
    }
    throw notAllowed("GET, POST, DELETE");
  }

  async #get(r: Request, place: Place, path: string): Promise<Answered> {
    const found = await this.#store.open(place.app, place.path);
    if (!found) throw nothing(path);
    return serve(r, { ...found.doc, path }, found.body);
  }

  async #put(r: Request, place: Place, path: string): Promise<Answered> {
    const { doc, created } = await this.#write(path, () => this.#store.put(place.app, place.path, { ...putOf(r), ...conditions(r) }));
    return written(doc, created, path);
  }

  async #post(r: Request, place: Place, path: string): Promise<Answered> {
    // Named by the host in order of time.
    this.#named = Math.max(this.#now(), this.#named + 1);
    const name = this.#named.toString(36).padStart(9, "0");
    const to = { ...place, path: `${place.path}${name}` };
    const { doc } = await this.#write(path, () => this.#store.put(to.app, to.path, { ...putOf(r), ifNoneMatch: "*" }));
    return written(doc, true, path + name);
  }

  async #part(r: Request, place: Place, path: string): Promise<Answered> {
    const { from, to, total } = contentRange(r.headers.get("Content-Range") ?? "");
    if (from < 0) {
      const draft = await this.#store.draft(place.app, place.path);
      return partly(draft && draft.total === total ? draft.have : 0);
    }
    const put = putOf(r);
    if (put.size >= 0 && put.size !== to - from) {
      throw new Refusal(400, "invalid", `the part has ${put.size} octets, and Content-Range says ${to - from}`);
    }
    const c = conditions(r);
    const doc = c.ifMatch === undefined ? undefined : await this.#store.document(place.app, place.path);
    if (doc && doc.size !== total && holds(c, doc.etag)) {
      throw new Refusal(416, "range", `${path} has ${doc.size} octets, not ${total}`, "send parts of what is there", { "Content-Range": `bytes */${doc.size}` });
    }
    const part = { ...put, ...c, body: exactly(put.body, to - from), size: to - from, from, total };
    try {
      const done = await this.#write(path, () => this.#store.putPart(place.app, place.path, part));
      return done.doc ? written(done.doc, done.created === true, path) : partly(done.have);
    } catch (error) {
      throw (await this.#stuck(place, path, total, error, part)) ?? error;
    }
  }

  /** Why a part was not taken, with what helps to go on. */
  async #stuck(place: Place, path: string, total: number, error: unknown, c: Conditions): Promise<Refusal | undefined> {
    if (!(error instanceof Refusal && error.status === 412)) return undefined;
    const doc = await this.#store.document(place.app, place.path);
    if (!holds(c, doc?.etag)) return undefined;
    const draft = await this.#store.draft(place.app, place.path);
    const have = draft?.total === total ? draft.have : 0;
    return new Refusal(409, "gap", `of ${path} only the first ${have} octets are there`, "go on behind these", partRange(have));
  }

  async #patch(r: Request, place: Place, path: string): Promise<Answered> {
    const type = (r.headers.get("Content-Type") ?? "").split(";")[0]?.trim().toLowerCase();
    if (type !== "application/merge-patch+json") {
      throw new Refusal(415, "type", `a patch of type ${type || "that is not said"}`, "send application/merge-patch+json (RFC 7396)", {
        "Accept-Patch": "application/merge-patch+json",
      });
    }
    const octets = await whole(r.call.body, mostJSON);
    parse(octets);
    const patch = new TextDecoder().decode(octets);
    const asked = conditions(r);
    for (let i = 1; ; i++) {
      try {
        return await this.#patches.take(() => this.#patched(place, path, patch, asked));
      } catch (error) {
        if (!(error instanceof Refusal && error.status === 412) || asked.ifMatch !== undefined || i === attempts) throw error;
      }
    }
  }

  async #patched(place: Place, path: string, patch: string, asked: Conditions): Promise<Answered> {
    const found = await this.#store.open(place.app, place.path);
    if (!found) throw nothing(path);
    let before: Uint8Array;
    try {
      if (found.doc.size > mostJSON) throw new Refusal(422, "document", `${path} has more than ${mostJSON} octets`, "replace it by PUT");
      if (!holds(asked, found.doc.etag)) throw lostRace(path);
      before = await found.body.read(0, found.doc.size);
    } finally {
      found.body.close();
    }
    const after = patched(path, before, patch);
    const { doc } = await this.#write(path, () => this.#store.put(place.app, place.path, {
      type: found.doc.type, size: after.length, body: chunks(after), ifMatch: `"${found.doc.etag}"`,
    }));
    return written(doc, false, path);
  }

  /** A write whose condition did not hold is answered so. */
  async #write<T>(path: string, f: () => Promise<T>): Promise<T> {
    try {
      return await f();
    } catch (error) {
      if (kindOf(error) === "conflict" && !(error instanceof Refusal)) throw lostRace(path);
      throw error;
    }
  }
}

function patched(path: string, before: Uint8Array, patch: string): Uint8Array<ArrayBuffer> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(before);
    JSON.parse(text);
  } catch {
    throw new Refusal(422, "document", `${path} is not JSON`, "replace it by PUT");
  }
  let after: Uint8Array<ArrayBuffer>;
  try {
    after = new TextEncoder().encode(mergePatch(text, patch));
  } catch (error) {
    throw new Fault("invalid", `${path} cannot be patched: ${(error as Error).message}`, "replace it by PUT", error);
  }
  if (after.length > mostJSON) throw new Fault("too_large", `${path} would have more than ${mostJSON} octets`, "replace it by PUT");
  return after;
}

function putOf(r: Request): { type: string | undefined; labels: string[] | undefined; size: number; body: AsyncIterable<Uint8Array> } {
  const { body } = r.call;
  return {
    type: r.headers.get("Content-Type") ?? undefined, labels: readLabels(r.headers.get("Kith-Labels")),
    size: body instanceof ReadableStream ? -1 : (body?.length ?? 0), body: chunks(body),
  };
}

function written(doc: Doc, created: boolean, path: string): Answered {
  return reply(created ? 201 : 204, { ETag: `"${doc.etag}"`, ...(created ? { Location: `/.kith/data/${encoded(path)}` } : {}) });
}

/** A body of no more octets than that; what is missing the store sees. */
async function* exactly(body: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let left = size;
  for await (const octets of body) {
    left -= octets.length;
    if (left < 0) throw new Refusal(400, "invalid", `the part has more than the ${size} octets that Content-Range says`);
    yield octets;
  }
}

function partRange(have: number): Record<string, string> {
  return have > 0 ? { Range: `bytes=0-${have - 1}` } : {};
}

function partly(have: number): Answered {
  return reply(202, partRange(have));
}

function nothing(path: string): Fault {
  return new Fault("not_found", `there is nothing at ${path}`);
}
