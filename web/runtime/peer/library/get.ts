import type { Body } from "../contract.ts";
import { Fault } from "../fault.ts";
import { memory, openBody } from "./body.ts";
import { day, personApp } from "./bounds.ts";
import { type Entry, hasFile } from "./catalog.ts";
import { Batch, type Core } from "./core.ts";
import type { Item } from "./item.ts";
import { below, checkFolder, compareText } from "./path.ts";
import { isDoubtful } from "./peer.ts";
import { itemOf } from "./put.ts";

/** A document, or a fault "not_found". */
export function entryAt(l: Core, app: string, name: string): Entry {
  const e = l.catalog.find(app, name);
  if (!e || app === personApp || isDoubtful(l, e)) throw new Fault("not_found", `there is no document ${name}`);
  return e;
}

/** What Library.get does. */
export async function open(l: Core, app: string, name: string): Promise<{ item: Item; body: Body }> {
  const e = entryAt(l, app, name);
  return { item: itemOf(e, name), body: await openEntry(l, e) };
}

/** Opens what an entry has on this device, and notes that it was used. */
export async function openEntry(l: Core, e: Entry): Promise<Body> {
  if (!e.here) {
    throw new Fault(
      "unreachable", `the body of ${e.record.path} is not on this device`,
      "it comes when another of your devices is reachable",
    );
  }
  await use(l, e);
  return hasFile(e) ? openBody(l.files, e.record.key, e.record.size) : memory(e.record.inline);
}

/** Notes the day on which a body was used, where that decides what is kept. */
async function use(l: Core, e: Entry): Promise<void> {
  const now = l.now();
  if (!l.holds.recent || now - e.used < day) return;
  const used = e.used;
  e.used = now;
  const b = new Batch();
  b.item(e);
  await l.commit(b).catch((error: unknown) => {
    e.used = used;
    l.world.log("warn", "cannot note that a document was used", { error });
  });
}

/** What list tells. */
export interface ListOptions {
  app?: string;
  /** "" for all; documents in folders below it, too. */
  folder?: string;
  label?: string;
  /** A path as it is shown: begin behind it. */
  after?: string;
  /** How many at most; 0 for all. */
  most?: number;
  /** Only what is in the folder itself, and the names of the folders in it. */
  shallow?: boolean;
}

export interface Listed {
  items: Item[];
  /** Of a shallow list: folders, each ending in a slash. */
  folders: string[];
  /** Where to go on behind, when there is more. */
  next?: string;
}

/**
 * What Library.list does: documents ordered by path. Where two have one path, the
 * newer has it, and the other is shown with "~" and the beginning of its handle.
 */
export function list(l: Core, o: ListOptions): Listed {
  const { app = "", folder = "", label = "", after = "", most = 0, shallow = false } = o;
  checkFolder(folder);
  if (app === personApp) throw new Fault("forbidden", "the person's own state is not shown as documents");
  const top = below(folder);
  const listed: Listed = { items: [], folders: [] };
  let [last, count] = ["", 0];
  for (const [e, shown] of l.catalog.below(app, top)) {
    const slash = shallow ? shown.indexOf("/", top.length) : -1;
    const name = slash < 0 ? shown : shown.slice(0, slash + 1);
    if (name === last || (after !== "" && compareText(name, after) <= 0)) continue;
    if (isDoubtful(l, e) || (label !== "" && !e.record.labels.includes(label))) continue;
    if (most > 0 && count === most) {
      listed.next = last;
      break;
    }
    if (slash < 0) listed.items.push(itemOf(e, shown));
    else listed.folders.push(name);
    [last, count] = [name, count + 1];
  }
  return listed;
}
