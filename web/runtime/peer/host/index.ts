/** The app API on a page's own peer. */
export { Host, type HostOptions } from "./host.ts";
export { MemoryKeep, MemoryStore } from "./memory.ts";
export type * from "./contract.ts";
