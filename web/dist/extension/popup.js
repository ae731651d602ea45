// console/text/language.ts
function localeOf(language2, wanted) {
  return wanted.find((w) => w === language2 || w.startsWith(`${language2}-`)) ?? language2;
}
var fromRight = /^(?:ar|arc|ckb|dv|fa|he|ks|ku|nqo|ps|sd|ug|ur|yi)\b/;
function direction(language2) {
  return fromRight.test(language2) ? "rtl" : "ltr";
}

// extension/address.ts
var scheme = /^(?:web\+)?(?:wtp|ipfs|ipns|dweb):(?:\/\/)?[^\s/]/i;
function linked(text) {
  let t2 = text.trim();
  return t2.length <= 2e3 && scheme.test(t2) ? t2.replace(/^web\+/i, "") : void 0;
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
function nodeAt(text) {
  let t2 = /^\d+$/.test(text.trim()) ? `http://localhost:${text.trim()}` : text.trim();
  if (!URL.canParse(t2))
    return;
  let u = new URL(t2);
  return u.protocol === "http:" && u.hostname === "localhost" && !u.username && u.pathname === "/" ? u.origin : void 0;
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

// extension/text.ts
function t(name, ...values) {
  return browser.i18n.getMessage(name, values);
}
var units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
function bytes(n, language2) {
  let unit = 0, value = Math.max(0, n);
  for (; value >= 1e3 && unit < units.length - 1; )
    value /= 1e3, unit++;
  let digits = unit === 0 || value >= 100 ? 0 : 1;
  return new Intl.NumberFormat(language2, {
    style: "unit",
    unit: units[unit] ?? "byte",
    unitDisplay: unit === 0 ? "long" : "short",
    maximumFractionDigits: digits
  }).format(value);
}
function fill(root) {
  root.documentElement.lang = t("language"), root.documentElement.dir = direction(t("language"));
  for (let e of root.querySelectorAll("[data-text]"))
    e.textContent = t(e.dataset.text ?? "");
  for (let e of root.querySelectorAll("[data-placeholder]"))
    e.placeholder = t(e.dataset.placeholder ?? "");
}

// extension/popup/popup.ts
var every = 1e3, language = localeOf(t("language"), [browser.i18n.getUILanguage()]), views = ["offline", "connect", "pending", "site", "none"];
function element(id) {
  let e = document.getElementById(id);
  if (!e)
    throw new Error(`the popup has no ${id}`);
  return e;
}
function show(view) {
  for (let v of views)
    element(v).hidden = v !== view;
}
function complain(error) {
  let e = element("error"), said = error instanceof NodeError && error.hint ? `${error.message}. ${error.hint}` : error instanceof Error ? error.message : "";
  e.textContent = said, e.hidden = said === "";
}
async function tell(m) {
  let { error } = await browser.runtime.sendMessage(m);
  return complain(error ? new Error(error) : void 0), error === "";
}
async function tabBelow() {
  let named = new URLSearchParams(location.search).get("url");
  return named !== null ? { url: named } : (await browser.tabs.query({ active: !0, currentWindow: !0 }))[0];
}
async function look() {
  let settings = await loadSettings(), pending = await loadPending(), node = new Node(settings.node, settings.token);
  element("console").href = `${settings.node}/#/`, element("manager").href = `${settings.node}/#/sites`;
  try {
    settings.token === "" ? (element("code").textContent = pending?.code ?? "", show(pending ? "pending" : "connect")) : await looked(node, settings);
  } catch (e) {
    await failed(e, settings);
  }
}
async function failed(e, settings) {
  if (e instanceof NodeError && e.kind === "unauthorized")
    await saveSettings({ token: "" }), show("connect");
  else if (e instanceof NodeError && e.kind === "offline") {
    let place = element("place");
    place.value ||= settings.node, show("offline");
  } else
    complain(e);
}
async function looked(node, settings) {
  let tab = await tabBelow(), label = labelOf(tab?.url ?? "", settings.node);
  if (label)
    try {
      showSite(await node.site(label)), show("site");
      return;
    } catch (e) {
      if (!(e instanceof NodeError && e.kind === "not_found"))
        throw e;
    }
  await node.version(), element("look-up").checked = settings.lookUp;
  let domain = domainOf(tab?.url ?? ""), has = domain !== void 0 && element("domain").hidden && await node.resolve(domain).catch(() => {
  }) !== void 0;
  domain && has && (element("nothing").hidden = !0, element("domain").hidden = !1, element("domain-text").textContent = t("domainHas", domain), element("always").checked = settings.always.includes(domain)), show("none");
}
function showSite(site) {
  let { stats } = site, peers = stats.peers?.length ?? 0, set = (id, text) => {
    element(id).textContent !== text && (element(id).textContent = text);
  };
  set("host", site.name || site.address), set("peers", peers === 0 ? t("peers0") : peers === 1 ? t("peers1") : t("peersN", String(peers))), set("progress", stats.total > 0 ? t("progressValue", bytes(stats.stored, language), bytes(stats.total, language)) : bytes(stats.stored, language)), element("bar").value = stats.total > 0 ? Math.min(1, stats.stored / stats.total) : 0, set("downloaded", bytes(stats.downloaded, language)), set("uploaded", bytes(stats.uploaded, language)), set("down-rate", t("rate", bytes(stats.downRate, language))), set("up-rate", t("rate", bytes(stats.upRate, language)));
  let target = site.target || site.address;
  set("hash-label", t(target.startsWith("ipfs:") || target.startsWith("ipns:") ? "cid" : "infohash")), set("hash", target.replace(/^[a-z]+:\/\//, "")), set("site-address", site.address.replace(/^[a-z]+:\/\//, "")), element("address-row").hidden = site.address === target, set("trouble", site.error ?? ""), element("trouble").hidden = !site.error;
  let seed = element("seed");
  seed.checked = site.pinned || site.published, seed.disabled = site.published, set("seed-text", t(site.published ? "seedOwn" : "seed")), seed.dataset.label = site.label;
  let domain = domainOf(`https://${site.address}/`);
  element("plain").hidden = !domain || site.address.includes(":"), element("plain").dataset.domain = domain ?? "";
}
function begin() {
  fill(document), element("ask").addEventListener("click", () => {
    connect();
  }), element("again").addEventListener("click", () => {
    connect();
  }), element("retry").addEventListener("submit", (e) => {
    e.preventDefault();
    let place = nodeAt(element("place").value);
    (place ? saveSettings({ node: place }) : Promise.resolve()).then(look);
  }), element("open").addEventListener("submit", (e) => {
    e.preventDefault();
    let typed = element("address").value.trim();
    typed === "" || go(linked(typed) ?? typed);
  }), element("seed").addEventListener("change", () => {
    keep();
  }), element("look-up").addEventListener("change", () => {
    saveSettings({ lookUp: element("look-up").checked });
  }), element("always").addEventListener("change", () => {
    always();
  }), element("domain-open").addEventListener("click", () => {
    tabBelow().then((tab) => go(pageOf(tab?.url ?? "")));
  }), element("plain").addEventListener("click", () => {
    plain();
  }), browser.runtime.sendMessage({ kith: "look" }), repeat();
}
async function repeat() {
  await look(), setTimeout(() => {
    repeat();
  }, every);
}
async function connect() {
  let { node } = await loadSettings();
  await tell({ kith: "connect" }) || (complain(void 0), await failed(new NodeError("offline", ""), { node, token: "", always: [], lookUp: !1 }));
}
async function go(address) {
  let tab = await tabBelow();
  await tell({ kith: "open", address, ...tab?.id === void 0 ? {} : { tab: tab.id } }) && close();
}
async function keep() {
  let { node, token } = await loadSettings(), seed = element("seed");
  try {
    await new Node(node, token).keep(seed.dataset.label ?? "", seed.checked), complain(void 0);
  } catch (e) {
    seed.checked = !seed.checked, complain(e);
  }
}
async function always() {
  let domain = domainOf((await tabBelow())?.url ?? ""), before = (await loadSettings()).always.filter((d) => d !== domain);
  domain && await saveSettings({ always: element("always").checked ? [...before, domain] : before });
}
async function plain() {
  let tab = await tabBelow(), domain = element("plain").dataset.domain ?? "";
  tab?.id !== void 0 && await tell({ kith: "plain", domain, tab: tab.id }) && close();
}
begin();
