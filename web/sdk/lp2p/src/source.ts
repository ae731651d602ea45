// What requests and receivers have in common: they are started once, wait for the
// person, and end with their page, a signal or stop().
import { Connection, LP2PConnection } from "./connection.ts";
import type { LP2PDataChannel } from "./datachannel.ts";
import { LP2PDataChannelEvent } from "./events.ts";
import { dictionary, domString } from "./idl.ts";
import { link, type Link, type Party } from "./link.ts";
import { isEmbedded, tellShell } from "./frame.ts";
import { Rendezvous } from "./rendezvous.ts";
import type { NodeMessage } from "./wire.ts";

/** What requests and receivers are made with. */
export interface SourceInit {
  readonly nickname: string;
  readonly signal: AbortSignal | undefined;
  readonly device: string | undefined;
  readonly choose: boolean;
}

/** Reads LP2PReceiverOptions or LP2PRequestOptions, and the extensions in them. */
export function sourceInit(value: unknown, what: string): SourceInit {
  const init = dictionary(value, what);
  const choose = Boolean(init["choose"]);
  const device = init["device"] === undefined ? undefined : domString(init["device"]);
  const nickname = init["nickname"] === undefined ? "" : domString(init["nickname"]);
  const signal = init["signal"];
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError("signal: the value provided is not an AbortSignal.");
  }
  return { nickname, signal, device, choose };
}

/** A receiver or a request from its start on. */
export class Source implements Party {
  readonly transports: Rendezvous;
  readonly #init: SourceInit;
  readonly #arrived: (c: LP2PConnection) => void;
  #starting: Promise<LP2PConnection | undefined> | undefined;
  #resolve: (c: LP2PConnection | undefined) => void = () => undefined;
  #reject: (e: unknown) => void = () => undefined;
  #link: Link | undefined;
  #number = 0;
  #over = false;

  constructor(requester: boolean, init: SourceInit, arrived: (c: LP2PConnection) => void) {
    this.transports = new Rendezvous(requester);
    this.#init = init;
    this.#arrived = arrived;
  }

  /** Starts, once; the same promise is returned again after that. */
  start(): Promise<LP2PConnection | undefined> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /** Ends: nothing new comes, connections that are there stay. */
  stop(reason: unknown = new DOMException("stopped", "AbortError")): void {
    if (this.#over) {
      return;
    }
    this.#over = true;
    this.#link?.say({ op: "stop", id: this.#number });
    this.#link?.leave(this.#number);
    this.#reject(reason);
  }

  hear(m: NodeMessage): void {
    switch (m.op) {
      case "started":
        this.#resolve(undefined);
        break;
      case "connection":
        this.#connected(m);
        break;
      case "failed":
        this.#end(new DOMException(m.message, m.name));
        break;
      case "closed":
        this.#end(new DOMException(m.reason ?? "the person ended it", "AbortError"));
        break;
    }
  }

  lost(error: DOMException): void {
    this.#end(error);
  }

  #start(): Promise<LP2PConnection | undefined> {
    const { signal } = this.#init;
    const started = new Promise<LP2PConnection | undefined>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (this.#over) {
      this.#reject(new DOMException("stopped", "AbortError"));
    } else if (signal?.aborted) {
      this.stop(signal.reason);
    } else if (isEmbedded()) {
      this.stop(new DOMException("a frame of another origin may not use devices nearby", "NotAllowedError"));
    } else {
      signal?.addEventListener("abort", () => this.stop(signal.reason), { once: true });
      link().then(
        (l) => this.#ask(l),
        (e: unknown) => this.stop(e),
      );
    }
    return started;
  }

  #ask(l: Link): void {
    if (this.#over) {
      return;
    }
    this.#link = l;
    this.#number = l.enter(this);
    const { nickname, device, choose } = this.#init;
    const id = this.#number;
    if (this.transports.requester) {
      l.say(device === undefined ? { op: "request", id, nickname, choose } : { op: "request", id, nickname, choose, device });
    } else {
      l.say({ op: "receive", id, nickname });
    }
    tellShell();
  }

  #connected(m: Extract<NodeMessage, { op: "connection" }>): void {
    const l = this.#link;
    if (!l) {
      return;
    }
    const face = new Connection(l, m, this.transports, announce).face;
    this.#resolve(face);
    this.#arrived(face);
  }

  #end(error: DOMException): void {
    this.#over = true;
    this.#link?.leave(this.#number);
    this.#reject(error);
  }
}

function announce(face: LP2PConnection, channel: LP2PDataChannel): void {
  face.dispatchEvent(new LP2PDataChannelEvent("datachannel", { channel }));
}
