// Whether the visitor pays for what they send.

/** The Network Information API, where there is one. */
interface Connection extends EventTarget {
  readonly saveData?: boolean;
  readonly type?: string;
  readonly effectiveType?: string;
}

/** Whether this connection is metered, slow, or asked to be spared. */
export function metered(connection: Connection | undefined): boolean {
  return connection?.saveData === true || connection?.type === "cellular" || /2g/.test(connection?.effectiveType ?? "");
}

/** Watches the connection of this browser. */
export function watchMetered(changed: (metered: boolean) => void, signal: AbortSignal): void {
  const { connection } = navigator as Navigator & { readonly connection?: Connection };
  changed(metered(connection));
  connection?.addEventListener("change", () => changed(metered(connection)), { signal });
}
