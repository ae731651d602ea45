import { Fault } from "../fault.ts";
import { maxApp, maxLabel, maxPath, maxSegment, maxType } from "./bounds.ts";

const encoder = new TextEncoder();

function octets(text: string): number {
  return encoder.encode(text).length;
}

/** Whether text has more octets than that. */
function exceeds(text: string, most: number): boolean {
  return text.length > most || (3 * text.length > most && octets(text) > most);
}

/** Whether text has control characters, or is none of Unicode. */
function isOdd(text: string): boolean {
  return /[\p{Cc}\p{Cs}]/u.test(text);
}

/**
 * Says what is wrong with a path of a document: segments of letters a person could
 * type, parted by slashes, none of them empty, "." or "..".
 */
export function checkPath(path: string): void {
  if (path === "" || exceeds(path, maxPath)) {
    throw new Fault("invalid", `a path of ${octets(path)} octets`, `use 1 to ${maxPath} octets`);
  }
  if (isOdd(path)) throw new Fault("invalid", `the path ${JSON.stringify(path)} has control characters`);
  path.split("/").forEach((s, i) => {
    if (s === "" || s === "." || s === ".." || exceeds(s, maxSegment) || (i === 0 && (s === ".own" || s === ".app"))) {
      throw new Fault(
        "invalid", `the path "${path}" has a part "${s}"`,
        `parts are separated by one slash, not empty, and at most ${maxSegment} octets; the first is not .own or .app`,
      );
    }
  });
}

/** Allows what checkPath does, with or without a slash at the end, and "". */
export function checkFolder(path: string): void {
  const folder = path.endsWith("/") ? path.slice(0, -1) : path;
  if (folder !== "") checkPath(folder);
}

export function checkRecordKey(key: string): void {
  if (key === "" || exceeds(key, maxPath) || /\p{Cs}/u.test(key)) {
    throw new Fault("invalid", `a record's key of ${octets(key)} octets`);
  }
}

export function checkApp(app: string): void {
  if (!/^(?!\.)[!-.0-~]*$/.test(app) || app.length > maxApp) {
    throw new Fault("invalid", `an app is not called "${app}"`, `at most ${maxApp} characters, no dot first`);
  }
}

export function checkLabel(label: string): void {
  if (label === "" || exceeds(label, maxLabel) || isOdd(label)) {
    throw new Fault("invalid", `the label "${label}"`, `use 1 to ${maxLabel} octets`);
  }
}

export function checkType(type: string): void {
  if (type.length > maxType || !/^[ -~]*$/.test(type)) throw new Fault("invalid", `the media type "${type}"`);
}

/** A folder as what its paths begin with. */
export function below(folder: string): string {
  return folder === "" || folder.endsWith("/") ? folder : `${folder}/`;
}

const appPrefix = ".app/";

/** Where friends find a document: an app's are below .app/<app>/. */
export function publicPath(app: string, path: string): string {
  return app === "" ? path : `${appPrefix}${app}/${path}`;
}

/** The reverse of publicPath; what is no path of an app is one of the person's own files. */
export function splitPath(path: string): { app: string; path: string } {
  const place = placeOf(path);
  return place.app === nobodys ? { app: "", path } : place;
}

const nobodys = "\0"; // no app is called so

/** The reverse of publicPath; what is no path names nothing. */
export function placeOf(path: string): { app: string; path: string } {
  if (!path.startsWith(appPrefix)) return { app: "", path };
  const rest = path.slice(appPrefix.length);
  const slash = rest.indexOf("/");
  if (slash <= 0) return { app: nobodys, path: rest };
  return { app: rest.slice(0, slash), path: rest.slice(slash + 1) };
}

/** Orders texts as their octets in UTF-8 are, which all devices of a person do. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for what comes after all other code units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
