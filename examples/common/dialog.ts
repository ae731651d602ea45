// Questions to the person and short news, over the page.
import { html, render, type TemplateResult } from "lit";

/** Asks whether they are sure. */
export function confirmed(q: { title: string; text: string; yes: string; no: string }): Promise<boolean> {
  return new Promise((done) => {
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-labelledby", "confirm-title");
    render(html`<form method="dialog"><h2 id="confirm-title">${q.title}</h2><p>${q.text}</p>
      <div class="buttons"><button class="danger" value="yes">${q.yes}</button><button value="no">${q.no}</button></div></form>`, dialog);
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Milliseconds that news stands. */
const stands = 8000;

/** Says something in the corner; screen readers say it too. */
export function notice(text: string | TemplateResult, kind: "note" | "failure" = "note"): void {
  let corner = document.querySelector<HTMLElement>(".notices");
  if (!corner) {
    corner = document.createElement("div");
    corner.className = "notices";
    corner.setAttribute("role", "status");
    document.body.append(corner);
  }
  const item = document.createElement("p");
  item.className = kind;
  render(html`${text}`, item);
  corner.append(item);
  setTimeout(() => item.remove(), stands);
}

/** What is said of failures. */
export type Failure = "failed" | "failed.room" | "failed.away" | "failed.often";

/** By the status of an answer (spec/app-api.md); whatever is not here just failed. */
const failures: Readonly<Record<number, Failure>> = { 429: "failed.often", 503: "failed.away", 504: "failed.away", 507: "failed.room" };

/** Says that something failed, in the person's words; those of the error itself are for developers. */
export function failing(t: (key: Failure) => string): (error: unknown) => void {
  return (error) => {
    if (error instanceof DOMException && error.name === "AbortError") return;
    console.warn(error);
    notice(t(failures[(error as { status?: number }).status ?? 0] ?? "failed"), "failure");
  };
}
