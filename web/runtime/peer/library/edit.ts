import type { Outgoing } from "../contract.ts";
import { Fault } from "../fault.ts";
import { personApp } from "./bounds.ts";
import type { Entry } from "./catalog.ts";
import type { Core } from "./core.ts";
import { type Audience, canonical, checkAudience, type ItemRecord, Reach, sorted } from "./item.ts";
import { below, checkFolder, checkPath } from "./path.ts";
import { isDoubtful } from "./peer.ts";
import { checkOptions } from "./put.ts";
import { change, type Write } from "./write.ts";

/** How many documents there are at a path, and what has to be said. */
export interface Edited {
  documents: number;
  out: Outgoing[];
}

/** Makes new versions of documents with the bodies they have; f says what is new, if anything. */
async function edit(l: Core, app: string, name: string, all: boolean, f: (e: Entry) => Partial<ItemRecord> | undefined): Promise<Edited> {
  checkFolder(name);
  if (app === personApp) throw new Fault("forbidden", "the person's own state is not edited as documents");
  const found: Entry[] = [];
  const e = l.catalog.find(app, name.endsWith("/") ? name.slice(0, -1) : name);
  if (e) found.push(e);
  if (all) for (const [b] of l.catalog.below(app, below(name))) found.push(b);
  const certain = found.filter((x) => !isDoubtful(l, x));
  if (certain.length === 0) throw new Fault("not_found", `there is no document ${name}`);
  const ws: Write[] = [];
  for (const x of certain) {
    const fresh = f(x);
    if (fresh) ws.push({ record: { ...x.record, ...fresh, revision: l.next() }, here: x.here });
  }
  return { documents: certain.length, out: await change(l, ws) };
}

/** What Library.share does. */
export async function share(l: Core, app: string, name: string, all: boolean, a: Audience): Promise<Edited> {
  checkAudience(a);
  const audience = canonical(a);
  return edit(l, app, name, all, (e) => (e.aud === l.catalog.audience(audience) ? undefined : { audience }));
}

/** What Library.widen does. */
export async function widen(l: Core, app: string, name: string, all: boolean, add: Audience, take: Audience): Promise<Edited> {
  if (add.reach === Reach.all) return share(l, app, name, all, add);
  return edit(l, app, name, all, (e) => {
    if (e.aud.reach === Reach.all && take.friends.length + take.lists.length === 0) return undefined;
    const friends = [...e.aud.friends, ...add.friends].filter((id) => !take.friends.includes(id));
    const lists = [...e.aud.lists, ...add.lists].filter((id) => !take.lists.includes(id));
    const reach = friends.length + lists.length > 0 ? Reach.some : Reach.nobody;
    const audience = canonical({ reach, friends, lists });
    checkAudience(audience);
    return l.catalog.audience(audience) === e.aud ? undefined : { audience };
  });
}

/** What Library.label does. */
export async function label(l: Core, app: string, name: string, all: boolean, labels: string[]): Promise<Edited> {
  checkOptions("x", { labels });
  const fresh = sorted(labels);
  return edit(l, app, name, all, (e) => (e.record.labels.join("\0") === fresh.join("\0") ? undefined : { labels: fresh }));
}

/** What Library.move does. */
export async function move(l: Core, app: string, name: string, to: string): Promise<Outgoing[]> {
  checkPath(to);
  if (l.catalog.find(app, to)) throw new Fault("conflict", `${to} exists`, "choose another path, or remove it first");
  return (await edit(l, app, name, false, () => ({ path: to }))).out;
}
