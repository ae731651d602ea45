// The Local Peer-to-Peer API (WICG) for pages, by way of the Kith node on the
// person's computer.
export { LP2PConnection } from "./connection.ts";
export {
  LP2PDataChannel,
  type LP2PData,
  type LP2PDataChannelInit,
  type LP2PDataChannelState,
} from "./datachannel.ts";
export {
  LP2PConnectionEvent,
  LP2PDataChannelEvent,
  type LP2PConnectionEventInit,
  type LP2PDataChannelEventInit,
} from "./events.ts";
export type { Extensions } from "./extensions.ts";
export { install } from "./install.ts";
export { LP2PReceiver, type LP2PReceiverOptions } from "./receiver.ts";
export { LP2PRequest, type LP2PRequestOptions } from "./request.ts";
export type { CloseInfo, Datagrams } from "./session.ts";
export { lp2p, type LP2P } from "./shorthand.ts";
export type { BidirectionalStream } from "./streams.ts";
export {
  LP2PQuicTransport,
  LP2PQuicTransportListener,
  type LP2PQuicTransportInit,
  type LP2PQuicTransportListenerInit,
} from "./transport.ts";
export type { KnownDevice } from "./wire.ts";
