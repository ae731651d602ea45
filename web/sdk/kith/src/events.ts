// Event streams, read by fetch so that they are the same by every transport.
import { ask } from "./http.ts";
import type { Transport } from "./transport.ts";
import type { KithEvent } from "./types.ts";

/** Milliseconds before a stream that ended is opened again. */
const again = 500;

/** Tells of events until signal aborts. */
export async function follow(transport: Transport, path: string, tell: (e: KithEvent) => void, signal: AbortSignal): Promise<void> {
  let last: string | undefined;
  while (!signal.aborted) {
    const headers = { Accept: "text/event-stream", ...(last === undefined ? {} : { "Last-Event-ID": last }) };
    try {
      const answer = await ask(transport, path, { headers, signal });
      if (answer.status === 403 || answer.status === 404) return;
      if (answer.ok && answer.body) last = await take(answer.body, last, tell);
    } catch {
      // The worker went; the next one goes on.
    }
    if (!signal.aborted) await new Promise((done) => setTimeout(done, again));
  }
}

/** Reads a stream to its end and returns the number of the last event. */
async function take(body: ReadableStream<Uint8Array>, last: string | undefined, tell: (e: KithEvent) => void): Promise<string | undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return last;
      text += decoder.decode(value, { stream: true });
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const { id, event } = parse(text.slice(0, end));
        text = text.slice(end + 2);
        last = id ?? last;
        if (event) tell(event);
      }
    }
  } catch {
    return last;
  }
}

/** Reads one block of a stream. */
export function parse(block: string): { id?: string; event?: KithEvent } {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).replace(/^ /, ""));
  }
  const [id, name] = [fields.get("id"), fields.get("event")];
  const event = name === undefined ? {} : { event: { event: name as KithEvent["event"], data: JSON.parse(fields.get("data") ?? "{}") as Record<string, unknown> } };
  return { ...(id === undefined ? {} : { id }), ...event };
}
