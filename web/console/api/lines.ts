// Reads the two streaming formats of the API: JSON lines and server-sent events.

/** The longest line that is kept; a longer one ends the stream with an error. */
const longestLine = 16 * 1024 * 1024;

/** Splits decoded chunks into lines, without their ends; "\r\n" and "\r" end a line too. */
export async function* lines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    rest += chunk;
    // A final "\r" waits for the "\n" that may follow it.
    const held = rest.endsWith("\r") ? "\r" : "";
    const parts = (held ? rest.slice(0, -1) : rest).split(/\r\n|\n|\r/);
    rest = (parts.pop() ?? "") + held;
    if (rest.length > longestLine) {
      throw new RangeError("line too long");
    }
    yield* parts;
  }
  if (rest !== "") {
    yield rest.replace(/\r$/, "");
  }
}

/** One server-sent event. */
export interface ServerEvent {
  readonly type: string;
  readonly data: string;
}

/** Parses server-sent events (HTML Living Standard, 9.2.6) as far as the API uses them. */
export async function* events(chunks: AsyncIterable<string>): AsyncGenerator<ServerEvent> {
  let type = "";
  let data: string[] = [];
  for await (const line of lines(chunks)) {
    if (line === "") {
      if (data.length > 0) {
        yield { type: type || "message", data: data.join("\n") };
      }
      type = "";
      data = [];
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") {
      type = value;
    } else if (field === "data") {
      data.push(value);
    }
  }
}

/** Decodes a response's body piece by piece. */
export async function* decode(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        break;
      }
      yield decoder.decode(value, { stream: true });
    }
    const tail = decoder.decode();
    if (tail !== "") {
      yield tail;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
