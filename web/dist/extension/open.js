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

// extension/api.ts
var browser = typeof chrome > "u" ? {} : chrome;

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

// console/text/language.ts
var fromRight = /^(?:ar|arc|ckb|dv|fa|he|ks|ku|nqo|ps|sd|ug|ur|yi)\b/;
function direction(language) {
  return fromRight.test(language) ? "rtl" : "ltr";
}

// extension/text.ts
function t(name, ...values) {
  return browser.i18n.getMessage(name, values);
}
function fill(root) {
  root.documentElement.lang = t("language"), root.documentElement.dir = direction(t("language"));
  for (let e of root.querySelectorAll("[data-text]"))
    e.textContent = t(e.dataset.text ?? "");
  for (let e of root.querySelectorAll("[data-placeholder]"))
    e.placeholder = t(e.dataset.placeholder ?? "");
}

// extension/open/open.ts
function put(id, text) {
  let e = document.getElementById(id);
  e && (e.textContent = text);
}
async function open() {
  let address = "";
  try {
    address = decodeURIComponent(location.hash.slice(1));
  } catch {
    return;
  }
  put("title", t("opening", address)), put("why", ""), put("hint", "");
  let { node, token } = await loadSettings();
  try {
    location.replace(await new Node(node, token).open(address));
  } catch (e) {
    put("title", t("failed", address));
    let kind = e instanceof NodeError ? e.kind : "";
    put("why", kind === "offline" ? t("offlineTitle") : kind === "unauthorized" ? t("connectText") : e instanceof Error ? e.message : ""), put("hint", kind === "offline" ? `${t("offlineText")} kith up` : e instanceof NodeError && kind !== "unauthorized" ? e.hint : "");
    let again = document.getElementById("again");
    again && (again.hidden = !1);
  }
}
fill(document);
document.getElementById("again")?.addEventListener("click", () => {
  open();
});
open();
