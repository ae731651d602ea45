import type { Client } from "./api/client.ts";
import type { Folder } from "./folder.ts";

/** How many files are sent at once: enough to hide the round trips of small ones. */
const atOnce = 6;

/**
 * Sends a folder to the node and returns the upload's id. progress is told the
 * bytes sent so far. When something fails the upload is dropped and nothing
 * stays behind.
 */
export async function upload(
  client: Client,
  folder: Folder,
  progress: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const id = await client.newUpload(signal);
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const sent = new Map<string, number>();
  let total = 0;
  const queue = folder.files.values();
  const worker = async (): Promise<void> => {
    for (const { path, file } of queue) {
      stop.throwIfAborted();
      await client.putFile(
        id,
        path,
        file,
        (bytes) => {
          total += bytes - (sent.get(path) ?? 0);
          sent.set(path, bytes);
          progress(Math.min(total, folder.bytes));
        },
        stop,
      );
    }
  };
  try {
    await Promise.all(
      Array.from({ length: atOnce }, () =>
        worker().catch((e: unknown) => {
          failed.abort(e);
          throw e;
        }),
      ),
    );
  } catch (e) {
    await client.dropUpload(id).catch(() => undefined);
    throw e;
  }
  return id;
}
