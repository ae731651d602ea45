// The interfaces against their IDL (Local Peer-to-Peer API), as the web-platform
// tests look at interfaces: in a window and in a worker of a real browser.
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { expect, test } from "./browser.ts";

/** An interface as its IDL has it. Extensions are those the package documents. */
interface Interface {
  readonly name: string;
  readonly parent: string;
  /** Required arguments of the constructor; null where there is none. */
  readonly takes: number | null;
  readonly readonly: readonly string[];
  readonly writable: readonly string[];
  /** Operations and how many arguments they require. */
  readonly operations: Readonly<Record<string, number>>;
  readonly extensions: readonly string[];
}

const interfaces: readonly Interface[] = [
  {
    name: "LP2PReceiver", parent: "EventTarget", takes: 0,
    readonly: [], writable: ["onconnection"], operations: { start: 0 }, extensions: ["stop"],
  },
  { name: "LP2PRequest", parent: "", takes: 0, readonly: [], writable: [], operations: { start: 0 }, extensions: ["stop"] },
  { name: "LP2PConnectionEvent", parent: "Event", takes: 2, readonly: ["connection"], writable: [], operations: {}, extensions: [] },
  {
    name: "LP2PConnection", parent: "EventTarget", takes: null,
    readonly: [], writable: ["ondatachannel"], operations: { createDataChannel: 1 }, extensions: ["nickname", "close", "closed", "onclose"],
  },
  { name: "LP2PDataChannelEvent", parent: "Event", takes: 2, readonly: ["channel"], writable: [], operations: {}, extensions: [] },
  {
    name: "LP2PDataChannel", parent: "EventTarget", takes: 1,
    readonly: ["label", "protocol", "id"],
    writable: ["onopen", "onerror", "onclosing", "onclose", "onmessage", "binaryType"],
    operations: { close: 0, send: 1 },
    extensions: ["readyState", "bufferedAmount", "bufferedAmountLowThreshold", "onbufferedamountlow"],
  },
  {
    name: "LP2PQuicTransport", parent: "WebTransport", takes: 1,
    readonly: [], writable: [], operations: {},
    // What WebTransport has is there again, for this object instead of a server's.
    extensions: [
      "ready", "closed", "draining", "reliability", "congestionControl", "protocol", "responseHeaders", "datagrams",
      "incomingBidirectionalStreams", "incomingUnidirectionalStreams", "createBidirectionalStream", "createUnidirectionalStream",
      "createSendGroup", "exportKeyingMaterial", "getStats", "close",
      "anticipatedConcurrentIncomingUnidirectionalStreams", "anticipatedConcurrentIncomingBidirectionalStreams",
    ],
  },
  {
    name: "LP2PQuicTransportListener", parent: "", takes: 1,
    readonly: ["ready", "incomingTransports"], writable: [], operations: {}, extensions: [],
  },
];

