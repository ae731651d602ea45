import { LitElement, type ReactiveController, type ReactiveControllerHost } from "lit";
import type { Client } from "./api/client.ts";
import type { Live } from "./api/live.ts";
import type { Site } from "./api/types.ts";
import type { Question } from "./parts/confirm.ts";

/** An element that renders into the page itself: one style sheet, one tree for assistive technology. */
export class Part extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

/** What every page of the console is handed. */
export interface Kith {
  /** What is behind the API: a node, or the peer of this page's origin. */
  readonly host: "node" | "page";
  readonly client: Client;
  readonly live: Live;
  /** Says something in passing; with an action, offers to take it back. */
  say(text: string, action?: { readonly label: string; readonly run: () => void }): void;
  /** Reports a failure of something the person asked for. */
  fail(error: unknown): void;
  /** Removes a site: at once after a question when it is pinned, else with a while to undo. */
  drop(site: Site): Promise<boolean>;
  /** Asks before something that cannot be taken back. */
  confirm(question: Question): Promise<boolean>;
  /** Moves the pin of a site. */
  pin(site: Site, pinned: boolean): Promise<void>;
}

/** Renders its host again whenever the node has news. */
export class Following implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #live: () => Live | undefined;
  #followed: Live | undefined;
  readonly #update = (): void => this.#host.requestUpdate();

  constructor(host: ReactiveControllerHost, live: () => Live | undefined) {
    this.#host = host;
    this.#live = live;
    host.addController(this);
  }

  hostUpdate(): void {
    const live = this.#live();
    if (live !== this.#followed) {
      this.hostDisconnected();
      this.#followed = live;
      live?.addEventListener("change", this.#update);
    }
  }

  hostDisconnected(): void {
    this.#followed?.removeEventListener("change", this.#update);
    this.#followed = undefined;
  }
}
