// What a page loaded past the worker: before there was one, or because it took
// too long.

/** Milliseconds in which several are told together. */
const together = 500;
const most = 512;

/** Tells the URLs of this origin that were loaded past the worker, now and later. */
export function watchPast(tell: (urls: readonly string[]) => void): void {
  let found: string[] = [];
  let telling = false;
  const watch = new PerformanceObserver((list) => {
    for (const e of list.getEntries() as PerformanceResourceTiming[]) {
      const own = e.name.startsWith(`${location.origin}/`) && !e.name.startsWith(`${location.origin}/.kith/`);
      if (own && e.workerStart === 0 && found.length < most) {
        found.push(e.name);
      }
    }
    if (found.length > 0 && !telling) {
      telling = true;
      setTimeout(() => {
        telling = false;
        tell([...new Set(found)]);
        found = [];
      }, together);
    }
  });
  watch.observe({ type: "resource", buffered: true });
}
