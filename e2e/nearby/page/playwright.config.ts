import { defineConfig } from "@playwright/test";

// One worker, and the cases in their order: they share two nodes that have to be
// paired once.
export default defineConfig({
  testDir: "tests",
  outputDir: "../../test-results/nearby-page",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  expect: { timeout: 20_000 },
  reporter: [["json"], ["line"]],
});
