// The popup: what is behind this tab, and the way to get connected.
import { localeOf } from "../../console/text/language.ts";
import { domainOf, labelOf, linked, nodeAt, pageOf } from "../address.ts";
import { browser, type Tab } from "../api.ts";
import type { Answer, Message } from "../message.ts";
import { Node, NodeError, type Site } from "../node.ts";
import { loadPending, loadSettings, saveSettings, type Settings } from "../settings.ts";
import { bytes, fill, t } from "../text.ts";

/** Milliseconds between two looks at a site. */
const every = 1000;

const language = localeOf(t("language"), [browser.i18n.getUILanguage()]);
const views = ["offline", "connect", "pending", "site", "none"] as const;

function element<E extends HTMLElement>(id: string): E {
  const e = document.getElementById(id);
  if (!e) {
    throw new Error(`the popup has no ${id}`);
  }
  return e as E;
}

function show(view: (typeof views)[number]): void {
  for (const v of views) {
    element(v).hidden = v !== view;
  }
}

function complain(error: unknown): void {
  const e = element("error");
  const said = error instanceof NodeError && error.hint ? `${error.message}. ${error.hint}` : error instanceof Error ? error.message : "";
  e.textContent = said;
  e.hidden = said === "";
}

async function tell(m: Message): Promise<boolean> {
  const { error } = (await browser.runtime.sendMessage(m)) as Answer;
  complain(error ? new Error(error) : undefined);
  return error === "";
}

/** The tab the popup stands over. A page may be named, for a popup in a tab of its own. */
async function tabBelow(): Promise<Tab | undefined> {
  const named = new URLSearchParams(location.search).get("url");
  if (named !== null) {
    return { url: named };
  }
  return (await browser.tabs.query({ active: true, currentWindow: true }))[0];
}

async function look(): Promise<void> {
  const settings = await loadSettings();
  const pending = await loadPending();
  const node = new Node(settings.node, settings.token);
  element<HTMLAnchorElement>("console").href = `${settings.node}/#/`;
  element<HTMLAnchorElement>("manager").href = `${settings.node}/#/sites`;
  try {
    if (settings.token === "") {
      element("code").textContent = pending?.code ?? "";
      show(pending ? "pending" : "connect");
    } else {
      await looked(node, settings);
    }
  } catch (e) {
    await failed(e, settings);
  }
}

async function failed(e: unknown, settings: Settings): Promise<void> {
  if (e instanceof NodeError && e.kind === "unauthorized") {
    await saveSettings({ token: "" }); // the owner disconnected us
    show("connect");
  } else if (e instanceof NodeError && e.kind === "offline") {
    const place = element<HTMLInputElement>("place");
    place.value ||= settings.node;
    show("offline");
  } else {
    complain(e);
  }
}

async function looked(node: Node, settings: Settings): Promise<void> {
  const tab = await tabBelow();
  const label = labelOf(tab?.url ?? "", settings.node);
  if (label) {
    try {
      showSite(await node.site(label));
      show("site");
      return;
    } catch (e) {
      if (!(e instanceof NodeError && e.kind === "not_found")) {
        throw e;
      }
    }
  }
  await node.version(); // that it is there, and we are welcome
  element<HTMLInputElement>("look-up").checked = settings.lookUp;
  const domain = domainOf(tab?.url ?? "");
  const has = domain !== undefined && element("domain").hidden && (await node.resolve(domain).catch(() => undefined)) !== undefined;
  if (domain && has) {
    element("nothing").hidden = true;
    element("domain").hidden = false;
    element("domain-text").textContent = t("domainHas", domain);
    element<HTMLInputElement>("always").checked = settings.always.includes(domain);
  }
  show("none");
}

