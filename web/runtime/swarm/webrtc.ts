// Data channels (WebRTC) as pipes, and the making of them: an offer or an answer
// is whole when it is handed out, because trackers carry one message each way.
import type { Pipe } from "./pipe.ts";

/** Milliseconds and octets. */
const bounds = {
  /** How long candidates are gathered; an unreachable STUN server takes longer. */
  gather: 1_500,
  /** Without servers to ask, all addresses are there when none came for so long. */
  settled: 40,
  /** A connection that was agreed on is there within this time. */
  connect: 25_000,
  /** One message of a data channel: long ones cost less, but not all programs take any length. */
  message: 64 * 1024,
  /** What every program takes. */
  least: 16 * 1024,
  lowWater: 256 * 1024,
} as const;

/** A connection in the making that we offered. */
export interface OfferedChannel {
  readonly sdp: string;
  /** Takes the answer; resolves when the channel is open. */
  accept(sdp: string): Promise<Pipe>;
  close(): void;
}

/** Makes an offer. */
export async function offer(config: RTCConfiguration): Promise<OfferedChannel> {
  const pc = new RTCPeerConnection(config);
  try {
    const opened = whenOpen(pc, pc.createDataChannel("kith"), true);
    opened.catch(() => undefined);
    await pc.setLocalDescription(await pc.createOffer());
    const sdp = await gathered(pc, config);
    return {
      sdp,
      accept: async (answer) => {
        await pc.setRemoteDescription({ type: "answer", sdp: answer });
        return inTime(pc, opened);
      },
      close: () => pc.close(),
    };
  } catch (error) {
    pc.close();
    throw error;
  }
}

/** Answers an offer: reply gets the answer, then the channel opens. */
export async function answer(config: RTCConfiguration, sdp: string, reply: (sdp: string) => void): Promise<Pipe> {
  const pc = new RTCPeerConnection(config);
  try {
    const opened = new Promise<Pipe>((resolve, reject) => {
      pc.ondatachannel = (e) => whenOpen(pc, e.channel, false).then(resolve, reject);
    });
    await pc.setRemoteDescription({ type: "offer", sdp });
    await pc.setLocalDescription(await pc.createAnswer());
    reply(await gathered(pc, config));
    return await inTime(pc, opened);
  } catch (error) {
    pc.close();
    throw error;
  }
}

/** The description with the candidates that were found in time. */
async function gathered(pc: RTCPeerConnection, config: RTCConfiguration): Promise<string> {
  const asks = (config.iceServers ?? []).length > 0;
  if (pc.iceGatheringState !== "complete") {
    await new Promise<void>((resolve) => {
      let timer = setTimeout(resolve, bounds.gather);
      pc.onicegatheringstatechange = () => {
        if (pc.iceGatheringState === "complete") {
          clearTimeout(timer);
          resolve();
        }
      };
      pc.onicecandidate = (e) => {
        if (e.candidate && !asks) {
          clearTimeout(timer);
          timer = setTimeout(resolve, bounds.settled);
        }
      };
    });
  }
  return pc.localDescription?.sdp ?? "";
}

/** Rejects when the connection fails, or is not there in time. */
async function inTime(pc: RTCPeerConnection, opened: Promise<Pipe>): Promise<Pipe> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = (): void => reject(new Error("no connection could be made"));
    timer = setTimeout(fail, bounds.connect);
    pc.onconnectionstatechange = () => {
      if (pc.connectionState === "failed" || pc.connectionState === "closed") {
        fail();
      }
    };
  });
  try {
    return await Promise.race([opened, late]);
  } catch (error) {
    pc.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function whenOpen(pc: RTCPeerConnection, channel: RTCDataChannel, initiator: boolean): Promise<Pipe> {
  channel.binaryType = "arraybuffer";
  return new Promise((resolve) => {
    const open = (): void => {
      const pipe = new Channel(pc, channel, initiator);
      void pipe.learnAddress();
      resolve(pipe);
    };
    if (channel.readyState === "open") {
      open();
    } else {
      channel.onopen = open;
    }
  });
}

class Channel implements Pipe {
  readonly kind = "webrtc";
  readonly initiator: boolean;
  address = "";
  onDrain: (() => void) | undefined;
  onClose: (() => void) | undefined;
  readonly #pc: RTCPeerConnection;
  readonly #channel: RTCDataChannel;
  /** The longest message that the other end takes. */
  readonly #longest: number;
  #onData: ((data: Uint8Array) => void) | undefined;
  /** What came before anybody listened. */
  #early: Uint8Array[] = [];
  #closed = false;

  constructor(pc: RTCPeerConnection, channel: RTCDataChannel, initiator: boolean) {
    this.#pc = pc;
    this.#channel = channel;
    this.initiator = initiator;
    this.#longest = Math.min(pc.sctp?.maxMessageSize ?? bounds.least, bounds.message);
    channel.bufferedAmountLowThreshold = bounds.lowWater;
    channel.onbufferedamountlow = () => this.onDrain?.();
    channel.onmessage = (e: MessageEvent<unknown>) => {
      if (e.data instanceof ArrayBuffer) {
        this.#hear(new Uint8Array(e.data));
      }
    };
    channel.onclose = channel.onerror = () => this.#gone();
    pc.onconnectionstatechange = () => {
      // "disconnected" may heal; the peer's silence tells when it does not.
      if (pc.connectionState === "failed" || pc.connectionState === "closed") {
        this.#gone();
      }
    };
  }

  get onData(): ((data: Uint8Array) => void) | undefined {
    return this.#onData;
  }

  set onData(f: ((data: Uint8Array) => void) | undefined) {
    this.#onData = f;
    if (f) {
      for (const data of this.#early.splice(0)) {
        f(data);
      }
    }
  }

  get buffered(): number {
    return this.#channel.bufferedAmount;
  }

  send(data: Uint8Array): void {
    if (this.#closed || this.#channel.readyState !== "open") {
      return;
    }
    try {
      for (let at = 0; at < data.length; at += this.#longest) {
        this.#channel.send(data.subarray(at, at + this.#longest) as Uint8Array<ArrayBuffer>);
      }
    } catch {
      this.#gone(); // its buffer is full though it said it was not, or it just closed
    }
  }

  close(): void {
    this.#closed = true;
    this.#channel.onclose = this.#channel.onerror = this.#pc.onconnectionstatechange = null;
    this.#channel.close();
    this.#pc.close();
  }

  /** Finds out who is at the other end. */
  async learnAddress(): Promise<void> {
    const stats = await this.#pc.getStats().catch(() => undefined);
    stats?.forEach((s: { type: string; nominated?: boolean; remoteCandidateId?: string }) => {
      if (s.type === "candidate-pair" && s.nominated && s.remoteCandidateId) {
        const remote = stats.get(s.remoteCandidateId) as { address?: string; port?: number } | undefined;
        this.address = remote?.address ? `${remote.address}:${remote.port ?? 0}` : "";
      }
    });
  }

  #hear(data: Uint8Array): void {
    if (this.#onData) {
      this.#onData(data);
    } else {
      this.#early.push(data);
    }
  }

  #gone(): void {
    if (!this.#closed) {
      const { onClose } = this;
      this.close();
      onClose?.();
    }
  }
}
