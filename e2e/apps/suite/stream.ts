// text/event-stream, read by fetch.
import { holds, until } from "./check.ts";

/** One event. */
export interface Told {
  readonly event: string;
  readonly data: Record<string, unknown>;
  readonly id: string;
}

/** An open stream, and what came of it so far. */
export class Stream {
  readonly told: Told[] = [];
  readonly #stop = new AbortController();

  /** Opens the stream at a path below /.kith/, and waits for its beginning. */
  static async open(path: string, headers: Record<string, string> = {}): Promise<Stream> {
    const s = new Stream();
    const r = await fetch(`/.kith/${path}`, { headers: { Accept: "text/event-stream", ...headers }, signal: s.#stop.signal, cache: "no-store" });
    holds(r.status === 200 && r.headers.get("Content-Type")?.startsWith("text/event-stream"), `${path} is answered ${r.status}`);
    void s.#read(r.body!.pipeThrough(new TextDecoderStream()).getReader());
    return s;
  }

  async #read(from: ReadableStreamDefaultReader<string>): Promise<void> {
    let text = "";
    try {
      for (;;) {
        const { done, value } = await from.read();
        if (done) {
          return;
        }
        text += value;
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          this.#take(text.slice(0, end));
          text = text.slice(end + 2);
        }
      }
    } catch {
      // It was closed.
    }
  }

  #take(block: string): void {
    const fields = new Map(block.split("\n").map((line) => {
      const at = line.indexOf(":");
      return [line.slice(0, at), line.slice(at + 1).replace(/^ /, "")] as const;
    }));
    const event = fields.get("event");
    if (event !== undefined) {
      this.told.push({ event, data: JSON.parse(fields.get("data") ?? "{}") as Record<string, unknown>, id: fields.get("id") ?? "" });
    }
  }

  /** Waits for an event like this one. */
  async hears(event: string, like: (data: Record<string, unknown>) => boolean = () => true): Promise<Told> {
    return until(async () => this.told.find((e) => e.event === event && like(e.data)), `the event ${event} (came: ${JSON.stringify(this.told)})`);
  }

  close(): void {
    this.#stop.abort();
  }
}
