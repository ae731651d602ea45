import all from "./playwright.config.ts";

// The console for people who see it large, use no mouse, or choose its colours, and
// its pictures for the documents; at a node that has something to show.
export default { ...all, testDir: "eyes", outputDir: "../test-results/eyes", timeout: 90_000 };
