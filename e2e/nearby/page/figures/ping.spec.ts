// How long a message takes from page to page and back: over a data channel, and
// beside it over two plain WebSockets to one relay at the far device, which is
// the least that a browser and a program at each end cost.
import { expect, test, type Page } from "@playwright/test";
import { quantile, save } from "../../../figure/figure.ts";
import { measured, meet, roundTrip, type Person } from "../tests/person.ts";

const rounds = 10;
const pings = 60;

async function pair(alice: Person, bob: Person): Promise<void> {
  const card = alice.desk.locator("kith-device", { hasText: "bob" });
  await card.getByRole("button", { name: "Pair bob" }).click({ timeout: 30_000 });
  const digits = (p: Person) => p.desk.locator(".ask.code p.digits .visually-hidden");
  const shows = await Promise.race([alice, bob].map((p) => digits(p).waitFor({ state: "attached" }).then(() => p)));
  const types = shows === alice ? bob : alice;
  const code = (await digits(shows).textContent()) ?? "";
  await types.desk.locator(".ask.code input").fill(code);
  await types.desk.locator(".ask.code").getByRole("button", { name: "Pair" }).click();
  await expect(card.getByText("Send files")).toBeVisible();
}

/** Connects the pages, and has Bob's answer whatever comes. */
async function connect(alice: Person, bob: Person, a: Page, b: Page): Promise<void> {
  await b.evaluate(() => {
    const receiver = new LP2PReceiver({ nickname: "Bob" });
    receiver.onconnection = (e: any) => {
      e.connection.ondatachannel = (d: any) => (d.channel.onmessage = (m: MessageEvent) => d.channel.send(m.data));
    };
    globalThis.kept = { receiver };
    void receiver.start();
  });
  await bob.allow("wants to be found");
  await a.evaluate(() => {
    globalThis.kept = { connection: new LP2PRequest({ nickname: "Alice" }).start() };
  });
  await alice.allow("wants to connect to a device", { device: "bob" });
  await bob.allow("alice wants to connect");
  await a.evaluate(async () => {
    const channel = (await globalThis.kept.connection).createDataChannel("ping");
    await new Promise((done) => (channel.onopen = done));
    globalThis.kept.channel = channel;
  });
}

/** Joins the pages by the relay. */
async function relay(a: Page, b: Page, url: string): Promise<void> {
  for (const [page, echoes] of [[b, true], [a, false]] as const) {
    await page.evaluate(
      async ([url, echoes]) => {
        const socket = new WebSocket(url as string);
        await new Promise((done, fail) => {
          socket.onopen = done;
          socket.onerror = fail;
        });
        if (echoes) {
          socket.onmessage = (m) => socket.send(m.data);
        }
        globalThis.kept.socket = socket;
      },
      [url, echoes] as const,
    );
  }
}

const ask = (page: Page, over: "channel" | "socket"): Promise<number[]> =>
  page.evaluate(
    async ([over, pings]) => {
      const line = globalThis.kept[over as string];
      const all: number[] = [];
      for (let i = 0; i < (pings as number); i++) {
        const start = performance.now();
        const pong = new Promise((done) => (line.onmessage = done));
        line.send("ping");
        await pong;
        all.push(performance.now() - start);
      }
      return all.slice(10);
    },
    [over, pings] as const,
  );

test("ping", async () => {
  const { alice, bob, end } = await meet();
  await pair(alice, bob);
  const [a, b] = [await alice.open(), await bob.open()];
  await connect(alice, bob, a, b);
  await relay(a, b, process.env["KITH_RELAY"] ?? "");
  const times: Record<"channel" | "socket", number[]> = { channel: [], socket: [] };
  const middles: Record<"channel" | "socket", number[]> = { channel: [], socket: [] };
  for (let i = 0; i < rounds; i++) {
    for (const over of ["channel", "socket"] as const) {
      const some = await ask(a, over);
      times[over].push(...some);
      middles[over].push(quantile(some, 0.5));
    }
  }
  for (const over of ["channel", "socket"] as const) {
    const all = times[over].sort((x, y) => x - y);
    const at = (share: number): string => all[Math.floor(all.length * share)]!.toFixed(2);
    await measured(`page to page over a ${over}: median ${at(0.5)} ms, 10% ${at(0.1)} ms, 90% ${at(0.9)} ms; the network's round trip ${roundTrip} ms`);
  }
  const own = roundTrip ?? 0;
  await save({
    group: "nearby-page", title: "Ping from page to page", unit: "milliseconds there and back, medians of 50",
    goal: { text: `within 2 ms of the network's round trip, ${own} ms`, number: 2 + own },
    contestants: [{ name: "Kith, a data channel", samples: middles.channel }, { name: "two WebSockets and one relay", samples: middles.socket }],
  });
  await end();
});
