// badge.js: a small mark in a corner of the page, for sites whose owner wants
// it. It says how much of the site came from peers, and opens what a visitor can
// do about it.
import { h, icon, say } from "../element.ts";
import { peersShare } from "../page/view.ts";
import type { Visit } from "../page/visit.ts";
import { takesPart } from "../settings.ts";
import { format, t, tongue } from "../text.ts";
import type { Privacy } from "../types.ts";
import { style } from "./style.ts";

/** Shows the badge of a visit. */
export function show(visit: Visit): void {
  new Badge(visit).begin();
}

class Badge {
  readonly #visit: Visit;
  readonly #host = h("kith-badge" as "div");
  readonly #text = h("span", { "aria-hidden": "true" });
  readonly #name = h("span", { class: "hidden" });
  readonly #pill = h("button", { type: "button", class: "pill", "aria-expanded": "false", "aria-controls": "panel" }, h("span", { class: "dot" }), this.#text, this.#name);
  readonly #said = h("p", { class: "said" });
  readonly #bar = h("span");
  readonly #from = h("b");
  readonly #to = h("b");
  readonly #seed = h("input", { type: "checkbox" });
  readonly #privacy = h("select", {}, ...(["direct", "relay", "http"] as const).map((p) => h("option", { value: p }, t(`privacy.${p}`))));
  readonly #always = h("input", { type: "checkbox" });
  readonly #stop = h("button", { type: "button" });
  readonly #panel: HTMLElement;

  constructor(visit: Visit) {
    this.#visit = visit;
    this.#panel = h("section", { class: "panel", id: "panel", hidden: true, "aria-label": t("badge.panel") }, ...this.#rows());
  }

  begin(): void {
    tongue.mark(this.#host); // the page's own language may be another
    const root = this.#host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet(); // not a style element, which a site's policy may refuse
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];
    root.append(this.#panel, this.#pill);
    this.#pill.addEventListener("click", () => this.#open(this.#panel.hidden !== false));
    root.addEventListener("keydown", (e) => (e as KeyboardEvent).key === "Escape" && this.#open(false));
    this.#seed.addEventListener("change", () => void this.#visit.choose({ seed: this.#seed.checked }));
    this.#privacy.addEventListener("change", () => void this.#visit.choose({ privacy: this.#privacy.value as Privacy, paused: false }));
    this.#stop.addEventListener("click", () => void this.#visit.choose({ paused: !this.#visit.settings.paused }));
    this.#visit.addEventListener("change", () => this.#show());
    document.documentElement.append(this.#host);
    this.#show();
  }

  #rows(): Node[] {
    const close = h("button", { type: "button", class: "square", "aria-label": t("badge.close"), title: t("badge.close") }, icon("close"));
    close.addEventListener("click", () => this.#open(false));
    const hide = h("button", { type: "button" }, t("badge.hide"));
    hide.addEventListener("click", () => {
      this.#host.remove();
      void this.#visit.choose({ hidden: true });
    });
    const rows: Node[] = [
      h("div", { class: "head" }, h("h2", {}, t("badge.panel")), close),
      h("div", { class: "share" },
        h("span", { class: "bar", "aria-hidden": "true" }, this.#bar),
        h("p", { class: "figures" }, h("span", {}, `${t("figure.fromPeers")} `, this.#from), h("span", {}, `${t("figure.toPeers")} `, this.#to)),
        this.#said),
      h("label", { class: "row" }, t("seed.title"), this.#seed),
      h("label", { class: "row" }, t("privacy.title"), this.#privacy),
    ];
    if (this.#visit.nodeOffered) {
      const open = h("button", { type: "button" }, icon("open"), t("node.open"));
      open.addEventListener("click", () => {
        void this.#visit.openWithNode(location.pathname + location.search + location.hash, this.#always.checked);
      });
      rows.push(h("div", { class: "node" }, open, h("label", {}, this.#always, t("node.always"))));
    }
    rows.push(h("div", { class: "ends" }, h("a", { class: "button", href: "/.kith/served", target: "_blank" }, t("badge.who")), this.#stop, hide));
    return rows;
  }

  #open(open: boolean): void {
    const was = !this.#panel.hidden;
    this.#panel.hidden = !open;
    this.#pill.setAttribute("aria-expanded", String(open));
    if (was && !open) {
      this.#pill.focus();
    }
  }

  #show(): void {
    const { view, settings } = this.#visit;
    const peers = view?.stats.peers.filter((p) => p.connected && p.kind !== "host").length ?? 0;
    const totals = view?.totals;
    const share = totals ? peersShare(totals) : undefined;
    const said = share === undefined ? undefined : t("badge.share", { share: format.percent(share) });
    const label = t("badge.label", { count: peers });
    say(this.#text, said === undefined ? format.number(peers) : `${format.number(peers)} · ${format.percent(share ?? 0)}`);
    say(this.#name, said === undefined ? label : `${label}, ${said}`);
    this.#pill.title = this.#name.textContent ?? "";
    this.#pill.classList.toggle("on", peers > 0 && takesPart(settings));
    this.#bar.style.inlineSize = `${100 * (share ?? 0)}%`;
    say(this.#said, this.#state(peers));
    say(this.#from, totals ? format.bytes(totals.fromPeers) : t("figure.none"));
    say(this.#to, totals ? format.bytes(totals.toPeers) : t("figure.none"));
    this.#seed.checked = settings.seed;
    this.#privacy.value = settings.privacy;
    say(this.#stop, settings.paused ? t("resume") : t("stop"));
    this.#stop.title = t("stop.text");
  }

  #state(peers: number): string {
    const { settings, view } = this.#visit;
    if (settings.node !== "") {
      return t("state.node");
    }
    if (settings.paused) {
      return t("state.paused");
    }
    if (settings.privacy === "http") {
      return t("state.http");
    }
    const text = peers > 0 ? t("state.sharing", { count: peers }) : t("state.alone");
    return view?.metered ? `${text}. ${t("state.metered")}` : text;
  }
}
