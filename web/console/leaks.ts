// What browsers keep an app from in app mode, as measured: the policy is on
// every response of the app's origin, and the shell's frame-src around it.

export type Browser = "chromium" | "oldChromium" | "firefox" | "other";
export type Way = "requests" | "navigation" | "hints" | "stun" | "ice";

/** What one browser closes and what it leaves open. */
export interface Guarantee {
  readonly browser: Browser;
  readonly closed: readonly Way[];
  readonly open: readonly Way[];
}

/** The first version of Chromium that knows Connection-Allowlist. */
const connectionAllowlist = 152;

export const guarantees: readonly Guarantee[] = [
  { browser: "chromium", closed: ["requests", "navigation", "hints", "stun"], open: ["ice"] },
  { browser: "firefox", closed: ["requests", "navigation"], open: ["hints", "stun", "ice"] },
  { browser: "oldChromium", closed: ["requests", "navigation"], open: ["hints", "stun", "ice"] },
  { browser: "other", closed: [], open: ["requests"] },
];

/** Tells the browser from its user agent. */
export function browserOf(userAgent: string): Browser {
  const chromium = /\b(?:Chrome|Chromium|HeadlessChrome)\/(\d+)/.exec(userAgent);
  if (chromium) {
    return Number(chromium[1]) >= connectionAllowlist ? "chromium" : "oldChromium";
  }
  return /\bFirefox\/\d/.test(userAgent) ? "firefox" : "other";
}
