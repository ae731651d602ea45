// The whole peer of two people, each in a browser of their own: their pages make the
// connections of their workers.
import type { Page } from "@playwright/test";
import { startSite } from "../../apps/page/setting.ts";
import { startChromium, stopChromium, type Chromium } from "../../browser/tests/chromium.ts";
import { expect, test } from "./setting.ts";

interface State {
  friends?: { name: string; direct: boolean; pending: boolean }[];
  invitations?: unknown[];
}

/** Asks a person's peer something, as its people pages do. */
async function api<T>(page: Page, method: string, path: string, body?: unknown): Promise<T> {
  return page.evaluate(async ([method, path, body]) => {
    const response = await fetch(`/.kith/api/${path}`, {
      method, headers: { Prefer: "wait=20", "Cache-Control": "no-cache" }, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as never;
  }, [method, path, body] as const);
}

/** A person with a relay, at an app's page. */
async function person(chromium: Chromium, origin: string, name: string, relay: string): Promise<Page> {
  const page = await chromium.browser.contexts()[0]!.newPage();
  await page.goto(origin);
  await page.waitForFunction(() => (window as { ready?: boolean }).ready === true);
  await page.evaluate(() => window.attach());
  await api(page, "POST", "person", { name });
  await api(page, "PUT", "person/relays", { relays: [relay] });
  return page;
}

const friend = async (page: Page) => (await api<State>(page, "GET", "sharing")).friends?.[0];

test("friends who are both there need no relay", async ({ relay }) => {
  const site = await startSite();
  const flags = ["--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns"];
  const running = [await startChromium(flags), await startChromium(flags)];
  try {
    const [alice, bob] = await Promise.all([
      person(running[0]!, site.origin, "Alice", relay.url), person(running[1]!, site.origin, "Bob", relay.url),
    ]);
    const { link } = await api<{ link: string }>(alice, "POST", "invitations", { for: "Bob" });
    await api(bob, "POST", "friends", { link: link.replace("kith-join=", ""), name: "Alice" });
    await expect.poll(async () => [await friend(alice), await friend(bob)].map((f) => f?.pending)).toEqual([false, false]);
    // Somebody who looks at what the other shares is somebody who is there.
    await expect.poll(async () => {
      for (const page of [alice, bob]) {
        const { name } = (await friend(page)) ?? { name: "" };
        await api(page, "GET", `friends/${name}/data/`);
      }
      return [await friend(alice), await friend(bob)].map((f) => f?.direct);
    }).toEqual([true, true]);
    await relay.stop();
    await api(alice, "PUT", "data/hello?for=Bob", { said: "hello" });
    expect(await api(bob, "GET", "friends/Alice/data/hello")).toEqual({ said: "hello" });
  } finally {
    await Promise.all(running.map(stopChromium));
    await site.stop();
  }
});
