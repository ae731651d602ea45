"use strict";
(() => {
  // extension/address.ts
  var scheme = /^(?:web\+)?(?:wtp|ipfs|ipns|dweb):(?:\/\/)?[^\s/]/i;
  function linked(text) {
    let t = text.trim();
    return t.length <= 2e3 && scheme.test(t) ? t.replace(/^web\+/i, "") : void 0;
  }

  // extension/api.ts
  var browser = typeof chrome > "u" ? {} : chrome;

  // extension/page.ts
  function follow(e) {
    if (!e.isTrusted || e.defaultPrevented || e.button > 1)
      return;
    let link = e.composedPath().find((n) => n instanceof HTMLAnchorElement && n.href !== ""), address = link && linked(link.getAttribute("href") ?? "");
    if (link && address) {
      e.preventDefault();
      let fresh = e.button === 1 || e.ctrlKey || e.metaKey || e.shiftKey || link.target === "_blank";
      browser.runtime.sendMessage({ kith: "link", address, fresh }).catch(() => {
      });
    }
  }
  addEventListener("click", follow);
  addEventListener("auxclick", follow);
})();
