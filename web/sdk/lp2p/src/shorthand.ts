import { extensions, type Extensions } from "./extensions.ts";
import { LP2PReceiver, type LP2PReceiverOptions } from "./receiver.ts";
import { LP2PRequest, type LP2PRequestOptions } from "./request.ts";
import { LP2PQuicTransport, LP2PQuicTransportListener } from "./transport.ts";

/** The short way for the most common uses. */
export interface LP2P {
  /** Lets peers find this page, and gives out the transports they open. */
  makeDiscoverable(options?: LP2PReceiverOptions): LP2PQuicTransportListener;
  /** Opens a transport to a peer that the person chooses. */
  connect(options?: LP2PRequestOptions): LP2PQuicTransport;
  /** What Kith adds to the specification. */
  readonly kith: Extensions;
}

/** The object behind the global lp2p. */
export const lp2p: LP2P = Object.defineProperty(
  {
    makeDiscoverable: (options: LP2PReceiverOptions = {}): LP2PQuicTransportListener =>
      new LP2PQuicTransportListener(new LP2PReceiver(options)),
    connect: (options: LP2PRequestOptions = {}): LP2PQuicTransport => new LP2PQuicTransport(new LP2PRequest(options)),
    kith: extensions,
  },
  Symbol.toStringTag,
  { value: "LP2P", configurable: true },
);
