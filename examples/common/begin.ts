// From an empty page to a connected app: says what the app is, and lets the person
// decide.
import { connect, KithError, type Grant, type Kith } from "@kith/sdk";
import { html, nothing, render, type TemplateResult } from "lit";

/** What an app is. */
export interface About {
  app: string;
  title: string;
  wants: readonly Grant[];
  /** Shown before the person decided: a title and a sentence, the button, and what is said to those whom a friend sent. */
  welcome: { title: string; text: string; start: string; invited: string; asking: string; refused: string; shell: string };
  /** Says that something failed. */
  failed: (error: unknown) => void;
  run: (kith: Kith, root: HTMLElement) => void;
}

const invited = location.hash.startsWith("#kith-join=");

/** Relays that whoever serves the app names, for people who have none: <meta name="kith-relays" content="wss://… wss://…">. */
function relays(): string[] {
  const said = document.querySelector<HTMLMetaElement>('meta[name="kith-relays"]')?.content ?? "";
  return said.split(/\s+/).filter((r) => r !== "");
}

/** Runs an app in the element #app. */
export async function begin(o: About): Promise<void> {
  const root = document.querySelector<HTMLElement>("#app");
  if (!root) throw new Error("the page has no element #app");
  const known = `${o.app}:begun`;
  let state: "new" | "asking" | "refused" = localStorage.getItem(known) ? "asking" : "new";
  const first = (start: () => void): TemplateResult => html`<main class="welcome"><img src="icon.svg" alt="" width="88" height="88" />
    <h1>${o.welcome.title}</h1><p>${o.welcome.text}</p>
    ${invited ? html`<p class="remark">${o.welcome.invited}</p>` : nothing}
    ${state === "refused" ? html`<p class="remark" role="alert">${o.welcome.refused}</p>` : nothing}
    ${state === "asking" ? html`<p class="quiet" role="status">${o.welcome.asking}${parent === window ? nothing : html`<br />${o.welcome.shell}`}</p>`
      : html`<button class="primary" @click=${start}>${o.welcome.start}</button>`}</main>`;
  for (;;) {
    if (state !== "asking") {
      await new Promise<void>((start) => render(first(start), root));
      state = "asking";
    }
    render(first(() => undefined), root);
    try {
      const kith = await connect({ app: o.app, title: o.title, wants: o.wants, relays: relays(), serviceWorker: "sw.js" });
      localStorage.setItem(known, "yes");
      render(nothing, root);
      return o.run(kith, root);
    } catch (error) {
      state = "refused";
      if (!(error instanceof KithError) || (error.status !== 403 && error.status !== 408)) o.failed(error);
    }
  }
}
