// boot.js: the page that the worker shows when neither this device nor the host
// has the page that was asked for. It joins the swarm by what was kept of the
// site, and loads the page again once peers have given it.
import { h, logo, say } from "../element.ts";
import type { Visit } from "../page/visit.ts";
import { t, tongue } from "../text.ts";

/** Milliseconds between two tries, and how many there are before a person is asked. */
const again = 2000;
const tries = 10;

async function begin(main: HTMLElement): Promise<void> {
  const title = h("h1", {}, t("boot.title"));
  const text = h("p", { role: "status" }, t("boot.text"));
  const bar = h("progress", { class: "bar", "aria-label": t("boot.title") });
  main.append(logo(), title, text, bar);
  document.title = t("boot.title");

  const runtime = "/.kith/runtime.js"; // named so, the bundler leaves it outside
  const { start } = (await import(runtime)) as { start: (options: { readonly badge: boolean }) => Visit };
  const visit = start({ badge: false });
  visit.addEventListener("change", () => {
    const count = visit.view?.stats.peers.filter((p) => p.connected).length ?? 0;
    say(text, count > 0 ? t("boot.found", { count }) : t("boot.text"));
  });
  for (let i = 0; i < tries; i++) {
    if (await here()) {
      location.reload();
      return;
    }
    await new Promise((done) => setTimeout(done, again));
  }
  bar.remove();
  say(title, t("boot.failed"));
  document.title = t("boot.failed");
  const retry = h("button", { type: "button", class: "primary" }, t("boot.retry"));
  retry.addEventListener("click", () => location.reload());
  main.append(retry);
}

/** Fetches the page through the worker, which keeps its pieces; says whether it came. */
async function here(): Promise<boolean> {
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    await response.arrayBuffer();
    return response.status < 500;
  } catch {
    return false;
  }
}

tongue.mark(document.documentElement);
const main = document.querySelector("main");
if (main) {
  void begin(main);
}
