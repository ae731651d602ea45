// What the parts of the extension say to the background.

export type Message =
  | { readonly kith: "link"; readonly address: string; readonly fresh: boolean }
  | { readonly kith: "open"; readonly address: string; readonly tab?: number }
  | { readonly kith: "plain"; readonly domain: string; readonly tab: number }
  | { readonly kith: "connect" }
  | { readonly kith: "look" };

/** What the background answers: "" or what went wrong. */
export interface Answer {
  readonly error: string;
}

export function readMessage(value: unknown): Message | undefined {
  const m = value as Partial<Record<string, unknown>> | null;
  if (typeof m !== "object" || m === null) {
    return undefined;
  }
  switch (m["kith"]) {
    case "link":
      return typeof m["address"] === "string" ? { kith: "link", address: m["address"], fresh: m["fresh"] === true } : undefined;
    case "open":
      return typeof m["address"] === "string" ? { kith: "open", address: m["address"], ...(typeof m["tab"] === "number" ? { tab: m["tab"] } : {}) } : undefined;
    case "plain":
      return typeof m["domain"] === "string" && typeof m["tab"] === "number" ? { kith: "plain", domain: m["domain"], tab: m["tab"] } : undefined;
    case "connect":
      return { kith: "connect" };
    case "look":
      return { kith: "look" };
  }
  return undefined;
}
