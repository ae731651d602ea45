// kith.js: the SDK as a classic script, for pages that are opened from a file. It makes the global `kith`
// with connect() and attach().
import { entrances } from "./connect.ts";
import { memoryHost } from "./memory.ts";

const own = (document.currentScript as HTMLScriptElement | null)?.src;

Object.assign(globalThis, {
  kith: entrances({
    base: () => (own ? new URL(".", own) : new URL("kith/", document.baseURI)),
    memory: () => Promise.resolve(memoryHost()),
  }),
});
