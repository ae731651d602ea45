import { defineConfig } from "@playwright/test";

// One worker: two cores carry two browsers and a host, not more.
export default defineConfig({
  testDir: "measure",
  outputDir: "../test-results/visit",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 600_000,
  expect: { timeout: 20_000 },
  reporter: [["json"], ["line"]],
});
