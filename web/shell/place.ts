// Where the shell is: /app/<label>/<path> of the console's origin shows
// <path> of the app's own.

/** An app and the page of it that is shown. */
export interface AppPlace {
  readonly label: string;
  /** With its leading slash, query and fragment. */
  readonly path: string;
}

/** A label of a host name (RFC 1123, 2.1). Anything else must not become part of an origin. */
const labelForm = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Reads the shell's own location; undefined when it names no app. */
export function parseAppPlace(at: Pick<Location, "pathname" | "search" | "hash">): AppPlace | undefined {
  const m = /^\/app\/([^/]+)(\/.*)?$/s.exec(at.pathname);
  const label = m?.[1];
  if (label === undefined || !labelForm.test(label)) {
    return undefined;
  }
  return { label, path: (m?.[2] ?? "/") + at.search + at.hash };
}

/** The origin of an app, beside the shell's own. */
export function appOrigin(label: string, at: Pick<Location, "protocol" | "port">): string {
  return `${at.protocol}//${label}.localhost${at.port === "" ? "" : `:${at.port}`}`;
}

/** What a person reads for a label: the DNS name it stands for, or its two ends. */
export function readable(label: string): string {
  if (label.includes("-") && !/^(?:wtp|nearby)-/.test(label)) {
    return label.replace(/--|-/g, (x) => (x === "-" ? "." : "-"));
  }
  return label.length <= 24 ? label : `${label.slice(0, 14)}…${label.slice(-6)}`;
}

/**
 * The shell's path for a page that the app says it shows, so that the address
 * can be kept and handed on; undefined for what is no path of the app's own.
 */
export function shellPath(label: string, said: unknown): string | undefined {
  if (typeof said !== "string" || !said.startsWith("/") || said.length > 2048) {
    return undefined;
  }
  const url = new URL(`/app/${label}${said}`, "http://localhost");
  return url.pathname.startsWith(`/app/${label}/`) ? url.pathname + url.search + url.hash : undefined;
}