/** Looks at one interface, in the page or the worker; returns what is wrong. */
function look(idl: Interface): string[] {
  const wrong: string[] = [];
  const must = (holds: boolean, what: string): void => {
    if (!holds) {
      wrong.push(`${idl.name}: ${what}`);
    }
  };
  const all = globalThis as unknown as Record<string, { new (...a: unknown[]): object; prototype: object; length: number; name: string } | undefined>;
  const own = Object.getOwnPropertyDescriptor(globalThis, idl.name);
  const object = all[idl.name];
  if (!own || !object) {
    return [`${idl.name}: is not there`];
  }
  must(own.writable === true && own.configurable === true && own.enumerable === false, "the global property's flags");
  must(typeof object === "function" && object.name === idl.name, `is called ${object.name}`);
  must(object.length === (idl.takes ?? 0), `has length ${object.length}`);
  const proto = Object.getOwnPropertyDescriptor(object, "prototype");
  must(proto?.writable === false && proto.enumerable === false && proto.configurable === false, "the prototype property's flags");
  const back = Object.getOwnPropertyDescriptor(object.prototype, "constructor");
  must(back?.value === object && back.enumerable === false, "the constructor property");
  const tag = Object.getOwnPropertyDescriptor(object.prototype, Symbol.toStringTag);
  must(tag?.value === idl.name && !tag.writable && !tag.enumerable && tag.configurable === true, "toStringTag");
  must(Object.prototype.toString.call(Object.create(object.prototype)) === `[object ${idl.name}]`, "toString");
  const parent = idl.parent === "" ? undefined : all[idl.parent];
  must(Object.getPrototypeOf(object) === (parent ?? Function.prototype), "inherits from another interface object");
  must(Object.getPrototypeOf(object.prototype) === (parent?.prototype ?? Object.prototype), "its prototype inherits from another");
  try {
    (object as unknown as () => void)();
    wrong.push(`${idl.name}: can be called without new`);
  } catch (e) {
    must(e instanceof TypeError, "called without new it throws no TypeError");
  }
  for (let n = 0; n < (idl.takes ?? 1); n++) {
    try {
      new object(...Array.from({ length: n }, () => ""));
      wrong.push(`${idl.name}: can be made with ${n} arguments`);
    } catch (e) {
      must(e instanceof TypeError, `with ${n} arguments it throws no TypeError`);
    }
  }
  const stranger = {};
  for (const name of [...idl.readonly, ...idl.writable]) {
    const d = Object.getOwnPropertyDescriptor(object.prototype, name);
    must(d?.enumerable === true && d.configurable === true && typeof d.get === "function", `${name} is no attribute`);
    must((d?.set !== undefined) === idl.writable.includes(name), `${name}: setter`);
    must(d?.get?.name === `get ${name}`, `${name}: the getter is called ${d?.get?.name}`);
    try {
      d?.get?.call(stranger);
      wrong.push(`${idl.name}: ${name} can be read of a stranger`);
    } catch (e) {
      must(e instanceof TypeError, `${name} of a stranger throws no TypeError`);
    }
  }
  for (const [name, length] of Object.entries(idl.operations)) {
    const d = Object.getOwnPropertyDescriptor(object.prototype, name);
    const f = d?.value as { length: number; name: string } | undefined;
    must(d?.enumerable === true && d.configurable === true && d.writable === true, `${name}: flags`);
    must(typeof f === "function" && f.length === length && f.name === name, `${name}: has ${f?.length} arguments`);
  }
  const known = ["constructor", ...idl.readonly, ...idl.writable, ...Object.keys(idl.operations), ...idl.extensions];
  for (const name of Object.getOwnPropertyNames(object.prototype)) {
    must(known.includes(name), `${name} is in no IDL`);
  }
  for (const name of idl.extensions) {
    must(name in object.prototype, `${name} is not there`);
  }
  // What the parent has must not reach the parent's own objects, which these are not.
  for (const name of parent && idl.parent === "WebTransport" ? Object.getOwnPropertyNames(parent.prototype) : []) {
    must(Object.hasOwn(object.prototype, name), `${name} is WebTransport's own`);
  }
  return wrong;
}

/** A secure page with the script, and nothing behind it. */
async function blank(page: Page): Promise<void> {
  const script = await readFile(new URL("../../../../web/dist/assets/lp2p.js", import.meta.url));
  await page.route("http://idl.localhost/**", (route) => {
    const path = new URL(route.request().url()).pathname;
    if (path === "/.kith/lp2p.js") {
      return route.fulfill({ body: script, contentType: "text/javascript" });
    }
    if (path === "/worker.js") {
      return route.fulfill({ body: `importScripts("/.kith/lp2p.js"); onmessage = (e) => postMessage((0, eval)(e.data));`, contentType: "text/javascript" });
    }
    return route.fulfill({ body: `<!doctype html><script src="/.kith/lp2p.js"></script>`, contentType: "text/html" });
  });
  await page.goto("http://idl.localhost/");
}

