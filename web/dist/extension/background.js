"use strict";
(() => {
  // extension/address.ts
  var scheme = /^(?:web\+)?(?:wtp|ipfs|ipns|dweb):(?:\/\/)?[^\s/]/i;
  function linked(text) {
    let t = text.trim();
    return t.length <= 2e3 && scheme.test(t) ? t.replace(/^web\+/i, "") : void 0;
  }
  function searched(url) {
    if (!URL.canParse(url))
      return;
    let u = new URL(url);
    if (!(u.protocol !== "https:" && u.protocol !== "http:" || isLocal(u.hostname)))
      for (let name of ["q", "p", "query", "text", "wd", "word", "s", "search", "k"]) {
        let found = linked(u.searchParams.get(name) ?? "");
        if (found)
          return found;
      }
  }
  function domainOf(url) {
    if (!URL.canParse(url))
      return;
    let { protocol, hostname, port } = new URL(url), named = hostname.includes(".") && !isLocal(hostname) && !/^[\d.]+$|^\[/.test(hostname);
    return (protocol === "https:" || protocol === "http:") && named && port === "" ? hostname : void 0;
  }
  function pageOf(url) {
    let u = new URL(url);
    return u.hostname + u.pathname + u.search + u.hash;
  }
  function labelOf(url, node) {
    if (!URL.canParse(url) || !URL.canParse(node))
      return;
    let u = new URL(url), n = new URL(node);
    if (!(u.protocol !== "http:" || u.port !== n.port))
      return u.hostname === n.hostname ? /^\/app\/([a-z0-9-]+)(?:\/|$)/.exec(u.pathname)?.[1] : /^([a-z0-9-]+)\.localhost$/.exec(u.hostname)?.[1];
  }
  function isLocal(hostname) {
    return hostname === "localhost" || hostname.endsWith(".localhost");
  }

  // extension/api.ts
  var browser = typeof chrome > "u" ? {} : chrome;

  // extension/node.ts
  var NodeError = class extends Error {
    constructor(kind, message, hint = "") {
      super(message), this.name = "NodeError", this.kind = kind, this.hint = hint;
    }
  }, within = 2e4, Node = class {
    #token;
    constructor(place, token) {
      this.place = place, this.#token = token;
    }
    /** Asks to be connected; the answer is the code that the console shows too. */
    async ask(name, challenge) {
      return (await this.#call("POST", "extensions/ask", { name, challenge })).code;
    }
    /** The token, once the owner consented; "" before. */
    async claim(secret) {
      return (await this.#call("POST", "extensions/claim", { secret })).token;
    }
    async version() {
      return (await this.#call("GET", "version")).version;
    }
    /** Opens an address and returns where it is seen. */
    async open(address) {
      let { url } = await this.#call("POST", "open", { address }), u = new URL(url);
      if (u.protocol !== "http:" || u.hostname !== "localhost" && !u.hostname.endsWith(".localhost"))
        throw new NodeError("internal", "the node leads elsewhere");
      return url;
    }
    async site(label) {
      return this.#call("GET", `sites/${encodeURIComponent(label)}`);
    }
    async keep(label, pinned) {
      return this.#call("PATCH", `sites/${encodeURIComponent(label)}`, { pinned });
    }
    /** The network that a domain has a site on; undefined when it has none. */
    async resolve(domain) {
      try {
        let { network } = await this.#call("GET", `resolve?address=${encodeURIComponent(domain)}`);
        return network;
      } catch (e) {
        if (e instanceof NodeError && e.kind === "not_found")
          return;
        throw e;
      }
    }
    async #call(method, path, body) {
      let headers = this.#token ? { Authorization: `Bearer ${this.#token}` } : {}, init = { method, headers, cache: "no-store", credentials: "omit", redirect: "error", signal: AbortSignal.timeout(within) };
      body !== void 0 && (headers["Content-Type"] = "application/json", init.body = JSON.stringify(body));
      let response, answer;
      try {
        response = await fetch(`${this.place}/api/v1/${path}`, init), answer = await response.json();
      } catch (e) {
        throw new NodeError("offline", e instanceof Error ? e.message : String(e));
      }
      if (!response.ok)
        throw failure(answer, response.status);
      return answer;
    }
  };
  function failure(answer, status) {
    let error = answer?.error;
    return typeof error?.kind == "string" && typeof error.message == "string" ? new NodeError(error.kind, error.message, typeof error.hint == "string" ? error.hint : "") : new NodeError(status === 401 ? "unauthorized" : "internal", `HTTP ${status}`);
  }

  // extension/settings.ts
  var defaultNode = "http://localhost:5484";
  async function loadSettings() {
    let v = await browser.storage.local.get(["node", "token", "always", "lookUp"]);
    return {
      node: typeof v.node == "string" ? v.node : defaultNode,
      token: typeof v.token == "string" ? v.token : "",
      always: Array.isArray(v.always) ? v.always.filter((x) => typeof x == "string") : [],
      lookUp: v.lookUp === !0
    };
  }
  async function saveSettings(change) {
    await browser.storage.local.set(change);
  }
  async function loadPending() {
    let { pending } = await browser.storage.session.get(["pending"]), p = pending;
    return typeof p?.secret == "string" && typeof p.code == "string" ? { secret: p.secret, code: p.code } : void 0;
  }
  async function savePending(p) {
    await (p ? browser.storage.session.set({ pending: p }) : browser.storage.session.remove(["pending"]));
  }

  // extension/badge.ts
  var every = 3e3, timer;
  async function refreshBadges() {
    clearTimeout(timer), timer = void 0;
    let pending = await loadPending(), { node, token } = await loadSettings();
    await browser.action.setBadgeText({ text: pending?.code ?? "" }), await browser.action.setBadgeBackgroundColor({ color: pending ? "#8a5300" : "#1b6a4c" });
    let shown = (token === "" ? [] : await browser.tabs.query({ url: ["http://*.localhost/*", "http://localhost/*"] })).filter((t) => t.url && labelOf(t.url, node)), api = new Node(node, token);
    await Promise.all(shown.map((t) => refreshTab(api, t))), shown.length > 0 && timer === void 0 && (timer = setTimeout(() => {
      refreshBadges();
    }, every));
  }
  async function refreshTab(api, tab) {
    let label = labelOf(tab.url ?? "", api.place);
    if (!label || tab.id === void 0)
      return;
    let text = "";
    try {
      let site = await api.site(label);
      text = count(site.stats.peers?.length ?? 0);
    } catch (e) {
      e instanceof NodeError && e.kind === "unauthorized" && await saveSettings({ token: "" }), text = e instanceof NodeError && e.kind === "offline" ? "!" : "";
    }
    await browser.action.setBadgeText({ text, tabId: tab.id }).catch(() => {
    });
  }
  function count(n) {
    return n < 1e4 ? String(n) : "9k+";
  }

  // extension/connect.ts
  async function beginConnect() {
    let { node } = await loadSettings(), secret = hex(crypto.getRandomValues(new Uint8Array(32))), challenge = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret)))), code = await new Node(node, "").ask(browserName(), challenge);
    await savePending({ secret, code }), await browser.tabs.create({ url: `${node}/#/node` });
  }
  async function continueConnect() {
    let pending = await loadPending();
    if (!pending)
      return !1;
    let { node } = await loadSettings();
    try {
      let token = await new Node(node, "").claim(pending.secret);
      if (token === "")
        return !0;
      await saveSettings({ token });
    } catch (e) {
      if (e instanceof NodeError && e.kind === "offline")
        return !0;
    }
    return await savePending(void 0), !1;
  }
  function browserName() {
    let agent = navigator.userAgent, name = /\b(Firefox|Edg|OPR|Vivaldi|Chrome)\//.exec(agent)?.[1] ?? "Browser";
    return { Edg: "Edge", OPR: "Opera", Chrome: "Chromium" }[name] ?? name;
  }
  function hex(bytes) {
    return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  }

  // extension/message.ts
  function readMessage(value) {
    let m = value;
    if (!(typeof m != "object" || m === null))
      switch (m.kith) {
        case "link":
          return typeof m.address == "string" ? { kith: "link", address: m.address, fresh: m.fresh === !0 } : void 0;
        case "open":
          return typeof m.address == "string" ? { kith: "open", address: m.address, ...typeof m.tab == "number" ? { tab: m.tab } : {} } : void 0;
        case "plain":
          return typeof m.domain == "string" && typeof m.tab == "number" ? { kith: "plain", domain: m.domain, tab: m.tab } : void 0;
        case "connect":
          return { kith: "connect" };
        case "look":
          return { kith: "look" };
      }
  }

  // extension/route.ts
  var remember = 10 * 6e4, most = 500, known = /* @__PURE__ */ new Map(), plain = /* @__PURE__ */ new Map();
  async function openAddress(address, tab) {
    let { node, token } = await loadSettings(), url;
    try {
      url = await new Node(node, token).open(address);
    } catch {
      url = browser.runtime.getURL(`open.html#${encodeURIComponent(address)}`);
    }
    await (tab === void 0 ? browser.tabs.create({ url }) : browser.tabs.update(tab, { url }));
  }
  async function openPlain(tab, domain) {
    plain.set(tab, domain), await browser.tabs.update(tab, { url: `https://${domain}/` });
  }
  function forgetTab(tab) {
    plain.delete(tab);
  }
  async function navigates(tab, url) {
    let typed = searched(url) ?? linked(url);
    if (typed) {
      await openAddress(typed, tab);
      return;
    }
    let domain = domainOf(url);
    if (!domain || plain.get(tab) === domain)
      return;
    let settings = await loadSettings();
    if (settings.token !== "" && (settings.always.includes(domain) || settings.lookUp && await hasSite(domain))) {
      let place = await new Node(settings.node, settings.token).open(pageOf(url)).catch(() => {
      });
      place && await browser.tabs.update(tab, { url: place });
    }
  }
  async function hasSite(domain) {
    let before = known.get(domain);
    if (before && Date.now() < before.until)
      return before.has;
    let { node, token } = await loadSettings();
    try {
      let has = await new Node(node, token).resolve(domain) !== void 0;
      return known.size >= most && known.clear(), known.set(domain, { has, until: Date.now() + remember }), has;
    } catch {
      return !1;
    }
  }

  // extension/background.ts
  var poll = 1e3;
  browser.storage.local.setAccessLevel?.({ accessLevel: "TRUSTED_CONTEXTS" });
  var look = () => {
    refreshBadges().catch(() => {
    });
  };
  async function awaitConsent() {
    let waiting = await continueConnect();
    look(), waiting && setTimeout(() => {
      awaitConsent();
    }, poll);
  }
  async function act(m, from) {
    let own = from.url?.startsWith(browser.runtime.getURL("")) === !0;
    if (m.kith === "link") {
      let address = linked(m.address);
      address && await openAddress(address, m.fresh ? void 0 : from.tab?.id);
    } else own && m.kith === "open" ? await openAddress(m.address, m.tab) : own && m.kith === "plain" ? await openPlain(m.tab, m.domain) : own && m.kith === "connect" ? (await beginConnect(), awaitConsent()) : own && m.kith === "look" && awaitConsent();
  }
  browser.runtime.onMessage.addListener((message, sender, answer) => {
    let m = readMessage(message);
    return !m || sender.id !== browser.runtime.id ? !1 : (act(m, sender).then(
      () => answer({ error: "" }),
      (e) => answer({ error: e instanceof Error ? e.message : String(e) })
    ), !0);
  });
  browser.webNavigation.onBeforeNavigate.addListener(({ tabId, frameId, url }) => {
    frameId === 0 && navigates(tabId, url).catch(() => {
    });
  });
  browser.omnibox.setDefaultSuggestion({ description: browser.i18n.getMessage("omnibox") });
  browser.omnibox.onInputEntered.addListener((text, where) => {
    (async () => {
      let [tab] = await browser.tabs.query({ active: !0, currentWindow: !0 });
      await openAddress(linked(text) ?? text.trim(), where === "currentTab" ? tab?.id : void 0);
    })();
  });
  browser.tabs.onActivated.addListener(look);
  browser.tabs.onUpdated.addListener((_, change) => change.status === "complete" && look());
  browser.tabs.onRemoved.addListener(forgetTab);
  browser.alarms.onAlarm.addListener(() => {
    awaitConsent();
  });
  browser.runtime.onStartup.addListener(look);
  browser.runtime.onInstalled.addListener(look);
  browser.alarms.create("look", { periodInMinutes: 0.5 });
})();
