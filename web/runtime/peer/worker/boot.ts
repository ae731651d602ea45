// What the worker is made of.
import type { Store, World } from "../contract.ts";
import { Host, type PeopleRequest } from "../host/index.ts";
import type { Answered } from "../service/wire.ts";
import { Apps, browserKeys, route, Sharing } from "../sharing/index.ts";
import { opfs, openStore, storeKey } from "../store/index.ts";
import { openDirect } from "./direct.ts";

/** A running peer. */
export interface Peer { host: Host }

/** What stands before the # of links until it is known for which app they are. */
const anyApp = "https://app.invalid/";

/** What an app's address has before an invitation. */
const join = "kith-join=";

/**
 * Opens what this origin keeps. wrote is called when something of the person's is kept
 * for the first time; window is where connections to other browsers are made.
 */
export async function openPeer(wrote: () => void, window: MessagePort): Promise<Peer> {
  const world: World = {
    now: Date.now,
    random: (n) => crypto.getRandomValues(new Uint8Array(n)),
    log: (level, message, more) => level !== "debug" && console[level](`kith: ${message}`, more ?? ""),
  };
  const kept = await openKept();
  const direct = openDirect(world, window, () => sharing);
  const sharing: Sharing = await Sharing.open({ store: kept, world, keys: browserKeys(), base: anyApp, device: deviceName(), direct });
  const store = new Apps(sharing);
  const unwatch = store.watch((c) => {
    if (c.kind === "document" && !c.deleted) {
      unwatch();
      wrote();
    }
  });
  const people = async (r: PeopleRequest): Promise<Answered | undefined> => {
    const answer = await route(sharing, r);
    return answer && { ...answer, body: addressed(answer, r.scope) };
  };
  const log = (message: string, attributes: Record<string, unknown>): void => world.log("warn", message, attributes);
  return { host: new Host({ store, keep: kept.bucket("host"), people, now: world.now, log }) };
}

async function openKept(): Promise<Store> {
  return openStore({ folder: await opfs("kith"), key: await storeKey("kith") });
}

/** Makes links of an answer those of the app whose page asked. */
function addressed({ headers, body }: Pick<Answered, "headers" | "body">, scope: string): Answered["body"] {
  const [from, to] = [`${anyApp}#`, `${location.origin}${scope}#${join}`];
  const replace = (data: Uint8Array): Uint8Array<ArrayBuffer> | Uint8Array => {
    const text = data.length < 4 << 20 ? new TextDecoder().decode(data) : "";
    return text.includes(from) ? new TextEncoder().encode(text.replaceAll(from, to)) : data;
  };
  if (body instanceof Uint8Array) return replace(body) as Uint8Array<ArrayBuffer>;
  if (!body || !headers.some(([name, value]) => name === "Content-Type" && value === "text/event-stream")) return body;
  return body.pipeThrough(new TransformStream({ transform: (event: Uint8Array, c) => c.enqueue(replace(event)) })); // each event is one part
}

/** What this device is called until the person says otherwise. */
function deviceName(): string {
  const agent = navigator.userAgent;
  const browser = /Firefox\//.test(agent) ? "Firefox" : /Edg\//.test(agent) ? "Edge" : /Chrome\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : "Browser";
  return `${browser} at ${location.host}`;
}
