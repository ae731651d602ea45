/**
 * The window's part of direct connections: it alone may make them (RTCPeerConnection
 * exists nowhere else), and hands their data channels to a worker, where the browser
 * can do that.
 */
import type { FromWindow, ToWindow } from "./wire.ts";

/** Limits; times are in ms. */
export interface WindowLimits {
  /** Connections at once: 16. */
  connections: number;
  /** How long candidates are gathered: 1,500; an unreachable server takes longer. */
  gather: number;
  /** Without servers to ask, all addresses are there when none came for so long: 40. */
  settled: number;
  /** A connection is there within this time of its answer: 15,000. */
  connect: number;
  /** Octets from a worker that wait in a channel that stayed here: 8 MiB. */
  waiting: number;
}

const usual: WindowLimits = { connections: 16, gather: 1500, settled: 40, connect: 15_000, waiting: 8 << 20 };

/** Makes connections for who is at the other end of the port, until the result is called. */
export function serveConnections(port: MessagePort, limits: Partial<WindowLimits> = {}): () => void {
  const l = { ...usual, ...limits };
  const all = new Map<number, Connection>();
  const say = (m: FromWindow, transfer: Transferable[] = []): void => port.postMessage(m, transfer);
  const over = (id: number): void => {
    all.get(id)?.close();
    if (all.delete(id)) say({ rtc: "closed", id });
  };
  port.onmessage = (e: MessageEvent<ToWindow>) => {
    const m = e.data;
    if (m.rtc === "make") {
      if (all.size >= l.connections) return say({ rtc: "closed", id: m.id });
      try {
        all.set(m.id, new Connection(m.id, m.config, l, say, over));
      } catch {
        return say({ rtc: "closed", id: m.id }); // there is no WebRTC here, or the configuration is none
      }
      all.get(m.id)?.describe(m.offer).catch(() => over(m.id));
    } else if (m.rtc === "accept") {
      all.get(m.id)?.accept(m.sdp).catch(() => over(m.id));
    } else if (m.rtc === "send") {
      if (all.get(m.id)?.send(m.octets) === false) over(m.id);
    } else {
      all.get(m.id)?.close();
      all.delete(m.id);
    }
  };
  return () => {
    port.close();
    for (const c of all.values()) c.close();
    all.clear();
  };
}

/** One connection and its one channel. */
class Connection {
  readonly #id: number;
  readonly #pc: RTCPeerConnection;
  readonly #limits: WindowLimits;
  readonly #say: (m: FromWindow, transfer?: Transferable[]) => void;
  readonly #asks: boolean;
  readonly #over: () => void;
  #channel: RTCDataChannel | undefined; // one that stayed here
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    id: number, config: RTCConfiguration, limits: WindowLimits,
    say: (m: FromWindow, transfer?: Transferable[]) => void, over: (id: number) => void,
  ) {
    this.#id = id;
    this.#limits = limits;
    this.#say = say;
    this.#over = () => over(id);
    this.#asks = (config.iceServers ?? []).length > 0;
    this.#pc = new RTCPeerConnection(config);
    this.#pc.ondatachannel = this.#over; // both sides made the one that there is
    this.#pc.onconnectionstatechange = () => this.#changed();
    // It can be handed on in this very task, and never after.
    const channel = this.#pc.createDataChannel("kith", { negotiated: true, id: 0 });
    try {
      say({ rtc: "channel", id, channel }, [channel as unknown as Transferable]);
    } catch {
      this.#stay(channel);
      say({ rtc: "channel", id });
    }
  }

  /** Offers, or answers an offer: says how this side is reached. */
  async describe(offer: string | undefined): Promise<void> {
    if (offer !== undefined) {
      await this.#pc.setRemoteDescription({ type: "offer", sdp: offer });
      this.#hurry();
    }
    await this.#pc.setLocalDescription();
    await this.#gathered();
    this.#say({ rtc: "described", id: this.#id, sdp: this.#pc.localDescription?.sdp ?? "" });
  }

  async accept(sdp: string): Promise<void> {
    this.#hurry();
    await this.#pc.setRemoteDescription({ type: "answer", sdp });
  }

  /** Sends what a worker could not; false when too much waits already. */
  send(octets: Uint8Array): boolean {
    const c = this.#channel;
    if (c?.readyState !== "open") return true; // it ends, which is said
    if (c.bufferedAmount + octets.length > this.#limits.waiting) return false;
    c.send(octets as Uint8Array<ArrayBuffer>);
    this.#say({ rtc: "left", id: this.#id, octets: octets.length });
    return true;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#pc.onconnectionstatechange = this.#pc.ondatachannel = null;
    if (this.#channel) this.#channel.onmessage = this.#channel.onopen = this.#channel.onclose = null;
    this.#pc.close();
  }

  #stay(channel: RTCDataChannel): void {
    this.#channel = channel;
    channel.binaryType = "arraybuffer";
    channel.onopen = () => this.#say({ rtc: "open", id: this.#id });
    channel.onclose = this.#over;
    channel.onmessage = (e: MessageEvent<unknown>) => {
      if (!(e.data instanceof ArrayBuffer)) return this.#over();
      this.#say({ rtc: "data", id: this.#id, octets: new Uint8Array(e.data) }, [e.data]);
    };
  }

  #changed(): void {
    const state = this.#pc.connectionState;
    if (state === "connected") clearTimeout(this.#timer);
    else if (state === "failed" || state === "closed") this.#over(); // "disconnected" may heal
  }

  #hurry(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#over, this.#limits.connect);
  }

  /** Resolves when the candidates that are found in time are known. */
  #gathered(): Promise<void> {
    const pc = this.#pc;
    if (pc.iceGatheringState === "complete") return Promise.resolve();
    return new Promise((resolve) => {
      let timer = setTimeout(resolve, this.#limits.gather);
      pc.onicegatheringstatechange = () => {
        if (pc.iceGatheringState !== "complete") return;
        clearTimeout(timer);
        resolve();
      };
      pc.onicecandidate = (e) => {
        if (!e.candidate || this.#asks) return;
        clearTimeout(timer);
        timer = setTimeout(resolve, this.#limits.settled);
      };
    });
  }
}
