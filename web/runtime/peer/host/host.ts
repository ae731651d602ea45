/**
 * The app API on a page's own peer (spec/app-api.md): requests come in, answers
 * go out, and what they are about is the store's.
 */
import { Fault } from "../fault.ts";
import { target } from "../mailbox/address.ts";
import type { Answered, Incoming } from "../service/wire.ts";
import { Apps, grants, type App, type Grant } from "./apps.ts";
import { Asks } from "./asks.ts";
import type { AppStore, Keep, PeopleAPI } from "./contract.ts";
import { Data } from "./data.ts";
import { Feeds } from "./feeds.ts";
import { FriendData } from "./frienddata.ts";
import { Friends, ids } from "./friends.ts";
import { json, notAllowed, object, problem, read, Refusal, reply, waitOf, type Request } from "./http.ts";
import { Mounts } from "./mounts.ts";
import { Requests } from "./requests.ts";

/** What a host is made of. */
export interface HostOptions {
  store: AppStore;
  /** Where grants, mounts and requests are kept. */
  keep: Keep;
  /** What the people pages need beside the person's decisions: none. */
  people?: PeopleAPI;
  now: () => number;
  log?: (message: string, attributes: Record<string, unknown>) => void;
}

const appName = /^[a-z0-9][a-z0-9.-]{0,62}$/;
const mostTitle = 200;
const mostRelays = 8;

/** The relays that an app proposes. */
function readRelays(said: unknown): string[] {
  const relays = ids(said);
  if (relays.length > mostRelays) throw new Fault("invalid", `${relays.length} relays`, `name at most ${mostRelays}`);
  for (const relay of relays) target(relay, "ws", "/");
  return relays;
}

/** Answers what pages ask. */
export class Host {
  readonly #o: HostOptions;
  readonly #apps: Apps;
  readonly #asks: Asks;
  readonly #feeds: Feeds;
  readonly #data: Data;
  readonly #friends: Friends;
  readonly #mounts: Mounts;
  readonly #requests: Requests;

