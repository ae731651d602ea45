/**
 * Direct channels between browsers: who has both composes `new Direct({connections:
 * new WindowConnections(port), …})` in the worker and `serveConnections(port)` in the
 * window, with the two ends of one MessageChannel.
 */
export { WindowConnections, type Connections, type Making } from "./connections.ts";
export { describe, encodeMeet, parseMeet, sdpOf, type Candidate, type Description, type Meet } from "./description.ts";
export { Direct } from "./direct.ts";
export { RelayServers } from "./ice.ts";
export type { DirectLimits, DirectOptions } from "./options.ts";
export { longestPiece, type Pipe } from "./pipe.ts";
export { Session, type SessionLimits, type SessionOptions } from "./session.ts";
export { serveConnections, type WindowLimits } from "./window.ts";
