// What pages and the service worker of one origin say to each other. Any script
// of the origin can say the same, so that every message is read with care, and
// bytes that came by one are verified like a stranger's.

/** From a page to the worker, by postMessage. */
export type ToWorker =
  /** I meet the peers of version id; the port comes with it. */
  | { readonly kith: "lead"; readonly id: string }
  /** I shall, as soon as my runtime is loaded. */
  | { readonly kith: "coming" }
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
  | { readonly answer: "bye" };

/** What the leading page knows about how soon peers may give a piece. */
export interface Chance {
  /** Peers that are connected. */
  readonly peers: number;
  /** Whether one of them has the piece. */
  readonly available: boolean;
  /** For how many more milliseconds first peers may be expected. */
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
  const v = value as { readonly kith?: unknown; readonly id?: unknown } | null;
  if (v?.kith === "coming" || v?.kith === "clear") {
    return { kith: v.kith };
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
  if (v?.["answer"] === "bye") {
    return { answer: "bye" };
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
  const [peers, joining, idle, rate] = [v?.["peers"], v?.["joining"], v?.["idle"], v?.["rate"]];
  if (typeof peers !== "number" || typeof joining !== "number" || typeof idle !== "number" || typeof rate !== "number") {
    return undefined;
  }
  return { peers, available: v?.["available"] === true, joining, idle, rate };
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
