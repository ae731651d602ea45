/** A proxy between a client and a relay that repeats, holds back, swaps and cuts what goes through it. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";

/** How likely each lie is, for each message. */
export interface Lies { repeat: number; swap: number; cut: number; lose: number }

export class Liar {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly told = { repeat: 0, swap: 0, cut: 0, lose: 0 };

  constructor(port: number, lies: Lies, dice: () => number) {
    this.#server = createServer((client) => {
      const relay = connect(port, "127.0.0.1");
      for (const s of [client, relay]) {
        this.#sockets.add(s);
        s.on("error", () => undefined);
        s.on("close", () => { client.destroy(); relay.destroy(); this.#sockets.delete(s); });
      }
      const cut = (): void => { client.destroy(); relay.destroy(); };
      this.#carry(client, relay, { ...lies, swap: 0, lose: 0 }, dice, cut);
      this.#carry(relay, client, lies, dice, cut);
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    for (const s of this.#sockets) s.destroy();
  }

  /** The head of HTTP and the first message (HELLO, WELCOME) go through as they are. */
  #carry(from: Socket, to: Socket, lies: Lies, dice: () => number, cut: () => void): void {
    let rest = Buffer.alloc(0);
    let upgraded = false;
    let first = true;
    let held: Buffer | undefined;
    from.on("data", (data: Buffer) => {
      rest = Buffer.concat([rest, data]);
      if (!upgraded) {
        const end = rest.indexOf("\r\n\r\n");
        if (end < 0) return;
        to.write(rest.subarray(0, end + 4));
        if (!rest.subarray(0, end).toString("latin1").match(/upgrade: *websocket/i)) {
          to.write(rest.subarray(end + 4));
          from.removeAllListeners("data").pipe(to); // HTTP is not lied about
          return;
        }
        rest = rest.subarray(end + 4);
        upgraded = true;
      }
      for (let n = frame(rest); n > 0; n = frame(rest)) {
        const one = rest.subarray(0, n);
        rest = rest.subarray(n);
        if (first) {
          first = false;
          to.write(one);
          continue;
        }
        if (this.#tells("cut", lies, dice)) return cut();
        if (this.#tells("lose", lies, dice)) continue;
        if (!held && this.#tells("swap", lies, dice)) {
          held = one;
          setTimeout(() => {
            if (held === one && !to.destroyed) to.write(one);
            if (held === one) held = undefined;
          }, 50); // or when another has gone before it
          continue;
        }
        to.write(one);
        if (this.#tells("repeat", lies, dice)) to.write(one);
        if (held) to.write(held);
        held = undefined;
      }
    });
  }

  #tells(lie: keyof Lies, lies: Lies, dice: () => number): boolean {
    if (dice() >= lies[lie]) return false;
    this.told[lie]++;
    return true;
  }
}

/** The length of the first frame of RFC 6455; 0 while it is not all there. */
function frame(b: Buffer): number {
  if (b.length < 2) return 0;
  let n = (b[1] ?? 0) & 0x7f;
  let head = 2;
  if (n === 126 || n === 127) {
    head = n === 126 ? 4 : 10;
    if (b.length < head) return 0;
    n = n === 126 ? b.readUInt16BE(2) : Number(b.readBigUInt64BE(2));
  }
  if (((b[1] ?? 0) & 0x80) !== 0) head += 4;
  return b.length >= head + n ? head + n : 0;
}
