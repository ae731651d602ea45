// Looking for a text on disks, in every file, as octets.
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

/** How much of a file is read at once. */
const piece = 8 << 20;

/** Files below these folders in which the text is, plain or as UTF-16. */
export async function traces(places: Readonly<Record<string, string>>, text: string): Promise<string[]> {
  const forms = [Buffer.from(text), Buffer.from(text, "utf16le"), Buffer.from(text, "utf16le").swap16()];
  const found: string[] = [];
  for (const [name, folder] of Object.entries(places)) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const times = await occurrences(path, forms);
      if (times > 0) found.push(`${name}: ${path.slice(folder.length)}: ${times}`);
    }
  }
  return found;
}

async function occurrences(path: string, forms: readonly Buffer[]): Promise<number> {
  const longest = Math.max(...forms.map((f) => f.length));
  const file = await open(path).catch(() => undefined); // gone since it was listed
  if (!file) return 0;
  try {
    let n = 0;
    let before = Buffer.alloc(0);
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(piece), 0, piece);
      if (bytesRead === 0) return n;
      const here = Buffer.concat([before, buffer.subarray(0, bytesRead)]);
      for (const f of forms) {
        for (let at = here.indexOf(f); at >= 0; at = here.indexOf(f, at + 1)) {
          if (at + f.length > before.length) n++;
        }
      }
      before = here.subarray(Math.max(0, here.length - longest + 1));
    }
  } finally {
    await file.close();
  }
}
