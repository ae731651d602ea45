import { Fault } from "../fault.ts";

/**
 * The URL of a path on a relay: ws://host[:port] or wss://host, http and https
 * meaning the same, without a path of its own.
 */
export function target(relay: string, plain: "ws" | "http", path: string): string {
  const wrong = new Fault("invalid", `${JSON.stringify(relay)} is no address of a relay`, "write it as wss://relay.example");
  if (!URL.canParse(relay)) throw wrong;
  const u = new URL(relay);
  const scheme = { "ws:": plain, "http:": plain, "wss:": plain + "s", "https:": plain + "s" }[u.protocol];
  if (!scheme || !u.host || u.username || u.password || u.search || u.hash || u.pathname !== "/") throw wrong;
  return `${scheme}://${u.host}${path}`;
}
