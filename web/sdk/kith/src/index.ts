/**
 * An app's own documents and those of friends, without a server: @kith/sdk.
 *
 *     const kith = await connect({ app: "album", wants: ["data", "friends"] });
 */
import { entrances } from "./connect.ts";

export type { Attached, Kith } from "./connect.ts";
export type { Content, Data } from "./data.ts";
export type { Answer, Friends } from "./friends.ts";
export type { Nearby } from "./nearby.ts";
export * from "./types.ts";

const own = entrances({
  // Bundled into an app's own script, this one's address says nothing of the package's.
  base: () => (/\/sdk\.js$/.test(new URL(import.meta.url).pathname) ? new URL(".", import.meta.url) : new URL("kith/", document.baseURI)),
  memory: async () => (await import("./memory.ts")).memoryHost(),
});

/**
 * Connects this page's app. The person may be asked.
 *
 * @throws {KithError} 403 when the person refused, 408 when they did not decide, 400 for a name that is none.
 */
export const connect = own.connect;

/** Takes part in the peer of this origin and asks for nothing: for apps that speak the app API themselves. */
export const attach = own.attach;
