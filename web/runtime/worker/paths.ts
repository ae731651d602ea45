// From the path of a URL to a file of the site, as the gateway does it.
import type { FileEntry, Index } from "../types.ts";

/** What answers a request. */
export type Target =
  | { readonly kind: "file"; readonly file: FileEntry; readonly status: 200 | 404 }
  | { readonly kind: "redirect"; readonly to: string }
  /** The index does not know: the host may. */
  | { readonly kind: "elsewhere" };

const elsewhere: Target = { kind: "elsewhere" };

/** How many folders upwards a 404.html is looked for. */
const highestClimb = 32;

/** Finds what answers url. */
export function find(index: Index, url: URL): Target {
  if (index.kind === "front") {
    return findFront(index, url);
  }
  const path = decode(url.pathname);
  if (path === undefined) {
    return elsewhere; // the host says what is wrong with it
  }
  const folder = path.endsWith("/") || path === "";
  const name = path.replace(/\/$/, "");
  const file = index.file(name);
  if (file && file.path === name && name !== "") {
    return folder ? { kind: "redirect", to: url.pathname.replace(/\/+$/, "") + url.search } : { kind: "file", file, status: 200 };
  }
  if (file) {
    return folder ? { kind: "file", file, status: 200 } : { kind: "redirect", to: `${url.pathname}/${url.search}` };
  }
  if (index.folder(name)) {
    return folder ? elsewhere : { kind: "redirect", to: `${url.pathname}/${url.search}` };
  }
  const page = !folder && !name.slice(name.lastIndexOf("/") + 1).includes(".") ? exact(index, `${name}.html`) : undefined;
  return page ? { kind: "file", file: page, status: 200 } : elsewhere;
}

/** The page that says that name is not there: the nearest 404.html. */
export function findMissing(index: Index, url: URL): FileEntry | undefined {
  if (index.kind === "front") {
    return undefined;
  }
  let dir = (decode(url.pathname) ?? "").replace(/\/$/, "");
  for (let i = 0; i < highestClimb; i++) {
    dir = dir.slice(0, Math.max(0, dir.lastIndexOf("/")));
    const page = exact(index, dir === "" ? "404.html" : `${dir}/404.html`);
    if (page || dir === "") {
      return page;
    }
  }
  return undefined;
}

/** Whether the site has rules of its own for what is not there, which the host follows. */
export function hasRules(index: Index): boolean {
  return exact(index, "_redirects") !== undefined;
}

/** The file of exactly this path, not a folder's index. */
function exact(index: Index, path: string): FileEntry | undefined {
  const file = index.file(path);
  return file?.path === path ? file : undefined;
}

/** A front is asked for exactly what its manifest names, the query with it. */
function findFront(index: Index, url: URL): Target {
  for (const raw of [url.pathname + url.search, decode(url.pathname, true) + url.search]) {
    const name = raw.replace(/^\//, "");
    const file = exact(index, name) ?? exact(index, raw);
    if (file) {
      return { kind: "file", file, status: 200 };
    }
  }
  return elsewhere;
}

/** A URL's path as a name, without its leading slash; undefined for what no name can be. */
function decode(pathname: string, whole?: boolean): string | undefined {
  if (/%2f|%00/i.test(pathname) || pathname.includes("//")) {
    return undefined;
  }
  try {
    const path = decodeURIComponent(pathname);
    return whole ? path : path.slice(1);
  } catch {
    return undefined;
  }
}
