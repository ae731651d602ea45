// What is deleted is gone: for friends, on all devices, and from the disks.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { env } from "../../browser/tests/chromium.ts";
import { Machine } from "./node.ts";
import { befriend, expect, patience, test } from "./people.ts";
import { traces } from "./traces.ts";

/** What is looked for afterwards; it compresses to nothing that looks like it. */
const marker = `kith-${crypto.randomUUID()}-marker`;

/** A document that is kept inline, and one that is not. */
const bodies: Readonly<Record<string, string>> = {
  "secret/small": `a letter: ${marker}`,
  "secret/large": Array.from({ length: 12_000 }, (_, i) => `${i} ${marker}\n`).join(""),
};

test("no trace of a deleted document is on any disk", async ({ somebody }, info) => {
  const [ada, bo, node] = [somebody("Ada"), somebody("Bo"), new Machine("DELETION")];
  for (const one of [ada, bo]) {
    await one.comes();
    await one.begins();
    await one.connects();
  }
  await befriend(ada, bo);
  await node.joins(ada);
  for (const [path, text] of Object.entries(bodies)) {
    await ada.puts(path, text);
    await ada.shares(path, "Bo");
    expect(await ada.reads(path)).toBe(text);
    await bo.comesToGet("Ada", path, { status: 200, text });
    // As a page shows it, which goes through the caches of the browser.
    const url = await bo.app.evaluate(async (p) => {
      const f = (await window.social.friends.list())[0];
      const u = `/.kith/friends/${f?.friend}/${p}`;
      await (await fetch(u)).text();
      return u;
    }, path);
    expect(url).toContain(path);
    await ada.app.evaluate(async (p) => (await fetch(`/.kith/data/${p}`)).text(), path);
    await expect.poll(() => node.has("album", path), { timeout: patience }).toBe(text);
  }
  await ada.puts("kept", "not deleted");

  for (const path of Object.keys(bodies)) await ada.deletes(path);
  const p = await ada.goes("documents");
  await expect(p.locator("li.receipt")).not.toHaveCount(0);
  await expect(p.locator("li.receipt:not(.confirmed)")).toHaveCount(0, { timeout: patience });
  await expect(p.locator("li.receipt .badge").first()).toHaveText("Confirmed");
  for (const path of Object.keys(bodies)) {
    const { status } = await bo.gets("Ada", path);
    expect([404, 410], "who remembers says 410; whose deletion all confirmed, 404").toContain(status);
    expect(await ada.reads(path)).toBeUndefined();
    await expect.poll(() => node.has("album", path), { timeout: patience }).toBeUndefined();
  }
  expect(await ada.reads("kept")).toBe("not deleted");

  await ada.leaves();
  await bo.leaves();
  const places = { "Ada's profile": ada.profile, "Bo's profile": bo.profile, "the node's home": node.home, "the relay's home": env("KITH_RELAY_HOME") };
  // What is looked with sees what is there.
  const control = join(ada.profile, "control");
  await writeFile(control, Buffer.from(`… ${marker}`, "utf16le"));
  expect(await traces(places, marker)).toEqual([expect.stringContaining("/control")]);
  await rm(control);
  const found = await traces(places, marker);
  await info.attach("traces", { body: JSON.stringify(found, undefined, 1) });
  expect(found).toEqual([]);
});
