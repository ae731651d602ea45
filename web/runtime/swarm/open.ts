// Opens an index of any kind.
import { BadIndex, bad } from "./bytes.ts";
import { openFront } from "./front.ts";
import { openIPFS } from "./ipfs.ts";
import { openTorrent } from "./torrent.ts";
import type { Index, SiteInfo } from "../types.ts";

/**
 * Opens the index of a site and checks it against info: a torrent's info
 * dictionary by its infohash, an IPFS site's skeleton by its CID, a front's
 * manifest by its key. Rejects with BadIndex, which says what is wrong.
 */
export async function openIndex(info: SiteInfo, data: Uint8Array): Promise<Index> {
  try {
    switch (info.kind) {
      case "torrent":
        return await openTorrent(info, data);
      case "ipfs":
        return await openIPFS(info, data);
      case "front":
        return await openFront(info, data);
    }
  } catch (error) {
    if (error instanceof BadIndex) {
      throw error;
    }
    return bad(`cannot be read: ${String(error)}`);
  }
}
