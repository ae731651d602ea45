import { h, icon, logo, say } from "../element.ts";
import { peersShare, type Totals, type View } from "../page/view.ts";
import type { Visit } from "../page/visit.ts";
import { takesPart } from "../settings.ts";
import { format, t } from "../text.ts";
import { Controls } from "./controls.ts";
import { peerRows, pieceMap, segments, servedBar } from "./parts.ts";

/** Milliseconds between two looks at what is kept on this device. */
const lookEvery = 2000;
/** Milliseconds between two drawings. */
const drawEvery = 500;

/** A figure: a name, a number, and something small beside it. */
class Tile {
  readonly #value = h("strong");
  readonly #aside = h("span");
  readonly element: HTMLElement;

  constructor(name: string, kind = "") {
    this.#aside.className = kind;
    this.element = h("div", { class: "tile" }, h("dt", {}, name), h("dd", {}, this.#value, this.#aside));
  }

  show(value: string, aside = ""): void {
    say(this.#value, value);
    say(this.#aside, aside);
  }
}

/** The page, which follows a visit. */
export class Page {
  readonly #visit: Visit;
  readonly #main: HTMLElement;
  readonly #controls: Controls;
  readonly #said = h("strong", { role: "status" });
  readonly #hint = h("p", { class: "hint" });
  readonly #now: HTMLElement;
  readonly #share = new Tile(t("figure.share"));
  readonly #peers = new Tile(t("figure.peers"));
  readonly #fromPeers = new Tile(t("figure.fromPeers"), "from");
  readonly #fromHost = new Tile(t("figure.fromHost"));
  readonly #toPeers = new Tile(t("figure.toPeers"), "to");
  readonly #bar = h("div", { class: "served-by" });
  readonly #rows = h("tbody");
  readonly #map = h("div");
  readonly #have = h("p");
  readonly #stored = h("p", { class: "hint" });
  readonly #meeting = h("ul", { class: "scroll meeting" });
  #drawing = false;

  constructor(main: HTMLElement, visit: Visit) {
    this.#main = main;
    this.#visit = visit;
    this.#controls = new Controls(visit, () => void this.#look());
    this.#now = h("div", { class: "now" }, h("div", { class: "said" }, h("span", { class: "dot" }), this.#said, this.#hint), this.#controls.stop);
  }

  begin(): void {
    const name = this.#visit.info?.name || location.hostname;
    document.title = t("served.title", { name });
    this.#main.append(h("div", { class: "page" }, this.#top(), ...(this.#visit.info ? this.#sections() : [this.#missing()])));
    this.#visit.addEventListener("change", () => this.#later());
    this.#draw();
    void this.#look();
    setInterval(() => void this.#look(), lookEvery);
  }

  #top(): HTMLElement {
    return h("div", { class: "intro" },
      h("div", { class: "top" }, h("a", { class: "back", href: "/" }, icon("back"), t("served.back")), h("span", { class: "brand" }, logo(), "Kith")),
      h("h1", {}, t("served.heading")),
      h("p", { class: "lead" }, t("served.lead")),
    );
  }

  #missing(): HTMLElement {
    return h("p", { class: "remark", role: "alert" }, icon("warning"), t("served.missing"));
  }

  #sections(): readonly HTMLElement[] {
    const head = h("thead", {}, h("tr", {},
      h("th", { scope: "col" }, t("peers.who")), h("th", { scope: "col" }, t("peers.how")),
      h("th", { scope: "col", class: "number" }, t("peers.gave")), h("th", { scope: "col", class: "number" }, t("peers.took")),
    ));
    const tiles = [this.#share, this.#peers, this.#fromPeers, this.#fromHost, this.#toPeers].map((x) => x.element);
    const table = h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": t("peers.title") },
      h("table", { class: "plain peers" }, head, this.#rows));
    return [
      this.#now,
      h("section", { "aria-label": t("figure.share") }, h("dl", { class: "tiles" }, ...tiles), this.#bar),
      h("section", { "aria-labelledby": "peers" }, h("h2", { id: "peers" }, t("peers.title")), table),
      h("section", { "aria-labelledby": "pieces" }, h("h2", { id: "pieces" }, t("pieces.title")),
        h("div", { class: "card" }, this.#map,
          h("div", { class: "row" }, h("div", {}, this.#have, this.#stored), this.#controls.clear),
          this.#controls.seed)),
      this.#controls.privacy,
      ...(this.#visit.nodeOffered ? [this.#controls.node] : []),
      h("section", { "aria-labelledby": "meeting" }, h("h2", { id: "meeting" }, t("trackers.title")), this.#meeting),
      this.#controls.dialog,
    ];
  }

  /** Draws soon, however often things change. */
  #later(): void {
    if (!this.#drawing) {
      this.#drawing = true;
      setTimeout(() => {
        this.#drawing = false;
        this.#draw();
      }, drawEvery);
    }
  }

  #draw(): void {
    const { view } = this.#visit;
    this.#controls.show();
    this.#state(view);
    const stats = view?.stats;
    void this.#visit.totals().then((totals) => {
      this.#figures(totals, view);
      this.#bar.replaceChildren(...servedBar(segments(stats?.peers ?? [], totals.fromHost)));
    });
    this.#rows.replaceChildren(...peerRows((stats?.peers ?? []).filter((p) => p.kind !== "host")));
    const trackers = stats?.trackers.length ? stats.trackers : (this.#visit.info?.trackers.map((url) => ({ url, error: "", others: undefined })) ?? []);
    this.#meeting.replaceChildren(...trackers.map((x) => h("li", {},
      h("code", { dir: "ltr" }, x.url),
      stats?.trackers.length ? h("span", { class: x.error ? "failed" : "hint" }, x.error.slice(0, 200) || t("trackers.ok")) : undefined,
    )));
  }

  #figures(totals: Totals, view: View | undefined): void {
    const share = peersShare(totals);
    const since = t("figure.since", { when: format.moment(new Date(totals.since), new Date()) });
    this.#share.show(share === undefined ? t("figure.none") : format.percent(share), since);
    this.#peers.show(format.number(connected(view)));
    const rate = (n: number | undefined): string => (n ? format.rate(n) : "");
    this.#fromPeers.show(format.bytes(totals.fromPeers), rate(view?.stats.downRate));
    this.#fromHost.show(format.bytes(totals.fromHost));
    this.#toPeers.show(format.bytes(totals.toPeers), rate(view?.stats.upRate));
  }

  #state(view: View | undefined): void {
    const { settings } = this.#visit;
    const count = connected(view);
    this.#now.classList.toggle("on", count > 0 && takesPart(settings));
    if (!takesPart(settings)) {
      say(this.#said, t(settings.node !== "" ? "state.node" : settings.paused ? "state.paused" : "state.http"));
      say(this.#hint, "");
      return;
    }
    say(this.#said, count > 0 ? t("state.sharing", { count }) : t(view ? "state.alone" : "served.waiting"));
    say(this.#hint, t(view?.metered ? "state.metered" : this.#visit.leads ? "state.here" : "state.elsewhere"));
  }

  /** Looks at what is kept on this device. */
  async #look(): Promise<void> {
    try {
      const { have, pieces } = await this.#visit.have();
      this.#map.replaceChildren(pieceMap(have, pieces));
      say(this.#have, t("pieces.have", { have: have.size, pieces }));
      const { usage } = await navigator.storage.estimate();
      say(this.#stored, t("pieces.storage", { size: format.bytes(usage ?? 0) }));
    } catch {
      say(this.#have, t("figure.none"));
    }
  }
}

function connected(view: View | undefined): number {
  return view?.stats.peers.filter((p) => p.connected && p.kind !== "host").length ?? 0;
}
