/** What a worker and the window that makes its connections say to each other. */

export type ToWindow =
  /** Makes a connection: an offer, or with the other side's offer an answer. */
  | { readonly rtc: "make"; readonly id: number; readonly config: RTCConfiguration; readonly offer?: string }
  /** The other side's answer to an offer. */
  | { readonly rtc: "accept"; readonly id: number; readonly sdp: string }
  /** Octets for a channel that had to stay in the window. */
  | { readonly rtc: "send"; readonly id: number; readonly octets: Uint8Array }
  | { readonly rtc: "close"; readonly id: number };

export type FromWindow =
  /** The channel of a connection in the making; without it, it has to stay in the window. */
  | { readonly rtc: "channel"; readonly id: number; readonly channel?: RTCDataChannel }
  | { readonly rtc: "described"; readonly id: number; readonly sdp: string }
  /** Of a channel that stayed: it is open, octets came, so many of those sent have left. */
  | { readonly rtc: "open"; readonly id: number }
  | { readonly rtc: "data"; readonly id: number; readonly octets: Uint8Array }
  | { readonly rtc: "left"; readonly id: number; readonly octets: number }
  /** The connection failed, or has ended. */
  | { readonly rtc: "closed"; readonly id: number };
