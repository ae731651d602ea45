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
      const asking = await this.#asks();
      this.#show(asking);
      quiet = asking ? 0 : quiet + 1;
      await new Promise((done) => setTimeout(done, every));
    }
    this.#looking = false;
  }

  #show(asking: boolean): void {
    if (this.#notice.hidden === asking) {
      this.#notice.textContent = asking ? this.#text : "";
      this.#notice.hidden = !asking;
    }
  }

  async #asks(): Promise<boolean> {
    try {
      const answer = await fetch(`/asking/${encodeURIComponent(this.#label)}`, { cache: "no-store" });
      return answer.ok && ((await answer.json()) as { asking?: unknown }).asking === true;
    } catch {
      return false;
    }
  }
}
