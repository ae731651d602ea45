/** The person's documents. */
import type { Body, Outgoing } from "../contract.ts";
import { kindOf } from "../fault.ts";
import { Reach, tagOf, PurgeState, type Audience as LibraryAudience, type Deletion, type Edited, type Item, type Part, type Parts } from "../library/index.ts";
import type { Inner } from "./inner.ts";
import { audienceOf, iso, Names } from "./names.ts";
import type { Change, Deleted, DocumentView, Put, ReceiptView } from "./types.ts";

/** Takes the slashes at both ends away, and says whether the path was of a folder. */
function clean(path: string): { name: string; all: boolean } {
  return { name: path.replace(/^\/+|\/+$/g, ""), all: path === "" || path.endsWith("/") };
}

/** What is told of items. */
export function shownItems(i: Inner, items: readonly Item[]): DocumentView[] {
  const names = new Names(i);
  const lists = i.library.lists();
  return items.map((d) => ({
    path: d.path, ...(d.app !== "" && { app: d.app }), type: d.type, size: d.size, etag: tagOf(d),
    ...(d.labels.length > 0 && { labels: d.labels }), audience: names.audience(d.audience, lists), modified: iso(d.modified), here: d.here,
  }));
}

export const shownItem = (i: Inner, d: Item): DocumentView => shownItems(i, [d])[0] as DocumentView;

const options = (i: Inner, p: Put): Parameters<Inner["library"]["put"]>[2] => ({
  app: p.app, type: p.type, labels: p.labels, audience: p.audience && audienceOf(i, p.audience), ifMatch: p.ifMatch, ifNoneMatch: p.ifNoneMatch,
});

/** Stores a document. */
export async function put(i: Inner, p: Put): Promise<{ item: Item; fresh: boolean }> {
  await i.someone();
  const { item, fresh, out } = await i.library.put(p.path, p.body, options(i, p), i.enter);
  await send(i, out);
  return { item, fresh };
}

/** Stores a part of a document. */
export async function putPart(i: Inner, p: Put, part: Part): Promise<Parts> {
  await i.someone();
  const made = await here(i, p.app, p.path, () => i.library.putPart(p.path, p.body, part, options(i, p), i.enter));
  if (made.whole) await send(i, made.whole.out);
  return made;
}

async function send(i: Inner, out: readonly Outgoing[]): Promise<void> {
  if (out.length > 0) await i.act(async (a) => a.send(out));
  i.look();
}

/** Does what needs the body of a document, and fetches that where it is on another device alone. */
async function here<T>(i: Inner, app: string, path: string, f: () => Promise<T>): Promise<T> {
  try {
    return await f();
  } catch (error) {
    if (kindOf(error) !== "unreachable") throw error;
    const item = await i.turn.take(async () => i.library.stat(app, path));
    await i.library.fetch(i.ownAsker, item.handle, new AbortController().signal, i.enter);
    return f();
  }
}

export const stat = (i: Inner, app: string, path: string): Promise<Item> => i.turn.take(async () => i.library.stat(app, path));

/** Reads a document. One whose body is on another device of the person is fetched first. */
export const open = (i: Inner, app: string, path: string): Promise<{ item: Item; body: Body }> =>
  here(i, app, path, () => i.turn.take(() => i.library.get(app, path)));

/** Those below a folder, ordered by path. */
export const list = (i: Inner, app: string, folder: string, label = ""): Promise<Item[]> =>
  i.turn.take(async () => i.library.list({ app, folder: clean(folder).name, ...(label !== "" && { label }) }).items);

/** Changes what is told of a document, or, with a slash at the end of path, of all below it. */
export function change(i: Inner, app: string, path: string, c: Change): Promise<DocumentView> {
  const { name, all } = clean(path);
  return i.act(async (a) => {
    if (c.audience || c.share || c.unshare) a.send((await share(i, app, name, all, c)).out);
    if (c.labels) a.send((await i.library.label(app, name, all, c.labels)).out);
    if (c.path) a.send(await i.library.move(app, name, c.path));
    i.look();
    return all ? ({ path, ...(app !== "" && { app }) } as DocumentView) : shownItem(i, i.library.stat(app, c.path || name));
  });
}

/** Does what a Change says about who may see documents. */
function share(i: Inner, app: string, name: string, all: boolean, c: Change): Promise<Edited> {
  const whole = c.audience ?? (c.share?.kind === "all" ? c.share : undefined);
  if (whole) return i.library.share(app, name, all, audienceOf(i, whole));
  if (c.unshare?.kind === "all") return i.library.share(app, name, all, nobody);
  const part = (p: Change["share"]): LibraryAudience => (p ? audienceOf(i, p) : nobody);
  return i.library.widen(app, name, all, part(c.share), part(c.unshare));
}

/** Deletes a document, or with a slash at the end all below it. */
export function remove(i: Inner, app: string, path: string, ifMatch?: string): Promise<Deleted> {
  const { name, all } = clean(path);
  return i.act(async (a) => {
    const before = new Set(i.library.deletions().map((d) => d.group));
    const { removed: documents, out } = await i.library.remove(app, name, { all, ifMatch });
    a.send(out);
    i.look();
    const names = new Names(i);
    const receipts = i.library.deletions().filter((d) => !before.has(d.group)).flatMap((d) => shownReceipts(names, d));
    return { documents, ...(receipts.length > 0 && { receipts }) };
  });
}

const nobody: LibraryAudience = { reach: Reach.nobody, friends: [], lists: [] };

const states = { [PurgeState.asked]: "asked", [PurgeState.confirmed]: "confirmed", [PurgeState.unreachable]: "unreachable" } as const;

/** The receipts of one deletion; one that is settled has neither names nor paths any more. */
export function shownReceipts(names: Names, d: Deletion): ReceiptView[] {
  const answered = (at: number): { answered?: string } => (at === 0 ? {} : { answered: iso(at) });
  if (d.receipts.length === 0) {
    const state = d.unreachable > 0 ? "unreachable" : "confirmed";
    return [{ id: d.group, friends: d.confirmed + d.unreachable, paths: [], state, asked: iso(d.asked), ...answered(d.settled) }];
  }
  return d.receipts.map((r) => ({
    id: d.group, friend: names.of(r.friend), paths: r.paths, state: states[r.state], asked: iso(r.asked), ...answered(r.settled),
  }));
}
