// Where navigations lead: addresses of the peer-to-peer web open through the node.
import { domainOf, linked, pageOf, searched } from "./address.ts";
import { browser } from "./api.ts";
import { Node } from "./node.ts";
import { loadSettings } from "./settings.ts";

/** Milliseconds for which it is remembered whether a domain has a site. */
const remember = 10 * 60_000;
/** How many domains are remembered. */
const most = 500;

const known = new Map<string, { readonly has: boolean; readonly until: number }>();
/** Tabs that show a domain's own page, as the person asked. */
const plain = new Map<number, string>();

/** Shows an address in a tab, or in a new one. */
export async function openAddress(address: string, tab: number | undefined): Promise<void> {
  const { node, token } = await loadSettings();
  let url: string;
  try {
    url = await new Node(node, token).open(address);
  } catch {
    url = browser.runtime.getURL(`open.html#${encodeURIComponent(address)}`); // which tries again, and explains
  }
  await (tab === undefined ? browser.tabs.create({ url }) : browser.tabs.update(tab, { url }));
}

/** Leaves a domain in a tab to the web. */
export async function openPlain(tab: number, domain: string): Promise<void> {
  plain.set(tab, domain);
  await browser.tabs.update(tab, { url: `https://${domain}/` });
}

export function forgetTab(tab: number): void {
  plain.delete(tab);
}

/** Looks at what a tab is about to show. */
export async function navigates(tab: number, url: string): Promise<void> {
  const typed = searched(url) ?? linked(url);
  if (typed) {
    await openAddress(typed, tab);
    return;
  }
  const domain = domainOf(url);
  if (!domain || plain.get(tab) === domain) {
    return;
  }
  const settings = await loadSettings();
  if (settings.token === "") {
    return;
  }
  if (settings.always.includes(domain) || (settings.lookUp && (await hasSite(domain)))) {
    const place = await new Node(settings.node, settings.token).open(pageOf(url)).catch(() => undefined);
    if (place) { // else the web's own page is better than none
      await browser.tabs.update(tab, { url: place });
    }
  }
}

/** Whether a domain has a site of the peer-to-peer web, as the node knows. */
export async function hasSite(domain: string): Promise<boolean> {
  const before = known.get(domain);
  if (before && Date.now() < before.until) {
    return before.has;
  }
  const { node, token } = await loadSettings();
  try {
    const has = (await new Node(node, token).resolve(domain)) !== undefined;
    if (known.size >= most) {
      known.clear();
    }
    known.set(domain, { has, until: Date.now() + remember });
    return has;
  } catch {
    return false;
  }
}
