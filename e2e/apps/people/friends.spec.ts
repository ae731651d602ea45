// Three people whose app is a page on a plain web server.
import { expect, patience, test } from "./people.ts";

test("two friends by links, one of whom sees a document", async ({ somebody }) => {
  const [ada, bo, cy] = [somebody("Ada"), somebody("Bo"), somebody("Cy")];
  await ada.comes();
  await ada.begins();
  await ada.connects();

  await bo.comes();
  await bo.begins();
  await bo.connects();
  await bo.follows(await ada.invites("Bo"));

  // Cy has nothing yet: the link leads to the app, which begins with a name.
  await cy.comes(await ada.invites("Cy"));
  await cy.answering(cy.starts(), async () => {
    await cy.overlay.getByLabel("Your name").fill("Cy");
    await cy.overlay.getByRole("button", { name: "Begin" }).click();
    await cy.allows();
  });
  await cy.joins();

  for (const friend of [bo, cy]) {
    expect(await ada.code(friend.name)).toEqual(await friend.code("Ada"));
    await friend.shows("Ada");
  }
  expect(await ada.code("Bo")).not.toEqual(await ada.code("Cy"));
  await ada.shows("Bo", "Cy");

  await ada.puts("letters/1", "see you there");
  await ada.puts("letters/2", "my own");
  expect(await ada.lists("letters/")).toEqual(["letters/1", "letters/2"]);
  expect((await bo.gets("Ada", "letters/1")).status).toBe(404);
  await ada.shares("letters/1", "Bo");
  await bo.comesToGet("Ada", "letters/1", { status: 200, text: "see you there" });
  expect((await bo.gets("Ada", "letters/2")).status).toBe(404);
  expect((await cy.gets("Ada", "letters/1")).status).toBe(404);
  const seen = async (who: typeof bo): Promise<string[]> => {
    const { status, text } = await who.gets("Ada", "letters/");
    return status === 200 ? (JSON.parse(text) as { items: { path: string }[] }).items.map((i) => i.path) : [String(status)];
  };
  expect(await seen(bo)).toEqual(["letters/1"]);
  expect(await seen(cy)).toEqual([]);

  // What is shown to somebody is taken back.
  await ada.shares("letters/1");
  await expect.poll(async () => (await bo.gets("Ada", "letters/1")).status, { timeout: patience }).not.toBe(200);
});
