// What the runtime expects of a browser, given it by Node.js: requests that
// find *.localhost, WebSockets, and WebRTC of libwebrtc, natively.
import { request } from "node:http";
import { createRequire } from "node:module";

const localhost = "127.0.0.1";

/** A response in full, as browsers unpack it. */
async function get(url: URL, headers: Headers, signal: AbortSignal | undefined): Promise<Response> {
  const { promisify } = await import("node:util");
  const { gunzip } = await import("node:zlib");
  return new Promise((resolve, reject) => {
    const asked = request({
      host: localhost, port: url.port, path: url.pathname + url.search,
      headers: { "Accept-Encoding": "gzip", ...Object.fromEntries(headers), Host: url.host }, signal,
    }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const packed = Buffer.concat(parts);
        const plain = response.headers["content-encoding"] === "gzip" ? promisify(gunzip)(packed) : Promise.resolve(packed);
        plain.then((body) => {
          const empty = response.statusCode === 304 || response.statusCode === 204;
          resolve(new Response(empty ? null : new Uint8Array(body), { status: response.statusCode ?? 502 }));
        }, reject);
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}

/** Makes this process look like a page of origin; modules names the folders with libwebrtc and WebSockets. */
export function become(origin: string, modules: { readonly wrtc: string; readonly ws: string }): void {
  const wrtc = createRequire(modules.wrtc)("@roamhq/wrtc") as { readonly RTCPeerConnection: unknown };
  const Socket = createRequire(modules.ws)("ws") as new (url: string, options: object) => object;
  const lookup = (_: string, options: { readonly all?: boolean }, done: (error: null, address: unknown, family?: number) => void): void =>
    options.all ? done(null, [{ address: localhost, family: 4 }]) : done(null, localhost, 4);
  class NamedSocket extends Socket {
    static readonly OPEN = 1;

    constructor(url: string) {
      super(url, { lookup, origin });
    }
  }
  const page = {
    RTCPeerConnection: wrtc.RTCPeerConnection,
    WebSocket: NamedSocket,
    location: new URL(origin),
    navigator: {},
    addEventListener: () => undefined,
    fetch: (path: string, init: RequestInit = {}) => get(new URL(path, origin), new Headers(init.headers), init.signal ?? undefined),
  };
  for (const [name, value] of Object.entries(page)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}
