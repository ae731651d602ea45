/** Requests that wait for what a person decides on the people pages. */
import { Fault } from "../fault.ts";
import type { Incoming } from "../service/wire.ts";
import { Refusal } from "./http.ts";

/** What a person is asked. */
export interface Question {
  readonly kind: "connect" | "friends" | "share" | "mount";
  readonly app: string;
  readonly title: string;
  /** What is proposed: wants; path and audience; at. */
  readonly [detail: string]: unknown;
}

/** What they decided. */
export type Decision = Readonly<Record<string, unknown>>;

interface Waiting {
  readonly question: Question;
  readonly since: number;
  readonly done: (decision: Decision | undefined) => void;
}

/** Questions at once; more are refused, for a person cannot be meant by them. */
const most = 16;

/** What persons are asked at the moment. */
export class Asks {
  readonly #waiting = new Map<string, Waiting>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Those without a decision, for the people pages. */
  list(): (Question & { id: string; since: string })[] {
    return [...this.#waiting].map(([id, w]) => ({ ...w.question, id, since: new Date(w.since).toISOString() }));
  }

  /** Asks, and waits ms; undefined when the person said no. */
  async ask(question: Question, ms: number, call: Incoming): Promise<Decision | undefined> {
    if (this.#waiting.size >= most) {
      throw new Fault("rate_limited", `the person is asked ${most} things already`, "wait until they decided");
    }
    const id = [...crypto.getRandomValues(new Uint8Array(8))].map((b) => b.toString(16).padStart(2, "0")).join("");
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await new Promise<Decision | undefined>((resolve, reject) => {
        this.#waiting.set(id, { question, since: this.#now(), done: resolve });
        timer = setTimeout(() => reject(new Refusal(408, "undecided", "the person did not decide in time", "ask again when they are there")), ms);
        call.signal.addEventListener("abort", () => reject(new Fault("canceled", "the app gave the question up")), { once: true });
        call.person(id);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
      call.person("");
    }
  }

  /** Takes a decision: `{"allow": false}`, or true with what was chosen. */
  decide(id: string, decision: Decision): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) throw new Fault("not_found", `nobody waits for a decision on ${id.slice(0, 32)}`);
    waiting.done(decision["allow"] === true ? decision : undefined);
  }
}
