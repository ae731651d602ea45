// One person, several devices: browsers, and a node.
import { linked } from "./devices.ts";
import { Machine } from "./node.ts";
import { befriend, expect, patience, test } from "./people.ts";

test("a node answers friends while the browser is closed", async ({ somebody }) => {
  const [ada, bo, node] = [somebody("Ada"), somebody("Bo"), new Machine("DEVICES")];
  for (const one of [ada, bo]) {
    await one.comes();
    await one.begins();
    await one.connects();
  }
  await befriend(ada, bo);
  await node.joins(ada);
  await ada.puts("letters/1", "from Ada");
  await ada.shares("letters/1", "Bo");
  await expect.poll(() => node.has("album", "letters/1"), { timeout: patience }).toBe("from Ada");
  const friends = async (): Promise<string[]> => (await node.json<{ friends: { name: string; pending: boolean }[] }>("friend")).friends.filter((f) => !f.pending).map((f) => f.name);
  await expect.poll(friends, { timeout: patience }).toEqual(["Bo"]);

  await ada.leaves();
  await bo.comesToGet("Ada", "letters/1", { status: 200, text: "from Ada", copy: null });
  await ada.comes();
  await ada.starts();
  expect(await ada.lists()).toEqual(["letters/1"]);
});

test("a device that was shut out while it was away learns nothing new", async ({ somebody }) => {
  const [ada, phone, bo] = [somebody("Ada"), somebody("Ada"), somebody("Bo")];
  for (const one of [ada, bo]) {
    await one.comes();
    await one.begins();
    await one.connects();
  }
  const words = await ada.words();
  await phone.comes();
  await linked(ada, phone);
  await phone.connects();
  await befriend(ada, bo);
  await bo.puts("before", "seen by both");
  await bo.shares("before", "Ada");
  await ada.comesToGet("Bo", "before", { status: 200, text: "seen by both" });
  const f = await phone.goes("friends");
  await expect(f.locator(".people a")).toContainText("Bo", { timeout: patience });
  await phone.shows("Bo");
  await phone.comesToGet("Bo", "before", { status: 200, text: "seen by both" });
  await phone.leaves();

  const p = await ada.goes("devices");
  const other = p.locator("#others ~ ul > li");
  await other.locator("summary").click();
  await other.getByRole("textbox").fill(words);
  await other.getByRole("button", { name: "Shut it out" }).click();
  await ada.isSure(p);
  await expect(other).toHaveCount(0);
  await ada.puts("mine/after", "only on Ada's own");
  await bo.puts("after", "for Ada alone");
  await bo.shares("after", "Ada");
  await ada.comesToGet("Bo", "after", { status: 200, text: "for Ada alone" });

  // Nobody tells it: it finds that nobody answers (private-sharing.md §2.2).
  await phone.comes();
  await phone.starts();
  const q = await phone.goes("you");
  await expect(q.locator("#relays ~ ul .badge")).toHaveText("Connected", { timeout: patience });
  await phone.app.bringToFront();
  expect((await phone.gets("Bo", "after", 15)).status).not.toBe(200);
  expect((await phone.gets("Bo", "before", 1)).text).not.toContain("Ada alone");
  const folder = await phone.gets("Bo", "", 1);
  expect(folder.text).not.toContain('"after"');
  expect(await phone.reads("mine/after")).toBeUndefined();
  expect(await phone.lists()).toEqual([]);
  await ada.comesToGet("Bo", "after", { status: 200, text: "for Ada alone", copy: null });
});

test("a lost profile is shut out by the phrase, and a fresh one filled from the node", async ({ somebody }) => {
  const [lost, fresh, bo, node] = [somebody("Ada"), somebody("Ada"), somebody("Bo"), new Machine("RECOVERY")];
  for (const one of [lost, bo]) {
    await one.comes();
    await one.begins();
    await one.connects();
  }
  await befriend(lost, bo);
  const words = await lost.words();
  await node.joins(lost);
  await lost.puts("kept", "on two devices");
  await lost.shares("kept", "Bo");
  await expect.poll(() => node.has("album", "kept"), { timeout: patience }).toBe("on two devices");
  await lost.leaves();

  await fresh.comes();
  await fresh.chooses(false);
  await node.letsIn(fresh);
  await node.shutsOut((name) => !["node", "fresh"].includes(name), words);
  await fresh.connects();
  await expect.poll(() => fresh.lists(), { timeout: patience }).toEqual(["kept"]);
  await expect.poll(() => fresh.reads("kept"), { timeout: patience }).toBe("on two devices");
  const p = await fresh.goes("devices");
  await expect(p.locator("#others ~ ul > li")).toHaveCount(1, { timeout: patience });
  const q = await fresh.goes("friends");
  await expect(q.locator(".people a")).toContainText("Bo", { timeout: patience });
  await bo.comesToGet("Ada", "kept", { status: 200, text: "on two devices" });
  await fresh.puts("new", "by the fresh one");
  await fresh.shares("new", "Bo");
  await bo.comesToGet("Ada", "new", { status: 200, text: "by the fresh one" });
});
