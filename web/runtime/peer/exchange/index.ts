/**
 * How sealed messages travel from relation to relation (spec/private-sharing.md §3.1,
 * §3.2 and §5): Core is the protocol, Peer runs it over mailboxes. Who is a friend is
 * person/'s business; what may be seen, library/'s.
 */
export { Core, type Status } from "./core.ts";
export type { Hop } from "./courier.ts";
export type { Direct } from "./direct.ts";
export type { Delivery, Directly, Effect, Outcome } from "./effect.ts";
export { type CoreOptions, type Limits } from "./options.ts";
export { type Answered, Peer, type PeerOptions, type Waiting } from "./peer.ts";
export { type Asked } from "./question.ts";
