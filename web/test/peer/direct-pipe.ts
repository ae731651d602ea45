/** Pipes and connections within one process, for tests of what goes over them. */
import type { Connections, Making } from "../../runtime/peer/direct/connections.ts";
import { sdpOf } from "../../runtime/peer/direct/description.ts";
import type { Pipe } from "../../runtime/peer/direct/pipe.ts";
import { Fault } from "../../runtime/peer/fault.ts";

/** One end of a pipe. */
export class End implements Pipe {
  onData: (octets: Uint8Array) => void = () => undefined;
  onClose: () => void = () => undefined;
  readonly buffered = 0;
  closed = false;
  /** Swallows what is sent. */
  dead = false;
  readonly pieces: number[] = [];
  #other: End | undefined;

  static pair(): [End, End] {
    const a = new End();
    const b = new End();
    a.#other = b;
    b.#other = a;
    return [a, b];
  }

  send(octets: Uint8Array): void {
    if (this.closed || this.dead) return;
    this.pieces.push(octets.length);
    const copy = octets.slice();
    queueMicrotask(() => !this.#other?.closed && this.#other?.onData(copy));
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    const other = this.#other;
    queueMicrotask(() => {
      if (!other || other.closed) return;
      other.closed = true;
      other.onClose();
    });
  }
}

/** A place where connections meet by the word that each side's description has. */
export class Air {
  readonly waiting = new Map<string, (end: End) => void>();
  made = 0;
  readonly pairs: [End, End][] = [];
  /** Nothing is connected. */
  jammed = false;

  connections(): Connections {
    return { make: (_, offer) => this.#make(offer) };
  }

  #make(offer: string | undefined): Making {
    const user = `user${this.made++}`;
    let opened: (p: Pipe) => void = () => undefined;
    let failed: (e: unknown) => void = () => undefined;
    const promise = new Promise<Pipe>((yes, no) => { opened = yes; failed = no; });
    promise.catch(() => undefined);
    this.waiting.set(user, opened);
    const word = (sdp: string): string => /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1] ?? "";
    const candidates = [{ type: "host" as const, priority: 1, address: "192.0.2.1", port: 1000 }];
    const fingerprint = new Uint8Array(32).fill(this.made);
    return {
      sdp: Promise.resolve(sdpOf({ user, password: "x".repeat(22), fingerprint, candidates }, offer === undefined)),
      opened: promise,
      accept: (sdp) => {
        const answerer = this.waiting.get(word(sdp));
        if (!answerer || this.jammed) return;
        const pair = End.pair();
        this.pairs.push(pair);
        opened(pair[0]);
        answerer(pair[1]);
      },
      close: () => failed(new Fault("unreachable", "closed")),
    };
  }
}