test.describe("interfaces", () => {
  for (const idl of interfaces) {
    test(idl.name, async ({ page }) => {
      await blank(page);
      expect(await page.evaluate(look, idl)).toEqual([]);
      const inWorker = await page.evaluate(
        (code) =>
          new Promise<unknown>((resolve) => {
            const worker = new Worker("/worker.js");
            worker.onmessage = (e) => resolve(e.data);
            worker.onerror = (e) => resolve([e.message]);
            worker.postMessage(code);
          }),
        `(${look.toString()})(${JSON.stringify(idl)})`,
      );
      expect(inWorker).toEqual([]);
    });
  }

  test("are there in secure contexts alone", async ({ page }) => {
    const script = await readFile(new URL("../../../../web/dist/assets/lp2p.js", import.meta.url));
    await page.route("http://plain.example/**", (route) =>
      new URL(route.request().url()).pathname === "/lp2p.js"
        ? route.fulfill({ body: script, contentType: "text/javascript" })
        : route.fulfill({ body: `<!doctype html><script src="/lp2p.js"></script>`, contentType: "text/html" }),
    );
    await page.goto("http://plain.example/");
    expect(await page.evaluate(() => [isSecureContext, "LP2PReceiver" in globalThis, "lp2p" in globalThis])).toEqual([false, false, false]);
  });

  test("can be brought in as a module too, and twice", async ({ page }) => {
    await blank(page);
    const same = await page.evaluate(async () => {
      const before = (globalThis as unknown as { LP2PReceiver: unknown }).LP2PReceiver;
      const url = "/.kith/lp2p.js?again";
      await import(url);
      return before === (globalThis as unknown as { LP2PReceiver: unknown }).LP2PReceiver;
    });
    expect(same).toBe(true);
  });
});

