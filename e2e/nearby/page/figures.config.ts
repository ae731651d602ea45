import all from "./playwright.config.ts";

// What is measured, and not tested.
export default { ...all, testDir: "figures", timeout: 120_000 };
