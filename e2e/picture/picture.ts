// The pictures of the documents, taken where cases are at what they show:
//
//	KITH_PICTURES=1 go test ./e2e/browser ./e2e/apps/examples ./e2e/visit ./e2e/nearby/page
//
// writes them to docs/images, light and dark. Without it the cases go the same way
// and take none.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";

const images = fileURLToPath(new URL("../../docs/images/", import.meta.url));

/** How much a picture may weigh, in octets. */
const most = 150_000;

/** A picture's size in pixels of the page, how many of its own each is, where the page is scrolled to, and what is not shown. */
export interface Frame {
  readonly width?: number;
  readonly height?: number;
  readonly scale?: number;
  readonly at?: string;
  readonly without?: string;
}

/** Takes the page's picture in both schemes, if pictures are asked for. */
export async function picture(page: Page, name: string, { width = 1120, height = 700, scale = 1.5, at, without = "" }: Frame = {}): Promise<void> {
  if (!process.env["KITH_PICTURES"]) return;
  await mkdir(images, { recursive: true });
  const before = page.viewportSize();
  const session = await page.context().newCDPSession(page);
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height });
    await session.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: scale, mobile: false });
    await page.evaluate((at) => (at ? document.querySelector(at)?.scrollIntoView() : scrollTo(0, 0)), at);
    await page.evaluate(same, `.pulse .spark${without && `, ${without}`}`);
    const { data } = await session.send("Page.captureScreenshot", { format: "png" });
    const png = Buffer.from(data, "base64");
    if (png.length > most) throw new Error(`the picture ${name} weighs ${png.length} octets: make it smaller or scale it less`);
    await writeFile(join(images, `${name}${scheme === "dark" ? "-dark" : ""}.png`), png);
  }
  await session.send("Emulation.clearDeviceMetricsOverride");
  await session.detach();
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  if (before) await page.setViewportSize(before);
}

/** Makes the same in every picture what is another every time: times, ports, secrets, rates. */
async function same(hidden: string): Promise<void> {
  const focused = document.activeElement;
  if (focused instanceof HTMLElement) Object.assign(focused.style, { outline: "none", caretColor: "transparent" }); // it blinks
  Object.assign(document.documentElement.style, { scrollbarWidth: "none", scrollbarGutter: "auto" });
  const instead: readonly (readonly [RegExp, string])[] = [
    [/\b\d{1,2}:\d{2}(?:[\s\u202f]?[AP]M)?/g, "12:00"],
    [/\d+(?:\.\d+)? [kM]?B\/s/g, "0 B/s"],
    [/localhost:\d+/g, "localhost:5484"],
    [/(friend#)[\w-]{8}\S*/g, "$1AbCdEfGh…"],
    [/^\/tmp\/\S*?(?=\/examples\/)/, "/home/ada/.local/share/kith"],
    [/^\/tmp\/Test\w+\/\d+$/, "/home/bob/Downloads"],
  ];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const text = n.nodeValue ?? "";
    const made = instead.reduce((said, [what, by]) => said.replace(what, by), text);
    if (made !== text) n.nodeValue = made;
  }
  for (const e of document.querySelectorAll<HTMLElement | SVGElement>(hidden)) e.style.visibility = "hidden";
  await new Promise<unknown>((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}
