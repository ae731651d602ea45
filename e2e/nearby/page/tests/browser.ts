// A browser for each of the two devices. In a network namespace of its own a
// browser is driven over a pipe, which namespaces do not separate.
import { chmod, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, test as base, type Browser, type BrowserContext, type Page } from "@playwright/test";

const flags = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Starts a Chromium, in a network namespace unless that is "". */
export async function launch(namespace: string): Promise<Browser> {
  let executablePath = process.env["KITH_CHROMIUM"] ?? "/usr/bin/chromium";
  if (namespace !== "") {
    const dir = await mkdtemp(join(tmpdir(), "kith-chromium-"));
    const wrapper = join(dir, "chromium");
    await writeFile(wrapper, `#!/bin/sh\nexec ip netns exec ${namespace} ${executablePath} "$@"\n`);
    await chmod(wrapper, 0o700);
    executablePath = wrapper;
  }
  return chromium.launch({ executablePath, headless: true, args: flags, chromiumSandbox: process.getuid?.() !== 0 });
}

/** A test with one Chromium for all the cases of a file, in no namespace of its own. */
export const test = base.extend<{ context: BrowserContext; page: Page }, { browser: Browser }>({
  browser: [
    async ({}, use) => {
      const browser = await launch("");
      await use(browser);
      await browser.close();
    },
    { scope: "worker" },
  ],
  context: async ({ browser }, use) => {
    const context = await browser.newContext();
    await use(context);
    await context.close();
  },
  page: async ({ context }, use) => {
    await use(await context.newPage());
  },
});

export { expect } from "@playwright/test";
