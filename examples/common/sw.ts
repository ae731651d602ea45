// sw.js: the service worker of an app on any web server. Kith's own answers below
// /.kith/; this one keeps the app's files, so that it opens without a network.
import { pick } from "../../web/console/text/language.ts";

interface Life extends Event { waitUntil(doing: Promise<unknown>): void }
interface Asked extends Life { readonly request: Request; respondWith(answer: Promise<Response>): void }
declare function importScripts(url: string): void;

importScripts("kith-sw.js");

/** The texts that this person reads, in files of their language. */
const language = pick(navigator.languages);

const kept = "app";
const files = [
  "./", "app.js", `${language}.js`, "app.css", "manifest.webmanifest", "icon.svg", "icon-192.png",
  "kith/worker.js", "kith/words.js", "kith/people/index.html", "kith/people/people.js", `kith/people/${language}.js`, "kith/people/people.css",
];
const scope = new URL("./", location.href);

const keep = async (): Promise<void> => {
  const cache = await caches.open(kept);
  await Promise.allSettled(files.map((f) => cache.add(new Request(f, { cache: "reload" }))));
};

/** The server's answer, or without one that of last time. */
const answer = async (request: Request): Promise<Response> => {
  const cache = await caches.open(kept);
  const fetched = await fetch(request).catch(() => undefined);
  if (fetched?.ok && fetched.status === 200) await cache.put(request, fetched.clone()).catch(() => undefined);
  return fetched ?? (await cache.match(request, { ignoreSearch: true, ignoreVary: true })) ?? new Response("There is no network.\n", { status: 503 });
};

addEventListener("install", (e) => (e as Life).waitUntil(keep()));
addEventListener("fetch", (e) => {
  const { request } = e as Asked;
  const url = new URL(request.url);
  if (request.method !== "GET" || !url.href.startsWith(scope.href) || url.pathname.includes("/.kith/")) return;
  (e as Asked).respondWith(answer(request));
});
