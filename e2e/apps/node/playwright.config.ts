import all from "../../browser/playwright.config.ts";

// One story, told in order: what the first app left the second may not find.
export default { ...all, testDir: ".", outputDir: "../../test-results/apps", timeout: 150_000 };
