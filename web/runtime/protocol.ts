// What pages and the service worker of one origin say to each other. Any script
// of the origin can say the same, so that every message is read with care, and
// bytes that came by one are verified like a stranger's.

/** From a page to the worker, by postMessage. */
export type ToWorker =
  /** I meet the peers of version id; the port comes with it. */
  | { readonly kith: "lead"; readonly id: string }
  /** I shall, as soon as my runtime is loaded. */
  | { readonly kith: "coming" }
  /** I had these URLs of this origin past you: the browser's cache may have them. */
  | { readonly kith: "past"; readonly urls: readonly string[] }
  /** Forget all that is kept; the port that comes with it hears when it is done. */
  | { readonly kith: "clear" };

/** From the worker to its pages, by postMessage. */
export type ToPage =
  /** Which of you meets the peers? */
  | { readonly kith: "who leads" }
  /** The next pages show version id. */
  | { readonly kith: "version"; readonly id: string };

/** From the worker to the leading page, by its port. */
export type Ask =
  | { readonly ask: "want"; readonly n: number; readonly piece: number; readonly urgent: boolean }
  | { readonly ask: "drop"; readonly n: number }
  | { readonly ask: "chance"; readonly n: number; readonly piece: number }
  | { readonly ask: "got"; readonly piece: number; readonly bytes: number };

/** From the leading page to the worker, by its port. */
export type Answer =
  | { readonly answer: "piece"; readonly n: number; readonly data: Uint8Array }
  | { readonly answer: "failed"; readonly n: number }
  | { readonly answer: "chance"; readonly n: number; readonly chance: Chance }
  /** Chances changed. */
  | { readonly answer: "news" }
  | { readonly answer: "bye" };

/** What the leading page knows about how soon peers may give a piece. */
export interface Chance {
  /** Peers that are connected. */
  readonly peers: number;
  /** Milliseconds since the first was met; 0 for none. */
  readonly met: number;
  /** Whether one of them has the piece. */
  readonly available: boolean;
  /** How many visitors among them, who lack it too, are to ask the host for it before us. */
  readonly before: number;
  /** For how many more milliseconds other peers may be expected. */
  readonly joining: number;
  /** Milliseconds since bytes last came from peers; Infinity for never. */
  readonly idle: number;
  /** Octets a second that peers give. */
  readonly rate: number;
}

/** Reads a message to a page. */
export function readToPage(value: unknown): ToPage | undefined {
  const v = value as { readonly kith?: unknown; readonly id?: unknown } | null;
  if (v?.kith === "who leads") {
    return { kith: v.kith };
  }
  return v?.kith === "version" && typeof v.id === "string" ? { kith: v.kith, id: v.id } : undefined;
}

/** Reads a message to the worker. */
export function readToWorker(value: unknown): ToWorker | undefined {
  const v = value as { readonly kith?: unknown; readonly id?: unknown; readonly urls?: unknown } | null;
  if (v?.kith === "coming" || v?.kith === "clear") {
    return { kith: v.kith };
  }
  if (v?.kith === "past" && Array.isArray(v.urls)) {
    return { kith: "past", urls: (v.urls as readonly unknown[]).filter((u): u is string => typeof u === "string" && URL.canParse(u)) };
  }
  return v?.kith === "lead" && typeof v.id === "string" ? { kith: v.kith, id: v.id } : undefined;
}

/** Reads what the worker asks of the leading page. */
export function readAsk(value: unknown): Ask | undefined {
  const v = value as Readonly<Record<string, unknown>> | null;
  const { n, piece, bytes } = { n: count(v?.["n"]), piece: count(v?.["piece"]), bytes: count(v?.["bytes"]) };
  switch (v?.["ask"]) {
    case "want":
      return n === undefined || piece === undefined ? undefined : { ask: "want", n, piece, urgent: v["urgent"] === true };
    case "chance":
      return n === undefined || piece === undefined ? undefined : { ask: "chance", n, piece };
    case "drop":
      return n === undefined ? undefined : { ask: "drop", n };
    case "got":
      return piece === undefined || bytes === undefined ? undefined : { ask: "got", piece, bytes };
  }
  return undefined;
}

/** Reads what the leading page answers. */
export function readAnswer(value: unknown): Answer | undefined {
  const v = value as Readonly<Record<string, unknown>> | null;
  if (v?.["answer"] === "bye" || v?.["answer"] === "news") {
    return { answer: v["answer"] };
  }
  const n = count(v?.["n"]);
  if (n === undefined) {
    return undefined;
  }
  if (v?.["answer"] === "piece" && v["data"] instanceof Uint8Array) {
    return { answer: "piece", n, data: v["data"] };
  }
  if (v?.["answer"] === "failed") {
    return { answer: "failed", n };
  }
  const chance = v?.["answer"] === "chance" ? readChance(v["chance"]) : undefined;
  return chance && { answer: "chance", n, chance };
}

function readChance(value: unknown): Chance | undefined {
  const v = value as Readonly<Record<string, unknown>> | null;
  const number = (name: keyof Chance): number => (typeof v?.[name] === "number" ? v[name] : NaN);
  const said = {
    peers: number("peers"), met: number("met"), before: number("before"),
    joining: number("joining"), idle: number("idle"), rate: number("rate"),
  };
  return Object.values(said).some(Number.isNaN) ? undefined : { ...said, available: v?.["available"] === true };
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
