import { isServed } from "./place.ts";

/**
 * Whether this page is a frame inside another origin's. The policy-controlled
 * feature "local-peer-to-peer" is for the top and its own origin by default. What
 * a node serves is framed by the node's own shell alone, which the node sees to.
 */
export function isEmbedded(): boolean {
  if (typeof window === "undefined" || isServed()) {
    return false;
  }
  try {
    return window.top?.origin !== window.origin;
  } catch {
    return true;
  }
}

/**
 * Tells the shell, when this page is an app in it, that the person is asked
 * something: the shell, which is the node's own page, may say so and does no more.
 */
export function tellShell(): void {
  if (typeof window !== "undefined" && isServed() && window.parent !== window) {
    window.parent.postMessage({ kith: "asking" }, "*");
  }
}
