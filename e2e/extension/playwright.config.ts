import { defineConfig } from "@playwright/test";

// One worker: the cases share one browser and one node.
export default defineConfig({
  testDir: "tests",
  outputDir: "../test-results/extension",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [["json"], ["line"]],
});
