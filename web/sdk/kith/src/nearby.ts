// Devices in the same room: what @kith/lp2p offers, by the person's node.

/** The globals of the Local Peer-to-Peer API (@kith/lp2p). */
export interface Nearby {
  /** Lets other pages connect to this one. */
  readonly LP2PReceiver: new (options: { nickname: string }) => EventTarget;
  /** Asks for a connection with another page. */
  readonly LP2PRequest: new (options: { nickname: string }) => EventTarget;
  /** The short way to both. */
  readonly lp2p: unknown;
}

/** Loads the API where the browser has none; undefined when it cannot be had. */
export async function nearby(host: "node" | "page", base: URL): Promise<Nearby | undefined> {
  const web = globalThis as unknown as Partial<Nearby>;
  if (!web.LP2PRequest) {
    const script = document.createElement("script");
    script.src = host === "node" ? "/.kith/lp2p.js" : new URL("lp2p.js", base).href;
    await new Promise<void>((done) => {
      script.onload = script.onerror = () => done();
      document.head.append(script);
    });
    script.remove();
  }
  return web.LP2PRequest ? (web as Nearby) : undefined;
}
