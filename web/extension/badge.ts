// The number of peers on the toolbar, for every tab that shows a site.
import { labelOf } from "./address.ts";
import { browser, type Tab } from "./api.ts";
import { Node, NodeError } from "./node.ts";
import { loadPending, loadSettings, saveSettings } from "./settings.ts";

/** Milliseconds between two looks while a tab shows a site. */
const every = 3000;

let timer: ReturnType<typeof setTimeout> | undefined;

/** Looks at all tabs now, and again as long as there is something to see. */
export async function refreshBadges(): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  const pending = await loadPending();
  const { node, token } = await loadSettings();
  await browser.action.setBadgeText({ text: pending?.code ?? "" });
  await browser.action.setBadgeBackgroundColor({ color: pending ? "#8a5300" : "#1b6a4c" });
  const tabs = token === "" ? [] : await browser.tabs.query({ url: ["http://*.localhost/*", "http://localhost/*"] });
  const shown = tabs.filter((t) => t.url && labelOf(t.url, node));
  const api = new Node(node, token);
  await Promise.all(shown.map((t) => refreshTab(api, t)));
  if (shown.length > 0 && timer === undefined) {
    timer = setTimeout(() => void refreshBadges(), every);
  }
}

async function refreshTab(api: Node, tab: Tab): Promise<void> {
  const label = labelOf(tab.url ?? "", api.place);
  if (!label || tab.id === undefined) {
    return;
  }
  let text = "";
  try {
    const site = await api.site(label);
    text = count(site.stats.peers?.length ?? 0);
  } catch (e) {
    if (e instanceof NodeError && e.kind === "unauthorized") {
      await saveSettings({ token: "" }); // the owner disconnected us
    }
    text = e instanceof NodeError && e.kind === "offline" ? "!" : "";
  }
  await browser.action.setBadgeText({ text, tabId: tab.id }).catch(() => undefined); // the tab may be gone
}

/** A number in the four characters that there is room for. */
export function count(n: number): string {
  return n < 10_000 ? String(n) : "9k+";
}
