// runtime.js: what the loader brings in after the first paint.
import { Visit } from "./visit.ts";

/** Starts this page's part in the visit. */
export function start(options: { readonly badge: boolean } = { badge: true }): Visit {
  const visit = new Visit();
  void visit.begin().then(() => (options.badge ? showBadge(visit) : undefined));
  return visit;
}

/** The badge is fetched only where the site's owner wants it and the visitor did not send it away. */
async function showBadge(visit: Visit): Promise<void> {
  if (visit.info?.badge && !visit.settings.hidden) {
    const badge = "/.kith/badge.js"; // named so, the bundler leaves it outside
    const { show } = (await import(badge)) as { show: (v: Visit) => void };
    show(visit);
  }
}
