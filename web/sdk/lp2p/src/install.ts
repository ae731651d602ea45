import { LP2PConnection } from "./connection.ts";
import { LP2PDataChannel } from "./datachannel.ts";
import { LP2PConnectionEvent, LP2PDataChannelEvent } from "./events.ts";
import { takeCapability } from "./place.ts";
import { LP2PReceiver } from "./receiver.ts";
import { LP2PRequest } from "./request.ts";
import { lp2p } from "./shorthand.ts";
import { LP2PQuicTransport, LP2PQuicTransportListener } from "./transport.ts";

/**
 * Puts the interfaces and lp2p on the global object of a window or a worker, as
 * [Exposed=(Window,Worker), SecureContext] does. What a browser has of its own
 * stays. Returns whether anything was put there.
 */
export function install(target: object = globalThis): boolean {
  takeCapability();
  if (!isSecureContext || "LP2PReceiver" in target) {
    return false;
  }
  const interfaces = {
    LP2PReceiver,
    LP2PRequest,
    LP2PConnection,
    LP2PConnectionEvent,
    LP2PDataChannel,
    LP2PDataChannelEvent,
    LP2PQuicTransport,
    LP2PQuicTransportListener,
  };
  for (const [name, value] of Object.entries(interfaces)) {
    Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
  }
  Object.defineProperty(target, "lp2p", { value: lp2p, writable: true, configurable: true, enumerable: true });
  return true;
}