  constructor(o: HostOptions) {
    this.#o = o;
    this.#apps = new Apps(o.keep, o.store);
    this.#asks = new Asks(o.now);
    this.#requests = new Requests(o.keep, o.store, this.#apps);
    this.#feeds = new Feeds(o.store, this.#apps, this.#requests, o.now);
    const friendData = new FriendData(o.store, this.#requests, (scope) => this.#apps.at(scope));
    this.#data = new Data(o.store, this.#apps, this.#feeds, friendData, o.now);
    this.#friends = new Friends({ store: o.store, apps: this.#apps, asks: this.#asks, feeds: this.#feeds, data: friendData });
    this.#mounts = new Mounts(this.#apps, this.#asks);
    this.#requests.resume();
  }

  close(): void {
    this.#feeds.close();
  }

  /** Answers a request; never throws. */
  async handle(call: Incoming): Promise<Answered> {
    try {
      return await this.#route(read(call));
    } catch (error) {
      const answer = problem(error);
      if (answer.status >= 500) this.#o.log?.("cannot answer", { method: call.method, status: answer.status, error: String(error) });
      return answer;
    }
  }

  async #route(r: Request): Promise<Answered> {
    const slash = r.path.indexOf("/");
    const [first, rest] = slash < 0 ? [r.path, undefined] : [r.path.slice(0, slash), r.path.slice(slash + 1)];
    const { scope } = r.call.from;
    switch (first) {
      case "":
        if (r.method !== "GET") throw notAllowed("GET");
        return json(this.#said(this.#apps.at(scope)));
      case "connect":
        return this.#connect(r);
      case "events":
        if (r.method !== "GET") throw notAllowed("GET");
        return this.#feeds.all(r, this.#apps.require(scope));
      case "share":
        return this.#friends.share(r);
      case "mounts":
        return this.#mounts.answer(r, rest ?? "");
      case "requests":
        return this.#requests.answer(r, rest ?? "");
      case "friends":
        return this.#friends.answer(r, rest ?? "");
      case "data":
        return this.#data.answer(r, rest ?? "");
      case "api":
        return this.#api(r, rest ?? "");
    }
    throw new Fault("not_found", `there is no /.kith/${first.slice(0, 40)}`);
  }

  #said(app: App): unknown {
    return { kith: 1, host: "page", app: app.app, ready: this.#o.store.ready(), granted: app.granted, people: `${app.scope}.kith/people/` };
  }

  async #connect(r: Request): Promise<Answered> {
    if (r.method !== "POST") throw notAllowed("POST");
    const said = await object(r);
    const name = said["app"];
    if (typeof name !== "string" || !appName.test(name)) {
      throw new Fault("invalid", `${JSON.stringify(name)?.slice(0, 80)} is no name of an app`, "use 1 to 63 of a-z 0-9 . - and begin with a letter or digit");
    }
    await this.#o.store.offerRelays(readRelays(said["relays"]));
    const before = this.#apps.at(r.call.from.scope);
    const title = typeof said["title"] === "string" ? said["title"].slice(0, mostTitle) : name;
    const app: App = before.app === name ? { ...before, title } : { ...before, app: name, title, granted: [], friends: [], mounts: [] };
    const wants = ids(said["wants"]).filter((w): w is Grant => (grants as readonly string[]).includes(w) && !app.granted.includes(w as Grant));
    // The origin is the app: its own documents are its own, and what is near is asked about when it is used.
    const granted = await this.#person(r, app, wants.filter((w) => w === "friends" || w === "share"));
    const now = { ...app, ...granted, granted: [...new Set([...app.granted, ...wants.filter((w) => w === "data" || w === "nearby"), ...granted.granted])] };
    if (!this.#o.store.ready()) await this.#o.store.begin();
    await this.#apps.save(now);
    const answer = this.#said(now);
    if (JSON.stringify(before) !== JSON.stringify(now)) this.#feeds.connected(now, answer);
    return json(answer);
  }

  /** Asks the person for what is not the app's own. */
  async #person(r: Request, app: App, wants: readonly Grant[]): Promise<{ granted: Grant[]; friends: string[] }> {
    if (wants.length === 0) return { granted: [], friends: app.friends };
    const decision = await this.#asks.ask({ kind: "connect", app: app.app, title: app.title, wants }, waitOf(r, 120, 600), r.call);
    if (!decision) throw new Refusal(403, "refused", `the person did not let ${app.app} have ${wants.join(" and ")}`);
    const chosen = decision["granted"] === undefined ? wants : ids(decision["granted"]);
    return { granted: wants.filter((w) => chosen.includes(w)), friends: decision["friends"] === undefined ? app.friends : ids(decision["friends"]) };
  }

  /** `/.kith/api/`: what the people pages are made of. */
  async #api(r: Request, path: string): Promise<Answered> {
    const [first = "", id = ""] = path.split("/");
    if (first === "asks") return this.#decide(r, id);
    if (first === "apps" && r.method === "GET") return json({ items: this.#apps.all() });
    if (first === "apps" && r.method === "PATCH") return this.#change(r);
    const raw = new URL(r.call.url, "http://app.invalid").pathname.slice("/.kith/api/".length);
    const { method, query, headers, call } = r;
    const done = await this.#o.people?.({ method, path: raw, query, headers, body: call.body, signal: call.signal, scope: call.from.scope });
    if (!done) throw new Fault("not_found", `there is no /.kith/api/${path.slice(0, 80)}`);
    return reply(done.status, Object.fromEntries(done.headers), done.body);
  }

  async #decide(r: Request, id: string): Promise<Answered> {
    if (id === "") {
      if (r.method !== "GET") throw notAllowed("GET");
      return json({ items: this.#asks.list() });
    }
    if (r.method !== "POST") throw notAllowed("POST");
    this.#asks.decide(id, await object(r));
    return reply(204);
  }

  /** Changes what an app was granted: `{"scope", "granted", "friends"}`. */
  async #change(r: Request): Promise<Answered> {
    const said = await object(r);
    const app = this.#apps.all().find((a) => a.scope === said["scope"]);
    if (!app) throw new Fault("not_found", "there is no such app");
    const granted = said["granted"] === undefined ? app.granted : grants.filter((g) => ids(said["granted"]).includes(g));
    const now = { ...app, granted, friends: said["friends"] === undefined ? app.friends : ids(said["friends"]) };
    await this.#apps.save(now);
    this.#feeds.connected(now, this.#said(now));
    this.#feeds.friends(now);
    return reply(204);
  }
}
