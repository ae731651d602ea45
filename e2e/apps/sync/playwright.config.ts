import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results/sync",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 1_200_000,
  expect: { timeout: 45_000 },
  reporter: [["json"], ["line"]],
});
