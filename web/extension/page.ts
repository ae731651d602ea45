// In every page: a link of the peer-to-peer web that a person follows goes to the
// background. It changes nothing in the page and reads nothing else.
import { linked } from "./address.ts";
import { browser } from "./api.ts";
import type { Message } from "./message.ts";

function follow(e: MouseEvent): void {
  if (!e.isTrusted || e.defaultPrevented || e.button > 1) {
    return;
  }
  const link = e.composedPath().find((n): n is HTMLAnchorElement => n instanceof HTMLAnchorElement && n.href !== "");
  const address = link && linked(link.getAttribute("href") ?? "");
  if (link && address) {
    e.preventDefault();
    const fresh = e.button === 1 || e.ctrlKey || e.metaKey || e.shiftKey || link.target === "_blank";
    void browser.runtime.sendMessage({ kith: "link", address, fresh } satisfies Message).catch(() => undefined);
  }
}

addEventListener("click", follow);
addEventListener("auxclick", follow);
