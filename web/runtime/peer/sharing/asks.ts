/** Questions to friends: answered now, from a copy, or left to themselves. */
import { PartyKind, type Ask as Request, type Asker, type Reply } from "../contract.ts";
import type { Asked } from "../exchange/index.ts";
import { Fault, kindOf } from "../fault.ts";
import { GoneFault, publicPath, type Copy } from "../library/index.ts";
import type { Inner } from "./inner.ts";
import { iso, Names } from "./names.ts";
import type { Answer, Ask, QuestionView } from "./types.ts";

/** Nobody has answered yet. */
class Waits extends Error {
  readonly id: string;

  constructor(id: string) {
    super("nobody has answered yet");
    this.id = id;
  }
}

const later: AbortSignal = new AbortController().signal;

/**
 * Asks a friend for what is at a path, or takes the copy of it while it is fresh. A
 * question without an answer in time stays open; the same question again waits for the
 * same answer.
 */
export function ask(i: Inner, a: Ask, signal: AbortSignal = later): Promise<Answer> {
  const f = i.person.find(a.friend);
  if (f.pending) throw new Fault("conflict", `${f.name} has not accepted yet`, "ask again when a device of theirs was online");
  const [plain = "", query] = a.path.replace(/^\//, "").split(/\?(.*)/s);
  const path = (a.app ? publicPath(a.app, plain) : plain) + (query ? `?${query}` : "");
  return get(i, f.id, path, a.fresh ?? false, i.o.world.now() + a.wait, signal);
}

async function get(i: Inner, friend: string, path: string, again: boolean, until: number, signal: AbortSignal): Promise<Answer> {
  const by = new FriendAsker(i, until);
  try {
    const { copy, body } = await i.copies.get(by, friend, path, { again, signal }, i.enter);
    const stale = !by.answered && !i.copies.isFresh(copy);
    return { ...told(copy), body, stale, ...(by.open !== "" && { open: by.open }) };
  } catch (error) {
    if (error instanceof Waits) return { pending: error.id };
    throw error;
  } finally {
    if (by.open !== "") i.changes.note();
  }
}

/** What is told of a copy. */
function told(c: Copy): Omit<Extract<Answer, { etag: string }>, "body" | "stale"> {
  return {
    etag: c.header["etag"] ?? "", type: c.header["content-type"] ?? "", size: c.size, modified: Date.parse(c.header["last-modified"] ?? "") || 0,
    until: c.lease, fetched: c.fetched, fresh: c.fresh, header: c.header,
  };
}

/** What a friend sent before; nobody is asked. */
export async function copyOf(i: Inner, friend: string, app: string, path: string): Promise<Answer | undefined> {
  const found = await i.turn.take(() => i.copies.lookup(i.person.find(friend).id, publicPath(app, path)));
  return found && { ...told(found.copy), body: found.body, stale: !i.copies.isFresh(found.copy) };
}

/** Asks a friend, by the question that is open already if there is one. */
class FriendAsker implements Asker {
  readonly #i: Inner;
  readonly #until: number;
  /** The friend answered. */
  answered = false;
  /** The question that nobody has answered. */
  open = "";

  constructor(i: Inner, until: number) {
    this.#i = i;
    this.#until = until;
  }

  async ask(to: string, r: Request, signal: AbortSignal): Promise<Reply> {
    const { peer } = this.#i;
    const wait = Math.max(this.#until - this.#i.o.world.now(), 0);
    const relation = this.#i.current(to);
    const open = peer.asked().find((q) => q.to === relation && sameRequest(q.ask, r));
    const { id, reply } = open ? await peer.answer(open.id, wait, signal) : await peer.request(relation, r, { wait }, signal);
    if (!reply) {
      this.open = id;
      throw new Waits(id);
    }
    this.answered = true;
    return reply;
  }
}

/** Compares what is asked. A question without conditions answers one with them. */
function sameRequest(open: Request, r: Request): boolean {
  if (open.method !== r.method || open.path !== r.path) return false;
  const names = Object.keys(open.header);
  if (names.length === 0) return r.header["range"] === undefined;
  return names.length === Object.keys(r.header).length && names.every((n) => open.header[n] === r.header[n]);
}

const questionOf = (i: Inner, id: string): Asked | undefined => i.peer.asked().find((q) => q.id === id);

/** Looks whether a question was answered. */
export async function question(i: Inner, id: string): Promise<Answer> {
  const q = questionOf(i, id);
  if (!q) {
    throw new Fault("not_found", `there is no question "${id.slice(0, 40)}"`, "it was answered and taken, or its time is over: ask again");
  }
  return get(i, i.stable(q.to), q.ask.path.replace(/^\//, ""), false, 0, later);
}

/** What became of a question; one that is closed was answered to somebody else, or its time was over. */
export type AskState = "waiting" | "arrived" | "missing" | "gone" | "closed";

/** Says what became of a question, and takes the answer when there is one. */
export async function asked(i: Inner, id: string): Promise<AskState> {
  const q = questionOf(i, id);
  if (!q) return "closed";
  if (!q.response) return "waiting";
  try {
    const a = await get(i, i.stable(q.to), q.ask.path.replace(/^\//, ""), true, 0, later);
    if (a.pending !== undefined) return "waiting";
    a.body.close();
    return "arrived";
  } catch (error) {
    if (error instanceof GoneFault) return "gone";
    if (kindOf(error) === "not_found") return "missing";
    throw error;
  }
}

/** Gives a question up. */
export async function withdraw(i: Inner, id: string): Promise<void> {
  if (!questionOf(i, id)) return;
  await i.peer.cancel(id);
  i.changes.note();
}

/**
 * Erases the copy of what a friend sent, of a folder with a slash at its end, or with no
 * path all of it.
 */
export async function forget(i: Inner, friend: string, path: string): Promise<void> {
  const { id } = i.person.find(friend);
  const name = path.replace(/^\//, "");
  await i.turn.take(() => (name === "" ? i.copies.eraseFriend(id) : i.copies.erase(id, name)));
  i.changes.note();
}

/** The questions that friends have not answered, or whose answer nobody took. */
export async function questions(i: Inner): Promise<QuestionView[]> {
  const names = new Names(i);
  const all: QuestionView[] = [];
  for (const q of i.peer.asked()) {
    if ((await i.person.relation(q.to))?.kind !== PartyKind.friend) continue;
    all.push({
      id: q.id, friend: names.of(i.stable(q.to)), path: q.ask.path || "/", asked: iso(q.made), sent: q.sent,
      state: q.response ? "answered" : "waiting", ...(q.response && { status: q.response.status }),
    });
  }
  return all;
}
