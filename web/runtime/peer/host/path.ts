/** Paths and labels of documents (spec/app-api.md §2). */
import { typeByName as known } from "../../worker/ctype.ts";
import { Fault } from "../fault.ts";

const mostPath = 1024;
const mostSegment = 255;
const mostLabels = 16;
const mostLabel = 256;

/** A path that can be a document's; one that ends in "/" or is empty is a folder's. */
export function checked(path: string): string {
  const size = new TextEncoder().encode(path).length;
  if (size > mostPath) {
    throw new Fault("invalid", `a path of ${size} octets`, `use at most ${mostPath}`);
  }
  const segments = path.split("/");
  if (segments.at(-1) === "") segments.pop();
  if (segments.some((s) => s === "" || s === "." || s === ".." || /[\u0000-\u001f\u007f]/.test(s))) {
    throw new Fault("invalid", `${JSON.stringify(path.slice(0, 100))} is no path of a document`, "have no empty segments, no . and .., and no control characters");
  }
  if (segments.some((s) => s.length > mostSegment / 3 && new TextEncoder().encode(s).length > mostSegment)) {
    throw new Fault("invalid", `a name of more than ${mostSegment} octets in ${path.slice(0, 100)}`, "use shorter ones");
  }
  return path;
}

/** The order of the octets of paths. */
export function byOctets(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Halves of pairs stand for what is beyond all single code units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

/** Whether a path is a folder's. */
export function isFolder(path: string): boolean {
  return path === "" || path.endsWith("/");
}

/** The type of a document by its name. */
export function typeByName(path: string): string {
  return known(path) || "application/octet-stream";
}

/** Reads Kith-Labels; undefined where there is none. */
export function readLabels(field: string | null): string[] | undefined {
  if (field === null) return undefined;
  const labels = field.split(",").map((l) => l.trim()).filter((l) => l !== "");
  if (labels.length > mostLabels) {
    throw new Fault("invalid", `${labels.length} labels`, `use at most ${mostLabels}`);
  }
  return [...new Set(labels.map(readLabel))];
}

function readLabel(text: string): string {
  let label: string;
  try {
    label = decodeURIComponent(text);
  } catch {
    throw new Fault("invalid", `the label ${text.slice(0, 80)} is not percent-encoded UTF-8`);
  }
  if (label.length > mostLabel) {
    throw new Fault("invalid", `a label of ${label.length} characters`, `use at most ${mostLabel}`);
  }
  return label;
}

/** Writes Kith-Labels; undefined for none. */
export function writeLabels(labels: readonly string[]): string | undefined {
  return labels.length > 0 ? labels.map((l) => encodeURIComponent(l)).join(", ") : undefined;
}

/** A path as it is in a URL. */
export function encoded(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
