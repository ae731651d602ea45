// The loader: a classic script that the host and the worker put into every page.
// It is all of the runtime that runs before the first paint. It paints nothing,
// sees to it that there is a worker, and gives deferred pictures their URLs once
// the worker is in charge of the page, or soon without it.
import { readToPage, type ToWorker } from "../protocol.ts";
import { loadSettings, takesPart, type Settings } from "../settings.ts";
import { State } from "../state.ts";
import { restoreAll, restoreShown } from "./media.ts";
import { wait } from "./waiting.ts";

/** Milliseconds. */
const longestPaint = 200;
const longestSettings = 5000;

const workerURL = "/.kith/worker.js";

async function load(): Promise<void> {
  const service = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  // In a frame we are a guest: the page around us is the one that takes part.
  if (!service || window.top !== window) {
    restoreAll(document);
    return;
  }
  const done = new AbortController();
  const restore = (): void => {
    if (!done.signal.aborted) {
      done.abort();
      restoreAll(document);
    }
  };
  if (service.controller) {
    restore();
  } else {
    service.addEventListener("controllerchange", restore);
  }
  try {
    const shown = painted();
    const settings = await chosen();
    if (goesToNode(settings)) {
      location.replace(settings.node + location.pathname + location.search + location.hash);
      return;
    }
    const part = takesPart(settings);
    if (!part) {
      restore();
    }
    const answered = part ? answerWorker(service) : undefined;
    await shown;
    const stepped = wait({ showing: () => restoreShown(document), all: restore }, done.signal);
    const runtime = "/.kith/runtime.js"; // named so, the bundler leaves it outside
    const coming = import(runtime) as Promise<{ start: () => void }>;
    coming.catch(() => undefined); // whoever awaits it hears of it
    if (part) {
      await register(service, restore, stepped);
    }
    const { start } = await coming;
    start(); // which answers the worker itself
    answered?.abort();
  } catch {
    restore(); // the page is whole without us
  }
}

function chosen(): Promise<Settings> {
  const late = new Promise<Settings>((_, reject) => setTimeout(reject, longestSettings));
  return Promise.race([loadSettings(new State()), late]);
}

/** Whether the visitor wants their own node, and came here by a link: back and reload stay. */
function goesToNode(settings: Settings): boolean {
  const [how] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return settings.node !== "" && how?.type === "navigate";
}

/** Until the runtime is here, tells a worker that asks that it will be. */
function answerWorker(service: ServiceWorkerContainer): AbortController {
  const over = new AbortController();
  const { signal } = over;
  const say = (): void => service.controller?.postMessage({ kith: "coming" } satisfies ToWorker);
  service.addEventListener("message", (e) => readToPage(e.data)?.kith === "who leads" && say(), { signal });
  service.addEventListener("controllerchange", say, { signal });
  service.startMessages();
  say();
  return over;
}

/** Resolves once the page is on show and had its chance to paint. */
async function painted(): Promise<void> {
  const d = document as Document & { readonly prerendering?: boolean };
  if (d.prerendering) {
    await new Promise((done) => d.addEventListener("prerenderingchange", done, { once: true }));
  }
  await new Promise<void>((done) => {
    setTimeout(done, longestPaint);
    requestAnimationFrame(() => setTimeout(done));
  });
}

/** Sees to it that there is a worker; stepped is told how it comes along. */
async function register(service: ServiceWorkerContainer, restore: () => void, stepped: () => void): Promise<void> {
  const before = await service.getRegistration("/");
  const script = (before?.active ?? before?.waiting ?? before?.installing)?.scriptURL;
  if (script && new URL(script).pathname !== workerURL) {
    restore(); // the site has a worker of its own, which is the site's to have
    return;
  }
  if (before?.active && !service.controller) {
    restore(); // loaded anew past the worker, as the visitor asked
  }
  const now = await service.register(workerURL, { scope: "/" });
  stepped();
  const worker = now.installing ?? now.waiting ?? now.active;
  worker?.addEventListener("statechange", () => (worker.state === "redundant" ? restore() : stepped()));
}

void load();
