// A page of another origin, which tries to use an app's. What it did is seen on
// the app's side: nothing may have come of it, and nothing may have been learnt.

/** What one attempt learnt. */
export interface Attempt {
  readonly name: string;
  readonly learnt: string;
}

const quietly = async (name: string, f: () => Promise<string>): Promise<Attempt> => {
  const late = new Promise<string>((done) => setTimeout(() => done(""), 5000));
  return { name, learnt: await Promise.race([f().catch(() => ""), late]) };
};

const loads = (e: HTMLElement): Promise<boolean> => {
  const done = new Promise<boolean>((resolve) => {
    e.onload = () => resolve(true);
    e.onerror = () => resolve(false);
  });
  document.body.append(e);
  return done;
};

const make = <K extends keyof HTMLElementTagNameMap>(tag: K, set: Partial<HTMLElementTagNameMap[K]>): HTMLElementTagNameMap[K] =>
  Object.assign(document.createElement(tag), set);

/** Tries everything against an app's origin. Writes go to data/foreign/…, reads want data/treasure. */
export async function attempts(origin: string): Promise<readonly Attempt[]> {
  const at = (path: string): string => `${origin}/.kith/${path}`;
  const read = async (init: RequestInit, path = "data/treasure"): Promise<string> => (await fetch(at(path), init)).text();
  const form = async (method: string, enctype: string, path: string): Promise<string> => {
    const frame = make("iframe", { name: `f${Math.random()}` });
    const f = make("form", { action: at(path), method, enctype, target: frame.name });
    f.append(make("textarea", { name: "x", value: "written by a form" }));
    document.body.append(frame, f);
    const done = new Promise((resolve) => (frame.onload = resolve));
    f.submit();
    await done;
    return frame.contentDocument?.body.textContent ?? "";
  };
  return Promise.all([
    quietly("fetch", () => read({})),
    quietly("fetch of the root", () => read({}, "")),
    quietly("fetch without CORS", () => read({ mode: "no-cors" })),
    quietly("fetch with credentials", () => read({ credentials: "include" })),
    quietly("a write", () => read({ method: "PUT", body: "x" }, "data/foreign/put")),
    quietly("a write without CORS", () => read({ method: "POST", mode: "no-cors", body: "x" }, "data/foreign/")),
    quietly("a deletion", () => read({ method: "DELETE" })),
    quietly("a beacon", async () => (navigator.sendBeacon(at("data/foreign/"), "x"), "")),
    quietly("a question", () => read({ method: "POST", mode: "no-cors", body: JSON.stringify({ app: "stolen", title: "x", wants: ["data"] }) }, "connect")),
    quietly("a form", () => form("post", "text/plain", "data/foreign/")),
    quietly("a form of files", () => form("post", "multipart/form-data", "data/foreign/")),
    quietly("a form that gets", () => form("get", "application/x-www-form-urlencoded", "data/treasure")),
    quietly("a script", async () => ((await loads(make("script", { src: at("data/treasure") }))) ? "loaded" : "")),
    quietly("a picture", async () => ((await loads(make("img", { src: at("data/picture.png") }))) ? "loaded" : "")),
    quietly("a frame", async () => {
      const frame = make("iframe", { src: at("data/treasure") });
      await loads(frame);
      return frame.contentDocument?.body.textContent ?? "";
    }),
    quietly("an EventSource", () => new Promise((done) => {
      const source = new EventSource(at("events"));
      source.onopen = () => done("opened");
      source.onerror = () => done("");
    })),
    quietly("a WebSocket", () => new Promise((done) => {
      const socket = new WebSocket(at("events").replace(/^http/, "ws"));
      socket.onopen = () => done("opened");
      socket.onerror = () => done("");
    })),
  ]);
}
