/**
 * Mailboxes on relays, as a client sees them (spec/mailbox.md): sessions, a pool of
 * them, chunks. What is inside of a message is exchange/'s business.
 */
export { target } from "./address.ts";
export { ask, Chunks, type Part, statusError } from "./chunk.ts";
export { gone, type Refusal, refusedBy, RelayError, wait } from "./error.ts";
export { Pool, type PoolOptions } from "./pool.ts";
export { bodySizes, type Limits, MalformedError, path, protocol } from "./record.ts";
export { firstSender, type Sender, Session, type SessionOptions } from "./session.ts";
export { Delivery } from "./subscription.ts";
export { Gate, sleep, until, within } from "./wait.ts";
