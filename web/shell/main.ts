// The shell: a bar, and an app in a frame. It has no token and no access to
// the node; its Content-Security-Policy lets the frame show one origin only,
// so that the app can go nowhere else.
import { appOrigin, parseAppPlace, readable, shellPath } from "./place.ts";
import { Asking } from "./asking.ts";
import { speak } from "../console/text/tongue.ts";
import type en from "./messages/en.json";

const tongue = await speak<keyof typeof en>({
  en: () => import("./messages/en.json", { with: { type: "json" } }),
  de: () => import("./messages/de.json", { with: { type: "json" } }),
});
tongue.mark(document.documentElement);

/** What the shell says for key. */
function t(key: keyof typeof en, name = ""): string {
  return tongue.text(key, { name });
}

/** The element of app.html with this id. */
function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) {
    throw new TypeError(`app.html has no ${id}`);
  }
  return found;
}

function start(): void {
  const place = parseAppPlace(location);
  element("home", HTMLAnchorElement).setAttribute("aria-label", t("home"));
  if (!place) {
    const bad = element("bad", HTMLParagraphElement);
    const link = document.createElement("a");
    link.href = "/";
    link.textContent = t("bad.link");
    bad.append(t("bad"), " ", link);
    bad.hidden = false;
    element("bar", HTMLElement).hidden = true;
    return;
  }
  const { label, path } = place;
  const origin = appOrigin(label, location);
  const name = readable(label);
  document.title = t("title", name);

  const frame = element("app", HTMLIFrameElement);
  frame.title = t("frame", name);
  frame.src = origin + path;
  frame.hidden = false;

  const heading = element("name", HTMLHeadingElement);
  heading.textContent = name;
  heading.title = origin;
  const mode = element("mode", HTMLParagraphElement);
  mode.title = t("mode.hint");
  mode.querySelector("span")?.append(t("mode"));
  const details = element("details", HTMLAnchorElement);
  details.textContent = t("details");
  details.href = `/#/sites/${encodeURIComponent(label)}/privacy`;
  const reload = element("reload", HTMLButtonElement);
  reload.title = t("reload");
  reload.setAttribute("aria-label", t("reload"));
  // The frame's location cannot be read: what it showed first, or said since, is loaded.
  reload.addEventListener("click", () => {
    const now = parseAppPlace(location);
    frame.src = origin + (now?.path ?? path);
  });

  // An app whose person wants to see to their friends says so: the link is the shell's own.
  const people = element("people", HTMLAnchorElement);
  people.textContent = t("people");

  const asking = new Asking(label, element("asking", HTMLAnchorElement), t("asking"));
  // An app may say which of its pages it shows: postMessage({kith: "location", path}, "*").
  addEventListener("message", (e: MessageEvent<unknown>) => {
    if (e.source !== frame.contentWindow || e.origin !== origin) {
      return;
    }
    const said = e.data as { kith?: unknown; path?: unknown } | null;
    if (said?.kith === "asking") {
      asking.look();
    }
    if (said?.kith === "people") {
      people.hidden = false;
    }
    const to = said?.kith === "location" ? shellPath(label, said.path) : undefined;
    if (to) {
      history.replaceState(null, "", to);
    }
  });
}

start();
