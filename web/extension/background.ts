// The background: follows navigations, keeps the badge, gets connected.
import { linked } from "./address.ts";
import { browser, type Sender } from "./api.ts";
import { refreshBadges } from "./badge.ts";
import { beginConnect, continueConnect } from "./connect.ts";
import { readMessage, type Answer, type Message } from "./message.ts";
import { forgetTab, navigates, openAddress, openPlain } from "./route.ts";

/** Milliseconds between two questions whether the owner has consented. */
const poll = 1000;

// The token is nothing for what runs inside web pages.
void browser.storage.local.setAccessLevel?.({ accessLevel: "TRUSTED_CONTEXTS" });

const look = (): void => void refreshBadges().catch(() => undefined);

async function awaitConsent(): Promise<void> {
  const waiting = await continueConnect();
  look();
  if (waiting) {
    setTimeout(() => void awaitConsent(), poll);
  }
}

async function act(m: Message, from: Sender): Promise<void> {
  // Pages only ever say which link was followed; the rest is for our own pages.
  const own = from.url?.startsWith(browser.runtime.getURL("")) === true;
  if (m.kith === "link") {
    const address = linked(m.address);
    if (address) {
      await openAddress(address, m.fresh ? undefined : from.tab?.id);
    }
  } else if (own && m.kith === "open") {
    await openAddress(m.address, m.tab);
  } else if (own && m.kith === "plain") {
    await openPlain(m.tab, m.domain);
  } else if (own && m.kith === "connect") {
    await beginConnect();
    void awaitConsent();
  } else if (own && m.kith === "look") {
    void awaitConsent();
  }
}

browser.runtime.onMessage.addListener((message, sender, answer) => {
  const m = readMessage(message);
  if (!m || sender.id !== browser.runtime.id) {
    return false;
  }
  act(m, sender).then(
    () => answer({ error: "" } satisfies Answer),
    (e: unknown) => answer({ error: e instanceof Error ? e.message : String(e) } satisfies Answer),
  );
  return true; // the answer comes later
});

browser.webNavigation.onBeforeNavigate.addListener(({ tabId, frameId, url }) => {
  if (frameId === 0) {
    void navigates(tabId, url).catch(() => undefined);
  }
});
browser.omnibox.setDefaultSuggestion({ description: browser.i18n.getMessage("omnibox") });
browser.omnibox.onInputEntered.addListener((text, where) => {
  void (async () => {
    const [tab] = await browser.tabs.query({ active: true, currentWindow: true });
    await openAddress(linked(text) ?? text.trim(), where === "currentTab" ? tab?.id : undefined);
  })();
});
browser.tabs.onActivated.addListener(look);
browser.tabs.onUpdated.addListener((_, change) => change.status === "complete" && look());
browser.tabs.onRemoved.addListener(forgetTab);
browser.alarms.onAlarm.addListener(() => void awaitConsent());
browser.runtime.onStartup.addListener(look);
browser.runtime.onInstalled.addListener(look);
void browser.alarms.create("look", { periodInMinutes: 0.5 });
