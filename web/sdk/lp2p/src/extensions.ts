// What the specification does not have. It is all below lp2p.kith, or marked
// "Extension" where it stands on an interface.
import type { LP2PData, LP2PDataChannel } from "./datachannel.ts";
import { link, type Party } from "./link.ts";
import { connectURL, forget, isConnected } from "./place.ts";
import type { KnownDevice, NodeMessage } from "./wire.ts";

/** Kith's additions. */
export interface Extensions {
  /** Whether this origin has a node to talk to: it is served by one, or the person connected it. */
  readonly connected: boolean;
  /** Leads the person to their node, which asks whether to connect this origin, and back. */
  connectNode(options?: { readonly node?: string; readonly return?: string }): void;
  /** Forgets the connection to the node. The person takes it back for good in the console. */
  disconnectNode(): void;
  /** Where the node asks the person: a link for pages to show. They cannot open it by themselves. */
  consentURL(): Promise<string>;
  /** The devices that the person lets this origin reach without asking again. */
  devices(): Promise<readonly KnownDevice[]>;
  /** Sends the same to every open channel; returns those that could not take it. */
  sendToAll(channels: Iterable<LP2PDataChannel>, data: LP2PData): readonly LP2PDataChannel[];
}

/** The object behind lp2p.kith. */
export const extensions: Extensions = {
  get connected() {
    return isConnected();
  },
  connectNode(options = {}) {
    location.assign(connectURL(options.node, options.return ?? location.href));
  },
  disconnectNode() {
    forget();
  },
  async consentURL() {
    return (await link()).welcome.console;
  },
  async devices() {
    const line = await link();
    return new Promise((resolve, reject) => {
      const party: Party = {
        hear: (m: NodeMessage) => {
          line.leave(id);
          if (m.op === "devices") {
            resolve(m.devices);
          } else if (m.op === "failed") {
            reject(new DOMException(m.message, m.name));
          }
        },
        lost: reject,
      };
      const id = line.enter(party);
      line.say({ op: "devices", id });
    });
  },
  sendToAll(channels, data) {
    const failed: LP2PDataChannel[] = [];
    for (const channel of channels) {
      try {
        channel.send(data);
      } catch {
        failed.push(channel);
      }
    }
    return failed;
  },
};
