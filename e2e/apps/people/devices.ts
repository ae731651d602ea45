import { expect, patience, type Somebody } from "./people.ts";

/** Makes a fresh browser a device of somebody, by its link and the code on both. */
export async function linked(old: Somebody, young: Somebody): Promise<void> {
  await young.chooses(false);
  const q = await young.goes("devices");
  await q.getByRole("button", { name: "Show a link" }).click();
  const text = (await q.locator(".invitation code").getAttribute("title")) ?? "";
  const p = await old.goes("devices");
  await p.locator("#device-link").fill(text);
  await p.getByRole("button", { name: "Take the link" }).click();
  for (const page of [p, q]) await expect(page.locator(".safety")).toBeVisible({ timeout: patience });
  expect(await p.locator(".safety .visually-hidden").textContent()).toEqual(await q.locator(".safety .visually-hidden").textContent());
  for (const page of [p, q]) await page.getByRole("button", { name: "They are the same" }).click();
  for (const page of [p, q]) await expect(page.locator("#others ~ ul > li")).toHaveCount(1, { timeout: patience });
}
