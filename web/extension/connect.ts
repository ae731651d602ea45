// Getting connected to a node: the owner consents in the node's own console.
import { browser } from "./api.ts";
import { Node, NodeError } from "./node.ts";
import { loadPending, loadSettings, savePending, saveSettings } from "./settings.ts";

/** Asks the node, and opens the console where the owner answers. */
export async function beginConnect(): Promise<void> {
  const { node } = await loadSettings();
  const secret = hex(crypto.getRandomValues(new Uint8Array(32)));
  const challenge = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret))));
  const code = await new Node(node, "").ask(browserName(), challenge);
  await savePending({ secret, code });
  await browser.tabs.create({ url: `${node}/#/node` });
}

/** Fetches the token when the owner has consented; says whether there is still something to wait for. */
export async function continueConnect(): Promise<boolean> {
  const pending = await loadPending();
  if (!pending) {
    return false;
  }
  const { node } = await loadSettings();
  try {
    const token = await new Node(node, "").claim(pending.secret);
    if (token === "") {
      return true;
    }
    await saveSettings({ token });
  } catch (e) {
    if (e instanceof NodeError && e.kind === "offline") {
      return true;
    }
  }
  await savePending(undefined);
  return false;
}

function browserName(): string {
  const agent = navigator.userAgent;
  const name = /\b(Firefox|Edg|OPR|Vivaldi|Chrome)\//.exec(agent)?.[1] ?? "Browser";
  const names: Readonly<Record<string, string>> = { Edg: "Edge", OPR: "Opera", Chrome: "Chromium" };
  return names[name] ?? name;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
