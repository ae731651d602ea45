// Answers requests with files of a site.
import type { FileEntry, Index, Span } from "../types.ts";
import { contentType, sniffLength, typeByName } from "./ctype.ts";
import { canInject, injectLoader } from "./inject.ts";
import type { Pieces } from "./pieces.ts";
import { matchesTag, readRange, type Part } from "./range.ts";

/** Sizes in octets. */
export const sizes = {
  /** How much of a file is asked for before it is needed. */
  readAhead: 2 * 1024 * 1024,
  /**
   * The most that answers an open-ended range of a film: browsers come back for
   * the rest, and a paused film does not keep the worker from being stopped.
   */
  film: 4 * 1024 * 1024,
} as const;

/** What every response of a site's origin has (internal/gateway). */
const isolation: Readonly<Record<string, string>> = {
  "Origin-Agent-Cluster": "?1",
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
};

/** Headers that the worker sets itself, whatever an index says. */
const own = new Set(["content-type", "content-length", "content-range", "content-encoding", "transfer-encoding", "etag", "set-cookie"]);

/** A file of one version, and where its bytes come from. */
export interface Source {
  readonly id: string;
  readonly index: Index;
  readonly pieces: Pieces;
}

/** A response, and the end of its body: the worker must live until then. */
export interface Served {
  readonly response: Response;
  readonly ended: Promise<void>;
}

const never: Promise<void> = Promise.resolve();

/**
 * Answers request with file. The first bytes are here when it resolves; it
 * rejects when they cannot be had.
 */
export async function serve(source: Source, file: FileEntry, request: Request, status: 200 | 404): Promise<Served> {
  const etag = `"${source.id}/${encodeURIComponent(file.path)}"`;
  const headers = new Headers(isolation);
  for (const [name, value] of Object.entries(file.headers ?? {})) {
    if (!own.has(name.toLowerCase())) {
      headers.set(name, value);
    }
  }
  if (status === 200) {
    headers.set("ETag", etag);
    headers.set("Accept-Ranges", "bytes");
    if (matchesTag(request.headers.get("If-None-Match") ?? "", etag)) {
      return { response: new Response(null, { status: 304, headers }), ended: never };
    }
  }
  const part = status === 200 ? wanted(request, file.size, etag) : "whole";
  if (part === "none") {
    headers.set("Content-Range", `bytes */${file.size}`);
    return { response: new Response(null, { status: 416, headers }), ended: never };
  }
  const whole = part === "whole";
  const { from, to } = whole ? { from: 0, to: file.size } : part;
  const paint = paints(request);
  const reader = new FileReader(source, file, from, to, paint);
  const typed = file.type ?? "";
  let head: Uint8Array | undefined;
  if (request.method !== "HEAD" || needsHead(file)) {
    head = await reader.next();
  }
  const start = from === 0 ? head : undefined;
  const type = typed || contentType(file.path, start ?? (needsHead(file) ? await beginning(source, file, paint) : new Uint8Array()));
  headers.set("Content-Type", type);
  headers.set("Content-Length", String(to - from));
  if (!whole) {
    headers.set("Content-Range", `bytes ${from}-${to - 1}/${file.size}`);
  }
  const answer = whole ? status : 206;
  if (request.method === "HEAD") {
    reader.cancel();
    return { response: new Response(null, { status: answer, headers }), ended: never };
  }
  if (whole && head && request.mode === "navigate" && canInject(type, head)) {
    head = injectLoader(head);
    headers.delete("Content-Length");
    headers.delete("ETag"); // these are not the bytes that it names
  }
  const { body, ended } = stream(reader, head);
  return { response: new Response(body, { status: answer, headers }), ended };
}

/** Whether the page cannot be painted without what is asked for. */
export function paints(request: Request): boolean {
  return ["document", "iframe", "style", "script", "font", "worker"].includes(request.destination);
}

function wanted(request: Request, size: number, etag: string): Part | "whole" | "none" {
  const condition = request.headers.get("If-Range");
  const header = condition !== null && condition.trim() !== etag ? null : request.headers.get("Range");
  const part = readRange(header, size);
  const open = /-\s*$/.test(header ?? "");
  const film = request.destination === "video" || request.destination === "audio";
  return typeof part === "object" && open && film ? { from: part.from, to: Math.min(part.to, part.from + sizes.film) } : part;
}

/** Whether the type of a file depends on its first bytes. */
function needsHead(file: FileEntry): boolean {
  const named = file.type ?? typeByName(file.path);
  return file.type === undefined && (named === "" || named.startsWith("text/"));
}

async function beginning(source: Source, file: FileEntry, paint: boolean): Promise<Uint8Array> {
  const reader = new FileReader(source, file, 0, Math.min(sniffLength, file.size), paint);
  const head = (await reader.next()) ?? new Uint8Array();
  reader.cancel();
  return head;
}

/** Reads a part of a file piece by piece, and asks for some pieces ahead. */
class FileReader {
  readonly #source: Source;
  readonly #spans: Iterator<Span>;
  readonly #paint: boolean;
  readonly #stop = new AbortController();
  readonly #coming: { readonly span: Span; readonly content: Promise<Uint8Array> }[] = [];
  #ahead = 0;

  constructor(source: Source, file: FileEntry, from: number, to: number, paint: boolean) {
    this.#source = source;
    this.#spans = from < to ? file.spans(from, to)[Symbol.iterator]() : [][Symbol.iterator]();
    this.#paint = paint;
  }

  /** The next bytes; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    this.#ask();
    const first = this.#coming.shift();
    if (!first) {
      return undefined;
    }
    const { span } = first;
    const content = await first.content;
    this.#ahead -= span.end - span.begin;
    this.#ask();
    if (content.length < span.end) {
      throw new RangeError("a piece is shorter than the index says");
    }
    return content.slice(span.begin, span.end);
  }

  cancel(): void {
    this.#stop.abort(new DOMException("nobody reads any more", "AbortError"));
  }

  #ask(): void {
    while (this.#ahead < sizes.readAhead || this.#coming.length === 0) {
      const { done, value } = this.#spans.next() as IteratorResult<Span, undefined>;
      if (done) {
        return;
      }
      const content = this.#source.pieces.content(value.piece, this.#paint, this.#stop.signal);
      content.catch(() => undefined); // next tells whoever reads so far
      this.#coming.push({ span: value, content });
      this.#ahead += value.end - value.begin;
    }
  }
}

function stream(reader: FileReader, head: Uint8Array | undefined): { body: ReadableStream<Uint8Array>; ended: Promise<void> } {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let first = head;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const chunk = first ?? (await reader.next());
          first = undefined;
          if (chunk) {
            controller.enqueue(chunk);
          } else {
            controller.close();
            end();
          }
        } catch (error) {
          controller.error(error);
          reader.cancel();
          end();
        }
      },
      cancel() {
        reader.cancel();
        end();
      },
    },
    { highWaterMark: 1 },
  );
  return { body, ended };
}
