import all from "./playwright.config.ts";

// The cases of friends need people of their own, with a relay between them; they
// are one story, told in order.
export default { ...all, testDir: "friends", outputDir: "../test-results/friends", timeout: 60_000 };
