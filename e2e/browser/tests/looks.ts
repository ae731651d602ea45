// How a page is for other eyes and other screens.
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

const eyes = [
  { scheme: "light", width: 1280 },
  { scheme: "dark", width: 360 },
] as const;

/**
 * Looks at the page as it is now, in both schemes, wide and narrow. What is behind
 * another page cannot be pictured; the pictures of others are kept in
 * test-results/FOLDER.
 */
export async function looks(page: Page, folder: string, name: string, visible = true): Promise<void> {
  for (const { scheme, width } of eyes) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 860 });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map((v) => `${name}, ${scheme}: ${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`)).toEqual([]);
    expect(await overflow(page), `${name} is wider than the window`).toBeLessThanOrEqual(0);
    if (visible) await page.screenshot({ path: `../test-results/${folder}/${name}-${scheme}.png`, fullPage: true });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 860 });
}

/** How far the page is wider than the window. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}

/** Presses Tab until something has the focus, as somebody without a mouse gets there. */
export async function tabTo(page: Page, what: string, most = 60): Promise<void> {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((what) => document.activeElement?.matches(what) ?? false, what)) return;
  }
  throw new Error(`Tab does not lead to ${what}`);
}

/**
 * Goes through what is in the page's main part by Tab, and says of what has the focus
 * and does not show it: it is out of the window, below something that stays in place,
 * or has no ring.
 */
export async function hiddenFocus(page: Page, most = 40): Promise<readonly string[]> {
  const found = new Set<string>();
  await page.evaluate(() => document.querySelector<HTMLElement>("main")?.focus());
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    const said = await page.evaluate(ofFocus);
    if (said === undefined) return i === 0 ? ["Tab leads to nothing there"] : [...found];
    if (said !== "") found.add(said);
  }
  return [...found];
}

/** What is wrong with how the page shows where the focus is; "" when nothing is, undefined when it left the main part. */
function ofFocus(): string | undefined {
  const e = document.activeElement;
  if (!e?.closest("main")) return undefined;
  const name = `${e.tagName.toLowerCase()} "${(e.getAttribute("aria-label") ?? e.textContent ?? "").trim().slice(0, 40)}" #${e.id}`;
  const shown = [e, e.closest("label"), e.closest("form")].filter((x) => x !== null);
  const ringed = shown.some((x, i) => {
    const style = getComputedStyle(x);
    return (style.outlineStyle !== "none" && style.outlineWidth !== "0px") || (i > 0 && x.matches("form.address"));
  });
  if (!ringed) return `${name} has no ring`;
  const box = (e.closest("label.button") ?? e).getBoundingClientRect();
  const at = { x: box.x + Math.min(box.width, innerWidth) / 2, y: box.y + Math.min(box.height, 40) / 2 };
  if (at.x < 0 || at.y < 0 || at.x > innerWidth || at.y > innerHeight) return `${name} is out of the window`;
  const top = document.elementFromPoint(at.x, at.y);
  const over = top?.closest("nav, .rail, .notices");
  return over && !over.contains(e) ? `${name} is below ${over.className || over.tagName}` : "";
}
