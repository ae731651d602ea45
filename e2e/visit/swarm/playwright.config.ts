import { defineConfig } from "@playwright/test";

// One worker: two cores carry two browsers, not more.
export default defineConfig({
  testDir: "tests",
  outputDir: "../../test-results/swarm",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 120_000,
  expect: { timeout: 60_000 },
  reporter: [["json"], ["line"]],
});
