// Channels to friends and own devices without a relay, of connections that the window makes.
import type { World } from "../contract.ts";
import { Direct, RelayServers, WindowConnections } from "../direct/index.ts";
import type { Sharing } from "../sharing/index.ts";

/** Makes them; sharing is asked for what is known only once it runs. */
export function openDirect(world: World, port: MessagePort, sharing: () => Sharing): Direct {
  const servers = new RelayServers({ now: world.now });
  return new Direct({
    world, connections: new WindowConnections(port),
    send: (out) => sharing().inner.peer.send(out),
    receive: (relation, envelope) => sharing().inner.peer.receive(relation, envelope),
    config: async () => ({ iceServers: await servers.of(sharing().inner.person.status().relays) }),
    changed: () => sharing().inner.changes.note(),
  });
}
