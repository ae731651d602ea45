// The runtime's own files, kept so that a site opens without its host. They
// belong to one build of the worker: a newer worker brings its own.

import { pick } from "../../console/text/language.ts";

/** Made by tools/webbuild of all the files: another build is another worker. */
declare const KITH_BUILD: string;

const prefix = "kith-visit-";

/** Paths below /.kith/. The page "who served me" has no ending; of the texts, those that this visitor reads. */
const names = ["loader.js", "runtime.js", "badge.js", "served", "served.js", "served.css", "boot", "boot.js", "boot.css", "icon.svg", `text-${pick(navigator.languages)}.js`];
const paths: ReadonlySet<string> = new Set(names.map((n) => `/.kith/${n}`));

/** The page that joins the swarm when a site's own page is not here. */
export const bootPath = "/.kith/boot";

export function isAsset(path: string): boolean {
  return paths.has(path);
}

/** The file at path: kept, or else the host's. */
export async function asset(path: string): Promise<Response> {
  const cache = await caches.open(prefix + KITH_BUILD);
  const kept = await cache.match(path);
  if (kept) {
    return kept;
  }
  const response = await fetch(path, { cache: "no-cache" });
  if (response.ok) {
    await cache.put(path, response.clone()).catch(() => undefined); // no room is no reason to fail
  }
  return response;
}

/** Keeps all files. */
export async function keepAssets(): Promise<void> {
  const cache = await caches.open(prefix + KITH_BUILD);
  const kept = new Set((await cache.keys()).map((r) => new URL(r.url).pathname));
  await Promise.all([...paths].filter((p) => !kept.has(p)).map((p) => asset(p)));
}

/** Forgets the files of other builds. */
export async function dropOldAssets(): Promise<void> {
  const all = await caches.keys();
  await Promise.all(all.filter((n) => n.startsWith(prefix) && n !== prefix + KITH_BUILD).map((n) => caches.delete(n)));
}
