import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results/people",
  // Most of a story is waiting for one another; figures are taken one by one.
  fullyParallel: true,
  workers: process.env["KITH_MEASURE"] ? 1 : 3,
  retries: 0,
  forbidOnly: true,
  timeout: 150_000,
  expect: { timeout: 45_000 },
  reporter: [["json"], ["line"]],
});
