// The suite of the app API (e2e/apps/suite), against the page's own peer.
import type { Page } from "@playwright/test";
import type { Setting, Suite } from "../suite/index.ts";
import type { Decision } from "../suite/world.ts";
import { expect, open, test } from "./setting.ts";

declare global {
  interface Window { kithSuite: Suite }
}

const setting: Setting = { host: "page", app: "suite", other: "other", friend: "", hidden: "", offers: [] };

/** Answers the next question of an app as a people page does. */
async function decide(p: Page, d: Decision): Promise<void> {
  await p.evaluate(async (d) => {
    for (;;) {
      const { items } = (await (await fetch("/.kith/api/asks")).json()) as { items: { id: string; kind: string }[] };
      const asked = items.find((i) => i.kind === d.to);
      if (asked) {
        const said = d.yes ? { allow: true } : { allow: false };
        await fetch(`/.kith/api/asks/${asked.id}`, { method: "POST", body: JSON.stringify(said) });
        return;
      }
      await new Promise((done) => setTimeout(done, 50));
    }
  }, d);
}

async function prepare(p: Page): Promise<void> {
  await p.exposeFunction("kithWorld", async (call: string, ...given: unknown[]) => {
    if (call !== "decide") throw new Error(`the world has no ${call} here`);
    await decide(p, given[0] as Decision);
  });
  await p.evaluate(() => window.attach());
  await p.addScriptTag({ url: "/suite.js" });
}

test("the app API", async ({ site, person }) => {
  const who = await person();
  const app = await open(who, `${site.origin}/`);
  await prepare(app);
  const names = await app.evaluate((s) => window.kithSuite.names(s), setting);
  expect(names.length).toBeGreaterThan(20);
  const wrong: string[] = [];
  for (const name of names) {
    const result = await app.evaluate(([name, s]) => window.kithSuite.run(name, s), [name, setting] as const);
    if (!result.ok) wrong.push(`${name}: ${result.said}`);
  }
  expect(wrong).toEqual([]);

  const loot = await app.evaluate(() => window.kithSuite.loot());
  const other = await open(who, `${site.origin}/other/`);
  await prepare(other);
  for (const name of await other.evaluate(([l, s]) => window.kithSuite.strangers(l, s), [loot, setting] as const)) {
    const result = await other.evaluate(([l, name, s]) => window.kithSuite.runStranger(l, name, s), [loot, name, setting] as const);
    if (!result.ok) wrong.push(`${name}: ${result.said}`);
  }
  expect(wrong).toEqual([]);
});
