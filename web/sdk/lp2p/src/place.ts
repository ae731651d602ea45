// Where the node is. A page that a node serves finds it on its own origin; a page
// of another secure origin has a capability that the person gave it.

/** Where a node is when nothing else is said. */
const usualNode = "http://localhost:5484";

/** The fragment by which the node hands a capability to the origin it is for. */
const fragment = "kith-lp2p";

/** The key in localStorage under which an origin keeps its capability. */
const storeKey = "kith-lp2p";

/** What an origin keeps of its node. */
interface Kept {
  readonly node: string;
  readonly capability: string;
}

/** Whether a node serves this page's origin. */
export function isServed(): boolean {
  return ownOrigin().protocol === "http:" && ownOrigin().hostname.endsWith(".localhost");
}

/** self.origin also tells what a blob: worker belongs to. */
function ownOrigin(): URL {
  return new URL(globalThis.origin === "null" ? location.origin : globalThis.origin);
}

/** The WebSocket of the node, and the subprotocols to offer it. */
export function nodeAddress(subprotocol: string): { url: string; protocols: string[] } {
  if (isServed()) {
    return { url: `ws://${ownOrigin().host}/.kith/lp2p`, protocols: [subprotocol] };
  }
  const kept = readKept();
  if (!kept) {
    throw new DOMException("this origin is not connected to a Kith node: call lp2p.kith.connectNode()", "NotAllowedError");
  }
  const node = new URL(kept.node);
  return { url: `ws://${node.host}/.kith/lp2p`, protocols: [subprotocol, `cap.${kept.capability}`] };
}

/** Takes the capability out of the fragment that the node added, and keeps it. */
export function takeCapability(): void {
  if (typeof document === "undefined" || isServed()) {
    return;
  }
  const values = new URLSearchParams(location.hash.slice(1));
  const said = values.get(fragment);
  if (said === null) {
    return;
  }
  values.delete(fragment);
  const node = values.get(`${fragment}-node`) ?? usualNode;
  values.delete(`${fragment}-node`);
  const rest = values.toString();
  history.replaceState(history.state, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
  if (/^[A-Za-z0-9_-]{43}$/.test(said) && isLoopback(node)) {
    localStorage.setItem(storeKey, JSON.stringify({ node, capability: said } satisfies Kept));
  }
}

/** Whether this origin has what it needs to talk to a node. */
export function isConnected(): boolean {
  return isServed() || readKept() !== undefined;
}

/** Forgets the capability. */
export function forget(): void {
  localStorage.removeItem(storeKey);
}

/** Where the person connects this origin: the node sends them back to comeBack. */
export function connectURL(node: string | undefined, comeBack: string): string {
  const base = new URL(node ?? usualNode);
  if (!isLoopback(base.origin)) {
    throw new TypeError("a node is on this computer: http://localhost with its port");
  }
  const back = new URL(comeBack, location.href);
  if (back.origin !== location.origin) {
    throw new TypeError("the node sends people back to the origin that was connected, and to no other");
  }
  back.hash = "";
  const url = new URL("/connect", base);
  url.search = new URLSearchParams({ return: back.href }).toString();
  return url.href;
}

function readKept(): Kept | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(storeKey) ?? "null") as Partial<Kept> | null;
    if (kept && typeof kept.node === "string" && typeof kept.capability === "string" && isLoopback(kept.node)) {
      return { node: kept.node, capability: kept.capability };
    }
  } catch {
    // A worker has no localStorage, and what is there may be anything.
  }
  return undefined;
}

function isLoopback(origin: string): boolean {
  try {
    const url = new URL(origin);
    return url.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  } catch {
    return false;
  }
}
