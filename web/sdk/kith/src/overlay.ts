// The people pages over the app: a dialog with a frame.

/** Shows people pages in the app's own window. */
export class Overlay {
  #dialog: HTMLDialogElement | undefined;

  /** Shows the page at url until it says that it is done, or the person closes it. */
  show(url: string): Promise<void> {
    this.close();
    const dialog = document.createElement("dialog");
    const frame = document.createElement("iframe");
    Object.assign(dialog.style, { padding: "0", border: "0", borderRadius: "12px", width: "min(30rem, 94vw)", height: "min(42rem, 90vh)", overflow: "hidden" });
    Object.assign(frame.style, { border: "0", width: "100%", height: "100%", display: "block" });
    frame.src = url;
    frame.title = "Kith";
    dialog.append(frame);
    document.body.append(dialog);
    this.#dialog = dialog;
    return new Promise((closed) => {
      const heard = (e: MessageEvent): void => {
        if (e.source === frame.contentWindow && e.origin === location.origin && (e.data as { kith?: unknown } | null)?.kith === "close") dialog.close();
      };
      addEventListener("message", heard);
      dialog.addEventListener("close", () => {
        removeEventListener("message", heard);
        dialog.remove();
        if (this.#dialog === dialog) this.#dialog = undefined;
        closed();
      }, { once: true });
      dialog.showModal();
    });
  }

  close(): void {
    this.#dialog?.close();
  }
}
