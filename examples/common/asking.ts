// Asking friends who may be away: what nobody answered yet is asked again when the
// answer is there.
import type { Answer, Item, Kith, KithEvent } from "@kith/sdk";

/** What is below a folder of a friend. */
export interface Found { readonly items: readonly Item[]; /** What they said last, for they are away. */ readonly stale: boolean }

/** Milliseconds until a friend who was away is asked again. */
const later = 10_000;

/** Asks friends for documents and folders. */
export class Asking {
  readonly #kith: Kith;
  readonly #waiting = new Map<string, () => void>();
  readonly #later = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(kith: Kith) {
    this.#kith = kith;
  }

  /** Asks for a document; again is called when an answer comes that was waited for. */
  async get(friend: string, path: string, again: () => void, o: { fresh?: boolean; after?: string } = {}): Promise<Answer> {
    const answer = await this.#kith.friends.get(friend, path, o);
    if (answer.state === "waiting") this.#waiting.set(answer.id, again);
    return answer;
  }

  /** All that a friend shares below a folder; undefined while they are waited for. */
  async list(friend: string, folder: string, again: () => void, fresh: boolean): Promise<Found | undefined> {
    const items: Item[] = [];
    for (let after: string | undefined; ; ) {
      const answer = await this.get(friend, folder, again, { fresh, ...(after === undefined ? {} : { after }) });
      if (answer.state === "waiting") return undefined;
      if (answer.state !== "here") return { items, stale: false };
      const said = (await answer.response.json()) as { items?: Item[]; next?: string };
      items.push(...(said.items ?? []));
      if (said.next === undefined || !said.items?.length) {
        if (answer.stale) this.#wait(`${friend}/${folder}`, again);
        return { items, stale: answer.stale };
      }
      after = said.next;
    }
  }

  /** Asks again later: no event tells that a friend is there again who has nothing new. */
  #wait(name: string, again: () => void): void {
    clearTimeout(this.#later.get(name));
    this.#later.set(name, setTimeout(() => (document.hidden ? this.#wait(name, again) : again()), later));
  }

  /** Takes an event; true when it was about a question. */
  hear(e: KithEvent): boolean {
    if (e.event !== "request") return false;
    const { id = "", state } = e.data as { id?: string; state?: string };
    const again = this.#waiting.get(id);
    if (state === "waiting" || !again) return true;
    this.#waiting.delete(id);
    again();
    return true;
  }
}

/** Runs one thing at a time for each name; what comes meanwhile makes it run once more. */
export class Turns {
  readonly #running = new Map<string, { again: boolean; done: Promise<void> }>();

  run(name: string, work: () => Promise<void>): Promise<void> {
    const running = this.#running.get(name);
    if (running) {
      running.again = true;
      return running.done;
    }
    const mine = { again: true, done: Promise.resolve() };
    this.#running.set(name, mine);
    mine.done = this.#work(name, mine, work);
    return mine.done;
  }

  async #work(name: string, turn: { again: boolean }, work: () => Promise<void>): Promise<void> {
    try {
      while (turn.again) {
        turn.again = false;
        await work();
      }
    } finally {
      this.#running.delete(name);
    }
  }
}
