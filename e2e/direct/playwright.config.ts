import { defineConfig } from "@playwright/test";

// One worker: two cores carry two browsers, not more.
export default defineConfig({
  testDir: "tests",
  outputDir: "../test-results/direct",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 90_000,
  expect: { timeout: 45_000 },
  reporter: [["json"], ["line"]],
});
