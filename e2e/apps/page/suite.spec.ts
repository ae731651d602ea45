// The suite of the app API (e2e/apps/suite), against a page's own peer: Ada's, whose
// friends Bo and Cy have theirs at other origins.
import type { Page } from "@playwright/test";
import { env } from "../../browser/tests/chromium.ts";
import type { Setting, Suite } from "../suite/index.ts";
import type { Decision } from "../suite/world.ts";
import { Somebody } from "./people.ts";
import { expect, startSite, test } from "./setting.ts";

declare global {
  interface Window { kithSuite: Suite }
}

const setting: Setting = { host: "page", app: "suite", other: "other", friend: "Bo", hidden: "Cy", offers: ["friend", "picker", "other"] };

/** Does what the suite wants done in the world. */
function world(ada: Somebody, bo: Somebody): (call: string, ...given: unknown[]) => Promise<unknown> {
  return async (call, ...given) => {
    const [a = "", b = "", c = "", d = ""] = given as string[];
    switch (call) {
      case "decide":
        return ada.decides(given[0] as Decision);
      case "writes":
        return ada.puts(a, b, c, d);
      case "friendPuts":
        return bo.puts(setting.app, a, b, c, "Ada");
      case "friendDeletes":
        return bo.api("DELETE", `data/${a}?app=${setting.app}`);
      case "friendSleeps":
        if (given[0] === true) await bo.page.close();
        else if (bo.page.isClosed()) await bo.opens();
        return undefined;
      case "friendSees":
        return bo.sees("Ada", `.app/${setting.app}/${a}`);
    }
    throw new Error(`the world has no ${call}`);
  };
}

async function prepare(p: Page, does: ReturnType<typeof world>): Promise<void> {
  await p.exposeFunction("kithWorld", does);
  await p.addScriptTag({ url: "/suite.js" });
}

test("the app API", async ({ site, person }) => {
  test.setTimeout(300_000);
  const who = await person();
  const others = [await startSite(), await startSite()] as const;
  try {
    const [ada, bo, cy] = [new Somebody("Ada", who, site), new Somebody("Bo", who, others[0]), new Somebody("Cy", who, others[1])];
    for (const one of [ada, bo, cy]) {
      await one.opens();
      await one.begins(env("KITH_RELAY"));
    }
    await ada.befriends(bo);
    await ada.befriends(cy);
    const does = world(ada, bo);
    const app = ada.page;
    await prepare(app, does);
    const wrong: string[] = [];
    for (const name of await app.evaluate((s) => window.kithSuite.names(s), setting)) {
      const result = await app.evaluate(([name, s]) => window.kithSuite.run(name, s), [name, setting] as const);
      if (!result.ok) wrong.push(`${name}: ${result.said}`);
    }
    expect(wrong).toEqual([]);

    const loot = await app.evaluate(() => window.kithSuite.loot());
    const other = await ada.opens("/other/");
    await prepare(other, does);
    for (const name of await other.evaluate(([l, s]) => window.kithSuite.strangers(l, s), [loot, setting] as const)) {
      const result = await other.evaluate(([l, name, s]) => window.kithSuite.runStranger(l, name, s), [loot, name, setting] as const);
      if (!result.ok) wrong.push(`${name}: ${result.said}`);
    }
    expect(wrong).toEqual([]);
  } finally {
    await Promise.all(others.map((s) => s.stop()));
  }
});