test.describe("behaviour without a peer", () => {
  test.beforeEach(({ page }) => blank(page));

  test("what constructors take", async ({ page }) => {
    const thrown = await page.evaluate(() => {
      const name = (f: () => unknown): string => {
        try {
          f();
          return "";
        } catch (e) {
          return (e as Error).name;
        }
      };
      const w = globalThis as unknown as Record<string, new (...a: unknown[]) => object>;
      const { LP2PReceiver, LP2PRequest, LP2PConnection, LP2PConnectionEvent, LP2PDataChannelEvent, LP2PDataChannel, LP2PQuicTransport, LP2PQuicTransportListener } = w;
      const channel = new LP2PDataChannel!("x");
      return {
        noOptions: [name(() => new LP2PReceiver!()), name(() => new LP2PRequest!(undefined)), name(() => new LP2PRequest!(null))],
        options: [name(() => new LP2PReceiver!(1)), name(() => new LP2PRequest!("x")), name(() => new LP2PReceiver!({ nickname: Symbol() }))],
        connection: name(() => new LP2PConnection!()),
        events: [
          name(() => new LP2PConnectionEvent!("x")),
          name(() => new LP2PConnectionEvent!("x", {})),
          name(() => new LP2PConnectionEvent!("x", { connection: {} })),
          name(() => new LP2PDataChannelEvent!("x", { channel: null })),
          name(() => new LP2PDataChannelEvent!("x", { channel })),
        ],
        ids: [0, 65534, "7", 65535, -1, 1e9, NaN].map((id) => name(() => new LP2PDataChannel!("x", { id }))),
        label: name(() => new LP2PDataChannel!("x".repeat(65536))),
        transports: [name(() => new LP2PQuicTransport!({})), name(() => new LP2PQuicTransportListener!(null)), name(() => new LP2PQuicTransport!(channel))],
      };
    });
    expect(thrown).toEqual({
      noOptions: ["", "", ""],
      options: ["TypeError", "TypeError", "TypeError"],
      connection: "TypeError",
      events: ["TypeError", "TypeError", "TypeError", "TypeError", ""],
      ids: ["", "", "", "TypeError", "TypeError", "TypeError", "TypeError"],
      label: "TypeError",
      transports: ["TypeError", "TypeError", "TypeError"],
    });
  });

  test("attributes, event handlers and events", async ({ page }) => {
    const seen = await page.evaluate(() => {
      interface Channel extends EventTarget { binaryType: string; onopen: unknown; label: string; protocol: string; id: number | null; send(x: unknown): void; close(): void; readyState: string; bufferedAmount: number; onclose: unknown }
      const w = globalThis as unknown as Record<string, new (...a: unknown[]) => Channel & { channel: unknown; cancelable: boolean; bubbles: boolean }>;
      const c = new w["LP2PDataChannel"]!("l\ud800", { protocol: "p", id: 3 });
      const order: string[] = [];
      const out: Record<string, unknown> = { label: c.label, protocol: c.protocol, id: c.id, type: c.binaryType, none: c.onopen, state: c.readyState, amount: c.bufferedAmount };
      c.binaryType = "blob";
      c.binaryType = "nonsense";
      out["changed"] = c.binaryType;
      c.onopen = 5;
      out["number"] = c.onopen;
      const object = {};
      c.onopen = object;
      out["object"] = c.onopen === object;
      c.onopen = () => order.push("handler");
      c.addEventListener("open", () => order.push("listener"));
      c.onopen = () => order.push("new handler");
      c.dispatchEvent(new Event("open"));
      out["order"] = order;
      try {
        c.send("x");
      } catch (e) {
        out["send"] = (e as DOMException).name;
      }
      const e = new w["LP2PDataChannelEvent"]!("datachannel", { channel: c, cancelable: true });
      out["event"] = [e instanceof Event, e.channel === c, e.cancelable, e.bubbles];
      const closed = new Promise((resolve) => (c.onclose = () => resolve(c.readyState)));
      c.close();
      out["closing"] = c.readyState;
      return closed.then((state) => ({ ...out, closed: state }));
    });
    expect(seen).toEqual({
      label: "l\ufffd", protocol: "p", id: 3, type: "arraybuffer", none: null, state: "connecting", amount: 0,
      changed: "blob", number: null, object: true, order: ["new handler", "listener"], send: "InvalidStateError",
      event: [true, true, true, false], closing: "closing", closed: "closed",
    });
  });

  test("start() without a node, after an abort, and twice", async ({ page }) => {
    const seen = await page.evaluate(async () => {
      interface Source { start(): Promise<unknown>; stop(): void }
      const w = globalThis as unknown as Record<string, new (...a: unknown[]) => Source>;
      const name = (p: Promise<unknown>): Promise<string> => p.then(() => "", (e: unknown) => (e as Error).name);
      const receiver = new w["LP2PReceiver"]!();
      const twice = [receiver.start(), receiver.start()].map(name);
      const stop = new AbortController();
      stop.abort();
      const request = new w["LP2PRequest"]!({ signal: stop.signal });
      const stopped = new w["LP2PRequest"]!();
      stopped.stop();
      const foreign = (w["LP2PReceiver"]!.prototype as Source).start.call({} as Source);
      return { twice: await Promise.all(twice), aborted: await name(request.start()), stopped: await name(stopped.start()), foreign: await name(foreign) };
    });
    expect(seen).toEqual({ twice: ["NetworkError", "NetworkError"], aborted: "AbortError", stopped: "AbortError", foreign: "TypeError" });
  });

  test("a transport whose request fails", async ({ page }) => {
    const seen = await page.evaluate(async () => {
      const w = globalThis as unknown as { lp2p: { connect(): Transport; makeDiscoverable(): { ready: Promise<void>; incomingTransports: ReadableStream } } };
      interface Transport { ready: Promise<void>; closed: Promise<void>; createBidirectionalStream(): Promise<unknown>; datagrams: { readable: ReadableStream } }
      const name = (p: Promise<unknown>): Promise<string> => p.then(() => "", (e: unknown) => (e as Error).name);
      const t = w.lp2p.connect();
      const l = w.lp2p.makeDiscoverable();
      return {
        is: t instanceof WebTransport,
        ready: await name(t.ready), closed: await name(t.closed), stream: await name(t.createBidirectionalStream()),
        datagram: await name(t.datagrams.readable.getReader().read()),
        listener: await name(l.ready), incoming: await name(l.incomingTransports.getReader().read()),
      };
    });
    expect(seen).toEqual({
      is: true, ready: "WebTransportError", closed: "WebTransportError", stream: "InvalidStateError", datagram: "WebTransportError",
      listener: "NetworkError", incoming: "NetworkError",
    });
  });
});
