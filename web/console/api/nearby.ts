// What the node's API says of devices nearby, and of web pages that want to talk
// to them, as packages nearby and api write it.

export interface NearbyDevice {
  readonly id: string;
  readonly name: string;
  /** What it calls itself: text of a stranger. */
  readonly given?: string;
  readonly fingerprint: string;
  readonly near: boolean;
  /** When it was paired; absent for one that is not. */
  readonly paired?: string;
  readonly trusted: boolean;
  /** Whether two devices claim to be this one. */
  readonly suspicious?: boolean;
}

export interface Prompt {
  readonly id: string;
  readonly kind: "show" | "ask";
  readonly code?: string;
  /** What a camera reads. */
  readonly qr?: string;
  readonly device: string;
  readonly addr?: string;
}

export interface OfferedFile {
  /** Path and size. */
  readonly p: string;
  readonly s?: number;
  /** Whether it is a folder. */
  readonly d?: boolean;
}

export interface Offer {
  readonly id: string;
  readonly device: string;
  readonly name: string;
  readonly files: readonly OfferedFile[] | null;
  readonly count: number;
  readonly total: number;
  readonly into: string;
}

export type TransferState = "offered" | "moving" | "waiting" | "sharing" | "done" | "partial" | "declined" | "canceled" | "failed";

export interface Transfer {
  readonly id: string;
  readonly direction: "send" | "receive";
  readonly device?: string;
  readonly name: string;
  readonly files: number;
  readonly top: readonly string[] | null;
  readonly into?: string;
  readonly started: string;
  readonly state: TransferState;
  readonly done: number;
  readonly total: number;
  /** Bytes a second, and seconds; 0 when unknown. */
  readonly rate: number;
  readonly left: number;
  readonly ended?: string;
  readonly error?: { readonly kind: string; readonly message: string; readonly hint?: string };
}

export interface Warning {
  readonly at: string;
  readonly reason: "impostor" | "disowned" | "wrong code" | "locked out";
  readonly name?: string;
  readonly addr?: string;
}

/** A link that a device in the room handed over; nothing was done with it. */
export interface Card {
  readonly id: string;
  readonly name: string;
  readonly link: string;
}

export interface NearbyState {
  readonly name: string;
  readonly id: string;
  readonly devices: readonly NearbyDevice[];
  readonly prompts: readonly Prompt[];
  readonly offers: readonly Offer[];
  readonly transfers: readonly Transfer[];
  readonly cards: readonly Card[];
  readonly warnings: readonly Warning[];
}

/** What this device serves to paired ones. */
export interface Serve {
  /** "" is what the device's plain origin shows. */
  readonly name: string;
  readonly folder?: string;
  readonly target?: string;
}

export type GrantKind = "advertise" | "reach" | "incoming" | "connect";

interface Named {
  readonly id: string;
  readonly name: string;
}

/** A question that a web page caused. */
export interface Ask {
  readonly id: string;
  readonly kind: Exclude<GrantKind, "connect">;
  /** The canonical address of a site, or an origin of the web. */
  readonly app: string;
  /** What the page calls itself: text of a stranger. */
  readonly nickname?: string;
  readonly device?: Named;
}

/** A connection between a page and a device, or the attempt to make one. */
export interface PageLink {
  readonly id: string;
  readonly app: string;
  readonly device: Named;
  readonly incoming: boolean;
  readonly since: string;
  readonly connected: boolean;
  readonly problem?: string;
}

/** A permission that is remembered. */
export interface Grant {
  readonly id: string;
  readonly kind: GrantKind;
  readonly app: string;
  readonly device?: Named;
  readonly given: string;
  readonly used?: string;
}

export interface PageState {
  readonly asks: readonly Ask[];
  readonly links: readonly PageLink[];
  readonly grants: readonly Grant[];
}

/** The way to call the API. */
export interface Caller {
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
}

/** What the console does with devices nearby. */
export class Nearby {
  readonly #api: Caller;

  constructor(api: Caller) {
    this.#api = api;
  }

  async pair(device: string): Promise<void> {
    await this.#api.call("POST", "/nearby/pair", { device });
  }

  async answerPrompt(id: string, code: string): Promise<void> {
    await this.#api.call("POST", `/nearby/prompts/${encodeURIComponent(id)}`, { code });
  }

  async answerOffer(id: string, accept: boolean): Promise<void> {
    await this.#api.call("POST", `/nearby/offers/${encodeURIComponent(id)}`, { accept });
  }

  async change(device: string, change: { readonly name?: string; readonly trusted?: boolean }): Promise<void> {
    await this.#api.call("PATCH", `/nearby/devices/${encodeURIComponent(device)}`, change);
  }

  /** Hands a link to the person at a device, and waits until they are shown it. */
  async handCard(device: string, link: string): Promise<void> {
    await this.#api.call("POST", "/nearby/cards", { device, link });
  }

  async dropCard(id: string): Promise<void> {
    await this.#api.call("DELETE", `/nearby/cards/${encodeURIComponent(id)}`);
  }

  async forget(device: string): Promise<void> {
    await this.#api.call("DELETE", `/nearby/devices/${encodeURIComponent(device)}`);
  }

  /** Sends what was uploaded to devices. */
  async sendUpload(upload: string, to: readonly string[]): Promise<void> {
    await this.#api.call("POST", `/uploads/${encodeURIComponent(upload)}/send`, { to });
  }

  async cancel(transfer: string): Promise<void> {
    await this.#api.call("DELETE", `/nearby/transfers/${encodeURIComponent(transfer)}`);
  }

  async serves(): Promise<readonly Serve[]> {
    return (await this.#api.call<readonly Serve[] | null>("GET", "/nearby/serves")) ?? [];
  }

  async serve(name: string, what: { readonly folder?: string; readonly target?: string }): Promise<void> {
    await this.#api.call("PUT", `/nearby/serves/${encodeURIComponent(name || "-")}`, { ...what });
  }

  async stopServing(name: string): Promise<void> {
    await this.#api.call("DELETE", `/nearby/serves/${encodeURIComponent(name || "-")}`);
  }

  /** Says yes to a page's question, or dismisses it, which the page is not told. */
  async answerAsk(id: string, answer: { readonly allow: boolean; readonly remember?: boolean; readonly device?: string }): Promise<void> {
    await this.#api.call("POST", `/nearby/consent/asks/${encodeURIComponent(id)}`, answer);
  }

  async revoke(grant: string): Promise<void> {
    await this.#api.call("DELETE", `/nearby/consent/grants/${encodeURIComponent(grant)}`);
  }

  async end(link: string): Promise<void> {
    await this.#api.call("DELETE", `/nearby/consent/links/${encodeURIComponent(link)}`);
  }

  /** Connects the origin of a URL with this node, and returns where to go on. */
  async connect(back: string): Promise<string> {
    const { location } = await this.#api.call<{ location: string }>("POST", "/nearby/consent/connect", { return: back });
    return location;
  }
}
