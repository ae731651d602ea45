// Puts the loader's script into a page that the worker serves, so that the page
// stays a peer; as the host does with the pages it serves (internal/host/inject).

/** What is put in. */
export const loaderTag = '<script src="/.kith/loader.js" async></script>';

/** What may stand before a page's first element, and the tags whose inside the script may be put in. */
const prologue = /[\s\ufeff]+|\u00ef\u00bb\u00bf|<!--[^]*?-->|<!doctype[^>]*>|<html(?:\s(?:[^>"']|"[^"]*"|'[^']*')*)?>|<head(?:\s(?:[^>"']|"[^"]*"|'[^']*')*)?>/iy;

/** Encodings in which ASCII characters are not themselves. */
const foreign = /charset\s*=\s*["']?(?:utf-?(?:16|32|7)|unicode|ucs-2|iso-(?:10646|2022)|hz-)/i;

/** Where in the beginning of a page the script belongs: behind <head>, or as early as it may stand. */
export function loaderPlace(head: Uint8Array): number {
  const text = new TextDecoder("latin1").decode(head);
  let at = 0;
  prologue.lastIndex = 0;
  for (let m = prologue.exec(text); m; m = prologue.exec(text)) {
    at = prologue.lastIndex;
    if (/^<head/i.test(m[0])) {
      break;
    }
  }
  return at;
}

/** Whether a page of this type and beginning can be changed. */
export function canInject(type: string, head: Uint8Array): boolean {
  const wide = (head[0] === 0xfe && head[1] === 0xff) || (head[0] === 0xff && head[1] === 0xfe);
  return type.startsWith("text/html") && !foreign.test(type) && !wide;
}

/** The beginning of a page with the loader's script in it. */
export function injectLoader(head: Uint8Array): Uint8Array {
  const at = loaderPlace(head);
  const tag = new TextEncoder().encode(loaderTag);
  const out = new Uint8Array(head.length + tag.length);
  out.set(head.subarray(0, at));
  out.set(tag, at);
  out.set(head.subarray(at), at + tag.length);
  return out;
}
