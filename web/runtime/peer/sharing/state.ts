import { questions } from "./asks.ts";
import { shownReceipts } from "./documents.ts";
import type { Inner } from "./inner.ts";
import { iso, Names } from "./names.ts";
import { shownDevices, shownFriend, shownLink } from "./persons.ts";
import type { PersonView, RelayView, State } from "./types.ts";

/** Everything that a page shows. */
export async function state(i: Inner): Promise<State> {
  const { version } = i.changes;
  const names = new Names(i);
  return {
    version, person: await shownPerson(i), devices: await shownDevices(i), links: i.person.links().map(shownLink),
    friends: await Promise.all(i.person.friends().map((f) => shownFriend(i, f))),
    invitations: i.person.invitations().filter((v) => v.mine).map((v) => ({
      id: v.id, link: v.link, kind: "friend", ...(v.for !== "" && { for: v.for }), expires: iso(v.expires),
    })),
    lists: i.library.lists().map((l) => ({ name: l.name, friends: l.members.map((m) => names.of(m)) })),
    questions: await questions(i),
    receipts: i.library.deletions().flatMap((d) => shownReceipts(names, d)),
  };
}

async function shownPerson(i: Inner): Promise<PersonView> {
  const me = i.person.status();
  const { documents, octets, doubtful } = i.library.stats();
  return {
    exists: me.exists, ...(me.exists && { name: me.name }), locked: false, phraseUnseen: me.phraseUnseen, ...(me.removed && { removed: true }),
    ...(doubtful && { doubtful }),
    device: me.device, relays: me.relays.map((url) => shownRelay(i, url)), direct: [], documents, octets, storage: await i.o.store.usage(),
  };
}

function shownRelay(i: Inner, url: string): RelayView {
  const trouble = i.peer.listening(url);
  return trouble === undefined ? { url, connected: true } : { url, connected: false, error: trouble instanceof Error ? trouble.message : String(trouble) };
}
