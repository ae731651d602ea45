import { defineConfig } from "@playwright/test";

// One worker, and the cases in their order: they share devices, one of which goes
// away at the end.
export default defineConfig({
  testDir: "tests",
  outputDir: "../../test-results/nearby-local",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 90_000,
  expect: { timeout: 20_000 },
  reporter: [["json"], ["line"]],
});
