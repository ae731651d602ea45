/** How often the node is asked while a question stands. */
const every = 1500;

/**
 * The notice that the node asks the person something on behalf of the app. It is
 * the node that knows: the app can only say that it is worth a look, and is not
 * told what came of it.
 */
export class Asking {
  readonly #label: string;
  readonly #notice: HTMLAnchorElement;
  readonly #text: string;
  #looking = false;

  constructor(label: string, notice: HTMLAnchorElement, text: string) {
    this.#label = label;
    this.#notice = notice;
    this.#text = text;
    document.addEventListener("visibilitychange", () => {
      if (!this.#notice.hidden) {
        this.look();
      }
    });
  }

  /** Asks the node, and again as long as it is asking the person. */
  look(): void {
    if (!this.#looking) {
      this.#looking = true;
      void this.#follow();
    }
  }

  async #follow(): Promise<void> {
    // The question reaches the node at about the same time as the hint reaches this page.
    for (let quiet = 0; quiet < 2 && !document.hidden; ) {
      const at = await this.#asks();
      this.#show(at);
      quiet = at === undefined ? quiet + 1 : 0;
      await new Promise((done) => setTimeout(done, every));
    }
    this.#looking = false;
  }

  #show(at: string | undefined): void {
    if (at !== undefined) {
      this.#notice.href = `/#/${at}`;
    }
    const asking = at !== undefined;
    if (this.#notice.hidden === asking) {
      this.#notice.textContent = asking ? this.#text : "";
      this.#notice.hidden = !asking;
    }
  }

  /** The page of the console where the person is asked something for the app; undefined while they are not. */
  async #asks(): Promise<string | undefined> {
    try {
      const answer = await fetch(`/asking/${encodeURIComponent(this.#label)}`, { cache: "no-store" });
      const said = answer.ok ? ((await answer.json()) as { asking?: unknown; at?: unknown }) : {};
      return said.asking === true ? (said.at === "apps" ? "apps" : "nearby") : undefined;
    } catch {
      return undefined;
    }
  }
}
