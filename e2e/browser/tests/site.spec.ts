// A site of many files, opened from a second node that takes it from the first.
import { wholeSite } from "./fixtures.ts";
import { expect, kith, magnetFromAuthor, open, origin, publish, reader, test } from "./setting.ts";

test("a reader gets a whole site from the author's node", async ({ page }) => {
  const failed: string[] = [];
  page.on("response", (r) => {
    if (r.status() >= 400 && !r.url().endsWith("/favicon.ico")) {
      failed.push(`${r.status()} ${r.url()}`);
    }
  });
  const site = await publish(await wholeSite("whole"));
  const { url } = await open(reader, magnetFromAuthor(site));

  // What waits for peers is a page of the gateway's that becomes the site by itself.
  await page.goto(url, { waitUntil: "commit" });
  await expect(page.locator("h1")).toHaveText("Front whole");
  await expect(page).toHaveTitle("Front whole");

  await expect(page.locator("#made")).toHaveText("made by a script");
  await expect(page.locator("h1")).toHaveCSS("color", "rgb(1, 100, 2)");
  const picture = page.locator("#picture");
  await expect.poll(() => picture.evaluate((i: HTMLImageElement) => i.naturalWidth)).toBe(40);

  await page.getByRole("link", { name: "Second" }).click();
  await expect(page.locator("h1")).toHaveText("Second");
  await expect(page).toHaveURL(/\/second\/$/);
  await page.getByRole("link", { name: "Back" }).click();
  await expect(page.locator("#made")).toHaveText("made by a script");
  expect(failed).toEqual([]);

  const lost = await page.goto(new URL("/no/such/page", url).href);
  expect(lost?.status()).toBe(404);
  await expect(page.locator("h1")).toHaveText("Nothing here");
});

test("a video seeks", async ({ page }) => {
  const site = await publish(await wholeSite("video"));
  const { url } = await open(reader, magnetFromAuthor(site));
  await page.goto(url, { waitUntil: "commit" });
  await expect(page.locator("h1")).toHaveText("Front video");
  const colourAt = (seconds: number) =>
    page.locator("#clip").evaluate(async (video: HTMLVideoElement, at) => {
      const seeked = new Promise((done) => video.addEventListener("seeked", done, { once: true }));
      video.currentTime = at;
      await seeked;
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
      const pen = canvas.getContext("2d")!;
      pen.drawImage(video, 0, 0);
      const [red = 0, , blue = 0] = pen.getImageData(80, 45, 1, 1).data;
      return red > blue ? "red" : "blue";
    }, seconds);
  await expect.poll(() => page.locator("#clip").evaluate((v: HTMLVideoElement) => v.readyState)).toBeGreaterThan(1);
  // A busy machine shows the frame some time after it says that it has sought.
  await expect.poll(() => colourAt(17)).toBe("blue");
  await expect.poll(() => colourAt(2)).toBe("red");
  await expect.poll(() => colourAt(12.5)).toBe("blue");

  const part = await page.evaluate(async () => {
    const r = await fetch("clip.webm", { headers: { Range: "bytes=1000-1999" } });
    return { status: r.status, range: r.headers.get("content-range"), bytes: (await r.arrayBuffer()).byteLength };
  });
  expect(part.status).toBe(206);
  expect(part.bytes).toBe(1000);
  expect(part.range).toMatch(/^bytes 1000-1999\/\d+$/);
});

test("a page that waits for peers becomes the site by itself", async ({ page }) => {
  const site = await publish(await wholeSite("waiting"));
  // Without a peer to ask, nobody has it.
  const { url, label } = await open(reader, site.wtp);
  const waiting = await page.goto(url, { waitUntil: "commit" });
  expect(waiting?.headers()["content-type"]).toContain("text/html");
  await expect(page).not.toHaveTitle("Front waiting");
  await expect(page.locator("body")).toContainText(/peer/i);

  await open(reader, magnetFromAuthor(site));
  await expect(page.locator("h1")).toHaveText("Front waiting", { timeout: 45_000 });
  expect(new URL(page.url()).origin).toBe(origin(reader, label));
});

test("what was read once opens with the author gone", async ({ page }) => {
  const site = await publish(await wholeSite("cached"));
  const { url, label } = await open(reader, magnetFromAuthor(site));
  await page.goto(url, { waitUntil: "commit" });
  await expect(page.locator("#made")).toHaveText("made by a script");
  await kith(reader, "pin", site.wtp);
  await expect
    .poll(async () => {
      const list = JSON.parse(await kith(reader, "sites", "--json")) as { sites: { label: string; stats: { total: number; stored: number } }[] };
      const s = list.sites.find((x) => x.label === label);
      return s !== undefined && s.stats.total > 0 && s.stats.stored === s.stats.total;
    })
    .toBe(true);
  await kith({ ...reader, home: process.env["KITH_AUTHOR_HOME"] ?? "" }, "remove", site.wtp);
  await page.goto(`${url}second/`);
  await expect(page.locator("h1")).toHaveText("Second");
});
