import { defineConfig } from "@playwright/test";

// One worker: the cases share two nodes, and a machine with two cores is enough.
export default defineConfig({
  testDir: "tests",
  outputDir: "../test-results",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [["json"], ["line"]],
});
