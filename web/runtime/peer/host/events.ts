/** Event streams (spec/app-api.md §5). */
import { Fault } from "../fault.ts";
import { octets, reply } from "./http.ts";
import type { Answered } from "../service/wire.ts";

/** Events that a client can go on from. */
const kept = 512;
/** Events that wait for a client that does not read; then it has to begin anew. */
const mostWaiting = 256;
/** Streams of one app at once. */
const mostStreams = 256;
/** Milliseconds between comments. */
const commentEvery = 15_000;

interface Happened { id: number; event: string; data: unknown }

/** The events of one app. */
export class Events {
  #next: number;
  readonly #first: number;
  readonly #past: Happened[] = [];
  readonly #streams = new Set<(h: Happened) => void>();

  /** Numbers begin after those of any earlier worker. */
  constructor(now: () => number) {
    this.#first = this.#next = now() * 1000;
  }

  get watched(): boolean {
    return this.#streams.size > 0;
  }

  emit(event: string, data: unknown): void {
    const h = { id: this.#next++, event, data };
    this.#past.push(h);
    if (this.#past.length > kept) this.#past.shift();
    this.#streams.forEach((s) => s(h));
  }

  /** What came after the event with this number; undefined when that is not known. */
  #after(last: number): Happened[] | undefined {
    const first = this.#past[0]?.id ?? this.#next;
    return last + 1 >= first && last < this.#next && last + 1 >= this.#first ? this.#past.filter((h) => h.id > last) : undefined;
  }

  /** A stream of those that wanted says yes to. */
  stream(lastEventID: string | null, signal: AbortSignal, wanted: (event: string, data: unknown) => boolean): Answered {
    if (this.#streams.size >= mostStreams) {
      throw new Fault("rate_limited", `the app follows ${mostStreams} streams of events`, "close some");
    }
    let end = (): void => undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (c) => {
        const say = (text: string): void => {
          if ((c.desiredSize ?? 0) < -mostWaiting) return stop();
          c.enqueue(octets(text));
        };
        const tell = (h: Happened): void => {
          if (wanted(h.event, h.data)) say(`id: ${h.id}\nevent: ${h.event}\ndata: ${JSON.stringify(h.data)}\n\n`);
        };
        const timer = setInterval(() => say(":\n\n"), commentEvery);
        end = () => {
          clearInterval(timer);
          this.#streams.delete(tell);
        };
        const stop = (): void => {
          end();
          c.close();
        };
        signal.addEventListener("abort", end, { once: true });
        const last = Number(lastEventID ?? Number.NaN);
        const missed = lastEventID === null ? [] : this.#after(last);
        say("retry: 500\n:\n\n");
        if (!missed) say(`id: ${this.#next - 1}\nevent: resync\ndata: {}\n\n`);
        missed?.forEach(tell);
        this.#streams.add(tell);
      },
      cancel: () => end(),
    });
    return reply(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" }, body);
  }
}
