// Finds addresses of the peer-to-peer web in what a browser navigates to.

/** An address with a scheme of ours. */
const scheme = /^(?:web\+)?(?:wtp|ipfs|ipns|dweb):(?:\/\/)?[^\s/]/i;

/** The longest address that is taken. */
const longest = 2000;

/** The address in a link or in typed text; undefined for anything else. */
export function linked(text: string): string | undefined {
  const t = text.trim();
  return t.length <= longest && scheme.test(t) ? t.replace(/^web\+/i, "") : undefined;
}

/**
 * The address that somebody typed and the browser took for words to search for:
 * it is all of one value of the query, as every search engine has it.
 */
export function searched(url: string): string | undefined {
  if (!URL.canParse(url)) {
    return undefined;
  }
  const u = new URL(url);
  if (u.protocol !== "https:" && u.protocol !== "http:" || isLocal(u.hostname)) {
    return undefined;
  }
  for (const name of ["q", "p", "query", "text", "wd", "word", "s", "search", "k"]) {
    const found = linked(u.searchParams.get(name) ?? "");
    if (found) {
      return found;
    }
  }
  return undefined;
}

/** The domain of a page of the web, which may have a site of its own; undefined where there can be none. */
export function domainOf(url: string): string | undefined {
  if (!URL.canParse(url)) {
    return undefined;
  }
  const { protocol, hostname, port } = new URL(url);
  const named = hostname.includes(".") && !isLocal(hostname) && !/^[\d.]+$|^\[/.test(hostname);
  return (protocol === "https:" || protocol === "http:") && named && port === "" ? hostname : undefined;
}

/** The address of a page of a domain. */
export function pageOf(url: string): string {
  const u = new URL(url);
  return u.hostname + u.pathname + u.search + u.hash;
}

/** The label of the site that a page of the node's shows; undefined for other pages. */
export function labelOf(url: string, node: string): string | undefined {
  if (!URL.canParse(url) || !URL.canParse(node)) {
    return undefined;
  }
  const u = new URL(url);
  const n = new URL(node);
  if (u.protocol !== "http:" || u.port !== n.port) {
    return undefined;
  }
  if (u.hostname === n.hostname) {
    return /^\/app\/([a-z0-9-]+)(?:\/|$)/.exec(u.pathname)?.[1];
  }
  return /^([a-z0-9-]+)\.localhost$/.exec(u.hostname)?.[1];
}

function isLocal(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost");
}

/** Where a node may be: on this computer alone. */
export function nodeAt(text: string): string | undefined {
  const t = /^\d+$/.test(text.trim()) ? `http://localhost:${text.trim()}` : text.trim();
  if (!URL.canParse(t)) {
    return undefined;
  }
  const u = new URL(t);
  return u.protocol === "http:" && u.hostname === "localhost" && !u.username && u.pathname === "/" ? u.origin : undefined;
}
