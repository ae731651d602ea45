// What the page and its node say to one another: spec/local-peer-to-peer.md,
// section 4. Numbers that the page chooses are odd, the node's are even.

/** The WebSocket subprotocol of this version. */
export const subprotocol = "kith-lp2p-1";

/** The kinds of binary frames: three encodings of a message, octets of a stream, a datagram. */
export const frameKind = { blob: 0, string: 1, arrayBuffer: 2, stream: 3, datagram: 4 } as const;

/** Octets before the payload of a binary frame: kind, then the number it is for. */
export const frameHead = 5;

/** What the node lets one page do. */
export interface Limits {
  /** Receivers and requests at once. */
  readonly sources: number;
  /** Data channels of one connection. */
  readonly channels: number;
  /** Transports of one connection, and streams of one transport. */
  readonly transports: number;
  readonly streams: number;
  /** Octets of one message of a data channel, and of one datagram. */
  readonly message: number;
  readonly datagram: number;
  /** Octets that may be on their way, unacknowledged, on one channel or stream. */
  readonly window: number;
}

/** What a page says. */
export type PageMessage =
  | { readonly op: "receive"; readonly id: number; readonly nickname: string }
  | { readonly op: "request"; readonly id: number; readonly nickname: string; readonly choose: boolean; readonly device?: string }
  | { readonly op: "stop"; readonly id: number }
  | {
      readonly op: "open-channel";
      readonly id: number;
      readonly connection: number;
      readonly label: string;
      readonly protocol: string;
      readonly channel?: number;
    }
  | { readonly op: "open-transport"; readonly id: number; readonly connection: number }
  | { readonly op: "accept"; readonly id: number }
  | { readonly op: "want"; readonly id: number }
  | { readonly op: "open-stream"; readonly id: number; readonly transport: number; readonly bidi: boolean }
  | { readonly op: "fin"; readonly id: number }
  | { readonly op: "reset" | "stop-sending"; readonly id: number; readonly code: number }
  | { readonly op: "close"; readonly id: number; readonly code?: number; readonly reason?: string }
  | { readonly op: "credit"; readonly id: number; readonly bytes: number }
  | { readonly op: "devices"; readonly id: number };

/** A device that the person let this origin know. */
export interface KnownDevice {
  /** Names the device to this origin alone. */
  readonly device: string;
  /** What the person calls it. */
  readonly name: string;
}

/** What a node says. */
export type NodeMessage =
  | { readonly op: "welcome"; readonly version: number; readonly console: string; readonly limits: Limits }
  | { readonly op: "started"; readonly id: number }
  | {
      readonly op: "connection";
      readonly id: number;
      readonly source: number;
      readonly nickname: string;
      readonly device: string;
    }
  | {
      readonly op: "channel";
      readonly id: number;
      readonly connection: number;
      readonly label: string;
      readonly protocol: string;
      readonly channel: number;
    }
  | { readonly op: "opened"; readonly id: number; readonly channel?: number }
  | { readonly op: "transport"; readonly id: number; readonly connection: number }
  | { readonly op: "wanted"; readonly id: number }
  | { readonly op: "stream"; readonly id: number; readonly transport: number; readonly bidi: boolean }
  | { readonly op: "fin"; readonly id: number }
  | { readonly op: "reset" | "stop-sending"; readonly id: number; readonly code: number }
  | { readonly op: "closed"; readonly id: number; readonly code?: number; readonly reason?: string }
  | { readonly op: "failed"; readonly id: number; readonly name: string; readonly message: string }
  | { readonly op: "credit"; readonly id: number; readonly bytes: number }
  | { readonly op: "devices"; readonly id: number; readonly devices: readonly KnownDevice[] };

/** Puts the head of a binary frame before its payload. */
export function frame(kind: number, id: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(frameHead + payload.byteLength);
  out[0] = kind;
  new DataView(out.buffer).setUint32(1, id);
  out.set(payload, frameHead);
  return out;
}

/** Reads a binary frame; undefined for one that is too short. */
export function unframe(data: ArrayBuffer): { kind: number; id: number; payload: Uint8Array<ArrayBuffer> } | undefined {
  if (data.byteLength < frameHead) {
    return undefined;
  }
  const view = new DataView(data);
  return { kind: view.getUint8(0), id: view.getUint32(1), payload: new Uint8Array(data, frameHead) };
}
