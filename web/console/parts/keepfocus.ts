// Who uses a keyboard or hears the page stays where they were when what had the focus
// goes away: a row that was deleted, a form that is done.

/** The nearest of the places around something, from the inside, that has a heading to go on from. */
const places = "article, section, .page, main";

/** Keeps the focus below root from falling to the page's beginning. */
export function keepFocus(root: HTMLElement): void {
  let last: Element | undefined;
  let around: Element[] = [];
  root.addEventListener("focusin", (e) => {
    last = e.target as Element;
    around = [];
    for (let at = last.closest(places); at; at = at.parentElement?.closest(places) ?? null) around.push(at);
  });
  new MutationObserver(() => {
    const lost = last && !last.isConnected && (document.activeElement === document.body || document.activeElement === null);
    if (!lost) return;
    last = undefined;
    const place = around.find((a) => a.isConnected);
    const heading = place?.querySelector<HTMLElement>(":scope > :is(h1, h2, h3), :scope > header h1, :scope > .heading > h2") ?? place?.querySelector<HTMLElement>("h1, h2") ?? undefined;
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }).observe(root, { childList: true, subtree: true });
}
