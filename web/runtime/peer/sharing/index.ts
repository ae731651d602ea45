/**
 * The peer put together: `Sharing` is a person's private side, `Apps` what host/ hands
 * to apps of it, `route` the calls by which pages manage people and documents.
 *
 *     const store = await openStore({ folder: await opfs(name), key: await storeKey(name) });
 *     const sharing = await Sharing.open({ store, world, keys: browserKeys(), relays });
 *     const host = new Host({ store: new Apps(sharing), … });
 */
export { browserKeys } from "../person/keys.ts";
export { Apps } from "./apps.ts";
export { audienceOf, route, type RouteAnswer, type RouteRequest } from "./routes.ts";
export { Sharing, type SharingOptions } from "./sharing.ts";
export type * from "./types.ts";
