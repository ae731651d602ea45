// The sites that are visited.
import { randomBytes } from "node:crypto";
import { clip, page, png } from "../../browser/tests/fixtures.ts";
import type { Files } from "./setting.ts";

/** A picture of about size octets that nothing can make smaller. */
export function noise(size: number): Uint8Array {
  const side = Math.ceil(Math.sqrt(size / 3));
  const bytes = randomBytes(side * side * 3);
  let at = 0;
  return png(side, side, () => [bytes[at++] ?? 0, bytes[at++] ?? 0, bytes[at++] ?? 0]);
}

/** A site of a front with pictures, a second page, a film and a page for what is lost. */
export async function gallery(count = 8, size = 60_000): Promise<Files> {
  const pictures = Array.from({ length: count }, (_, i) => `pictures/${i}.png`);
  return {
    "index.html": page("Front", `<link rel="stylesheet" href="/main.css"><main><h1>Front</h1><a href="/second/">Second</a>
      ${pictures.map((p) => `<img src="/${p}" alt="noise" width="40" height="40">`).join("")}</main>`),
    "second/index.html": page("Second", `<link rel="stylesheet" href="/main.css"><h1>Second</h1><a href="/">Back</a><img src="/last.png" alt="noise">`),
    "film.html": page("Film", `<h1>Film</h1><video id="clip" src="clip.webm" muted preload="auto"></video>`),
    "404.html": page("Lost", "<h1>Nothing here</h1>"),
    "main.css": "h1 { color: rgb(1, 100, 2); }",
    "clip.webm": await clip(),
    "last.png": noise(size),
    ...Object.fromEntries(pictures.map((p) => [p, noise(size)])),
  };
}