function showSite(site: Site): void {
  const { stats } = site;
  const peers = stats.peers?.length ?? 0;
  const set = (id: string, text: string): void => {
    if (element(id).textContent !== text) {
      element(id).textContent = text; // only what changed is read aloud
    }
  };
  set("host", site.name || site.address);
  set("peers", peers === 0 ? t("peers0") : peers === 1 ? t("peers1") : t("peersN", String(peers)));
  set("progress", stats.total > 0 ? t("progressValue", bytes(stats.stored, language), bytes(stats.total, language)) : bytes(stats.stored, language));
  element<HTMLProgressElement>("bar").value = stats.total > 0 ? Math.min(1, stats.stored / stats.total) : 0;
  set("downloaded", bytes(stats.downloaded, language));
  set("uploaded", bytes(stats.uploaded, language));
  set("down-rate", t("rate", bytes(stats.downRate, language)));
  set("up-rate", t("rate", bytes(stats.upRate, language)));
  const target = site.target || site.address;
  set("hash-label", t(target.startsWith("ipfs:") || target.startsWith("ipns:") ? "cid" : "infohash"));
  set("hash", target.replace(/^[a-z]+:\/\//, ""));
  set("site-address", site.address.replace(/^[a-z]+:\/\//, ""));
  element("address-row").hidden = site.address === target;
  set("trouble", site.error ?? "");
  element("trouble").hidden = !site.error;
  const seed = element<HTMLInputElement>("seed");
  seed.checked = site.pinned || site.published;
  seed.disabled = site.published;
  set("seed-text", t(site.published ? "seedOwn" : "seed"));
  seed.dataset["label"] = site.label;
  const domain = domainOf(`https://${site.address}/`);
  element("plain").hidden = !domain || site.address.includes(":");
  element("plain").dataset["domain"] = domain ?? "";
}

function begin(): void {
  fill(document);
  element("ask").addEventListener("click", () => void connect());
  element("again").addEventListener("click", () => void connect());
  element("retry").addEventListener("submit", (e) => {
    e.preventDefault();
    const place = nodeAt(element<HTMLInputElement>("place").value);
    void (place ? saveSettings({ node: place }) : Promise.resolve()).then(look);
  });
  element("open").addEventListener("submit", (e) => {
    e.preventDefault();
    const typed = element<HTMLInputElement>("address").value.trim();
    void (typed === "" ? undefined : go(linked(typed) ?? typed));
  });
  element("seed").addEventListener("change", () => void keep());
  element("look-up").addEventListener("change", () => void saveSettings({ lookUp: element<HTMLInputElement>("look-up").checked }));
  element("always").addEventListener("change", () => void always());
  element("domain-open").addEventListener("click", () => void tabBelow().then((tab) => go(pageOf(tab?.url ?? ""))));
  element("plain").addEventListener("click", () => void plain());
  void browser.runtime.sendMessage({ kith: "look" } satisfies Message);
  void repeat();
}

async function repeat(): Promise<void> {
  await look();
  setTimeout(() => void repeat(), every);
}

async function connect(): Promise<void> {
  const { node } = await loadSettings();
  if (!(await tell({ kith: "connect" }))) {
    complain(undefined);
    await failed(new NodeError("offline", ""), { node, token: "", always: [], lookUp: false });
  }
}

async function go(address: string): Promise<void> {
  const tab = await tabBelow();
  if (await tell({ kith: "open", address, ...(tab?.id === undefined ? {} : { tab: tab.id }) })) {
    close();
  }
}

async function keep(): Promise<void> {
  const { node, token } = await loadSettings();
  const seed = element<HTMLInputElement>("seed");
  try {
    await new Node(node, token).keep(seed.dataset["label"] ?? "", seed.checked);
    complain(undefined);
  } catch (e) {
    seed.checked = !seed.checked;
    complain(e);
  }
}

async function always(): Promise<void> {
  const domain = domainOf((await tabBelow())?.url ?? "");
  const before = (await loadSettings()).always.filter((d) => d !== domain);
  if (domain) {
    await saveSettings({ always: element<HTMLInputElement>("always").checked ? [...before, domain] : before });
  }
}

async function plain(): Promise<void> {
  const tab = await tabBelow();
  const domain = element("plain").dataset["domain"] ?? "";
  if (tab?.id !== undefined && (await tell({ kith: "plain", domain, tab: tab.id }))) {
    close();
  }
}

begin();
