/**
 * A person's documents on one device, and its devices' copies of them the same
 * (spec/private-sharing.md §5.3 and §6): what internal/library and its copies are in
 * Go, on the store of this origin. Deterministic: clock and randomness are the
 * world's, nothing runs by itself.
 */
export { Copies, openCopies, passOn, tellOthers, type Copy, type CopiesOptions } from "./copies.ts";
export { GoneFault } from "./lend.ts";
export { Library, openLibrary, type Stats } from "./library.ts";
export type { Enter, Event, Holds, LibraryOptions } from "./core.ts";
export type { Device, Friend, Known } from "./people.ts";
export type { Listed, ListOptions } from "./get.ts";
export type { List } from "./lists.ts";
export type { Part, Parts } from "./part.ts";
export type { Document, Put, PutOptions } from "./put.ts";
export type { Edited } from "./edit.ts";
export { PurgeState, type Deletion, type ReceiptOf } from "./receipts.ts";
export { LibraryRecords, isOwnRecord } from "./records.ts";
export { nobody, Reach, tagOf, timeOf, type Audience, type Item } from "./item.ts";
export { memory, octetsOf, section, streamed, type Source } from "./body.ts";
export { checkApp, checkPath, compareText, publicPath, splitPath } from "./path.ts";
export { matches } from "./put.ts";
export { parseRange } from "./answer.ts";
