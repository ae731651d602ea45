// The type of a file by its name, and where that says nothing by its first
// bytes: what the gateway of a node or a host says too (internal/gateway).

/** How many of a file's first bytes its type may depend on. */
export const sniffLength = 1024;

const byEnding: Readonly<Record<string, string>> = {
  html: "text/html", htm: "text/html", xhtml: "application/xhtml+xml", xht: "application/xhtml+xml", css: "text/css",
  js: "text/javascript", mjs: "text/javascript", cjs: "text/javascript", json: "application/json", map: "application/json",
  jsonld: "application/ld+json", geojson: "application/geo+json", webmanifest: "application/manifest+json",
  wasm: "application/wasm", xml: "text/xml", xsl: "text/xml", xsd: "text/xml", rss: "application/rss+xml",
  atom: "application/atom+xml", woff: "font/woff", woff2: "font/woff2", ttf: "font/ttf", otf: "font/otf",
  eot: "application/vnd.ms-fontobject",
  png: "image/png", apng: "image/apng", gif: "image/gif", webp: "image/webp", avif: "image/avif", bmp: "image/bmp",
  jxl: "image/jxl", heic: "image/heic", heif: "image/heif", jpg: "image/jpeg", jpeg: "image/jpeg", jpe: "image/jpeg",
  jfif: "image/jpeg", svg: "image/svg+xml", ico: "image/x-icon", cur: "image/x-icon", tif: "image/tiff", tiff: "image/tiff",
  mp4: "video/mp4", m4v: "video/mp4", webm: "video/webm", ogv: "video/ogg", mov: "video/quicktime", mkv: "video/x-matroska",
  avi: "video/x-msvideo", mpg: "video/mpeg", mpeg: "video/mpeg", ts: "video/mp2t", m2ts: "video/mp2t",
  m3u8: "application/vnd.apple.mpegurl", mpd: "application/dash+xml", mp3: "audio/mpeg", m4a: "audio/mp4", ogg: "audio/ogg",
  oga: "audio/ogg", opus: "audio/ogg", aac: "audio/aac", flac: "audio/flac", midi: "audio/midi", wav: "audio/wav",
  weba: "audio/webm", vtt: "text/vtt",
  txt: "text/plain", text: "text/plain", log: "text/plain", srt: "text/plain", ini: "text/plain", toml: "text/plain",
  md: "text/markdown", markdown: "text/markdown", csv: "text/csv", tsv: "text/tab-separated-values", ics: "text/calendar",
  vcf: "text/vcard", yaml: "application/yaml", yml: "application/yaml", pdf: "application/pdf", epub: "application/epub+zip",
  zip: "application/zip", gz: "application/gzip", tgz: "application/gzip", tar: "application/x-tar", bz2: "application/x-bzip2",
  xz: "application/x-xz", zst: "application/zstd", "7z": "application/x-7z-compressed", torrent: "application/x-bittorrent",
  rtf: "application/rtf", exe: "application/octet-stream", dmg: "application/octet-stream", deb: "application/octet-stream",
  rpm: "application/octet-stream", iso: "application/octet-stream", bin: "application/octet-stream",
  img: "application/octet-stream", apk: "application/octet-stream", sqlite: "application/vnd.sqlite3",
  sqlite3: "application/vnd.sqlite3", glb: "model/gltf-binary", gltf: "model/gltf+json",
};

/** The type of a file's name; "" when its ending is not known. */
export function typeByName(path: string): string {
  const ending = /\.([^./]{1,15})$/.exec(path)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(byEnding, ending) ? (byEnding[ending] ?? "") : "";
}

/** The Content-Type of a file whose first bytes are head. */
export function contentType(path: string, head: Uint8Array): string {
  const named = typeByName(path) || sniff(head);
  if (!named.startsWith("text/")) {
    return named;
  }
  if (named === "text/html" && /charset/i.test(new TextDecoder("latin1").decode(head.subarray(0, sniffLength)))) {
    return named; // the header would overrule what the page says of itself
  }
  return isUTF8(head) ? `${named}; charset=utf-8` : named;
}

/** The beginnings that tell a type (MIME Sniffing §7), of those that sites have. */
const beginnings: readonly (readonly [RegExp, string])[] = [
  [/^\s*<(?:!doctype html|html|head|body|script|iframe|h1|div|font|table|a|style|title|b|br|p)[\s>]/i, "text/html"],
  [/^\s*<!--/, "text/html"],
  [/^\s*<\?xml/, "text/xml"],
  [/^%PDF-/, "application/pdf"],
  [/^\x89PNG\r\n\x1a\n/, "image/png"],
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^GIF8[79]a/, "image/gif"],
  [/^RIFF[^]{4}WEBP/, "image/webp"],
  [/^[^]{4}ftyp/, "video/mp4"],
  [/^\x1a\x45\xdf\xa3/, "video/webm"],
  [/^OggS/, "application/ogg"],
  [/^ID3/, "audio/mpeg"],
  [/^PK\x03\x04/, "application/zip"],
  [/^\x1f\x8b\x08/, "application/x-gzip"],
  [/^\x00asm/, "application/wasm"],
  [/^wOFF/, "font/woff"],
  [/^wOF2/, "font/woff2"],
];

function sniff(head: Uint8Array): string {
  const text = new TextDecoder("latin1").decode(head.subarray(0, 512));
  for (const [form, type] of beginnings) {
    if (form.test(text)) {
      return type;
    }
  }
  // Control characters that no text has (MIME Sniffing §3).
  return /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/.test(text) ? "application/octet-stream" : "text/plain";
}

/** Whether head may be the beginning of UTF-8. */
function isUTF8(head: Uint8Array): boolean {
  const whole = head.length < sniffLength;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(head.subarray(0, sniffLength), { stream: !whole });
    return true;
  } catch {
    return false;
  }
}
