// The sites the cases publish.
import { readFile } from "node:fs/promises";
import { deflateSync } from "node:zlib";

/** A video of 20 seconds: ten of red, then ten of blue. */
export async function clip(): Promise<Uint8Array> {
  return readFile(new URL("../testdata/clip.webm", import.meta.url));
}

/** A pixel: red, green and blue. */
export type Colour = readonly [number, number, number];

/** A PNG of one colour, or of pixels (PNG, third edition, section 11). */
export function png(width: number, height: number, rgb: Colour | (() => Colour)): Uint8Array {
  const pixel = typeof rgb === "function" ? rgb : () => rgb;
  const row = (): Buffer => Buffer.concat([Buffer.from([0]), Buffer.from(Array.from({ length: width }, pixel).flat())]);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const data = deflateSync(Buffer.concat(Array.from({ length: height }, row)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

function crc32(data: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of data) {
    c ^= byte;
    for (let i = 0; i < 8; i++) {
      c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
    }
  }
  return (c ^ 0xffffffff) >>> 0;
}

/** A page. */
export function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>${body}</html>`;
}

/** A small site with all that sites are made of. unique keeps two of them apart. */
export async function wholeSite(unique: string): Promise<Record<string, string | Uint8Array>> {
  return {
    "index.html": page(
      `Front ${unique}`,
      `<link rel="stylesheet" href="style/main.css"><script type="module" src="script/main.js"></script>
       <h1>Front ${unique}</h1><p id="made">not run</p><a href="second/">Second</a>
       <img id="picture" src="pictures/a%20red%20one.png" alt="red"><video id="clip" src="clip.webm" muted preload="auto"></video>`,
    ),
    "second/index.html": page(`Second ${unique}`, `<h1>Second</h1><a href="../">Back</a>`),
    "404.html": page(`Lost ${unique}`, "<h1>Nothing here</h1>"),
    "style/main.css": "h1 { color: rgb(1, 100, 2); background: url(../pictures/dot.png); }",
    "script/main.js": `import { word } from "./word.js"; document.getElementById("made").textContent = word;`,
    "script/word.js": `export const word = "made by a script";`,
    "pictures/a red one.png": png(40, 30, [200, 30, 20]),
    "pictures/dot.png": png(2, 2, [10, 20, 30]),
    "data/numbers.json": JSON.stringify({ unique, numbers: [1, 2, 3] }),
    "clip.webm": await clip(),
  };
}
