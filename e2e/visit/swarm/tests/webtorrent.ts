// npm's webtorrent in a page.
import type { Page } from "@playwright/test";
import "./setting.ts";

/** webtorrent, as far as it is used here. */
interface Client {
  seed(file: File, options: object, done: (t: { torrentFile: Uint8Array }) => void): void;
  add(torrent: Uint8Array, options: object, added?: (t: { on(what: string, f: () => void): void; downloaded: number }) => void): void;
}

/** Seeds noise with webtorrent; resolves to the .torrent file. */
export function wtSeed(page: Page, tracker: string, size: number, pieceLength: number, n: number): Promise<string> {
  return page.evaluate(([tracker, size, pieceLength, n]) => {
    const client = new (globalThis as unknown as { WebTorrent: new (o?: object) => Client }).WebTorrent({ tracker: { rtcConfig: { iceServers: [] } } });
    const file = new File([kith.noise(size, n)], "noise.bin");
    return new Promise<string>((done) =>
      client.seed(file, { announceList: [[tracker]], pieceLength }, (t) => done(kith.spell(t.torrentFile))));
  }, [tracker, size, pieceLength, n] as const);
}

/** Fetches all with webtorrent: MB/s from the first octet to the last. */
export function wtFetch(page: Page, torrent: string, tracker: string): Promise<{ readonly rate: number; readonly ms: number }> {
  return page.evaluate(([torrent, tracker]) => {
    const client = new (globalThis as unknown as { WebTorrent: new (o?: object) => Client }).WebTorrent({ tracker: { rtcConfig: { iceServers: [] } } });
    const began = performance.now();
    let first = 0;
    return new Promise<{ rate: number; ms: number }>((done) =>
      client.add(kith.octets(torrent), { announce: [tracker] }, (t) => {
        t.on("download", () => {
          first ||= performance.now();
        });
        t.on("done", () => {
          const end = performance.now();
          done({ rate: t.downloaded / (end - first) / 1000, ms: end - began });
        });
      }));
  }, [torrent, tracker] as const);
}
