// The host defers pictures and media of a first visit (internal/host/inject):
// their URLs wait in attributes of our own until the worker can fetch them from
// peers. This gives them their names back.

const names = ["src", "srcset", "poster"] as const;
const deferred = names.map((n) => `[data-kith-${n}]`).join();

/** Gives deferred elements their URLs, all of them or those that which chooses; returns whether there were any. */
export function restore(root: ParentNode, which: (e: Element) => boolean = () => true): boolean {
  const films = new Set<HTMLMediaElement>();
  const all = [...root.querySelectorAll(deferred)].filter(which);
  // A picture's sources come before its img, which would else choose without them.
  all.sort((a, b) => Number(b.tagName === "SOURCE") - Number(a.tagName === "SOURCE"));
  for (const e of all) {
    for (const name of names) {
      const url = e.getAttribute(`data-kith-${name}`);
      if (url !== null) {
        e.removeAttribute(`data-kith-${name}`);
        e.setAttribute(name, url);
      }
    }
    // A source that comes to have a URL later is not looked at by itself (HTML §4.8.2).
    if (e.parentNode instanceof HTMLMediaElement) {
      films.add(e.parentNode);
    }
  }
  films.forEach((f) => f.load());
  return all.length > 0;
}

/** Restores what is in the window now. */
export function restoreShown(d: Document): void {
  restore(d, (e) => {
    const box = (e.closest("picture, video, audio")?.querySelector("img") ?? e.closest("video, audio") ?? e).getBoundingClientRect();
    return box.bottom >= 0 && box.right >= 0 && box.top <= innerHeight && box.left <= innerWidth;
  });
}

/** Restores all there is, and what the parser still adds. */
export function restoreAll(d: Document): void {
  whole(d);
  if (d.readyState === "loading") {
    const watch = new MutationObserver(() => whole(d));
    watch.observe(d, { childList: true, subtree: true });
    d.addEventListener("DOMContentLoaded", () => {
      watch.disconnect();
      whole(d);
    }, { once: true });
  }
}

function whole(d: Document): void {
  restore(d);
  d.querySelectorAll("noscript[data-kith]").forEach((n) => n.remove());
}
